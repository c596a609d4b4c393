"""A table of lesions (CSV), for makers whose software writes no DICOM."""

import csv
import math
from dataclasses import replace
from pathlib import Path

from inference.vendor.values import LARGEST_MM, Delivered, UnusableResult

PLACE = ("x_mm", "y_mm", "z_mm", "diameter_mm")
COLUMNS = ("case", *PLACE, "probability")
MAX_BYTES, MAX_ROWS = 16 * 1024**2, 100_000


def read(path: Path) -> dict[str, tuple[Delivered, ...]]:
    """Read lesions by case.

    Columns: `case` (a case's code or Study Instance UID), `x_mm`, `y_mm`, `z_mm` (LPS),
    `diameter_mm` and, if known, `probability` (0-1). A row with a case only says that the AI found
    nothing there.

    Raises
    ------
    UnusableResult
        Naming the line and what is wrong with it.
    """
    if path.stat().st_size > MAX_BYTES:
        raise UnusableResult(f"the table is larger than {MAX_BYTES // 1024**2} MiB")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _read(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise UnusableResult("the table is no CSV in UTF-8") from wrong


def _read(rows: "csv.DictReader[str]") -> dict[str, tuple[Delivered, ...]]:
    _require_columns(list(rows.fieldnames or []))
    found: dict[str, list[Delivered]] = {}
    lines: dict[tuple[str, Delivered], int] = {}
    empty: dict[str, int] = {}
    for row in rows:
        line = rows.line_num
        if line > MAX_ROWS:
            raise UnusableResult(f"the table has more than {MAX_ROWS} lines: deliver it in parts")
        case = (row["case"] or "").strip()
        if None in row:  # as of commas within numbers
            raise UnusableResult(f"line {line} has more fields than there are columns")
        if not case:
            raise UnusableResult(f"line {line} names no case")
        lesions = found.setdefault(case, [])
        if any((row[name] or "").strip() for name in PLACE):
            lesions.append(_lesion(row, line))
            place = replace(lesions[-1], probability=None)
            if (first := lines.setdefault((case, place), line)) != line:
                raise UnusableResult(f"line {line} has the lesion of line {first} again")
        else:
            empty[case] = line
    if both := [line for case, line in empty.items() if found[case]]:
        raise UnusableResult(f"line {both[0]} says there is none of a case that has lesions")
    if not found:
        raise UnusableResult("the table has no line")
    return {case: tuple(lesions) for case, lesions in found.items()}


def _require_columns(names: list[str]) -> None:
    missing = [name for name in ("case", *PLACE) if name not in names]
    if missing:
        raise UnusableResult(f"the table lacks the columns {', '.join(missing)}: commas part them")
    if twice := [name for name in COLUMNS if names.count(name) > 1]:
        raise UnusableResult(f"the table has the column {twice[0]} twice")


def _lesion(row: dict[str, str], line: int) -> Delivered:
    x, y, z, diameter = (_number(row, name, line) for name in PLACE)
    if not 0 < diameter <= LARGEST_MM:
        raise UnusableResult(f"line {line}: the diameter is {diameter:g} mm")
    probability = (
        _number(row, "probability", line) if (row.get("probability") or "").strip() else None
    )
    if probability is not None and not 0 <= probability <= 1:
        raise UnusableResult(f"line {line}: the probability is {probability:g}: give 0 to 1")
    return Delivered(probability, centre_mm=(x, y, z), diameter_mm=diameter)


def _number(row: dict[str, str], name: str, line: int) -> float:
    try:
        value = float(row[name] or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UnusableResult(f"line {line}: {name} is no number")
    return value
