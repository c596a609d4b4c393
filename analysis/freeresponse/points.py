"""Points of the FROC curve: lesion sensitivity at a number of false positives per case.

The curve is joined by straight lines, at a vertical step its upper end counts, and beyond the last
mark it goes on at its last height. Without a case its points move by that case's own marks and by
the case less to divide by, so a reader's whole jackknife is a cumulative count of (K, P) cells.
Bandos, Rockette, Song and Gur, Biometrics 65:247-256, 2009, on the empirical FROC curve.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.fom.on_curves import height_at
from analysis.freeresponse.foms import Estimate, One
from analysis.tables import DataError

Floats = NDArray[np.float64]
MAX_CELLS = 2_000_000


def sensitivity_at(marks: One, fp_per_case: float) -> Estimate:
    """Share of lesions marked where there are `fp_per_case` NL per case, and without each case.

    Raises
    ------
    DataError
        When one case holds all of the lesions read.
    """
    seen = marks.was_read[marks.of]
    hit = seen & np.isfinite(marks.ll)
    levels = np.unique(np.concatenate([marks.nl, marks.ll[hit]]))[::-1]
    nl = marks.nl_of, _level(levels, marks.nl)
    ll = marks.of[hit], _level(levels, marks.ll[hit])
    number = len(marks.truth)
    cases = marks.was_read.astype(float)
    lesions = np.bincount(marks.of[seen], minlength=number).astype(float)
    if (lesions >= lesions.sum()).any():
        raise DataError("All of the figure of merit rests on one case: it has no variance.")
    x, y = (_total(part, levels.size) for part in (nl, ll))
    whole = _height(x / cases.sum(), y / lesions.sum(), fp_per_case)[0]
    without = np.empty(number)
    step = max(1, MAX_CELLS // (levels.size + 1))
    for start in range(0, number, step):
        chunk = slice(start, min(start + step, number))
        fewer = cases.sum() - cases[chunk, None], lesions.sum() - lesions[chunk, None]
        points = [
            (total - _by_case(part, levels.size, chunk)) / left
            for total, part, left in zip((x, y), (nl, ll), fewer, strict=True)
        ]
        without[chunk] = _height(points[0], points[1], fp_per_case)
    return Estimate(float(whole), without)


Part = tuple[NDArray[np.intp], NDArray[np.intp]]  # case and level of each mark


def _level(levels: Floats, ratings: Floats) -> NDArray[np.intp]:
    """Place of each rating among the descending levels."""
    return np.searchsorted(-levels, -ratings)


def _total(part: Part, levels: int) -> Floats:
    """(P,) marks at or above each level."""
    return np.cumsum(np.bincount(part[1], minlength=levels)).astype(float)


def _by_case(part: Part, levels: int, chunk: slice) -> Floats:
    """(D, P) marks at or above each level of each case of a chunk."""
    case, level = part
    mine = (case >= chunk.start) & (case < chunk.stop)
    flat = (case[mine] - chunk.start) * levels + level[mine]
    size = chunk.stop - chunk.start
    counts = np.bincount(flat, minlength=size * levels).reshape(size, levels)
    return np.cumsum(counts, axis=1).astype(float)


def _height(x: Floats, y: Floats, at: float) -> Floats:
    """(D,) height at x = `at` of curves (D, P) that start at (0, 0)."""
    start = np.zeros((np.atleast_2d(x).shape[0], 1))
    return height_at(np.hstack([start, np.atleast_2d(x)]), np.hstack([start, np.atleast_2d(y)]), at)
