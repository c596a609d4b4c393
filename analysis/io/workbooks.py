"""Sheets of an Excel workbook as columns of names and numbers, with errors that name the row."""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from analysis.tables import DataError


@dataclass(frozen=True)
class Sheet:
    """Rows of a sheet under its heading; rows without any value are left out.

    Parameters
    ----------
    name
        As "x.xlsx, sheet TRUTH", for errors.
    cells
        A column a heading.
    rows
        The number in Excel of each row.
    """

    name: str
    cells: pd.DataFrame
    rows: list[int]

    def __contains__(self, column: str) -> bool:
        """Whether there is a column of that heading."""
        return column in self.cells.columns

    @property
    def last(self) -> str:
        """Heading of the last column."""
        return str(self.cells.columns[-1])

    def need(self, *columns: str) -> None:
        """Raise DataError unless there are all these columns."""
        missing = [name for name in columns if name not in self]
        if missing:
            has = ", ".join(map(str, self.cells.columns))
            raise DataError(f"{self.name} has no column {', '.join(missing)}; it has {has}")

    def names(self, column: str) -> pd.Series:
        """A column of names as text; whole numbers become their digits.

        Raises
        ------
        DataError
            For a row without one.
        """
        self.refuse(self.cells[column].isna(), lambda _: f"no {column}")
        return self.cells[column].map(_text)

    def numbers(self, column: str, *, empty: bool = False) -> pd.Series:
        """A column of numbers, NaN where empty if that may be.

        Raises
        ------
        DataError
            For a row with something else.
        """
        value = pd.to_numeric(self.cells[column], errors="coerce")
        bad = value.isna() & (self.cells[column].notna() | (not empty))
        self.refuse(bad, lambda at: f"{column} {self.cells[column][at]!r} is not a number")
        return value.astype(float)

    def whole(self, column: str) -> pd.Series:
        """A column of whole numbers from 0."""
        value = self.numbers(column)
        bad = (value % 1 != 0) | (value < 0)
        self.refuse(bad, lambda at: f"{column} {self.cells[column][at]!r} is no whole number")
        return value.astype(int)

    def lists(self, column: str) -> list[list[str]]:
        """A column of lists such as "1, 2"; an empty cell is an empty list."""
        return [
            [] if pd.isna(value) else [part.strip() for part in _text(value).split(",")]
            for value in self.cells[column]
        ]

    def refuse(self, bad: pd.Series, words: Callable[[int], str]) -> None:
        """Raise DataError that names the first bad row."""
        if bad.any():
            at = int(bad.to_numpy().argmax())
            raise DataError(f"{self.name}, row {self.rows[at]}: {words(at)}")


def open_workbook(path: Path) -> dict[str, Sheet]:
    """The sheets of an .xlsx workbook by their name in capitals.

    Raises
    ------
    DataError
        For a file that is none.
    """
    if not path.exists():
        raise FileNotFoundError(f"No such file: {path}")
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"{path.name} is no Excel workbook (.xlsx): {error}") from error
    try:
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # some writers leave them out, some write them wrong
        return {
            sheet.title.strip().upper(): _sheet(
                f"{path.name}, sheet {sheet.title}", list(sheet.values)
            )
            for sheet in book.worksheets
        }
    finally:
        book.close()


def _sheet(name: str, values: list[tuple[object, ...]]) -> Sheet:
    heading = list(values[0]) if values else []
    width = max((at for at, cell in enumerate(heading, start=1) if cell is not None), default=0)
    kept = [
        (number, (*row[:width], *[None] * (width - len(row))))
        for number, row in enumerate(values[1:], start=2)
        if any(cell is not None for cell in row[:width])
    ]
    columns = [str(cell).strip() for cell in heading[:width]]
    cells = pd.DataFrame([row for _, row in kept], columns=columns, dtype=object)
    return Sheet(name, cells, [number for number, _ in kept])


def _text(value: object) -> str:
    """A name as text: Excel may hold 3 as 3.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
