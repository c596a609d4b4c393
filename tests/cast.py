"""The standing cast of the tests: who they are, always the same.

Ada administrates, Cora coordinates, Stan does the statistics, Tess sets the truth; Rae (resident),
Gus (general) and Nora (neuroradiologist) read. Mallory coordinates and Max reads another study:
both must see nothing of Cora's.
"""

from dataclasses import dataclass

from readerstudy.accounts import services
from readerstudy.accounts.models import Site, User

PASSWORD = "seven grey geese 7"


@dataclass(frozen=True)
class People:
    """Everybody, and their sites."""

    ada: User
    cora: User
    stan: User
    tess: User
    rae: User
    gus: User
    nora: User
    mallory: User
    max: User
    north: Site
    south: Site

    @property
    def readers(self) -> tuple[User, User, User]:
        """Rae, Gus and Nora."""
        return self.rae, self.gus, self.nora


def people() -> People:
    """Make the cast, through the services."""
    north = services.create_site(name="North Hospital", city="Aarhus", by=None)
    south = services.create_site(name="South Clinic", city="Pisa", by=None)
    return People(
        ada=_user("ada", "Ada Administrator", is_administrator=True),
        cora=_user("cora", "Cora Coordinator", creates_studies=True),
        stan=_user("stan", "Stan Statistician"),
        tess=_user("tess", "Tess Truth"),
        rae=_user("rae", "Rae Resident", site=north, experience="resident"),
        gus=_user("gus", "Gus General", site=south, experience="general"),
        nora=_user("nora", "Nora Neuro", site=north, experience="neuroradiologist"),
        mallory=_user("mallory", "Mallory Elsewhere", creates_studies=True),
        max=_user("max", "Max Elsewhere", site=south, experience="general"),
        north=north,
        south=south,
    )


def _user(
    username: str,
    display_name: str,
    *,
    site: Site | None = None,
    experience: str = "",
    creates_studies: bool = False,
    is_administrator: bool = False,
) -> User:
    return services.create_user(
        username=username,
        password=PASSWORD,
        display_name=display_name,
        site=site,
        experience=experience,
        experience_years=5 if experience else None,
        creates_studies=creates_studies,
        is_administrator=is_administrator,
        by=None,
    )
