"""Dates and times as DICOM writes them: DA and TM (PS3.5 6.2), and ranges of them. Pure."""

import re
from datetime import date, datetime, time

_TM = re.compile(r"([0-9]{2})(?:([0-9]{2})(?:([0-9]{2})(?:\.([0-9]{1,6}))?)?)?")
_LAST = (23, 59, 59, 999_999)
Range = tuple[date | None, date | None] | tuple[time | None, time | None]


def day(value: str) -> date | None:
    """The day of a DA; None where it is none."""
    value = value.strip()
    if not re.fullmatch(r"[0-9]{8}", value):
        return None
    try:
        return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 -- a day has no zone
    except ValueError:
        return None


def clock(value: str, *, is_last: bool = False) -> time | None:
    """The first (or last) moment that a TM stands for: 10 is from 10:00 to 10:59:59.999999."""
    found = _TM.fullmatch(value.strip())
    if not found:
        return None
    rest = _LAST if is_last else (0, 0, 0, 0)
    parts = [int(each) if each else other for each, other in zip(found.groups(), rest, strict=True)]
    if fraction := found[4]:
        parts[3] = int(fraction.ljust(6, "9" if is_last else "0"))
    try:
        return time(parts[0], parts[1], min(parts[2], 59), parts[3])  # a leap second has no place
    except ValueError:
        return None


def dates(value: str) -> tuple[date | None, date | None] | None:
    """The first and the last day that a DA or a range of DAs matches (PS3.4 C.2.2.2.5.1).

    `20240101-20240331`, `20240101-` and `-20240331`; an end that is open is None.
    None for what is neither.
    """
    first, dash, last = value.partition("-")
    found = (day(first), day(last)) if dash else (day(first), day(first))
    return found if _is_range(value, found) else None


def times(value: str) -> tuple[time | None, time | None] | None:
    """The first and the last moment that a TM or a range of TMs matches, as `dates`."""
    first, dash, last = value.partition("-")
    found = clock(first), clock(last if dash else first, is_last=True)
    return found if _is_range(value, found) else None


def _is_range(value: str, found: Range) -> bool:
    """Whether each end that was written is one, and there is one at least."""
    first, dash, last = value.partition("-")
    written = [bool(first.strip()), bool(last.strip())] if dash else [True, True]
    return any(written) and [each is not None for each in found] == written


def da(value: date | None) -> str:
    """A day as DA; empty for none."""
    return "" if value is None else f"{value:%Y%m%d}"


def tm(value: time | None) -> str:
    """A time as TM; empty for none."""
    if value is None:
        return ""
    return f"{value:%H%M%S.%f}".rstrip("0").rstrip(".") if value.microsecond else f"{value:%H%M%S}"
