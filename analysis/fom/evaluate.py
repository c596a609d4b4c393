"""Any figure of merit on the curves of a study, whole and with each case left out."""

import numpy as np
from numpy.typing import NDArray

from analysis.fom.levels import RatingLevels, roc_points
from analysis.fom.registry import FigureOfMerit

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def estimates(fom: FigureOfMerit, ratings: Floats, truth: Flags) -> Floats:
    """(R,) figure of merit of each curve of (R, K) ratings (NaN: not read)."""
    levels = (RatingLevels.of(row, truth) for row in ratings)
    return np.array([on_counts(fom, each.values, *each.counts())[0] for each in levels])


def leave_one_out(fom: FigureOfMerit, ratings: Floats, truth: Flags) -> Floats:
    """(R, K) figure of merit of each curve without each case.

    A case that a curve has not read leaves its figure of merit as it is.
    """
    found = np.empty(ratings.shape)
    for row, out in zip(ratings, found, strict=True):
        levels = RatingLevels.of(row, truth)
        out[:] = on_counts(fom, levels.values, *levels.counts())[0]
        value = np.full(2 * levels.values.size, np.nan)
        for keys, positive, negative in levels.deletions():
            value[keys] = on_counts(fom, levels.values, positive, negative)
        out[~np.isnan(row)] = value[levels.keys()]
    return found


def on_counts(fom: FigureOfMerit, values: Floats, positive: Floats, negative: Floats) -> Floats:
    """(D,) figure of merit from counts (D, L) at the levels `values` (L,)."""
    if fom.on_counts is not None:
        return fom.on_counts(np.atleast_2d(positive), np.atleast_2d(negative))
    if fom.half_case:
        values = np.concatenate([[np.inf], values, [-np.inf]])
        positive, negative = _half_a_case_each_side(positive), _half_a_case_each_side(negative)
    if fom.on_curves is None:
        raise TypeError(f"figure of merit {fom.name} says neither on_curves nor on_counts")
    return fom.on_curves(values, *roc_points(positive, negative))


def _half_a_case_each_side(counts: Floats) -> Floats:
    return np.pad(np.atleast_2d(counts), ((0, 0), (1, 1)), constant_values=0.5)
