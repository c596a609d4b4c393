"""The report's input tables: checked, arms in order, and what they hold in numbers."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.tables import DataError, Names, codes, need_columns, numbers

NAMES = ("reader", "modality", "case")
READS = ("reader", "modality", "case", "truth", "rating")


@dataclass(frozen=True, eq=False)
class Tables:
    """Reads, marks, lesions and decisions, the control arm first among the modalities."""

    reads: pd.DataFrame
    marks: pd.DataFrame | None
    truth: pd.DataFrame | None
    decisions: pd.DataFrame | None
    modalities: Names
    warnings: tuple[str, ...]

    @property
    def control(self) -> str:
        """The arm that others are compared with."""
        return self.modalities[0]


def tables_of(
    reads: pd.DataFrame,
    marks: pd.DataFrame | None,
    truth: pd.DataFrame | None,
    decisions: pd.DataFrame | None,
    control: str | None,
) -> Tables:
    """Check the tables and put the control arm first.

    Raises
    ------
    DataError
        When reads are missing columns or rows, or there is no control arm of that name.
    """
    need_columns(reads, READS, "reads")
    if reads.empty:
        raise DataError("reads: the table has no rows")
    names = codes(reads["modality"])[1]
    if control is not None and control not in names:
        raise DataError(f"The control arm {control!r} has no read: there are {', '.join(names)}.")
    order = names if control is None else (control, *(each for each in names if each != control))
    return Tables(
        _ordered(reads, order),
        None if marks is None else _ordered(marks, order),
        truth,
        decisions if decisions is not None and len(decisions) else None,
        order,
        _unrated(reads),
    )


def _ordered(table: pd.DataFrame, order: Names) -> pd.DataFrame:
    """The table with its modalities as a category in that order, rows in one order for ever."""
    by = [
        name for name in ("reader", "modality", "case", "mark", "lesion", "rating") if name in table
    ]
    text = {name: table[name].astype(str) for name in ("reader", "modality", "case")}
    table = table.assign(**text)
    stray = ~table["modality"].isin(order)
    if stray.any():
        raise DataError(
            f"marks: nobody has a read in modality {table.loc[stray, 'modality'].iloc[0]}"
        )
    ordered = table.sort_values(by, kind="stable", ignore_index=True)
    return ordered.assign(modality=pd.Categorical(ordered["modality"], categories=list(order)))


def _unrated(reads: pd.DataFrame) -> tuple[str, ...]:
    number = int(reads["rating"].isna().sum())
    return (f"{number} of {len(reads)} reads have no rating and are left out.",) if number else ()


@dataclass(frozen=True, eq=False)
class Material:
    """What the analyses of accuracy work on: reads, and marks and lesions where there are any."""

    reads: pd.DataFrame
    marks: pd.DataFrame | None = None
    truth: pd.DataFrame | None = None

    def where(self, chosen: "pd.Series[bool]") -> "Material":
        """Some of the reads, and the marks that belong to them."""
        reads = self.reads[chosen].reset_index(drop=True)
        if self.marks is None:
            return Material(reads, None, self.truth)
        keys = pd.MultiIndex.from_frame(reads[list(NAMES)].astype(str))
        mine = pd.MultiIndex.from_frame(self.marks[list(NAMES)].astype(str)).isin(keys)
        return Material(reads, self.marks[mine].reset_index(drop=True), self.truth)


def material(tables: Tables, *, of_marks: bool) -> Material:
    """All reads for figures of merit of marks, those with a rating for the others."""
    reads = tables.reads if of_marks else rated(tables)
    return Material(reads, tables.marks, tables.truth)


def rated(tables: Tables) -> pd.DataFrame:
    """The reads with a rating."""
    return tables.reads[tables.reads["rating"].notna()].reset_index(drop=True)


def contents(tables: Tables) -> dict[str, Any]:
    """How much there is of everything, by modality where that means something."""
    reads = tables.reads
    cases = reads.drop_duplicates("case")
    diseased = numbers(cases["truth"], "truth") == 1
    found: dict[str, Any] = {
        "modalities": list(tables.modalities),
        "control": tables.control,
        "readers": list(codes(reads["reader"])[1]),
        "n_readers": int(reads["reader"].nunique()),
        "n_cases": len(cases),
        "n_diseased": int(diseased.sum()),
        "n_reads": {name: int((reads["modality"] == name).sum()) for name in tables.modalities},
        "n_unrated": int(reads["rating"].isna().sum()),
    }
    if tables.marks is not None:
        marks = tables.marks["modality"]
        found["n_marks"] = {name: int((marks == name).sum()) for name in tables.modalities}
    if tables.truth is not None:
        found["n_lesions"] = int((numbers(tables.truth["lesion"], "lesion") > 0).sum())
    return found
