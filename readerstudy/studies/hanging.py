"""How the images of a case hang when a reader opens it, as part of the protocol. Pure.

The reader may change what they see; every case starts from this, in every arm alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

# "auto" is one large pane and three beside it, or fewer where a case has fewer series; "prior" is
# the first series beside the same of the prior examination, "prior_four" the first two so. A case
# without a prior opens as under "auto", one with a prior as under "prior" where the rest is "auto".
LAYOUTS = ("auto", "one", "two", "four", "main", "planes", "prior", "prior_four")
ROLES = ("t1c", "flair", "t2", "t1", "ct", "other")
# "auto" is by percentiles, of CT the brain's; a series that has no window of the name keeps that.
WINDOWS = ("auto", "bright", "narrow", "wide", "brain", "subdural", "bone")
LINKS = ("position", "zoom", "pan")
PLACES = ("below", "beside")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hanging:
    """A hanging protocol.

    Attributes
    ----------
    layout : str
        How many panes, and whether the first is large; "planes" is the first series in three,
        "prior" and "prior_four" are current and prior examination side by side.
    roles : tuple of str
        Which series comes first, second, ...; roles that are not named follow in the usual order.
    window : str
        The window that a series opens with.
    linked : tuple of str
        What moves in every pane together, by the patient's coordinates.
    questions : str
        Where the form stands: below the images, over the whole width, or beside them, below marks.
    """

    layout: str = "auto"
    roles: tuple[str, ...] = ROLES
    window: str = "auto"
    linked: tuple[str, ...] = LINKS
    questions: str = "below"

    def problems(self) -> list[str]:
        """What is wrong with the hanging protocol, in words."""
        found = []
        if self.layout not in LAYOUTS:
            found.append(f"Images hang in one of the layouts {', '.join(LAYOUTS)}.")
        if self.window not in WINDOWS:
            found.append(f"Images open with one of the windows {', '.join(WINDOWS)}.")
        if not self.roles or set(self.roles) - set(ROLES):
            found.append(f"Series hang by their roles: {', '.join(ROLES)}.")
        if len(set(self.roles)) < len(self.roles):
            found.append("Each role has one place in the order.")
        if set(self.linked) - set(LINKS) or len(set(self.linked)) < len(self.linked):
            found.append(f"Panes are linked by {', '.join(LINKS)}, each at most once.")
        if self.questions not in PLACES:
            found.append(f"Questions stand in one of the places {', '.join(PLACES)}.")
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The hanging protocol of JSON values; what they lack is as usual."""
        values = dict(data)
        for name in ("roles", "linked"):
            if name in values:
                values[name] = tuple(values[name])
        return cls(**values)
