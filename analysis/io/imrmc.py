"""iMRMC input: free text, ``BEGIN DATA:``, then readerID,caseID,modalityID,score.

Truth is a row of its own, with reader ``-1`` (older) or ``truth`` and score 0 or 1. The R package
has the same four columns as a CSV table with a header. https://github.com/DIDSR/iMRMC
"""

from pathlib import Path

import pandas as pd

from analysis.dataset import Dataset
from analysis.tables import DataError, codes, first_bad

COLUMNS = ["readerID", "caseID", "modalityID", "score"]
TRUTH_READERS = ("-1", "truth")


def read_imrmc(path: str | Path) -> pd.DataFrame:
    """Read an iMRMC file (or its CSV form) as a tidy table of reads.

    Raises
    ------
    DataError
        For a file without data, a line without four fields, or a case without truth.
    """
    rows = _rows(Path(path))
    table = pd.DataFrame([row for _, row in rows], columns=COLUMNS)
    is_truth = table["readerID"].isin(TRUTH_READERS)
    truth = table[is_truth]
    if truth.empty:
        raise DataError(f"{Path(path).name}: no truth rows (reader -1 or truth)")
    known = dict(zip(truth["caseID"], truth["score"], strict=True))
    _check_truth(truth, known)
    reads = table[~is_truth].reset_index(drop=True)
    row = first_bad(~reads["caseID"].isin(known).to_numpy())
    if row is not None:
        raise DataError(f"a score for case {reads['caseID'].iloc[row]}, which has no truth row")
    return pd.DataFrame(
        {
            "reader": reads["readerID"],
            "modality": reads["modalityID"],
            "case": reads["caseID"],
            "truth": pd.to_numeric(reads["caseID"].map(known)),
            "rating": _numbers(reads["score"]),
        }
    )


def write_imrmc(dataset: Dataset, path: str | Path) -> None:
    """Write a study as an iMRMC input file; missing reads are left out."""
    table = dataset.table()
    lines = [
        "Reads of a study, written by Readerstudy",
        f"NR: {len(dataset.readers)}",
        f"N0: {int((~dataset.truth).sum())}",
        f"N1: {int(dataset.truth.sum())}",
        f"NM: {len(dataset.modalities)}",
        "BEGIN DATA:",
        *(
            f"-1,{case},0,{int(truth)}"
            for case, truth in zip(dataset.cases, dataset.truth, strict=True)
        ),
        *(
            f"{reader},{case},{modality},{rating!r}"
            for reader, case, modality, rating in zip(
                table["reader"],
                table["case"],
                table["modality"],
                table["rating"].tolist(),
                strict=True,
            )
        ),
    ]
    _check_names((*dataset.readers, *dataset.modalities, *dataset.cases))
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """Numbered data rows of four fields."""
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    start = next(
        (
            at
            for at, line in enumerate(lines, start=1)
            if line.strip().upper() == "BEGIN DATA:" or _fields(line)[:3] == COLUMNS[:3]
        ),
        None,
    )
    if start is None:
        raise DataError(f"{path.name}: no line BEGIN DATA: and no header {','.join(COLUMNS)}")
    rows = [(at, _fields(line)) for at, line in enumerate(lines[start:], start + 1) if line.strip()]
    for at, fields in rows:
        if len(fields) != len(COLUMNS):
            raise DataError(f"{path.name}, line {at}: {len(fields)} fields, needs 4")
    return rows


def _fields(line: str) -> list[str]:
    return [field.strip().strip('"') for field in line.split(",")]


def _numbers(column: pd.Series) -> pd.Series:
    found = pd.to_numeric(column, errors="coerce")
    row = first_bad(found.isna().to_numpy())
    if row is not None:
        raise DataError(f"read {row + 1}: score {column.iloc[row]!r} is not a number")
    return found


def _check_truth(truth: pd.DataFrame, known: dict[str, str]) -> None:
    code, names = codes(truth["caseID"])
    row = first_bad(truth["caseID"].map(known).to_numpy() != truth["score"].to_numpy())
    if row is not None:
        raise DataError(f"case {names[code[row]]} has two truths")


def _check_names(names: tuple[str, ...]) -> None:
    bad = next((name for name in names if "," in name or "\n" in name), None)
    if bad is not None:
        raise DataError(f"the name {bad!r} has a comma or a line break; iMRMC cannot hold it")
