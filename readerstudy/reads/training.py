"""Which training cases an attempt has, and which of them are its test. Pure."""

from collections.abc import Sequence
from typing import TypeVar

R = TypeVar("R")


def of_attempt(rows: Sequence[R], attempt: int, size: int, tests: int = 0) -> list[R]:
    """The training cases of one attempt, out of all that the reader was allocated.

    Each attempt goes on where the one before ended, so that who trains again does not meet the
    cases whose answer they were shown; where there are too few, the first ones come round again.
    With a test the rows are cut into whole attempts and what is left over is not read: a case that
    was once taught never becomes a test case, nor the other way round.

    Parameters
    ----------
    rows : sequence
        In the reader's own order, withdrawn cases too: a withdrawal moves no other case.
    attempt : int
        From 1.
    size : int
        Cases of an attempt; 0, or as many as there are: all of them each time.
    tests : int
        How many of them, the last ones, are a test.
    """
    if not 0 < size < len(rows):
        return list(rows)
    whole = len(rows) // size
    start = (attempt - 1) % whole * size if tests else (attempt - 1) * size
    return [rows[(start + number) % len(rows)] for number in range(size)]


def of_test(rows: Sequence[R], size: int, tests: int) -> list[R]:
    """The test cases among a reader's training cases: the last so many of each whole attempt."""
    length = size if 0 < size < len(rows) else len(rows)
    end = len(rows) // length * length if length else 0
    return [row for place, row in enumerate(rows[:end]) if place % length >= length - tests]
