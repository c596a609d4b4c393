"""What a blinded interim look says of rows of reads: over all arms, or by letters (S2)."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

import analysis
from analysis.tables import DataError
from readerstudy.web.problems import Problem

DIGITS = 3
TOO_FEW = "Too little was read for an estimate yet: every reader and arm needs cases of both kinds."


def pooled_look(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Accuracy and times over all arms together, for a look that stays blind.

    Parameters
    ----------
    rows : sequence of mapping
        reader, case, truth, rating, active_s: a row a read.

    Returns
    -------
    dict
        Counts; the mean over readers of the AUC of all of a reader's reads, and its standard
        deviation between readers; the geometric mean of the active time (s) and the standard
        deviation of its logarithm. What sample sizes are checked with; no comparison.

    Raises
    ------
    Problem
        409 where no reader has read cases of both classes.
    """
    table = pd.DataFrame(rows, columns=["reader", "case", "truth", "rating", "active_s"])
    areas = [area for _, each in table.groupby("reader") if (area := _area(each)) is not None]
    if not areas:
        raise Problem("results.too_few", TOO_FEW)
    times = np.log(table.loc[table["active_s"] > 0, "active_s"])
    return {
        **_counted(table),
        "auc": round(float(np.mean(areas)), DIGITS),
        "auc_sd": round(float(np.std(areas, ddof=1)), DIGITS) if len(areas) > 1 else None,
        "time_s": _mean_time(table),
        "log_time_sd": round(float(times.std(ddof=1)), DIGITS) if len(times) > 1 else None,
    }


def masked_look(
    rows: Sequence[Mapping[str, Any]], letters: Mapping[str, str], *, is_paired: bool
) -> dict[str, Any]:
    """Accuracy and times by arm, under letters that tell no arm.

    Where readers read in all arms, only the reads that a reader made of a case in every arm
    count: how far each arm is would tell it. Counts are of the whole, never of an arm.

    Parameters
    ----------
    rows : sequence of mapping
        As `pooled_look`, and modality.
    letters : mapping
        Of each modality.

    Returns
    -------
    dict
        Counts; for each letter the AUC with its interval and the geometric mean of the active
        time (s); the differences of the AUC between letters with their intervals.

    Raises
    ------
    Problem
        409 where too little was read for an estimate.
    """
    columns = ["reader", "modality", "case", "truth", "rating", "active_s"]
    table = pd.DataFrame(rows, columns=columns)
    table["modality"] = table["modality"].map(dict(letters))
    if is_paired and len(table):
        arms = table.groupby(["reader", "case"])["modality"].transform("nunique")
        table = table[arms == len(letters)]
    table = table.sort_values(["modality", "reader", "case"]).reset_index(drop=True)
    if table["modality"].nunique() < len(letters):
        raise Problem("results.too_few", TOO_FEW)
    try:
        arms_told, differences = _compared(table[columns[:-1]])
    except DataError:  # its words name a modality and a reader
        raise Problem("results.too_few", TOO_FEW) from None
    return {
        **_counted(table),
        "arms": [
            {
                "letter": each["modality"],
                **_rounded(each),
                "time_s": _mean_time(table[table["modality"] == each["modality"]]),
            }
            for each in arms_told
        ],
        "differences": [{"letters": each["pair"], **_rounded(each)} for each in differences],
    }


def _rounded(each: Mapping[str, Any]) -> dict[str, float | None]:
    names = ("auc", "low", "high")
    return {
        name: round(float(each[name]), DIGITS) if np.isfinite(each[name]) else None
        for name in names
    }


def _mean_time(table: pd.DataFrame) -> float | None:
    """The geometric mean of the active time (s)."""
    times = np.log(table.loc[table["active_s"] > 0, "active_s"])
    return round(float(np.exp(times.mean())), 1) if len(times) else None


def _counted(table: pd.DataFrame) -> dict[str, int]:
    cases = table.drop_duplicates("case")
    return {
        "reads": len(table),
        "readers": int(table["reader"].nunique()),
        "cases": len(cases),
        "diseased": int(cases["truth"].sum()),
    }


def _area(table: pd.DataFrame) -> float | None:
    """The AUC of one reader's reads (Mann and Whitney); None with one class only."""
    truth = table["truth"].to_numpy(dtype=bool)
    n_diseased, n_healthy = int(truth.sum()), int((~truth).sum())
    if not n_diseased or not n_healthy:
        return None
    ranks = table["rating"].rank().to_numpy()
    above = float(ranks[truth].sum()) - n_diseased * (n_diseased + 1) / 2
    return above / (n_diseased * n_healthy)


def _compared(table: pd.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The AUC of each modality, and their differences, by the default method.

    Parameters
    ----------
    table : frame
        reader, modality, case, truth, rating.

    Returns
    -------
    list of dict, list of dict
        Modality, or the pair of them; estimate and 95 % interval.

    Raises
    ------
    analysis.tables.DataError
        For a table that cannot be analysed.
    """
    found = analysis.mrmc(table)
    names = found.modality_names
    modalities = zip(names, found.modalities, strict=True)
    return (
        [{"modality": name, **_interval(each)} for name, each in modalities],
        [{"pair": [names[each.a], names[each.b]], **_interval(each)} for each in found.differences],
    )


def _interval(each: Any) -> dict[str, float]:
    return {"auc": each.estimate, "low": each.ci_low, "high": each.ci_high}
