"""Names that a format can hold: what would not come back as it went in is refused."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from analysis.tables import DataError

Kind = Literal["reader", "modality", "case"]
# A line break in any of its forms, or a character that XML has no place for.
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]")


@dataclass(frozen=True)
class NameRules:
    """What a format cannot hold in a name, beside line breaks and blanks around it.

    Parameters
    ----------
    format
        Its name, for the error.
    characters
        Not anywhere in a name, by kind of name.
    words
        Not the whole name of a reader.
    starts
        Not the first character.
    """

    format: str
    characters: dict[Kind, str]
    words: tuple[str, ...] = ()
    starts: str = ""

    def check(self, kind: Kind, names: Iterable[str]) -> None:
        """Raise DataError for the first name that this format cannot hold."""
        for name in names:
            why = self._wrong(kind, name)
            if why:
                raise DataError(f"the {kind} {name!r} {why}; {self.format} cannot hold it")

    def _wrong(self, kind: Kind, name: str) -> str | None:
        if not name or name != name.strip():
            return "is empty or has blanks around it"
        if _CONTROL.search(name):
            return "has a line break or control character"
        found = next((each for each in self.characters.get(kind, "") if each in name), None)
        if found:
            return f"has a {found!r}"
        if name[0] in self.starts:
            return f"begins with {name[0]!r}"
        if kind == "reader" and name in self.words:
            return "means something else there"
        return None
