"""Which training cases an attempt has. Pure."""

from collections.abc import Sequence
from typing import TypeVar

R = TypeVar("R")


def of_attempt(rows: Sequence[R], attempt: int, size: int) -> list[R]:
    """The training cases of one attempt, out of all that the reader was allocated.

    Each attempt goes on where the one before ended, so that who trains again does not meet the
    cases whose answer they were shown; where there are too few, the first ones come round again.

    Parameters
    ----------
    rows : sequence
        In the reader's own order, withdrawn cases too: a withdrawal moves no other case.
    attempt : int
        From 1.
    size : int
        Cases of an attempt; 0, or as many as there are: all of them each time.
    """
    if not 0 < size < len(rows):
        return list(rows)
    start = (attempt - 1) * size
    return [rows[(start + number) % len(rows)] for number in range(size)]
