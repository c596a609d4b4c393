"""What a lesion or a mark takes up in the patient: voxels on a grid, or a sphere.

Coordinates are DICOM patient coordinates (LPS) in millimetres.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float, float]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mask:
    """A lesion's voxels on a grid.

    Parameters
    ----------
    voxels : (X, Y, Z) array of bool
        True inside, in the axis order of `affine`.
    affine : (4, 4) array
        From voxel indices (x, y, z, 1), integers at voxel centres, to LPS millimetres.
    """

    voxels: NDArray[np.bool_]
    affine: Floats

    def contains(self, points_mm: Floats) -> NDArray[np.bool_]:
        """Which of the (n, 3) points lie in a voxel of the mask."""
        inverse = np.linalg.inv(self.affine)
        index = np.floor(points_mm @ inverse[:3, :3].T + inverse[:3, 3] + 0.5).astype(int)
        inside = np.all((index >= 0) & (index < self.voxels.shape), axis=1)
        found = np.zeros(len(points_mm), dtype=bool)
        found[inside] = self.voxels[tuple(index[inside].T)]
        return found

    def points_mm(self) -> Floats:
        """The centres of its voxels, (n, 3)."""
        index = np.argwhere(self.voxels)
        return np.asarray(index @ self.affine[:3, :3].T + self.affine[:3, 3], dtype=float)

    @property
    def voxel_mm3(self) -> float:
        """Volume of one voxel."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))


@dataclass(frozen=True)
class Lesion:
    """A lesion, or the extent of a mark: centroid (LPS, mm), diameter (mm), mask where known."""

    id: str
    centroid_mm: Point
    diameter_mm: float | None = None
    mask: Mask | None = field(default=None, compare=False)


def intersection_over_union(a: Lesion, b: Lesion) -> float:
    """Share of the union of two extents that lies in both; NaN when one has no extent.

    Spheres are compared exactly, a mask by its voxel centres (on its own grid: between masks of
    different grids the finer one is sampled).
    """
    if a.mask is None and b.mask is None:
        return _spheres(a, b)
    if a.mask is None or (b.mask is not None and b.mask.voxel_mm3 < a.mask.voxel_mm3):
        a, b = b, a
    assert a.mask is not None  # noqa: S101  the swap above put the (finer) mask first
    points = a.mask.points_mm()
    if b.mask is not None:
        shared = float(b.mask.contains(points).sum()) * a.mask.voxel_mm3
        volume_b = float(b.mask.voxels.sum()) * b.mask.voxel_mm3
    elif b.diameter_mm is None:
        return float("nan")
    else:
        near = np.linalg.norm(points - np.asarray(b.centroid_mm), axis=1) <= b.diameter_mm / 2
        shared = float(near.sum()) * a.mask.voxel_mm3
        volume_b = np.pi / 6 * b.diameter_mm**3
    union = len(points) * a.mask.voxel_mm3 + volume_b - shared
    return float(min(1.0, shared / union)) if union > 0 else float("nan")


def _spheres(a: Lesion, b: Lesion) -> float:
    if a.diameter_mm is None or b.diameter_mm is None:
        return float("nan")
    r, s = a.diameter_mm / 2, b.diameter_mm / 2
    d = float(np.linalg.norm(np.subtract(a.centroid_mm, b.centroid_mm)))
    volumes = 4 / 3 * np.pi * (r**3 + s**3)
    if d >= r + s:
        shared = 0.0
    elif d <= abs(r - s):
        shared = 4 / 3 * np.pi * min(r, s) ** 3
    else:  # two caps: https://mathworld.wolfram.com/Sphere-SphereIntersection.html, (16)
        lens = d**2 + 2 * d * (r + s) - 3 * (r - s) ** 2
        shared = np.pi * (r + s - d) ** 2 * lens / (12 * d)
    return float(shared / (volumes - shared)) if volumes > shared else float("nan")
