"""Tidy tables in CSV and Parquet; names of readers, modalities and cases stay text."""

from pathlib import Path
from typing import TypedDict

import pandas as pd

from analysis.tables import DataError

NAMES = ("reader", "modality", "case")
NO_VALUE = ["", "NA", "N/A", "NaN", "nan", "NULL", "null", "None"]


class Dialect(TypedDict):
    """How a CSV file separates its fields and writes its decimals."""

    sep: str
    decimal: str


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a tidy table of reads (or marks, or truth) by its suffix: .csv, .parquet.

    Names are read as text: case "1.10" is not case "1.1". Rows are numbered in errors from 1,
    without the header.

    Raises
    ------
    DataError
        For another suffix or a file that is no table.
    FileNotFoundError
        When there is no such file.
    """
    path = Path(path)
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    if path.suffix.lower() != ".csv":
        raise DataError(f"{path.name}: a table is .csv or .parquet")
    try:
        columns = _header(path)
        return pd.read_csv(
            path,
            encoding="utf-8-sig",
            dtype=dict.fromkeys(NAMES, str),
            # A reader may be called NA or None; only an empty field is no name.
            keep_default_na=False,
            na_values={name: [""] if name in NAMES else NO_VALUE for name in columns},
            **_dialect(path),
        )
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not in UTF-8; save it as CSV UTF-8 ({error})") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path.name} is no CSV table: {error}") from error


def _header(path: Path) -> list[str]:
    """The names in the first line; pandas would rename one that is there twice in silence."""
    first = pd.read_csv(
        path, header=None, nrows=1, dtype=str, encoding="utf-8-sig", keep_default_na=False,
        **_dialect(path),
    )  # fmt: skip
    names = [str(name) for name in first.iloc[0]]
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{path.name} has two columns called {twice}; keep one")
    return names


def text_of(path: Path) -> str:
    """The text of a file in UTF-8, with or without a byte-order mark.

    Raises
    ------
    DataError
        For another encoding.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name} is not in UTF-8; save it as UTF-8 text ({error})") from error


def _dialect(path: Path) -> Dialect:
    """Commas; or semicolons with decimal commas, as spreadsheets of many countries save them."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        header = file.readline()
    european = ";" in header and "," not in header
    return {"sep": ";", "decimal": ","} if european else {"sep": ",", "decimal": "."}


def _read_parquet(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise FileNotFoundError(f"No such file: {path}")
    try:
        return pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pyarrow's own errors are these
        raise DataError(f"{path.name} is no Parquet table: {error}") from error


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a tidy table by its suffix: .csv or .parquet."""
    path = Path(path)
    if path.suffix.lower() == ".parquet":
        table.to_parquet(path, index=False)
    elif path.suffix.lower() == ".csv":
        table.to_csv(path, index=False, lineterminator="\n")
    else:
        raise DataError(f"{path.name}: a table is written as .csv or .parquet")
