"""Empirical AUC by placement values, in O(n log n).

The placement of a case with disease is the share of cases without disease that are rated below
it, ties counting one half; for a case without disease it is the share of cases with disease rated
above it (the structural components V10 and V01 of DeLong, DeLong and Clarke-Pearson, Biometrics
44:837-845, 1988). Their mean is the AUC, and deleting a case changes it in closed form.
Ties are exact equality of doubles.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
MAX_CELLS = 500_000


def placements(ratings: Floats, truth: Flags) -> Floats:
    """Placement value of every case on every curve.

    Parameters
    ----------
    ratings
        (R, K), a row a reader in a modality; NaN for a case not read.
    truth
        (K,) bool, True with disease.

    Returns
    -------
    (R, K) values in [0, 1]; NaN for a case not read, or on a curve with one class only.
    """
    found = np.empty(ratings.shape)
    step = max(1, MAX_CELLS // max(ratings.shape[1], 1))
    for start in range(0, ratings.shape[0], step):
        found[start : start + step] = _placements(ratings[start : start + step], truth)
    return found


def empirical_auc(placed: Floats, truth: Flags) -> Floats:
    """(R,) AUC of each curve from (R, K) placement values; NaN on a curve with one class only."""
    return mean_where(placed, truth)


def leave_one_out(placed: Floats, truth: Flags) -> Floats:
    """(R, K) AUC of each curve without each case, in closed form from the placement values.

    Without case k of class c: (n_c A - V_k) / (n_c - 1). A case that a curve has not read leaves
    its AUC as it is.
    """
    auc = empirical_auc(placed, truth)
    found = np.broadcast_to(auc[:, None], placed.shape).copy()
    for group in (truth, ~truth):
        values = placed[:, group]
        n = np.sum(~np.isnan(values), axis=1)[:, None]
        without = (n * auc[:, None] - values) / np.maximum(n - 1, 1)
        found[:, group] = np.where(np.isnan(values), found[:, group], without)
    return found


def mean_where(values: Floats, group: Flags) -> Floats:
    """(R,) mean over the cases of a group, leaving NaN out; NaN where a row has none."""
    chosen = values[:, group]
    missing = np.isnan(chosen)
    if not missing.any():
        return np.asarray(chosen.mean(axis=1))
    n = np.sum(~missing, axis=1)
    total = np.where(missing, 0.0, chosen).sum(axis=1)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _placements(ratings: Floats, truth: Flags) -> Floats:
    """Placement values of a block of curves: one sort, then running counts along it."""
    order = np.argsort(ratings, axis=1)  # NaN comes last
    ranked = np.take_along_axis(ratings, order, axis=1)
    first = np.ones(ranked.shape, bool)
    np.not_equal(ranked[:, 1:], ranked[:, :-1], out=first[:, 1:])
    read = ~np.isnan(ranked)
    positive = truth[order] & read
    below_positive = _share_below(read & ~positive, first)
    below_negative = _share_below(positive, first)
    value = np.where(positive, below_positive, 1 - below_negative)
    value[~read] = np.nan
    found = np.empty(ratings.shape)
    np.put_along_axis(found, order, value, axis=1)
    return found


def _share_below(reference: Flags, first: Flags) -> Floats:
    """Share of the reference cases below each place of a sorted row, ties one half.

    `first` marks the first place of each run of equal ratings.
    """
    count = np.cumsum(reference, axis=1, dtype=np.int64)
    below = np.maximum.accumulate(np.where(first, count - reference, 0), axis=1)
    last = np.roll(first, -1, axis=1)
    last[:, -1] = True
    n = count[:, -1:]
    upward = np.where(last, count, n)[:, ::-1]
    not_above = np.minimum.accumulate(upward, axis=1)[:, ::-1]
    return (below + not_above) / np.where(n > 0, 2 * n, np.nan)
