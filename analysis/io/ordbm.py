"""OR-DBM MRMC (University of Iowa): .lrc blocks and delimited text.

.lrc: a line of description; for each reader its name, the non-diseased cases (a line a case, a
rating a modality), ``*``, the diseased cases, ``*``; after the first reader's name a line of
quoted modality names and a line of L (large rating means disease) or S. ``#`` ends the file.
Text: reader, modality, case, truth, rating with a header, commas, tabs or blanks between.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.dataset import COLUMNS, Dataset
from analysis.io.names import NameRules
from analysis.io.tables import text_of
from analysis.tables import DataError, numbers

RULES = NameRules(".lrc", {"reader": '"', "modality": '"'}, words=("#", "*"), starts="#*")
Line = tuple[int, str]


def read_ordbm(path: str | Path) -> pd.DataFrame:
    """Read .lrc or delimited text as a tidy table of reads.

    Raises
    ------
    DataError
        Names the line and what it should be.
    """
    path = Path(path)
    return _read_lrc(path) if path.suffix.lower() == ".lrc" else _read_text(path)


def write_ordbm(dataset: Dataset, path: str | Path) -> None:
    """Write .lrc (crossed studies) or comma-delimited text (any)."""
    path = Path(path)
    if path.suffix.lower() != ".lrc":
        dataset.table()[list(COLUMNS)].to_csv(path, index=False, lineterminator="\n")
        return
    if not dataset.complete:
        raise DataError(".lrc holds crossed studies only; write .txt or .imrmc")
    RULES.check("reader", dataset.readers)
    RULES.check("modality", dataset.modalities)
    RULES.check("case", dataset.cases)
    lines = ["Reads of a study, written by Readerstudy"]
    for j, reader in enumerate(dataset.readers):
        lines.append(reader)
        if j == 0:
            lines.append("   ".join(f'"{name}"' for name in dataset.modalities))
            lines.append("   ".join("L" for _ in dataset.modalities))
        for group in (~dataset.truth, dataset.truth):
            for k in np.flatnonzero(group):
                ratings = "   ".join(repr(value) for value in dataset.ratings[:, j, k].tolist())
                lines.append(f"{ratings}   {dataset.cases[k]}")
            lines.append("*")
    lines.append("#")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _read_text(path: Path) -> pd.DataFrame:
    text = text_of(path)
    first = text.partition("\n")[0]
    delimiter = next((mark for mark in (",", "\t", ";") if mark in first), r"\s+")
    try:
        table = pd.read_csv(io.StringIO(text), sep=delimiter, dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"{path.name} is no delimited text: {error}") from error
    if table.shape[1] < len(COLUMNS):
        raise DataError(f"{path.name}: {table.shape[1]} columns, needs {', '.join(COLUMNS)}")
    table = table.iloc[:, : len(COLUMNS)].set_axis(list(COLUMNS), axis=1)
    table = table.where(table != "")  # an empty field is no value
    return table.assign(**{name: numbers(table[name], name) for name in ("truth", "rating")})


def _read_lrc(path: Path) -> pd.DataFrame:
    lines = iter(
        [
            (at, line.strip())
            for at, line in enumerate(text_of(path).splitlines(), start=1)
            if line.strip()
        ]
    )
    next(lines, None)  # the description
    rows: list[tuple[str, str, str, int, float]] = []
    modalities: list[str] = []
    signs: list[float] = []
    for _, reader in lines:
        if reader == "#":
            break
        if not modalities:
            modalities, signs = _header(lines, path.name)
        for truth in (0, 1):
            for case, ratings in _block(lines, truth, len(modalities), path.name):
                rows.extend(
                    (reader.strip('"'), modality, case, truth, sign * rating)
                    for modality, sign, rating in zip(modalities, signs, ratings, strict=True)
                )
    if not rows:
        raise DataError(f"{path.name}: no reader's ratings found")
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _header(lines: Iterator[Line], name: str) -> tuple[list[str], list[float]]:
    """Modality names, and 1 or -1 for large or small ratings meaning disease."""
    at, text = next(lines, (0, ""))
    modalities = re.findall(r'"([^"]*)"', text) or text.split()
    _, flags = next(lines, (0, ""))
    signs = [-1.0 if flag.strip('"').upper().startswith("S") else 1.0 for flag in flags.split()]
    if not modalities or len(signs) != len(modalities):
        raise DataError(f"{name}, line {at}: expected modality names, then a line of L or S each")
    return modalities, signs


def _block(
    lines: Iterator[Line], truth: int, modalities: int, name: str
) -> Iterator[tuple[str, list[float]]]:
    """Cases of one reader and class: (name, ratings), until ``*``."""
    for place, (at, text) in enumerate(lines, start=1):
        if text.startswith("*"):
            return
        fields = text.split(maxsplit=modalities)
        try:
            ratings = [float(field) for field in fields[:modalities]]
        except ValueError:
            ratings = []
        if len(ratings) != modalities:
            raise DataError(f"{name}, line {at}: expected {modalities} ratings, found {text!r}")
        # A case is known by its place in the block; its label is kept when there is one.
        label = fields[modalities].strip() if len(fields) > modalities else f"{truth}-{place}"
        yield label, ratings
    raise DataError(f"{name}: a block of cases does not end with *")
