"""How far a lesion is from the nearest vessel-like structure, by a vesselness filter."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.preprocess import GRID_MM

REACH_MM = 15.0  # beyond it no vessel is looked for
SIGMAS_MM = (1.0, 2.0)  # of the tubes that are looked for: calibres of about 2 to 6 mm
MARGIN = int(REACH_MM / GRID_MM) + 6  # voxels around a lesion: the reach, and what filters need
# Response of the filter in robust standard deviations of the brain: on a phantom 95 % of vessels'
# voxels are above it, and fewer than one in a thousand of the brain's others (0.3 to 0.4 there).
_TUBE = 0.45
_BRIGHT = 2.0  # above the brain's median, in the same
_LENGTH_MM = 8.0  # what is shorter is as likely a spot
_PAINTED_MM, _TOUCHING_MM = 1.5, 2.5  # painted over so far; a vessel that ends there touches

_UPPER = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))  # of a symmetric matrix

Bools = NDArray[np.bool_]
_Hessian = Callable[..., list[NDArray[np.float32]]]  # scikit-image has no types


def vessel_distance_mm(contrast: NDArray[np.float32], inside: Bools) -> float:
    """Return how far the nearest tube-like bright structure is from a lesion's edge.

    The filter is that of Sato et al. (1998), as scikit-image has it, on bright voxels only: the
    eigenvalues of a whole window would cost more than all other features. The lesion itself is
    painted over with its surroundings before: its own flanks would answer like tubes.

    Parameters
    ----------
    contrast
        The series with contrast around the lesion (z, y, x), in robust standard deviations of the
        patient's brain, `MARGIN` voxels beyond the lesion where the head goes so far.
    inside
        The lesion in it.

    Returns
    -------
    Millimetres, 0 for one that touches; `REACH_MM` where there is none within it.
    """
    away = ndimage.distance_transform_edt(~inside, sampling=GRID_MM)
    rim = (away > _PAINTED_MM) & (away <= 4)
    painted = contrast.copy()
    painted[away <= _PAINTED_MM] = np.median(contrast[rim]) if rim.any() else 0.0
    bright = painted > _BRIGHT
    if not bright.any():  # as where a model marks a whole head: 425 MB at most, not 775
        return REACH_MM
    tubes = np.zeros(inside.shape, bool)
    tubes[bright] = _tubeness(painted, bright) > _TUBE
    pieces, count = ndimage.label(tubes, structure=np.ones((3, 3, 3)))
    nearest = REACH_MM
    for number, box in enumerate(ndimage.find_objects(pieces, count), start=1):
        length = np.linalg.norm([part.stop - part.start for part in box]) * GRID_MM
        if length >= _LENGTH_MM:
            nearest = min(nearest, float(away[box][pieces[box] == number].min()))
    return 0.0 if nearest <= _TOUCHING_MM else nearest


def _tubeness(image: NDArray[np.float32], where: Bools) -> NDArray[np.float32]:
    """Sato's response at some voxels (n,): the greatest over scales of the curvature across."""
    from skimage.feature import hessian_matrix

    second: _Hessian = hessian_matrix
    found = np.zeros(int(where.sum()), np.float32)
    for mm in SIGMAS_MM:
        sigma = mm / GRID_MM
        parts = second(image, sigma=sigma, order="rc", use_gaussian_derivatives=False)
        matrix = np.zeros((len(found), 3, 3), np.float32)
        for (row, column), part in zip(_UPPER, parts, strict=True):
            matrix[:, row, column] = matrix[:, column, row] = part[where]
        across = np.minimum(np.linalg.eigvalsh(matrix)[:, :2], 0)
        found = np.maximum(found, sigma**2 * np.sqrt(across[:, 0] * across[:, 1]))
    return found
