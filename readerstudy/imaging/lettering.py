"""Text burned into pixels of which no attribute tells: looked for by its strokes. Pure.

What a scanner or a workstation wrote into the pixels is the same in every slice, to the value;
anatomy and noise are not. So in a series the pixels count that are equal in slices far apart, apart
from the background. In a slice by itself those count that share a value that is far too frequent.
Letters stand in lines: pieces side by side, of one height, with gaps between.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

LOOKED_AT = 5  # slices of a series
FEW = 3  # slices below which each is looked at by itself
GAP_PX = 7  # between letters of a line, at most twice this
MIN_HEIGHT_PX, MAX_HEIGHT_PX = 5, 80
MIN_ASPECT = 2.0  # of a line
MIN_PIXELS = 24
MIN_FILL, MAX_FILL = 0.1, 0.8
MIN_STROKES = 4.0  # side by side, in the middle of a line
MAX_SHARE = 0.15  # of all pixels: more of one value is an area, no lettering
VALUES = 4
EDGE_PX = 3  # the head's edge moves from slice to slice
RARE = 0.05  # of the slices: where no more are above air, it is not the head
MANY = 12  # slices of a series, below which anatomy is as rare as letters
BRIGHT = 0.2  # of the span from the least to nearly the largest value
FAINT = 0.08  # of that span: above air, as scalp is where fluid is by far the brightest (T2)
INK = 0.15  # of that span: how far ink is from the mean around it, at least
STEADY = 0.15  # of how much bright pixels differ
STROKE_PX = 9  # strokes of letters are thinner
THIN = 0.12  # of that span: how far such a stroke is above what is around it, at least
ALIKE = 0.02  # of that span: values so near are compared
EQUAL = 0.5  # of thin pixels of nearly one value: so many are equal in letters
PEAK = 4  # times as frequent as others near is a value that letters may have
Mask = NDArray[np.bool_]


def sampled(count: int) -> list[int]:
    """Which slices of a series to look at: the ends, and between them evenly."""
    return sorted({round(each) for each in np.linspace(0, count - 1, min(count, LOOKED_AT))})


def shows_text(slices: Sequence[NDArray[Any]], others: Iterable[NDArray[Any]] = ()) -> bool:
    """Whether slices of one series (each rows x columns, stored values) seem to show text.

    Parameters
    ----------
    slices
        Far apart in the series (`sampled`); all of one size.
    others
        The slices between them, one after the other: only one is held in memory.
    """
    if len(slices) < FEW:
        return any(_has_lines(mask) for each in slices for mask in _frequent(each))
    if _has_lines(_constant(slices)) or _has_lines(_steady(slices)):
        return True
    if any(_has_ink(each) for each in slices):
        return True
    beside = _Beside(slices)
    for each in others:
        if _has_ink(each):
            return True
        beside.add(each)
    return _has_lines(beside.mask())


def _constant(slices: Sequence[NDArray[Any]]) -> Mask:
    """Pixels that are the same in all slices and are no background (air, padding)."""
    first, *others = slices
    same: Mask = np.ones(first.shape, np.bool_)
    for each in others:
        same &= each == first
    here = first[same]
    if here.size < MIN_PIXELS:
        return same
    found, counts = np.unique(here, return_counts=True)
    areas = found[counts > MAX_SHARE * first.size]
    return same & ~np.isin(first, [*areas, min(each.min() for each in slices)])


def _steady(slices: Sequence[NDArray[Any]]) -> Mask:
    """Bright pixels that differ far less from slice to slice than bright pixels do.

    The smooth edges of small letters take some of what lies behind them. Smooth anatomy is steady
    too, where slices are close: ink stands out from what is around it, in the middle slice.
    """
    from scipy import ndimage  # slow to load

    stack = np.stack(slices).astype(np.float32)
    low, high = stack.min(axis=0), stack.max(axis=0)
    least, most = float(low.min()), float(np.percentile(stack, 99.5))
    bright = least + BRIGHT * (most - least)
    spread = high - low
    usual = spread[high > bright]
    if usual.size == 0:
        return np.zeros(low.shape, np.bool_)
    steady: Mask = (low > bright) & (spread <= STEADY * np.median(usual))
    around = ndimage.uniform_filter(stack[len(stack) // 2], 2 * GAP_PX + 1)
    inked: Mask = steady & (np.abs(low - around) > INK * (most - least))
    return inked


class _Beside:
    """Pixels that are bright in a slice, away from where many are above air: beside the head.

    So text is found there that one slice alone shows, faint or smooth as it may be.
    """

    def __init__(self, slices: Sequence[NDArray[Any]]) -> None:
        looked_at = np.stack(slices).astype(np.float32)
        least, most = float(looked_at.min()), float(np.percentile(looked_at, 99.5))
        self._bright = least + BRIGHT * (most - least)
        self._faint = least + FAINT * (most - least)
        self._lit = (looked_at > self._bright).any(axis=0)
        self._seen = (looked_at > self._faint).sum(axis=0, dtype=np.int32)
        self._count = len(slices)

    def add(self, each: NDArray[Any]) -> None:
        """Count another slice in."""
        self._lit |= each > self._bright
        self._seen += each > self._faint
        self._count += 1

    def mask(self) -> Mask:
        """The pixels, of all slices that were counted."""
        from scipy import ndimage  # slow to load

        if self._count < MANY:
            return np.zeros(self._lit.shape, np.bool_)
        few = max(2, round(RARE * self._count))
        head = ndimage.maximum_filter((self._seen > few).view(np.uint8), 2 * EDGE_PX + 1)
        beside: Mask = self._lit & (head == 0)
        return beside


def _has_ink(values: NDArray[Any]) -> bool:
    """Whether one slice shows text by itself, over the head too: thin strokes of one value.

    Vessels, skin and the skull are as thin and as bright, but no two pixels of them need be equal.
    """
    from scipy import ndimage

    least, most = int(values.min()), float(np.percentile(values.ravel()[::7], 99.5))
    span = most - least
    if span <= 0:
        return False
    above = values.astype(np.int32) - least
    around = max(1, int(ALIKE * span))
    if not _peaks(above, around, PEAK / (2 * around + 1)).size:
        return False  # as nearly always: the filters below cost ten times as much
    smooth = ndimage.maximum_filter(ndimage.minimum_filter(values, STROKE_PX), STROKE_PX)
    thin = values.astype(np.float32) - smooth > THIN * span
    peaks = _peaks(above[thin], around, EQUAL)
    return any(_has_lines(thin & (above == each)) for each in peaks)


def _peaks(above: NDArray[Any], around: int, share: float) -> NDArray[Any]:
    """The most frequent values (counted from the least) that are `share` of all that are near."""
    counts = np.bincount(above.ravel())
    summed = np.concatenate(([0], np.cumsum(counts)))
    at = np.flatnonzero(counts >= MIN_PIXELS)
    at = at[at > 0]  # the background
    near = summed[np.minimum(at + around + 1, counts.size)] - summed[np.maximum(at - around, 0)]
    found = at[counts[at] >= share * near]
    return found[np.argsort(counts[found])[::-1][:VALUES]]


def _frequent(values: NDArray[Any]) -> list[Mask]:
    """The pixels of the largest value, and of those bright values that are far too frequent."""
    from scipy import ndimage

    found, counts = np.unique(values, return_counts=True)
    usual = (counts >= MIN_PIXELS) & (counts <= MAX_SHARE * values.size)
    bright = usual & (found > np.median(values))
    # A value that stands out from those around it in the histogram is not of the anatomy.
    around = ndimage.median_filter(counts, size=9, mode="mirror")
    peaks = np.flatnonzero(bright & (counts > 4 * around))
    top = peaks[np.argsort(counts[peaks])[::-1][:VALUES]]
    return [values == found[each] for each in top]


def _has_lines(mask: Mask) -> bool:
    """Whether some of the pixels stand in a line as letters do, across or down."""
    if mask.sum() < MIN_PIXELS:
        return False
    return any(_has_line(each) for each in (mask, mask.T))


def _has_line(mask: Mask) -> bool:
    from scipy import ndimage

    joined = ndimage.maximum_filter1d(mask.view(np.uint8), 2 * GAP_PX + 1, axis=1)
    labels, _count = ndimage.label(joined, structure=np.ones((3, 3)))
    return any(
        _is_line(mask[place] & (labels[place] == number))
        for number, place in enumerate(ndimage.find_objects(labels), start=1)
    )


def _is_line(piece: Mask) -> bool:
    columns = np.flatnonzero(piece.any(axis=0))
    piece = piece[:, columns[0] : columns[-1] + 1]
    height, width = piece.shape
    if not MIN_HEIGHT_PX <= height <= MAX_HEIGHT_PX or width < MIN_ASPECT * height:
        return False
    if not MIN_FILL <= piece.mean() <= MAX_FILL:
        return False
    strokes = (np.diff(piece.astype(np.int8), axis=1, prepend=0) > 0).sum(axis=1)
    return bool(np.median(strokes) >= MIN_STROKES)
