"""Automation bias: what AI does to readers' calls where it is right, and where it is wrong.

Readers who follow a wrong AI lose there what they gain where it is right (Goddard, Roudsari and
Wyatt, J Am Med Inform Assoc 2012; 19:121-127). An error of commission follows a false alarm, one
of omission the silence about a lesion.
"""

from typing import Literal

import numpy as np
import pandas as pd

from analysis.interactions.result import Subgroups
from analysis.interactions.study import subgroups
from analysis.multireader.obuchowski_rockette import Random
from analysis.tables import DataError, codes, first_bad, need_columns, numbers

BY = "the AI"
Detail = Literal["right or wrong", "by truth"]
LEVELS: dict[str, tuple[str, ...]] = {
    "right or wrong": ("AI wrong", "AI right"),
    "by truth": (
        "AI false alarm", "AI silent on disease", "AI right, healthy", "AI right, diseased",
    ),
}  # fmt: skip


def automation_bias(
    reads: pd.DataFrame,
    ai: pd.DataFrame,
    *,
    control: str | None = None,
    threshold: float = 50.0,
    ai_threshold: float | None = None,
    detail: Detail = "right or wrong",
    random: Random = "readers+cases",
    alpha: float = 0.05,
) -> Subgroups:
    """Change of the share of right calls with AI, in cases that the AI had right and had wrong.

    Parameters
    ----------
    reads : DataFrame
        reader, modality, case, truth, rating.
    ai : DataFrame
        case and call (0 or 1), or case and rating with an `ai_threshold`.
    control : str, optional
        The modality without AI; the first in order when left out.
    threshold : float
        A reader's call is positive from this rating on.
    ai_threshold : float, optional
        The AI's call is positive from this rating on.
    detail : {"right or wrong", "by truth"}
        by truth: false alarms and silence about disease apart.
    random, alpha
        As in `analysis.subgroups`.

    Returns
    -------
    Subgroups
        A difference below 0 where the AI was wrong is automation bias; the test of interaction
        asks whether AI changes calls alike where it is right and where it is wrong.

    Raises
    ------
    DataError
        For a case that the AI has no call for, a call that is not 0 or 1, or too few wrong calls.
    """
    need_columns(reads, ("reader", "modality", "case", "truth", "rating"), "reads")
    code, cases = codes(reads["case"])
    said = _calls(ai, ai_threshold)
    place = pd.Index(said.index).get_indexer(pd.Index(cases))
    missing = first_bad(place < 0)
    if missing is not None:
        raise DataError(f"the AI has no call for case {cases[missing]}")
    call = said.to_numpy()[place][code]
    ill = numbers(reads["truth"], "truth") == 1
    names = LEVELS[detail]
    if detail == "right or wrong":
        level = np.where(call == ill, names[1], names[0])
    else:
        level = np.select(
            [call & ~ill, ~call & ill, ~call & ~ill], list(names[:3]), default=names[3]
        )
    return subgroups(
        reads.assign(**{BY: pd.Categorical(level, categories=list(names))}),
        BY,
        fom=f"accuracy:threshold={threshold:g}",
        control=control,
        random=random,
        alpha=alpha,
    )


def _calls(ai: pd.DataFrame, threshold: float | None) -> "pd.Series[bool]":
    need_columns(ai, ("case",), "the AI's table")
    code, names = codes(ai["case"])
    twice = first_bad(pd.Series(code).duplicated().to_numpy())
    if twice is not None:
        raise DataError(
            f"the AI's table, row {twice + 1}: case {names[code[twice]]} is there twice"
        )
    if threshold is None:
        if "call" not in ai:
            raise DataError(
                "the AI's table has no column call: say from which rating it is positive"
            )
        value = numbers(ai["call"], "call")
        bad = first_bad(~np.isin(value, (0.0, 1.0)))
        if bad is not None:
            raise DataError(f"the AI's table, row {bad + 1}: call is not 0 or 1")
        positive = value == 1
    else:
        need_columns(ai, ("rating",), "the AI's table")
        positive = numbers(ai["rating"], "rating") >= threshold
    return pd.Series(positive, pd.Index(np.array(names, dtype=object)[code]))
