"""R10: how long a reader has been sitting, from the server's times alone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from readerstudy.reads.sitting import sitting

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
REST = timedelta(minutes=15)


def at(*minutes: float) -> list[datetime]:
    """Times, the newest first."""
    return [NOON + timedelta(minutes=each) for each in sorted(minutes, reverse=True)]


def test_r10_a_sitting_reaches_back_to_the_last_gap_that_is_a_rest() -> None:
    found = sitting(at(-90, -80, -50, -40, -30, -20, -8), now=NOON, rest=REST)
    assert found is not None
    assert found.began == NOON - timedelta(minutes=50)
    assert found.length == timedelta(minutes=42)
    assert found.rested_at(REST) == NOON + timedelta(minutes=7)


def test_r10_who_has_rested_or_not_begun_has_no_sitting() -> None:
    assert sitting([], now=NOON, rest=REST) is None
    assert sitting(at(-60, -15), now=NOON, rest=REST) is None
    assert sitting(at(-60, -14.9), now=NOON, rest=REST) is not None


@given(st.lists(st.integers(-600, 0), min_size=1), st.integers(1, 60))
def test_r10_inside_a_sitting_no_gap_is_a_rest_and_before_it_there_is_one(
    minutes: list[int], rest_min: int
) -> None:
    rest = timedelta(minutes=rest_min)
    signs = at(*minutes)
    found = sitting(signs, now=NOON, rest=rest)
    if found is None:
        assert NOON - signs[0] >= rest
        return
    inside = [each for each in signs if each >= found.began]
    before = [each for each in signs if each < found.began]
    assert all(a - b < rest for a, b in pairwise(inside))
    assert not before or found.began - before[0] >= rest
