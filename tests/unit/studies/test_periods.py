"""The washout, by days of the server's calendar."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.studies.periods import Opening, opening

ENDED = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)


def at(now: datetime, *, period: int = 2, overridden: bool = False, zone: str = "UTC") -> Opening:
    return opening(
        period=period,
        washout_days=28,
        previous_ended_at=ENDED,
        now=now,
        zone=ZoneInfo(zone),
        is_overridden=overridden,
    )


@pytest.mark.fault("D7")
def test_c5_period_2_is_refused_on_day_27_at_23_59_with_the_date() -> None:
    found = at(datetime(2026, 3, 29, 23, 59, 59, tzinfo=UTC))
    assert not found.is_open
    assert found.opens_on == date(2026, 3, 30)


def test_c5_period_2_opens_on_day_28() -> None:
    assert at(datetime(2026, 3, 30, 0, 0, tzinfo=UTC)).is_open


def test_c5_an_override_opens_it_and_shows_as_one() -> None:
    found = at(datetime(2026, 3, 10, tzinfo=UTC), overridden=True)
    assert found.is_open
    assert found.is_overridden
    late = at(datetime(2026, 4, 10, tzinfo=UTC), overridden=True)
    assert not late.is_overridden  # it was not needed


@pytest.mark.fault("A11")
def test_c5_days_are_the_servers_through_a_change_of_summer_time() -> None:
    """Europe moves its clocks on 2026-03-29, inside the washout."""
    rome = ZoneInfo("Europe/Rome")
    evening = datetime(2026, 3, 29, 23, 59, tzinfo=rome)
    assert not at(evening, zone="Europe/Rome").is_open
    assert at(evening + timedelta(minutes=1), zone="Europe/Rome").is_open


@pytest.mark.parametrize("period", [0, 1])
def test_training_and_the_first_period_are_open_at_once(period: int) -> None:
    assert at(ENDED, period=period) == Opening(is_open=True, opens_on=None)


def test_a_period_is_closed_while_the_one_before_is_not_ended() -> None:
    found = opening(
        period=2, washout_days=0, previous_ended_at=None, now=ENDED, zone=UTC, is_overridden=True
    )
    assert found == Opening(is_open=False, opens_on=None)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 400), st.integers(0, 86399))
def test_it_never_opens_before_the_day_and_always_on_it(
    ended: datetime, days: int, second: int
) -> None:
    if ended.year > 9990:
        return
    day = datetime(ended.year, ended.month, ended.day, tzinfo=UTC) + timedelta(days=days)

    def is_open(now: datetime) -> bool:
        return opening(
            period=2, washout_days=days, previous_ended_at=ended, now=now, zone=UTC
        ).is_open

    assert is_open(day + timedelta(seconds=second))
    if days:
        assert not is_open(day - timedelta(seconds=1))
