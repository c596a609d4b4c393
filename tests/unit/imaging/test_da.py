"""Dates and times as DICOM writes them, and ranges of them (PS3.4 C.2.2.2.5)."""

from datetime import date, time

import pytest

from readerstudy.imaging import da

LAST = 999_999


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("20240229", (date(2024, 2, 29), date(2024, 2, 29))),
        ("20240101-20240331", (date(2024, 1, 1), date(2024, 3, 31))),
        ("20240101-", (date(2024, 1, 1), None)),
        ("-20240331", (None, date(2024, 3, 31))),
    ],
)
def test_ranges_of_dates(value: str, found: object) -> None:
    assert da.dates(value) == found


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("101500", (time(10, 15), time(10, 15, 0, LAST))),
        ("10", (time(10), time(10, 59, 59, LAST))),
        ("1015-1020", (time(10, 15), time(10, 20, 59, LAST))),
        ("-101500.5", (None, time(10, 15, 0, 599_999))),
        ("2359-", (time(23, 59), None)),
    ],
)
def test_ranges_of_times(value: str, found: object) -> None:
    assert da.times(value) == found


@pytest.mark.parametrize(
    "value",
    [
        "",
        "-",
        "20230229",
        "2024",
        "1*",
        "20240101-x",
        "x-20240101",
        "20240101-20240102-",
        "٢٠٢٤٠١٠١",
    ],
)
def test_what_is_no_date_is_no_range(value: str) -> None:
    assert da.dates(value) is None


@pytest.mark.parametrize("value", ["", "-", "25", "1", "10:15", "101500.1234567", "99-"])
def test_what_is_no_time_is_no_range(value: str) -> None:
    assert da.times(value) is None


def test_written_as_dicom_writes_them() -> None:
    assert (da.da(date(2024, 3, 1)), da.da(None)) == ("20240301", "")
    assert [da.tm(da.clock(each)) for each in ("101500", "101500.120", "")] == [
        "101500", "101500.12", "",
    ]  # fmt: skip
