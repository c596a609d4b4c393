"""Linear interpolation between parallel grids: one matrix product along each axis.

A quarter of the time of a general transform, and the same values.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def sample_along_axes(voxels: Floats, at: tuple[NDArray[np.float64], ...]) -> Floats:
    """Sample a volume at a grid parallel to its own; 0 outside.

    Parameters
    ----------
    voxels
        (Z, Y, X).
    at
        The indices to sample at, along z (A,), y (B,) and x (C,).

    Returns
    -------
    (A, B, C) float32.
    """
    z, y, x = (_weights(size, where) for size, where in zip(voxels.shape, at, strict=True))
    rows = np.matmul(y, voxels.astype(np.float32, copy=False) @ x.T)
    return np.asarray((z @ rows.reshape(len(rows), -1)).reshape(len(z), len(y), len(x)))


def _weights(size: int, at: NDArray[np.float64]) -> Floats:
    """Weights (len(at), size) of linear interpolation."""
    inside = np.flatnonzero((at >= 0) & (at <= size - 1))
    low = np.minimum(at[inside].astype(int), max(size - 2, 0))
    upper = at[inside] - low
    weights = np.zeros((len(at), size), np.float32)
    weights[inside, low] = 1 - upper
    weights[inside, np.minimum(low + 1, size - 1)] += upper
    return weights
