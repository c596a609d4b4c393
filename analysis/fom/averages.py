"""Averaged ROC curves of several readers, for display.

A curve is (fpf, tpf), each (n,), non-decreasing from (0, 0) to (1, 1) and joined by lines. Chen and
Samuelson, Br J Radiol 87:20140016, 2014, compare the kinds: the area under a vertical or a diagonal
average is the mean of the readers' areas; that under the pooled curve is not.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.fom.levels import RatingLevels, roc_points
from analysis.tables import DataError

Floats = NDArray[np.float64]
Curve = tuple[Floats, Floats]


def vertical(curves: Sequence[Curve]) -> Curve:
    """Mean TPF at each FPF; a rise of any curve stays a rise."""
    _need(curves)
    grid = np.unique(np.concatenate([fpf for fpf, _ in curves]))
    ends = np.array([_ends(fpf, tpf, grid) for fpf, tpf in curves]).mean(axis=0)
    return np.repeat(grid, 2), ends.reshape(-1)


def diagonal(curves: Sequence[Curve]) -> Curve:
    """Mean along lines of slope -1: at each FPF + TPF the mean of TPF - FPF."""
    _need(curves)
    sums = [fpf + tpf for fpf, tpf in curves]
    grid = np.unique(np.concatenate(sums))
    heights = [
        np.interp(grid, along, tpf - fpf) for along, (fpf, tpf) in zip(sums, curves, strict=True)
    ]
    height = np.mean(heights, axis=0)
    return (grid - height) / 2, (grid + height) / 2


def pooled(ratings: Floats, truth: NDArray[np.bool_]) -> Curve:
    """The curve of all readers' ratings taken for one reader's: (J, K) ratings, NaN not read."""
    levels = RatingLevels.of(ratings.ravel(), np.tile(truth, ratings.shape[0]))
    fpf, tpf = roc_points(*levels.counts())
    return fpf[0], tpf[0]


def _ends(fpf: Floats, tpf: Floats, grid: Floats) -> Floats:
    """(n, 2) lowest and highest TPF at each FPF of the grid."""
    first = np.r_[True, np.diff(fpf) > 0]
    last = np.r_[np.diff(fpf) > 0, True]
    low, high = np.interp(grid, fpf[first], tpf[first]), np.interp(grid, fpf[last], tpf[last])
    # Between two points of the curve there is no rise: the line runs from a top to a foot.
    inside = ~np.isin(grid, fpf)
    between = _along(fpf, tpf, grid)
    return np.stack([np.where(inside, between, low), np.where(inside, between, high)], axis=1)


def _along(fpf: Floats, tpf: Floats, grid: Floats) -> Floats:
    """TPF on the line between the points around each FPF."""
    after = np.clip(np.searchsorted(fpf, grid, side="right"), 1, fpf.size - 1)
    x0, x1, y0, y1 = fpf[after - 1], fpf[after], tpf[after - 1], tpf[after]
    width = np.where(x1 > x0, x1 - x0, 1.0)
    return np.asarray(y0 + (y1 - y0) * (grid - x0) / width)


def _need(curves: Sequence[Curve]) -> None:
    if not curves:
        raise DataError("no curve to average")
