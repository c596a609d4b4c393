"""What de-identification may retain: the options of DICOM PS3.15 Annex E that are offered. Pure.

The Basic Application Level Confidentiality Profile always holds; each option is a choice of the
study's coordinator, made before the first image arrives.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

REMOVE, SHIFT = "remove", "shift"
DATES = (REMOVE, SHIFT)


@dataclass(frozen=True)
class Options:
    """The options of one collection.

    Attributes
    ----------
    dates : str
        `REMOVE`, or `SHIFT`: Retain Longitudinal Temporal Information with Modified Dates
        (E.3.6): all dates of a patient move by one secret span.
    device : bool
        Retain Device Identity (E.3.9).
    descriptors : bool
        Clean Descriptors (E.3.5): words of ours for free texts; without it they are removed.
    private : bool
        Retain Safe Private (E.3.10): the private elements that the standard lists as safe.
    """

    dates: str = REMOVE
    device: bool = False
    descriptors: bool = True
    private: bool = False

    def __post_init__(self) -> None:
        if self.dates not in DATES:
            raise ValueError(f"dates: one of {', '.join(DATES)}, not {self.dates!r}")

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "Options":
        """From what is kept with a collection; what is not there has its default.

        Raises
        ------
        ValueError
            For a name or a value that there is not.
        """
        unknown = set(saved) - set(cls.__dataclass_fields__)
        if unknown:
            raise ValueError(f"no such option: {', '.join(sorted(unknown))}")
        flags = {name: value for name, value in saved.items() if name != "dates"}
        if any(not isinstance(value, bool) for value in flags.values()):
            raise ValueError("every option but dates is true or false")
        return cls(**saved)

    def as_dict(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self)

    def codes(self) -> list[tuple[str, str]]:
        """What a file says of its de-identification: code and meaning of PS3.16 CID 7050."""
        said = [("113100", "Basic Application Confidentiality Profile")]
        if self.descriptors:
            said.append(("113105", "Clean Descriptors Option"))
        if self.dates == SHIFT:
            words = "Retain Longitudinal Temporal Information Modified Dates Option"
            said.append(("113107", words))
        if self.device:
            said.append(("113109", "Retain Device Identity Option"))
        if self.private:
            said.append(("113111", "Retain Safe Private Option"))
        return said
