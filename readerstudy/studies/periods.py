"""When a reader may begin a period: the washout rule (requirement C5). Pure.

Days are days of the server's calendar (`TIME_ZONE`): with the last read of a period on day 0 and
a washout of N days, the next period opens at 00:00 on day N, with no human action. A reader's
clock plays no part. The washout runs from the last case of the period before that the reader saw,
also one whose read was voided or withdrawn since, so that no case is met again sooner.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

FIRST_PERIOD = 1  # 0 is the training block


@dataclass(frozen=True, slots=True)
class Opening:
    """Whether a period is open for a reader, and from which day on it is."""

    is_open: bool
    opens_on: date | None  # None: open at once, or not to be known yet
    is_overridden: bool = False


def opening(
    *,
    period: int,
    washout_days: int,
    previous_ended_at: datetime | None,
    now: datetime,
    zone: tzinfo,
    is_overridden: bool = False,
) -> Opening:
    """Decide whether `period` is open.

    Parameters
    ----------
    period : int
        0 (training) and 1 are open at once.
    washout_days : int
        Of the protocol.
    previous_ended_at : datetime or None
        When the reader had seen the last case of the period before; None when they have seen none
        of it, and then the period is closed without a date.
    now : datetime
        The server's time, aware.
    zone : tzinfo
        The server's calendar.
    is_overridden : bool
        A coordinator's override is on record.
    """
    if period <= FIRST_PERIOD:
        return Opening(is_open=True, opens_on=None)
    if previous_ended_at is None:
        return Opening(is_open=False, opens_on=None)
    opens_on = previous_ended_at.astimezone(zone).date() + timedelta(days=washout_days)
    if now.astimezone(zone).date() >= opens_on:
        return Opening(is_open=True, opens_on=opens_on)
    return Opening(is_open=is_overridden, opens_on=opens_on, is_overridden=is_overridden)
