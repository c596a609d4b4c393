"""What proposals do to decisions: accepted, rejected, edited; minds changed for better or worse."""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.freeresponse.foms import covariance_of, ratio
from analysis.tables import (
    DataError,
    check_alpha,
    check_modality,
    codes,
    first_bad,
    need_columns,
    numbers,
)

Ints = NDArray[np.intp]

DECISIONS = ("accepted", "edited", "rejected", "none")
COLUMNS = ("reader", "modality", "case", "decision", "lesion")


@dataclass(frozen=True)
class Share:
    """Events among units with an interval from the case jackknife, readers fixed.

    With no or only events the interval is the exact binomial one; without units there is none.
    """

    events: int
    units: int
    estimate: float | None
    ci_low: float | None
    ci_high: float | None


def share(events: NDArray[np.bool_], case: Ints, alpha: float = 0.05) -> Share:
    """The share of True among `events`, clustered by case.

    Parameters
    ----------
    events : (n,) array of bool
    case : (n,) array of int
        The case that each belongs to.
    """
    number, hits = len(events), int(events.sum())
    if not number:
        return Share(0, 0, None, None, None)
    middle = hits / number
    if hits in (0, number) or len(np.unique(case)) < 2:
        return Share(hits, number, middle, *_exact(hits, number, alpha))
    _, place = np.unique(case, return_inverse=True)
    hits_by_case = np.asarray(np.bincount(place, events.astype(float)), dtype=float)
    found = ratio(hits_by_case, np.bincount(place).astype(float))
    variance = float(covariance_of(found.without[None, :])[0, 0])
    if variance <= 0:
        return Share(hits, number, middle, *_exact(hits, number, alpha))
    half = stats.norm.isf(alpha / 2) * np.sqrt(variance) / (middle * (1 - middle))
    logit = np.log(middle / (1 - middle))
    low, high = (float(1 / (1 + np.exp(-value))) for value in (logit - half, logit + half))
    return Share(hits, number, middle, low, high)


def decision_effects(decisions: pd.DataFrame, alpha: float = 0.05) -> dict[str, dict[str, Any]]:
    """How readers took the proposals, by modality.

    Parameters
    ----------
    decisions : DataFrame
        A row a proposal shown: reader, modality, case, decision (accepted, edited, rejected or
        none), lesion (the number of the lesion it hits, 0 for a false proposal, below 0 for a
        second proposal on one lesion, which is neither right nor wrong); optionally shown: rows
        with 0 are of proposals that were on demand and not asked for, and are left out.

    Returns
    -------
    dict
        By modality: `true_taken` (right proposals accepted or edited), `true_rejected`,
        `false_taken` (wrong proposals accepted or edited: following the machine into error),
        `false_rejected`, `undecided`, and `counts` by decision.

    Raises
    ------
    DataError
        For a missing column or an unknown decision, naming the row.
    """
    check_alpha(alpha)
    need_columns(decisions, COLUMNS, "decisions")
    said = decisions["decision"].astype(str).to_numpy()
    bad = np.flatnonzero(~np.isin(said, DECISIONS))
    if bad.size:
        raise DataError(
            f"decisions, row {bad[0] + 1}: {said[bad[0]]!r} is not one of {', '.join(DECISIONS)}"
        )
    if "shown" in decisions:
        kept = numbers(decisions["shown"], "shown") != 0
        decisions, said = decisions[kept], said[kept]
    lesion = numbers(decisions["lesion"], "lesion")
    case = codes(decisions["case"])[0]
    taken, rejected = np.isin(said, ("accepted", "edited")), said == "rejected"
    code, names = codes(decisions["modality"])
    answer: dict[str, dict[str, Any]] = {}
    for place, name in enumerate(names):
        here = code == place
        right, wrong = here & (lesion > 0), here & (lesion == 0)
        shares = {
            "true_taken": share(taken[right], case[right], alpha),
            "true_rejected": share(rejected[right], case[right], alpha),
            "false_taken": share(taken[wrong], case[wrong], alpha),
            "false_rejected": share(rejected[wrong], case[wrong], alpha),
            "undecided": share(said[here] == "none", case[here], alpha),
        }
        answer[name] = {key: asdict(each) for key, each in shares.items()}
        answer[name]["counts"] = {word: int((said[here] == word).sum()) for word in DECISIONS}
    return answer


def changed_calls(
    reads: pd.DataFrame, control: str, test: str, *, threshold: float = 50.0, alpha: float = 0.05
) -> dict[str, Any]:
    """Calls of the same reader on the same case without and with AI.

    A call is positive from `threshold` on. `right_to_wrong` is the share of pairs that were right
    in the control arm and wrong with AI, `wrong_to_right` the reverse.
    """
    check_alpha(alpha)
    if math.isnan(threshold):
        raise DataError("the threshold is not a number")
    need_columns(reads, ("reader", "modality", "case", "truth", "rating"))
    names = codes(reads["modality"])[1]
    for name in (control, test):
        check_modality(name, names)
    truth = numbers(reads["truth"], "truth")
    bad = first_bad(~np.isin(truth, (0.0, 1.0)))
    if bad is not None:
        raise DataError(f"row {bad + 1}: truth {reads['truth'].iloc[bad]} is not 0 or 1")
    table = reads.assign(
        right=(numbers(reads["rating"], "rating") >= threshold) == (truth == 1), truth=truth
    )
    table = table.assign(modality=table["modality"].astype(str))
    sides = [
        table.loc[table["modality"] == name, ["reader", "case", "truth", "right"]]
        for name in (control, test)
    ]
    pairs = sides[0].merge(sides[1], on=["reader", "case", "truth"], suffixes=("_before", "_after"))
    before, after = (pairs[f"right_{name}"].to_numpy(dtype=bool) for name in ("before", "after"))
    case = codes(pairs["case"])[0] if len(pairs) else np.empty(0, dtype=np.intp)
    diseased = pairs["truth"].to_numpy(dtype=int) == 1
    answer: dict[str, Any] = {"threshold": threshold, "pairs": len(pairs)}
    for name, chosen in (("diseased", diseased), ("healthy", ~diseased)):
        answer[name] = {
            "right_to_wrong": asdict(share((before & ~after)[chosen], case[chosen], alpha)),
            "wrong_to_right": asdict(share((~before & after)[chosen], case[chosen], alpha)),
        }
    return answer


def _exact(hits: int, number: int, alpha: float) -> tuple[float, float]:
    """Clopper-Pearson."""
    low = float(stats.beta.ppf(alpha / 2, hits, number - hits + 1)) if hits else 0.0
    high = float(stats.beta.isf(alpha / 2, hits + 1, number - hits)) if hits < number else 1.0
    return low, high
