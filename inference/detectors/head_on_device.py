"""The head and its core in a coarse view, by torch on any device: what `inference.preprocess` does.

Morphology by shifts, fillings by floods, distances by a ball: no step of it leaves the device.
"""

import torch
from torch import Tensor
from torch.nn import functional

from inference.preprocess import (
    COARSE_MM,
    CORE_DEPTH_MM,
    CORE_HEIGHT_MM,
    CORE_LEAST,
    HEAD_MM3,
    empty,
    no_head,
    too_little,
)  # fmt: skip

_BINS = 256  # of Otsu's histogram, as scikit-image has it
_CHECKED_EACH = 16  # steps of a flood: to ask whether it has ended waits for the device


def head_mask(coarse: Tensor, role: str) -> Tensor:
    """The head against air (z, y, x; bool): Otsu's threshold, the largest piece, filled.

    Raises
    ------
    UnusableExamination
        For an empty series and for one without a head.
    """
    if bool(coarse.max() == coarse.min()):
        raise empty(role)
    capped = torch.minimum(coarse, torch.quantile(coarse.flatten(), 0.98))
    opened = _dilated(_eroded(capped > 0.6 * otsu(capped), is_outside=False))
    if not bool(opened.any()):
        raise no_head(role)
    head = largest(opened)
    closed = functional.pad(head, [3] * 6)
    for _ in range(3):
        closed = _dilated(closed)
    for _ in range(3):
        closed = _eroded(closed, is_outside=False)
    filled = filled_planes(closed[3:-3, 3:-3, 3:-3] | head)
    if float(filled.sum()) * COARSE_MM**3 < HEAD_MM3:
        raise no_head(role)
    return filled


def core_mask(head: Tensor, role: str) -> Tensor:
    """Voxels that are brain for certain: deep in the upper part of the head.

    Raises
    ------
    UnusableExamination
        If there are too few.
    """
    reach = int(CORE_DEPTH_MM / COARSE_MM)
    near = torch.arange(-reach, reach + 1, device=head.device, dtype=torch.float32) ** 2
    squares = near[:, None, None] + near[:, None] + near
    ball = (squares <= (CORE_DEPTH_MM / COARSE_MM) ** 2).float()[None, None]
    air = functional.conv3d((~head).float()[None, None], ball, padding=reach)[0, 0]
    planes = torch.arange(len(head), device=head.device)
    top = planes[head.flatten(1).any(1)].max()
    upper = planes > top - CORE_HEIGHT_MM / COARSE_MM
    core = (air < 0.5) & head & upper[:, None, None]
    if int(core.sum()) < CORE_LEAST:
        raise too_little(role)
    return core


def otsu(values: Tensor) -> Tensor:
    """The threshold between two classes of values whose variance within is least (Otsu 1979)."""
    low, high = values.min().double(), values.max().double()
    width = torch.where(high > low, high - low, 1.0)  # of one value alone: it is the threshold
    at = ((values.double() - low) / width * _BINS).long().clamp(max=_BINS - 1)
    counts = torch.bincount(at.flatten(), minlength=_BINS).double()
    middles = low + (torch.arange(_BINS, device=values.device) + 0.5) * (high - low) / _BINS
    below, above = counts.cumsum(0), counts.flip(0).cumsum(0).flip(0)
    sums = counts * middles
    mean_below = sums.cumsum(0) / below
    mean_above = sums.flip(0).cumsum(0).flip(0) / above
    between = below[:-1] * above[1:] * (mean_below[:-1] - mean_above[1:]) ** 2
    return middles[between.argmax()].to(values.dtype)


def largest(mask: Tensor) -> Tensor:
    """The largest piece; faces join voxels."""
    numbers = torch.arange(1, mask.numel() + 1, device=mask.device).reshape(mask.shape) * mask
    while True:
        before = numbers
        for _ in range(_CHECKED_EACH):
            highest = torch.stack([numbers, *_shifts(numbers, 0)]).amax(0)
            numbers = highest * mask
        if torch.equal(before, numbers):
            break
    found, sizes = torch.unique(numbers[mask], return_counts=True)
    # Of pieces of one size SciPy's first: the one whose first voxel comes first.
    tied = found[sizes == sizes.max()]
    firsts = torch.stack([(numbers == each).flatten().long().argmax() for each in tied])
    chosen: Tensor = numbers == tied[firsts.argmin()]
    return chosen


def filled_planes(mask: Tensor) -> Tensor:
    """Each plane with its holes filled: what no way through the plane joins to its edge."""
    air = ~mask
    edge = torch.zeros_like(mask)
    edge[:, [0, -1]] = True
    edge[:, :, [0, -1]] = True
    reached = edge & air
    while True:
        before = reached
        for _ in range(_CHECKED_EACH):
            reached = torch.stack([reached, *_shifts(reached, 0)[2:]]).any(0) & air
        if torch.equal(before, reached):
            return ~reached


def _dilated(mask: Tensor) -> Tensor:
    return torch.stack([mask, *_shifts(mask, 0)]).any(0)


def _eroded(mask: Tensor, *, is_outside: bool) -> Tensor:
    return torch.stack([mask, *_shifts(mask, int(is_outside))]).all(0)


def _shifts(values: Tensor, outside: int) -> list[Tensor]:
    """A volume moved by one voxel to each of six sides: along z, then y, then x."""
    padded = functional.pad(values, [1] * 6, value=outside)
    inner = slice(1, -1)
    found = []
    for axis in range(3):
        for moved in (slice(0, -2), slice(2, None)):
            cut = [inner] * 3
            cut[axis] = moved
            found.append(padded[tuple(cut)])
    return found
