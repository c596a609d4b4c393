"""Ratings of a reader study as frozen arrays: the one input of every ROC analysis.

Axes: modality i of I, reader j of J, case k of K. A read that was not made is NaN in `ratings`
and False in `read`; nothing else may be NaN.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.tables import DataError, Names, codes, first_bad, need_columns, numbers

__all__ = ["DataError", "Dataset"]

Ratings = NDArray[np.float64]
Flags = NDArray[np.bool_]

COLUMNS = ("reader", "modality", "case", "truth", "rating")
MIN_PER_CLASS = 2


@dataclass(frozen=True, eq=False)
class Dataset:
    """Ratings of J readers in I modalities on K cases, with the truth.

    Parameters
    ----------
    ratings
        (I, J, K) float64; NaN where a read was not made.
    truth
        (K,) bool; True for a case with disease.
    modalities, readers, cases
        Names along the axes.

    Raises
    ------
    DataError
        When the shapes do not fit, or a class has no case.
    """

    ratings: Ratings
    truth: Flags
    modalities: tuple[str, ...]
    readers: tuple[str, ...]
    cases: tuple[str, ...]

    def __post_init__(self) -> None:
        shape = (len(self.modalities), len(self.readers), len(self.cases))
        if self.ratings.shape != shape or self.truth.shape != shape[2:]:
            raise DataError(
                f"ratings have shape {self.ratings.shape} and truth {self.truth.shape}; "
                f"the names say {shape} (modalities, readers, cases)"
            )
        _check_classes(self.truth)
        self.ratings.setflags(write=False)
        self.truth.setflags(write=False)

    @classmethod
    def from_table(cls, table: pd.DataFrame, cases: pd.DataFrame | None = None) -> "Dataset":
        """Read a tidy table, one row a read.

        Parameters
        ----------
        table
            Columns reader, modality, case, truth (0/1 or False/True) and rating; others are
            ignored. Names may be text or whole numbers; "1.10" and "1.1" are two cases. Axes are
            sorted (numbers by value); a categorical column keeps its order of categories.
        cases
            Optional list of cases, columns case and truth. When given, `table` needs no truth
            column, and a rating for a case not listed is an error.

        Raises
        ------
        DataError
            Names the row (counted from 1, without the header) and what is wrong with it.
        """
        need_columns(table, [name for name in COLUMNS if name != "truth" or cases is None])
        if table.empty:
            raise DataError("the table has no rows")
        modality, modalities = codes(table["modality"])
        reader, readers = codes(table["reader"])
        case, names = codes(table["case"])
        rating = _finite_ratings(table, (reader, readers), (modality, modalities), (case, names))
        if cases is None:
            truth = _truth_of_rows(table["truth"], case, names)
        else:
            case, names, truth = _truth_of_list(cases, case, names)
        shape = (len(modalities), len(readers), len(names))
        flat = np.ravel_multi_index((modality, reader, case), shape)
        _check_duplicates(flat, shape, modalities, readers, names)
        ratings = np.full(int(np.prod(shape)), np.nan)
        ratings[flat] = rating
        return cls(ratings.reshape(shape), truth, modalities, readers, names)

    @cached_property
    def read(self) -> Flags:
        """(I, J, K) bool: True where a read was made."""
        return ~np.isnan(self.ratings)

    @cached_property
    def complete(self) -> bool:
        """Whether every reader read every case in every modality."""
        return bool(self.read.all())

    def take(self, *, readers: Flags | None = None, cases: Flags | None = None) -> "Dataset":
        """Return the study of some readers (J, bool) and some cases (K, bool)."""
        keep_j = np.ones(len(self.readers), bool) if readers is None else readers
        keep_k = np.ones(len(self.cases), bool) if cases is None else cases
        return Dataset(
            self.ratings[:, keep_j][:, :, keep_k],
            self.truth[keep_k],
            self.modalities,
            tuple(name for name, keep in zip(self.readers, keep_j, strict=True) if keep),
            tuple(name for name, keep in zip(self.cases, keep_k, strict=True) if keep),
        )

    def table(self) -> pd.DataFrame:
        """Return the tidy table, one row a read, in the order modality, reader, case."""
        i, j, k = np.nonzero(self.read)
        return pd.DataFrame(
            {
                "reader": np.array(self.readers, dtype=object)[j],
                "modality": np.array(self.modalities, dtype=object)[i],
                "case": np.array(self.cases, dtype=object)[k],
                "truth": self.truth[k].astype(np.int64),
                "rating": self.ratings[i, j, k],
            }
        )


def _check_classes(truth: Flags) -> None:
    """Refuse a study with one class only."""
    if truth.all() or not truth.any():
        present = "with" if truth.any() else "without"
        raise DataError(
            f"only one class: all {truth.size} cases are {present} disease; "
            "a figure of merit needs cases of both classes"
        )


def _finite_ratings(
    table: pd.DataFrame,
    reader: tuple[NDArray[np.intp], Names],
    modality: tuple[NDArray[np.intp], Names],
    case: tuple[NDArray[np.intp], Names],
) -> Ratings:
    """Ratings as numbers; NaN, infinities and a constant rating are refused."""
    rating = numbers(table["rating"], "rating")
    row = first_bad(np.isnan(rating))
    if row is not None:
        who = ", ".join(
            f"{what} {names[code[row]]}"
            for what, (code, names) in (("reader", reader), ("modality", modality), ("case", case))
        )
        raise DataError(
            f"row {row + 1}: no rating ({who}); leave the row out if the read was not made"
        )
    row = first_bad(np.isinf(rating))
    if row is not None:
        raise DataError(f"row {row + 1}: rating {rating[row]} is not a finite number")
    if rating.min() == rating.max():
        raise DataError(
            f"constant ratings: every row has rating {rating[0]:g}, which cannot tell cases apart"
        )
    return rating


def _truth_of_rows(column: pd.Series, case: NDArray[np.intp], names: Names) -> Flags:
    """One truth a case from a column with a value a row."""
    value = _zero_one(column)
    truth = np.zeros(len(names))
    truth[case] = value  # the last row of a case wins; rows that differ are found next
    row = first_bad(truth[case] != value)
    if row is not None:
        raise DataError(
            f"row {row + 1}: case {names[case[row]]} has two truths "
            f"({value[row]:g} here, {truth[case[row]]:g} elsewhere)"
        )
    return truth.astype(bool)


def _truth_of_list(
    cases: pd.DataFrame, case: NDArray[np.intp], names: Names
) -> tuple[NDArray[np.intp], Names, Flags]:
    """Truth from a list of cases; returns codes into that list, its names, and the truth."""
    need_columns(cases, ["case", "truth"], what="the list of cases")
    listed, all_names = codes(cases["case"])
    truth = _truth_of_rows(cases["truth"], listed, all_names)
    place = {name: at for at, name in enumerate(all_names)}
    known = np.array([place.get(name, -1) for name in names], dtype=np.intp)
    row = first_bad(known[case] < 0)
    if row is not None:
        raise DataError(
            f"row {row + 1}: a rating for an unknown case {names[case[row]]}; "
            "it is not in the list of cases"
        )
    return known[case], all_names, truth


def _zero_one(column: pd.Series) -> Ratings:
    """Truth as 0.0 and 1.0, or an error that names the row."""
    value = numbers(column, "truth")
    row = first_bad(np.isnan(value))
    if row is not None:
        raise DataError(f"row {row + 1}: no truth; it must be 0 or 1")
    row = first_bad(~np.isin(value, (0.0, 1.0)))
    if row is not None:
        raise DataError(f"row {row + 1}: truth {column.iloc[row]} is not 0 or 1")
    return value


def _check_duplicates(
    flat: NDArray[np.intp],
    shape: tuple[int, int, int],
    modalities: Names,
    readers: Names,
    cases: Names,
) -> None:
    """Refuse a read that is there twice, naming both rows."""
    first = np.full(int(np.prod(shape)), -1, dtype=np.intp)
    first[flat[::-1]] = np.arange(flat.size - 1, -1, -1)
    row = first_bad(first[flat] != np.arange(flat.size))
    if row is not None:
        i, j, k = np.unravel_index(flat[row], shape)
        raise DataError(
            f"row {row + 1}: duplicated read: reader {readers[j]}, modality {modalities[i]}, "
            f"case {cases[k]} is in row {first[flat[row]] + 1} already"
        )
