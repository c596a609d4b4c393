"""iMRMC input: free text, ``BEGIN DATA:``, then readerID,caseID,modalityID,score.

Truth is a row of its own, with reader ``-1`` (older) or ``truth`` and score 0 or 1. The R package
has the same four columns as a CSV table with a header. https://github.com/DIDSR/iMRMC
"""

from pathlib import Path

import pandas as pd

from analysis.dataset import Dataset
from analysis.io.names import NameRules
from analysis.io.tables import text_of
from analysis.tables import DataError

COLUMNS = ["readerID", "caseID", "modalityID", "score"]
TRUTH_READERS = ("-1", "truth")
RULES = NameRules("iMRMC", {"reader": ',"', "modality": ',"', "case": ',"'}, words=TRUTH_READERS)
Line = tuple[int, list[str]]


def read_imrmc(path: str | Path) -> pd.DataFrame:
    """Read an iMRMC file (or its CSV form) as a tidy table of reads.

    Raises
    ------
    DataError
        For a file without data, or a line (by its number) without four fields, with a score that
        is no number, a truth that is not 0 or 1 or differs from another, or a case without truth.
    """
    path = Path(path)
    lines = _rows(path)
    truth = _truth(lines, path.name)
    reads = [
        (reader, modality, case, _known(truth, case, at, path.name), _number(score, at, path.name))
        for at, (reader, case, modality, score) in lines
        if reader not in TRUTH_READERS
    ]
    return pd.DataFrame(reads, columns=["reader", "modality", "case", "truth", "rating"])


def write_imrmc(dataset: Dataset, path: str | Path) -> None:
    """Write a study as an iMRMC input file; missing reads are left out."""
    RULES.check("reader", dataset.readers)
    RULES.check("modality", dataset.modalities)
    RULES.check("case", dataset.cases)
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
    Path(path).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _rows(path: Path) -> list[Line]:
    """Numbered data rows of four fields."""
    lines = text_of(path).splitlines()
    start = next(
        (
            at
            for at, line in enumerate(lines, start=1)
            if line.strip().upper() == "BEGIN DATA:" or _is_header(line)
        ),
        None,
    )
    if start is None:
        raise DataError(f"{path.name}: no line BEGIN DATA: and no header {','.join(COLUMNS)}")
    rows = [(at, _fields(line)) for at, line in enumerate(lines[start:], start + 1) if line.strip()]
    for at, fields in rows:
        if len(fields) != len(COLUMNS):
            raise DataError(
                f"{path.name}, line {at}: {len(fields)} fields, needs {', '.join(COLUMNS)}"
            )
    return rows


def _is_header(line: str) -> bool:
    return [field.lower() for field in _fields(line)[:3]] == [name.lower() for name in COLUMNS[:3]]


def _fields(line: str) -> list[str]:
    return [field.strip().strip('"') for field in line.split(",")]


def _truth(lines: list[Line], name: str) -> dict[str, int]:
    """Truth by case."""
    found: dict[str, int] = {}
    for at, (reader, case, _, score) in lines:
        if reader not in TRUTH_READERS:
            continue
        value = _number(score, at, name)
        if value not in (0, 1):
            raise DataError(f"{name}, line {at}: truth {score!r} is not 0 or 1")
        if found.setdefault(case, int(value)) != value:
            raise DataError(f"{name}, line {at}: case {case} has two truths")
    if not found:
        raise DataError(f"{name}: no truth rows (reader -1 or truth)")
    return found


def _known(truth: dict[str, int], case: str, at: int, name: str) -> int:
    if case not in truth:
        raise DataError(f"{name}, line {at}: a score for case {case}, which has no truth row")
    return truth[case]


def _number(text: str, at: int, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise DataError(f"{name}, line {at}: score {text!r} is not a number") from None
