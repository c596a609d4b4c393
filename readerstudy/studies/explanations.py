"""How much of a proposal's explanation readers are shown, as part of the protocol. Pure.

It is the study's choice, by the experience that a reader joined with, and the same in every arm
with AI.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

# Nothing; one line; the whole text with heat maps.
LEVELS = ("none", "short", "full")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanations:
    """The level of explanation, one of `LEVELS`, for each experience."""

    resident: str = "full"
    general: str = "short"
    neuroradiologist: str = "short"

    def problems(self) -> list[str]:
        """What is wrong with the levels, in words."""
        if all(getattr(self, each) in LEVELS for each in EXPERIENCES):
            return []
        return [f"The explanations of each experience are one of {', '.join(LEVELS)}."]

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The levels of JSON values; what they lack is as usual."""
        return cls(**data)


EXPERIENCES = tuple(each.name for each in fields(Explanations))
