"""Bring delivered lesions onto the grid of the series that readers look at."""

from dataclasses import dataclass

import numpy as np

from inference.lesions import Extent
from inference.vendor.values import LARGEST_MM, Delivered, Grid, UnusableResult

_SAME_WITHIN = 1e-3  # voxels, over the lesion
_SAME_GRID_WITHIN = 0.1  # voxels, at the grid's corners: NIfTI keeps its affine in single precision
_HALF = 0.5
_FAR = 1e6  # voxels: no place in a series, and no index


@dataclass(frozen=True)
class Placed(Extent):
    """A delivered lesion on a series' grid; probability 0-1, None where the maker gave none."""

    probability: float | None


def is_same(one: Grid, other: Grid) -> bool:
    """Whether two grids have the same voxels, whatever the order and direction of their axes."""
    step = np.linalg.inv(other.affine) @ one.affine  # one's index -> the other's
    corners = np.array(list(np.ndindex(2, 2, 2)))
    at = corners * (np.array(one.shape) - 1) @ step[:3, :3].T + step[:3, 3]
    ends = corners * (np.array(other.shape) - 1)
    far = np.abs(at[:, None] - ends[None]).max(-1)
    # Each corner on one of the other's; a grid of another spacing shares corners, not their count.
    return bool((far.min(1) < _SAME_GRID_WITHIN).all()) and sorted(one.shape) == sorted(other.shape)


def place(lesion: Delivered, grid: Grid) -> Placed:
    """Put a delivered lesion onto a grid.

    Voxels on the same grid stay as they are; voxels on another are sampled linearly and cut at
    one half (at half of their maximum where they are smaller than a voxel of the grid).

    Raises
    ------
    UnusableResult
        When the lesion lies outside the grid, wholly or in part of its middle, or is too large.
    """
    extent = lesion.extent if lesion.extent is not None else _ball(lesion, grid)
    spacing = extent.spacing_mm  # whole voxels are measured: one may stick out
    if not np.all(spacing * (np.array(extent.mask.shape) - 1) <= LARGEST_MM):
        raise UnusableResult(
            f"a lesion is larger than {LARGEST_MM:.0f} mm: see whether its mask is turned round, or"
            " is of the head"
        )
    inside = grid_index(extent, grid)
    if np.any(inside < -0.5) or np.any(inside > np.array(grid.shape) - 0.5):
        raise UnusableResult(
            "a lesion lies outside the series: the result belongs to another examination or"
            " to other coordinates"
        )
    on_grid = _onto(extent, grid)
    return Placed(on_grid.mask, on_grid.offset, on_grid.affine, lesion.probability)


def grid_index(extent: Extent, grid: Grid) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """Where on the grid (z, y, x) the middle of an extent lies."""
    at = np.linalg.inv(grid.affine) @ np.array([*extent.centroid_mm, 1.0])
    return np.asarray(at[:3])


def _ball(lesion: Delivered, grid: Grid) -> Extent:
    """Voxels within the diameter of a place; the nearest voxel at least."""
    if lesion.centre_mm is None or lesion.diameter_mm is None:
        raise UnusableResult("a lesion has neither voxels nor a place and a diameter")
    spacing = np.linalg.norm(grid.affine[:3, :3], axis=0)
    middle = (np.linalg.inv(grid.affine) @ np.array([*lesion.centre_mm, 1.0]))[:3]
    if not np.all(np.abs(middle) < _FAR):
        raise UnusableResult("a lesion lies outside the series")
    reach = lesion.diameter_mm / 2 / spacing
    low, high = np.floor(middle - reach).astype(int), np.ceil(middle + reach).astype(int) + 1
    axes = [np.arange(a, b) for a, b in zip(low, high, strict=True)]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    away = np.linalg.norm((index - middle) @ grid.affine[:3, :3].T, axis=-1)
    mask = (away <= lesion.diameter_mm / 2) | (away == away.min())
    z, y, x = (int(n) for n in low)
    return _inside(Extent(mask.astype(np.uint8), (z, y, x), grid.affine), grid)


def _onto(extent: Extent, grid: Grid) -> Extent:
    step = np.linalg.inv(grid.affine) @ extent.affine  # the extent's index -> the grid's
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(extent.mask.shape) - 1)
    at = (corners + extent.offset) @ step[:3, :3].T + step[:3, 3]
    moved = at - corners
    shift = np.rint(moved[0])
    if np.abs(moved - shift).max() < _SAME_WITHIN:
        z, y, x = (int(n) for n in shift)
        return _inside(Extent(extent.mask, (z, y, x), grid.affine), grid)
    return _resampled(extent, grid, at)


def _resampled(
    extent: Extent, grid: Grid, corners: "np.ndarray[tuple[int, int], np.dtype[np.float64]]"
) -> Extent:
    from scipy import ndimage  # slow to load

    low = np.maximum(np.floor(corners.min(0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(corners.max(0)).astype(int) + 2, grid.shape)
    back = np.linalg.inv(extent.affine) @ grid.affine  # the grid's index -> the extent's
    start = back[:3, :3] @ low + back[:3, 3] - extent.offset + 1  # one voxel of margin
    values = ndimage.affine_transform(
        np.pad(extent.mask.astype(np.float32), 1), back[:3, :3], start,
        tuple(int(n) for n in high - low), order=1, output=np.float32,
    )  # fmt: skip
    if not values.size or values.max() <= 0:
        raise UnusableResult("a lesion is too small for the series or lies outside it")
    mask = (values >= min(_HALF, float(values.max()) / 2)).astype(np.uint8)
    return _cropped(mask, (int(low[0]), int(low[1]), int(low[2])), grid)


def _inside(extent: Extent, grid: Grid) -> Extent:
    """The part of an extent that lies on its grid."""
    low = np.maximum(np.negative(extent.offset), 0)
    high = np.minimum(np.subtract(grid.shape, extent.offset), extent.mask.shape)
    if np.any(high <= low):
        raise UnusableResult("a lesion lies outside the series")
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    first = np.add(extent.offset, low)
    return _cropped(extent.mask[box], (int(first[0]), int(first[1]), int(first[2])), grid)


def _cropped(
    mask: "np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]",
    offset: tuple[int, int, int],
    grid: Grid,
) -> Extent:
    found = np.argwhere(mask)
    if not len(found):
        raise UnusableResult("a lesion lies outside the series")
    low, high = found.min(0), found.max(0) + 1
    box = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    first = np.add(offset, low)
    return Extent(mask[box], (int(first[0]), int(first[1]), int(first[2])), grid.affine)
