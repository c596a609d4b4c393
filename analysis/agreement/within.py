"""How well readers agree with themselves: the same cases read again after a washout (R13)."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.agreement.categories import cohen_kappa
from analysis.agreement.quantities import bland_altman, icc
from analysis.tables import DataError, need_columns

FOUND_OR_NOT = 2
KEYS = ["reader", "modality", "case"]
ALL = "all"
WORDS = "Pairs of all readers are taken as independent: the interval over readers is too narrow."
LESIONS = "Lesions of a case are taken as independent: kappa's interval is somewhat too narrow."


def within_readers(
    first: pd.DataFrame, again: pd.DataFrame, *, alpha: float = 0.05
) -> dict[str, Any]:
    """Intraclass correlation and limits of agreement of first and repeated ratings.

    Parameters
    ----------
    first, again : DataFrame
        A row a read: reader, modality, case, rating. Only reads of `again` that have a first
        read of the same reader, modality and case count.

    Returns
    -------
    dict
        `readers`: a row a reader and one for all ("all"), each with `pairs`, `icc` (Shrout and
        Fleiss' 2,1: two reads of a case must agree absolutely) and `difference` (second minus
        first, with Bland and Altman's limits), or `error` in words where there are too few
        pairs; `pairs`; `warnings`.

    Raises
    ------
    DataError
        For a missing column.
    """
    for each in (first, again):
        need_columns(each, (*KEYS, "rating"))
    pairs = again.merge(first, on=KEYS, suffixes=("_again", "_first"))
    pairs = pairs.dropna(subset=["rating_again", "rating_first"])
    rows = [_row(str(reader), part, alpha) for reader, part in pairs.groupby("reader", sort=True)]
    return {
        "pairs": len(pairs),
        "readers": [*rows, _row(ALL, pairs, alpha)],
        "warnings": [WORDS] if len(rows) > 1 else [],
    }


def _row(reader: str, pairs: pd.DataFrame, alpha: float) -> dict[str, Any]:
    ratings = pairs[["rating_first", "rating_again"]].to_numpy(dtype=np.float64)
    try:
        return {
            "reader": reader,
            "pairs": len(pairs),
            "icc": icc(ratings, alpha=alpha).to_json(),
            "difference": bland_altman(ratings[:, 0], ratings[:, 1], alpha=alpha).to_json(),
        }
    except DataError as error:
        return {"reader": reader, "pairs": len(pairs), "error": str(error)}


def lesions_found_again(
    first: tuple[pd.DataFrame, pd.DataFrame],
    again: tuple[pd.DataFrame, pd.DataFrame],
    truth: pd.DataFrame,
    *,
    alpha: float = 0.05,
) -> dict[str, Any]:
    """Which lesions a reader found in both reads of a case, in one of them, or in neither.

    Parameters
    ----------
    first, again : (reads, marks) of DataFrames
        Reads, a row each: reader, modality, case. Marks: the same and `lesion`, the number of
        the lesion that the mark localises; 0 or less for one that localises none. A read
        without a row of marks found nothing.
    truth : DataFrame
        A row a lesion: case, lesion (from 1; 0 in a case without disease).

    Returns
    -------
    dict
        `readers`: a row a reader and one for all ("all"): `lesions` (in cases read twice),
        `both`, `first_only`, `again_only`, `neither`, `false_first` and `false_again` (marks
        that localise no lesion), `kappa` (Cohen's, of found or not), or `error` in words where
        there is none; `warnings`.

    Raises
    ------
    DataError
        For a missing column.
    """
    for reads, marks in (first, again):
        need_columns(reads, KEYS)
        need_columns(marks, (*KEYS, "lesion"))
    need_columns(truth, ("case", "lesion"))
    twice = again[0][KEYS].merge(first[0][KEYS], on=KEYS)
    lesions = twice.merge(truth.loc[truth["lesion"] > 0, ["case", "lesion"]], on="case")
    marks_of = {  # a table without a row has no kind of number
        name: marks.astype({"lesion": "int64"})
        for name, (_reads, marks) in (("first", first), ("again", again))
    }
    for name, marks in marks_of.items():
        hits = marks.loc[marks["lesion"] > 0, [*KEYS, "lesion"]].drop_duplicates()
        lesions = lesions.merge(hits.assign(**{name: 1.0}), on=[*KEYS, "lesion"], how="left")
    lesions = lesions.fillna({"first": 0.0, "again": 0.0})
    false = {
        f"false_{name}": marks[marks["lesion"] <= 0].merge(twice, on=KEYS)
        for name, marks in marks_of.items()
    }
    readers = [*sorted(twice["reader"].unique()), ALL]
    return {
        "readers": [_found(str(reader), lesions, false, alpha) for reader in readers],
        "warnings": [LESIONS],
    }


def _found(
    reader: str, lesions: pd.DataFrame, false: dict[str, pd.DataFrame], alpha: float
) -> dict[str, Any]:
    def own(table: pd.DataFrame) -> pd.DataFrame:
        return table if reader == ALL else table[table["reader"] == reader]

    found = own(lesions)[["first", "again"]].to_numpy(dtype=np.float64)
    counts = {
        "both": (1, 1), "first_only": (1, 0), "again_only": (0, 1), "neither": (0, 0),
    }  # fmt: skip
    row: dict[str, Any] = {
        "reader": reader,
        "lesions": len(found),
        **{name: int((found == pair).all(axis=1).sum()) for name, pair in counts.items()},
        **{name: len(own(marks)) for name, marks in false.items()},
    }
    if len(np.unique(found)) < FOUND_OR_NOT:
        return row | {"error": "Every lesion was found, or none: kappa is not defined."}
    try:
        return row | {"kappa": cohen_kappa(found, alpha=alpha).to_json()}
    except DataError as error:
        return row | {"error": str(error)}
