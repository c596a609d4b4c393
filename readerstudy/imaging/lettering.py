"""Text burned into pixels of which no attribute tells: looked for by its strokes. Pure.

What a scanner or a workstation wrote into the pixels is the same in every slice, to the value;
anatomy and noise are not. So in a series the pixels count that are equal in slices far apart, apart
from the background. In a series of one or two slices those count that share a value that is far
too frequent. Letters stand in lines: pieces side by side, of one height, with gaps between.
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
RARE = 0.05  # of the slices: where no more are bright, it is not the head
MANY = 12  # slices of a series, below which anatomy is as rare as letters
BRIGHT = 0.2  # of the span from the least to nearly the largest value
INK = 0.15  # of that span: how far ink is from the mean around it, at least
STEADY = 0.15  # of how much bright pixels differ
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
    return _has_lines(_beside(slices, others))


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


def _beside(slices: Sequence[NDArray[Any]], others: Iterable[NDArray[Any]]) -> Mask:
    """Pixels that are bright in hardly any slice, away from where many are: beside the head.

    So text is found there that one slice alone shows. Over the head it is not.
    """
    from scipy import ndimage

    looked_at = np.stack(slices).astype(np.float32)
    least, most = float(looked_at.min()), float(np.percentile(looked_at, 99.5))
    bright = least + BRIGHT * (most - least)
    often = (looked_at > bright).sum(axis=0, dtype=np.int32)
    count = len(slices)
    for each in others:
        often += each > bright
        count += 1
    few = max(2, round(RARE * count))
    if count < MANY:
        return np.zeros(often.shape, np.bool_)
    head = ndimage.maximum_filter((often > few).view(np.uint8), 2 * EDGE_PX + 1)
    beside: Mask = (often > 0) & (head == 0)
    return beside


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
