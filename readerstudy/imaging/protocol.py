"""A study's imaging protocol as data: which series it needs, and within which limits. Pure.

Kept with the collection as JSON, `Protocol.as_dict`; what is not said has its default. Each limit
warns, or fails where it is named in `fails`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

ROLES = ("t1c", "t1", "t2", "flair", "ct")
REQUIRED, EXPECTED, OPTIONAL = "required", "expected", "optional"
NEEDS = (REQUIRED, EXPECTED, OPTIONAL)
ORIENTATIONS = ("any", "axial", "coronal", "sagittal")
CHECKS = {
    "thickness": "slice thickness",
    "gap": "gap between slices",
    "matrix": "matrix and pixel size",
    "orientation": "orientation",
    "coverage": "coverage",
    "field": "field strength",
    "contrast": "contrast agent",
    "delay": "time after contrast",
    "completeness": "missing slices",
    "spacing": "uneven slices",
    "slices": "number of slices",
    "tilt": "gantry tilt",
    "geometry": "repeated or mixed slices",
    "frame_of_reference": "shared frame of reference",
}
ALWAYS_FAILS = frozenset(["completeness"])
MAX_WORDS, MAX_WORD = 20, 60


@dataclass(frozen=True)
class Demand:
    """What one kind of series must be. None: no limit."""

    need: str = OPTIONAL
    words: tuple[str, ...] = ()  # of the site's descriptions, that name this sequence
    max_thickness_mm: float | None = 6.0
    max_gap_mm: float | None = None
    min_matrix: int | None = None
    max_pixel_mm: float | None = None
    min_coverage_mm: float | None = None
    orientation: str = "any"


def _sequences() -> dict[str, Demand]:
    needs = {"t1c": REQUIRED, "t1": EXPECTED, "t2": EXPECTED, "flair": EXPECTED}
    return {role: Demand(need=needs.get(role, OPTIONAL)) for role in ROLES}


@dataclass(frozen=True)
class Protocol:
    """The whole protocol. None: no limit."""

    sequences: Mapping[str, Demand] = field(default_factory=_sequences)
    min_field_t: float | None = None
    max_field_t: float | None = None
    min_delay_s: float | None = None
    max_delay_s: float | None = None
    min_slices: int = 8
    max_tilt_degrees: float = 1.0
    needs_agent: bool = False  # the header must name the contrast agent
    fails: frozenset[str] = ALWAYS_FAILS

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "Protocol":
        """From what is kept with a collection.

        Raises
        ------
        ValueError
            In words, for a name or a value that there is not.
        """
        _known(saved, cls)
        values = dict(saved)
        given = values.pop("sequences", {})
        _among(given, ROLES, "sequence")
        made = _sequences() | {role: _sequence(role, each) for role, each in given.items()}
        fails = frozenset(values.pop("fails", ALWAYS_FAILS))
        _among(fails, CHECKS, "check")
        needs_agent = values.pop("needs_agent", False) is True
        numbers = {name: _number(name, value) for name, value in values.items()}
        return cls(sequences=made, fails=fails, needs_agent=needs_agent, **numbers)

    def as_dict(self) -> dict[str, Any]:
        """As it is kept."""
        return asdict(self) | {
            "fails": sorted(self.fails),
            "sequences": {
                role: asdict(each) | {"words": list(each.words)}
                for role, each in self.sequences.items()
            },
        }

    @property
    def words(self) -> dict[str, str]:
        """The site's own words for sequences -> their role, for `roles.role_of`."""
        return {word: role for role, each in self.sequences.items() for word in each.words}


def _sequence(role: str, saved: Mapping[str, Any]) -> Demand:
    _known(saved, Demand)
    values = dict(saved)
    need, orientation = values.pop("need", OPTIONAL), values.pop("orientation", "any")
    _among([need], NEEDS, "need")
    _among([orientation], ORIENTATIONS, "orientation")
    words = tuple(str(each).strip()[:MAX_WORD] for each in values.pop("words", ()))[:MAX_WORDS]
    numbers = {name: _number(f"{role}: {name}", value) for name, value in values.items()}
    return Demand(need=need, orientation=orientation, words=tuple(filter(None, words)), **numbers)


def _known(saved: Mapping[str, Any], kind: type) -> None:
    _among(saved, [each.name for each in fields(kind)], "member")


def _among(given: Any, known: Sequence[str] | Mapping[str, Any], what: str) -> None:
    for each in given:
        if each not in known:
            raise ValueError(f"there is no {what} {str(each)[:40]!r}")


def _number(name: str, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:  # noqa: PLR2004
        raise ValueError(f"{name} is a number, 0 or more")
    return value
