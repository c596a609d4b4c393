"""Images at another number of voxels, as nnU-Net resamples them (its `default_resampling`)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Order = Literal[1, 3]
ANISOTROPY = 3  # nnU-Net's ANISO_THRESHOLD


def zoomed(
    image: NDArray[np.float32],
    factors: NDArray[np.float64],
    have_mm: Sequence[float] | NDArray[np.float64],
    want_mm: Sequence[float] | NDArray[np.float64],
    order: Order = 3,
) -> NDArray[np.float32]:
    """An image (three axes) with so many times the voxels along each, edges where they were.

    By splines of an order: images cubic, a network's answers linear (1).

    Along an axis whose voxels are over three times as long as the others' (the image's, else those
    that are wanted) slices are repeated or left out, and only they are resampled. No value leaves
    the range that was there, of the image or of the slice.
    """
    if (factors == 1).all():
        return image
    along = _long_axis(have_mm if _is_long(have_mm) else want_mm)
    if along is None:
        return _spline(image, factors, order)
    slices = np.moveaxis(image, along, 0)
    across = np.delete(factors, along)
    found = np.stack([_spline(each, across, order) for each in slices])
    count = round(len(slices) * factors[along])
    middles = (np.arange(count) + 0.5) / factors[along] - 0.5
    rows = np.arange(len(slices), dtype=np.float64)
    nearest = ndimage.map_coordinates(rows, middles[None], order=0, mode="nearest").astype(int)
    return np.ascontiguousarray(np.moveaxis(found[nearest], 0, along))


def _spline(
    image: NDArray[np.float32], factors: NDArray[np.float64], order: Order
) -> NDArray[np.float32]:
    """Nothing leaves the range that was there."""
    if (factors == 1).all():
        return image
    found = ndimage.zoom(image, factors, order=order, mode="nearest", grid_mode=True)
    return np.asarray(np.clip(found, image.min(), image.max()))


def _is_long(spacing_mm: Sequence[float] | NDArray[np.float64]) -> bool:
    return max(spacing_mm) / min(spacing_mm) > ANISOTROPY


def _long_axis(spacing_mm: Sequence[float] | NDArray[np.float64]) -> int | None:
    """The one axis with far the longest voxels; None where there is none."""
    longest = np.flatnonzero(np.asarray(spacing_mm) == max(spacing_mm))
    return int(longest[0]) if _is_long(spacing_mm) and len(longest) == 1 else None
