"""The shipped table of known lesions of the training bench (`explain.similar`), as it stands."""

import csv
import hashlib
from collections.abc import Mapping
from functools import lru_cache

from inference.detector import WEIGHTS

TABLE = WEIGHTS / "known-lesions.csv"


@lru_cache(maxsize=1)
def digest() -> str:
    """Which table rows are of: the beginning of its SHA-256, as rows of another mean others.

    Empty where there is no table.
    """
    return hashlib.sha256(TABLE.read_bytes()).hexdigest()[:16] if TABLE.exists() else ""


@lru_cache(maxsize=1)
def rows() -> tuple[Mapping[str, str], ...]:
    """The shipped table's rows as they stand; none where it is not there."""
    if not TABLE.exists():
        return ()
    with TABLE.open(newline="") as file:
        return tuple(csv.DictReader(file))
