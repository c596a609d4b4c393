"""The scales that readers rate on: 0 to 100, or levels in order with a word for each. Pure.

A level is stored as its number, 1 for the lowest: ratings are numbers whatever the scale, and only
their order counts (Chakraborty, Observer Performance Methods, 2017, section 3.2).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

LIMITS = (0.0, 100.0)  # of a scale without levels
MIN_LEVELS, MAX_LEVELS = 2, 10  # a digit key for each
MAX_WORDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkScale:
    """What every mark of a study is rated on.

    Attributes
    ----------
    levels : tuple of str
        The words of an ordinal scale's levels, the lowest first; without any, 0 to 100.
    low_label, high_label : str
        The words at 0 and at 100; empty for the usual ones.
    """

    levels: tuple[str, ...] = ()
    low_label: str = ""
    high_label: str = ""

    def problems(self) -> list[str]:
        """What is wrong with the scale, in words."""
        found = level_problems(self.levels) if self.levels else []
        words = (*self.levels, self.low_label, self.high_label)
        if any(len(each) > MAX_WORDS for each in words):
            found.append(f"the words of a scale have at most {MAX_WORDS} characters")
        if self.levels and (self.low_label or self.high_label):
            found.append("a scale of levels has no words at 0 and 100")
        return [f"Rating of marks: {words}." for words in found]

    def holds(self, rating: float) -> bool:
        """Whether a rating is one that the scale has."""
        if self.levels:
            return rating == int(rating) and 1 <= rating <= len(self.levels)
        return LIMITS[0] <= rating <= LIMITS[1]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The scale of JSON values; what they lack is as usual."""
        values = dict(data)
        if "levels" in values:
            values["levels"] = tuple(values["levels"])
        return cls(**values)


def level_problems(labels: Sequence[str]) -> list[str]:
    """What is wrong with the levels of an ordinal scale, by their words."""
    found = []
    if not MIN_LEVELS <= len(labels) <= MAX_LEVELS:
        found.append(f"a scale has {MIN_LEVELS} to {MAX_LEVELS} levels, a digit key for each")
    if len(set(labels)) < len(labels) or not all(each.strip() for each in labels):
        found.append("each level has words of its own")
    return found


class Rated(Protocol):
    """What a scale needs of a question."""

    @property
    def kind(self) -> str:
        """As `definition.KINDS`."""

    @property
    def choices(self) -> Sequence[Mapping[str, str]]:
        """Its levels, where it has any."""

    @property
    def is_primary(self) -> bool:
        """Whether it is the rating of the figure of merit."""


def ends_of(questions: Iterable[Rated]) -> tuple[float, float]:
    """The lowest and the highest rating of the primary question; 0 and 100 where there is none."""
    primary = next((each for each in questions if each.is_primary), None)
    return (1.0, float(len(primary.choices))) if primary and primary.kind == "scale" else LIMITS


def middle_of(questions: Iterable[Rated]) -> float:
    """Half way up the primary question's scale; from there on a rating is a positive call."""
    return sum(ends_of(questions)) / 2


def call_problems(plan: Mapping[str, Any], questions: Iterable[Rated]) -> list[str]:
    """What is wrong with where a plan's positive calls begin: on the scale, above its lowest."""
    begins = plan.get("call_threshold")
    low, high = ends_of(questions)
    if begins is None or low < begins <= high:
        return []
    words = (
        f"Calls are positive from {begins:g} on, and the primary question is rated {low:g} to"
        f" {high:g}: give a rating above {low:g} and up to {high:g}, or none."
    )
    return [words]
