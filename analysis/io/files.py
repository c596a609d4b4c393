"""Reads from a file of any format this package knows, by its suffix."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from analysis.dataset import Dataset
from analysis.io.imrmc import read_imrmc, write_imrmc
from analysis.io.ordbm import read_ordbm, write_ordbm
from analysis.io.rjafroc import read_rjafroc, write_rjafroc
from analysis.io.tables import read_table, write_table
from analysis.tables import DataError

READERS: dict[str, Callable[[Path], pd.DataFrame]] = {
    ".csv": read_table,
    ".parquet": read_table,
    ".imrmc": read_imrmc,
    ".xlsx": read_rjafroc,
    ".lrc": read_ordbm,
    ".txt": read_ordbm,
}
WRITERS: dict[str, Callable[[Dataset, Path], None]] = {
    ".csv": lambda dataset, path: write_table(dataset.table(), path),
    ".parquet": lambda dataset, path: write_table(dataset.table(), path),
    ".imrmc": write_imrmc,
    ".xlsx": write_rjafroc,
    ".lrc": write_ordbm,
    ".txt": write_ordbm,
}


def read_reads(path: str | Path) -> pd.DataFrame:
    """Read a ROC study as a tidy table of reads.

    Raises
    ------
    DataError
        For a suffix without a format, or a file that does not have it.
    """
    path = Path(path)
    if path.suffix.lower() not in READERS:
        raise DataError(
            f"{path.name}: there is no format {path.suffix.lower()}; use {', '.join(READERS)}"
        )
    if path.suffix.lower() == ".csv" and _is_imrmc(path):
        return read_imrmc(path)
    return READERS[path.suffix.lower()](path)


def write_reads(dataset: Dataset, path: str | Path) -> None:
    """Write a ROC study in the format of the path's suffix."""
    path = Path(path)
    if path.suffix.lower() not in WRITERS:
        raise DataError(
            f"{path.name}: there is no format {path.suffix.lower()}; use {', '.join(WRITERS)}"
        )
    WRITERS[path.suffix.lower()](dataset, path)


def _is_imrmc(path: Path) -> bool:
    """Whether a .csv is iMRMC's own table (its header, or its BEGIN DATA line)."""
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline().strip().lower().replace('"', "")
    return first.startswith("readerid,caseid,modalityid")
