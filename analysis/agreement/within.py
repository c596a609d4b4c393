"""How well readers agree with themselves: the same cases read again after a washout (R13)."""

from typing import Any

import numpy as np
import pandas as pd

from analysis.agreement.quantities import bland_altman, icc
from analysis.tables import DataError, need_columns

KEYS = ["reader", "modality", "case"]
ALL = "all"
WORDS = "Pairs of all readers are taken as independent: the interval over readers is too narrow."


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
