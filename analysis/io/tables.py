"""Tidy tables in CSV and Parquet; names of readers, modalities and cases stay text."""

from pathlib import Path

import pandas as pd

from analysis.tables import DataError

NAMES = ("reader", "modality", "case")


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
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix != ".csv":
        raise DataError(f"{path.name}: a table is .csv or .parquet")
    try:
        return pd.read_csv(path, dtype=dict.fromkeys(NAMES, str), keep_default_na=True)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(f"{path.name} is no CSV table: {error}") from error


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a tidy table by its suffix: .csv or .parquet."""
    path = Path(path)
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    elif path.suffix == ".csv":
        table.to_csv(path, index=False, lineterminator="\n")
    else:
        raise DataError(f"{path.name}: a table is written as .csv or .parquet")
