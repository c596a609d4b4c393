"""E9: nothing in a table that leaves the platform is run by a spreadsheet."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.results.tables import Table, data_dictionary

STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    " =",
    "\u00a0=",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
)


def cell(value: object) -> str:
    """A value as a program that reads CSV gets it."""
    written = Table("answers", ("value",), ((value,),)).csv().decode()
    (_, (read,)) = csv.reader(io.StringIO(written, newline=""))
    return read


@pytest.mark.fault("E9")
@pytest.mark.parametrize("start", STARTS)
def test_e9_a_cell_that_a_spreadsheet_would_run_is_made_text(start: str) -> None:
    text = f"{start}cmd|'/C calc'!A0"
    assert cell(text) == f"'{text}"


@pytest.mark.fault("E9")
@given(value=st.floats(allow_nan=False, allow_infinity=False) | st.integers())
def test_e9_numbers_stay_numbers_whatever_their_sign(value: float) -> None:
    assert type(value)(cell(value)) == value


@pytest.mark.fault("E9")
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_e9_taking_the_apostrophe_away_gives_the_text_back(text: str) -> None:
    """A round trip, for what does not begin with an apostrophe itself."""
    read = cell(text)
    assert read in {text, f"'{text}"}
    assert read.lstrip()[:1] not in {"=", "+", "-", "@"} or read == ""


@pytest.mark.fault("E9")
def test_e9_the_data_dictionary_says_so() -> None:
    assert "apostrophe" in data_dictionary([]).decode()
