"""The shipped tables of known lesions of the training bench (`explain.similar`), as they stand.

A table is never changed: explanations name the one that they compare with, and its pictures are
shown with them for as long as they are. A table that is made anew is another one, by its number.
"""

import csv
import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from inference.detector import WEIGHTS

_NAME = "known-lesions-{}.csv"


def newest(folder: Path = WEIGHTS) -> Path:
    """The table that is compared with; its pictures lie beside it, as `.png`.

    Where there is none yet, the name of the first.
    """
    return folder / _NAME.format(max(_count(folder), 1))


def following(folder: Path = WEIGHTS) -> Path:
    """Where the next table belongs."""
    return folder / _NAME.format(_count(folder) + 1)


def of_digest(digest: str, folder: Path = WEIGHTS) -> Path | None:
    """The table of a digest; None where it is not (or no longer) shipped."""
    return _by_digest(folder).get(digest)


def digest(table: Path | None = None) -> str:
    """Which table rows are of (by default the newest): the beginning of its SHA-256.

    Empty where there is no table.
    """
    at = newest() if table is None else table
    return hashlib.sha256(at.read_bytes()).hexdigest()[:16] if at.exists() else ""


@lru_cache(maxsize=8)
def rows(table: Path) -> tuple[Mapping[str, str], ...]:
    """A table's rows as they stand; none where it is not there."""
    if not table.exists():
        return ()
    with table.open(newline="") as file:
        return tuple(csv.DictReader(file))


def _count(folder: Path) -> int:
    numbers = (each.stem.rpartition("-")[2] for each in folder.glob(_NAME.format("*")))
    return max((int(each) for each in numbers if each.isdecimal()), default=0)


@lru_cache(maxsize=8)
def _by_digest(folder: Path) -> Mapping[str, Path]:
    return {digest(each): each for each in folder.glob(_NAME.format("*"))}
