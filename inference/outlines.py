"""Lesions from what the platform keeps of them: outlines, or a centre and a diameter."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.lesions import Lesion
from inference.volume import Affine

Outlines = Sequence[Sequence[Sequence[float]]]


def lesion_of(
    outlines_mm: Outlines,
    centroid_mm: Sequence[float],
    diameter_mm: float,
    *,
    probability: float,
    affine: Affine,
    shape: tuple[int, int, int],
) -> Lesion | None:
    """The lesion whose `contours_mm` these are; a ball where there are none.

    Parameters
    ----------
    outlines_mm
        Closed polylines in the slices of the grid, LPS; one inside another is a hole.
    probability
        NaN where the maker gave none.
    affine : (4, 4) array
        Index (slice, row, column) -> LPS mm, of the grid.
    shape
        Slices, rows, columns.

    Returns
    -------
    Lesion or None
        None where no voxel of the grid is inside.
    """
    whole = np.zeros(shape, bool)
    if outlines_mm:
        _fill(whole, outlines_mm, np.asarray(np.linalg.inv(affine), np.float64))
    else:
        _ball(whole, np.asarray(centroid_mm, float), diameter_mm / 2, affine)
    inside = np.argwhere(whole)
    if not len(inside):
        return None
    low, high = inside.min(0), inside.max(0) + 1
    z, y, x = (slice(a, b) for a, b in zip(low, high, strict=True))
    offset = (int(low[0]), int(low[1]), int(low[2]))
    return Lesion(whole[z, y, x].astype(np.uint8), offset, affine, probability)


def _fill(whole: NDArray[np.bool_], outlines_mm: Outlines, to_index: NDArray[np.float64]) -> None:
    """Even-odd: the outline of a hole takes out what the outer one put in."""
    from skimage import draw

    rasterise: Any = draw.polygon2mask
    for line in outlines_mm:
        index = np.asarray(line, float) @ to_index[:3, :3].T + to_index[:3, 3]
        z = int(np.rint(index[:, 0].mean()))
        if 0 <= z < len(whole):
            whole[z] ^= rasterise(whole.shape[1:], index[:, 1:])


def _ball(
    whole: NDArray[np.bool_],
    centre: NDArray[np.float64],
    radius: float,
    affine: Affine,
) -> None:
    index = np.indices(whole.shape).reshape(3, -1).T
    places = index @ affine[:3, :3].T + affine[:3, 3]
    near = np.linalg.norm(places - centre, axis=1) <= radius
    whole |= near.reshape(whole.shape)
