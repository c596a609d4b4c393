"""Which training cases an attempt has."""

import pytest

from readerstudy.reads.training import of_attempt


@pytest.mark.parametrize(
    ("attempt", "size", "cases"),
    [(1, 2, "ab"), (2, 2, "cd"), (3, 2, "ea"), (1, 0, "abcde"), (2, 5, "abcde"), (9, 7, "abcde")],
)
def test_r10_attempts_take_turns_through_the_training_cases(
    attempt: int, size: int, cases: str
) -> None:
    assert of_attempt("abcde", attempt, size) == list(cases)
