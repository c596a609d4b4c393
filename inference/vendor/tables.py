"""A table of lesions (CSV), for makers whose software writes no DICOM."""

import csv
import math
from pathlib import Path

from inference.vendor.values import Delivered, UnusableResult

PLACE = ("x_mm", "y_mm", "z_mm", "diameter_mm")
COLUMNS = ("case", *PLACE, "probability")
MAX_BYTES, MAX_ROWS = 16 * 1024**2, 100_000
MAX_DIAMETER_MM = 150.0


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
    missing = [name for name in ("case", *PLACE) if name not in (rows.fieldnames or [])]
    if missing:
        raise UnusableResult(f"the table lacks the columns {', '.join(missing)}")
    found: dict[str, list[Delivered]] = {}
    empty: set[str] = set()
    for row in rows:
        line = rows.line_num
        if line > MAX_ROWS:
            raise UnusableResult(f"the table has more than {MAX_ROWS} lines: deliver it in parts")
        case = (row["case"] or "").strip()
        if not case:
            raise UnusableResult(f"line {line} names no case")
        lesions = found.setdefault(case, [])
        if any((row[name] or "").strip() for name in PLACE):
            lesions.append(_lesion(row, line))
        else:
            empty.add(case)
    both = sorted(case for case in empty if found[case])
    if both:
        raise UnusableResult(f"{both[0]} has lesions and a line that says there is none")
    if not found:
        raise UnusableResult("the table has no line")
    return {case: tuple(lesions) for case, lesions in found.items()}


def _lesion(row: dict[str, str], line: int) -> Delivered:
    x, y, z, diameter = (_number(row, name, line) for name in PLACE)
    if not 0 < diameter <= MAX_DIAMETER_MM:
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
