"""Dates and times moved by one span for each patient, so that what lies between stays. Pure.

PS3.15 E.3.6, with Modified Dates. A date and the time that belongs to it move together over
midnight; a value that is not a date or a time is not kept.
"""

import hashlib
import hmac
import re
from datetime import datetime, timedelta

from pydicom import DataElement, Dataset
from pydicom.datadict import dictionary_VR
from pydicom.tag import BaseTag

# A date of the image modules and the time that belongs to it (PS3.3 C.7.2.1, C.7.3.1, C.7.6.1).
PAIRS = {
    "StudyDate": "StudyTime",
    "SeriesDate": "SeriesTime",
    "AcquisitionDate": "AcquisitionTime",
    "ContentDate": "ContentTime",
}
_DATE_OF = {time: date for date, time in PAIRS.items()}
MOMENTS = frozenset(["AcquisitionDateTime", "FrameAcquisitionDateTime", "FrameReferenceDateTime"])
ELEMENTS = frozenset(PAIRS) | frozenset(_DATE_OF) | MOMENTS
LEAST = timedelta(days=365)
_MINUTES = 10 * 365 * 24 * 60  # a span's secret part: any minute of ten years
_DATE = re.compile(r"\d{8}")
_TIME = re.compile(r"(\d{2})(\d{2})?(\d{2})?(\.\d{1,6})?")
_MOMENT = re.compile(r"(\d{8})(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)?([+-]\d{4})?")
_FAR = datetime(2000, 1, 2)  # noqa: DTZ001 -- a day to move a lone time on


def span(patient: str, key: bytes) -> timedelta:
    """How far a patient's dates move back: 1 to 11 years, to the minute, by a keyed hash."""
    digest = hmac.new(key, b"dates\0" + patient.encode(), hashlib.sha256).digest()
    return LEAST + timedelta(minutes=int.from_bytes(digest[:8]) % _MINUTES)


def moved(source: Dataset, tag: BaseTag, keyword: str, back: timedelta) -> DataElement | None:
    """The element `back` earlier; None where its value is not one that can be moved."""
    value = str(source[tag].value or "").strip()
    if keyword in PAIRS:
        answer = _date(value, _value(source, PAIRS[keyword]), back)
    elif keyword in _DATE_OF:
        answer = _time(value, _value(source, _DATE_OF[keyword]), back)
    else:
        answer = _moment(value, back)
    return DataElement(tag, dictionary_VR(tag), answer) if answer else None


def _value(source: Dataset, keyword: str) -> str:
    return str(source.get(keyword) or "").strip()


def _date(date: str, time: str, back: timedelta) -> str:
    if not _DATE.fullmatch(date):
        return ""
    clock = time if _TIME.fullmatch(time) else "000000"
    return _earlier(date, clock, back).strftime("%Y%m%d")


def _time(time: str, date: str, back: timedelta) -> str:
    if not _TIME.fullmatch(time):
        return ""
    day = date if _DATE.fullmatch(date) else _FAR.strftime("%Y%m%d")
    earlier = _earlier(day, time, back)
    return earlier.strftime("%H%M%S") + _fraction(time)


def _moment(value: str, back: timedelta) -> str:
    found = _MOMENT.fullmatch(value)
    if not found:
        return ""
    date, time, zone = found.groups()
    if not time:
        return _date(date, "", back)
    return _earlier(date, time, back).strftime("%Y%m%d%H%M%S") + _fraction(time) + (zone or "")


def _earlier(date: str, time: str, back: timedelta) -> datetime:
    """To the second; raises ValueError for a day that there is not."""
    whole = time.split(".", maxsplit=1)[0].ljust(6, "0")
    second = f"{min(int(whole[4:6]), 59):02d}"  # a leap second has no place in datetime
    return datetime.strptime(date + whole[:4] + second, "%Y%m%d%H%M%S") - back  # noqa: DTZ007


def _fraction(time: str) -> str:
    return f".{time.split('.')[1]}" if "." in time else ""
