"""Linear interpolation between parallel grids, one axis after the other.

Along each axis either whole slices are taken, where the grids' points fall on each other, or a
banded matrix is multiplied, block by block, that smooths too where the image is finer. The values
of a general transform, in a tenth of its time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float32]
At = Sequence[NDArray[np.float64]]

_BLOCK = 32  # points at once: less of the matrix is zeros, and products are still worth their call
_SAME_PLACE = 1e-6  # voxels: what rounding leaves of a point that lies on a voxel
_WIDTH = 4.0  # standard deviations at which a Gaussian is cut


@dataclass(frozen=True)
class Block:
    """Some points of an axis, the voxels that they are made of, and how much of each."""

    points: slice
    voxels: slice
    weights: Floats  # (points, voxels)


@dataclass(frozen=True)
class Way:
    """How the points of one axis are made.

    Without blocks they are voxels as they are: `points` from `voxels`, 0 elsewhere. With blocks,
    those slices take everything.
    """

    count: int
    points: slice
    voxels: slice
    blocks: tuple[Block, ...] = ()


def way(size: int, at: NDArray[np.float64], sigma: float = 0.0) -> Way:
    """How to sample an axis of so many voxels at the indices `at`; `sigma`: of smoothing, voxels.

    0 outside, from the first to the last voxel's middle is inside.
    """
    near = np.round(at)
    at = np.where(np.abs(at - near) < _SAME_PLACE, near, at)
    if not sigma and (at == near).all() and (np.diff(at) == 1).all():
        first = max(0, -int(at[0]))
        stop = max(first, min(len(at), size - int(at[0])))
        return Way(len(at), slice(first, stop), slice(first + int(at[0]), stop + int(at[0])))
    weights = _weights(size, at)
    if sigma:
        kernel = ndimage.gaussian_filter1d(np.eye(size), sigma, axis=0, truncate=_WIDTH)
        weights = weights @ kernel
    everything = slice(None)
    return Way(len(at), everything, everything, tuple(_blocks(weights.astype(np.float32))))


def _weights(size: int, at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights (len(at), size) of linear interpolation."""
    inside = np.flatnonzero((at >= 0) & (at <= size - 1))
    low = np.minimum(at[inside].astype(int), max(size - 2, 0))
    upper = at[inside] - low
    weights = np.zeros((len(at), size))
    weights[inside, low] = 1 - upper
    weights[inside, np.minimum(low + 1, size - 1)] += upper
    return weights


def _blocks(weights: Floats) -> list[Block]:
    """The blocks that hold all that is not 0, in order of their points."""
    found = []
    for start in range(0, len(weights), _BLOCK):
        rows = slice(start, min(start + _BLOCK, len(weights)))
        used = np.flatnonzero(weights[rows].any(0))
        columns = slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 1)
        found.append(Block(rows, columns, np.ascontiguousarray(weights[rows, columns])))
    return found


def sample_along_axes(
    voxels: Floats, at: At, sigma: Sequence[float] = (0.0, 0.0, 0.0), out: Floats | None = None
) -> Floats:
    """Sample a volume at a grid parallel to its own; 0 outside.

    Parameters
    ----------
    voxels
        (Z, Y, X).
    at
        The indices to sample at, along z (A,), y (B,) and x (C,).
    sigma
        Standard deviations (voxels) of a Gaussian along z, y and x that smooths before, cut at
        four of them and reflected at the edges as SciPy's filter does.
    out
        (A, B, C) of zeros, to be filled; None makes it.

    Returns
    -------
    (A, B, C) float32.
    """
    ways = [way(*each) for each in zip(voxels.shape, at, sigma, strict=True)]
    made = np.zeros([each.count for each in ways], np.float32) if out is None else out
    target = made[tuple(each.points for each in ways)]
    part = voxels[tuple(each.voxels for each in ways)]
    left = [axis for axis in (2, 1, 0) if ways[axis].blocks]
    if not left or not part.size:
        target[...] = part if part.size else 0
        return made
    part = np.ascontiguousarray(part, np.float32)  # BLAS takes no other
    for axis in left:
        shape = list(part.shape)
        shape[axis] = ways[axis].count
        there = target if axis == left[-1] else np.empty(shape, np.float32)
        for block in ways[axis].blocks:
            _multiply(part, block, axis, there)
        part = there
    return made


def _multiply(part: Floats, block: Block, axis: int, there: Floats) -> None:
    """Make the points of a block along an axis (0, 1, 2 for z, y, x)."""
    if axis == 2:
        np.matmul(part[:, :, block.voxels], block.weights.T, out=there[:, :, block.points])
    elif axis == 1:
        np.matmul(block.weights, part[:, block.voxels], out=there[:, block.points])
    else:
        # Each row of the volume is a vector that the slices' weights multiply.
        np.matmul(
            block.weights,
            part[block.voxels].transpose(1, 0, 2),
            out=there[block.points].transpose(1, 0, 2),
        )
