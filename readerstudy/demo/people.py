"""Who takes part in the demonstration: two sites, six readers, and the desk."""

from dataclasses import dataclass

PASSWORD = "demo-reading-room"  # noqa: S105 -- of a demonstration on this machine, printed at start


@dataclass(frozen=True)
class Person:
    """One account of the demonstration."""

    username: str
    display_name: str
    work: str
    site: str = ""
    experience: str = ""
    years: int | None = None
    is_simulated: bool = False


SITES = {"Northfield Hospital": "Northfield", "University Clinic Marien": "Marien"}
NORTH, MARIEN = SITES

DESK = (
    Person("admin", "Ada Admin", "administrator"),
    Person("coordinator", "Cora Lindqvist", "coordinator"),
    Person("statistician", "Stan Okafor", "statistician"),
)
READERS = (
    Person("reader", "You, the sixth reader", "reader", NORTH, "general", 6),
    Person("weber", "Dr. Weber", "reader", NORTH, "resident", 2, is_simulated=True),
    Person("haddad", "Dr. Haddad", "reader", MARIEN, "resident", 3, is_simulated=True),
    Person("moreau", "Dr. Moreau", "reader", NORTH, "general", 9, is_simulated=True),
    Person("tanaka", "Dr. Tanaka", "reader", MARIEN, "neuroradiologist", 12, is_simulated=True),
    Person("silva", "Dr. Silva", "reader", MARIEN, "neuroradiologist", 21, is_simulated=True),
)
