"""Which training cases an attempt has, and which of them are its test."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.reads.training import of_attempt, of_test


@pytest.mark.parametrize(
    ("attempt", "size", "cases"),
    [(1, 2, "ab"), (2, 2, "cd"), (3, 2, "ea"), (1, 0, "abcde"), (2, 5, "abcde"), (9, 7, "abcde")],
)
def test_r10_attempts_take_turns_through_the_training_cases(
    attempt: int, size: int, cases: str
) -> None:
    assert of_attempt("abcde", attempt, size) == list(cases)


@pytest.mark.parametrize(
    ("rows", "size", "tests", "found"),
    [
        ("abcdef", 3, 1, "cf"), ("abcdef", 0, 2, "ef"), ("abcdef", 6, 2, "ef"),
        ("abcdef", 9, 2, "ef"), ("abcde", 2, 1, "bd"), ("abc", 3, 3, "abc"), ("abc", 0, 0, ""),
        ("a", 0, 3, "a"), ("", 0, 2, ""),
    ],
)  # fmt: skip
def test_r10_the_last_cases_of_each_attempt_are_its_test(
    rows: str, size: int, tests: int, found: str
) -> None:
    assert of_test(rows, size, tests) == list(found)


@given(
    count=st.integers(1, 20), size=st.integers(0, 12), tests=st.integers(1, 12),
    attempts=st.integers(1, 5),
)  # fmt: skip
def test_r10_an_attempt_ends_with_its_test_and_no_case_changes_sides(
    count: int, size: int, tests: int, attempts: int
) -> None:
    """In every attempt, so that no test case's truth was told by an attempt before."""
    rows = range(count)
    length = size if 0 < size < count else count
    test = set(of_test(rows, size, tests))
    for attempt in range(1, attempts + 1):
        mine = of_attempt(rows, attempt, size, tests)
        assert len(mine) == length
        assert mine == sorted(mine)  # as the reader meets them
        kept = min(tests, length)
        assert [row in test for row in mine] == [False] * (length - kept) + [True] * kept
