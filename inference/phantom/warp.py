"""A new individual: affine and two-scale elastic deformation of the template."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates
from scipy.spatial.transform import Rotation

from inference.phantom.fields import Array, Points, smooth_field
from inference.phantom.template import ORIGIN, SHAPE


@dataclass(frozen=True)
class Deformation:
    """Pull-back map from the subject's grid to the template's: template = A subject + t + d."""

    matrix: NDArray[np.float64]  # (3, 3), on (z, y, x) in mm from the template's origin
    shift: NDArray[np.float64]  # (3,)
    displacement: Array  # (3, *SHAPE), mm

    @property
    def template_mm(self) -> Array:
        """Template coordinates (z, y, x; mm from its origin) of every voxel: (3, *SHAPE)."""
        axes = [np.arange(n, dtype=np.float32) - o for n, o in zip(SHAPE, ORIGIN, strict=True)]
        grid = np.meshgrid(*axes, indexing="ij", sparse=True)
        rows = [
            sum((np.float32(row[k]) * grid[k] for k in range(3)), np.float32(t))
            for row, t in zip(self.matrix, self.shift, strict=True)
        ]
        return np.stack([np.asarray(r) for r in rows]) + self.displacement

    def to_subject(self, points_mm: Points) -> Points:
        """Map template points (N, 3; z, y, x mm) to subject voxels, by fixed-point iteration."""
        inverse = np.linalg.inv(self.matrix)
        here = np.asarray(points_mm, dtype=np.float64) @ inverse.T
        for _ in range(6):
            voxels = (here + ORIGIN).T
            moved = [map_coordinates(d, voxels, order=1, mode="nearest") for d in self.displacement]
            here = (points_mm - self.shift - np.stack(moved, 1)) @ inverse.T
        return np.asarray(here + ORIGIN)


def individual(rng: np.random.Generator, elastic_mm: float = 4.0) -> Deformation:
    """Draw pose, size, left-right flip and elastic shape of one head."""
    pose = Rotation.from_euler("zyx", rng.normal(0, (3, 3, 5)), degrees=True).as_matrix()
    scale = rng.normal(1, 0.035) * rng.normal(1, 0.025, 3)
    matrix = pose @ np.diag(1 / scale)
    if rng.random() < 0.5:
        matrix[:, 2] *= -1  # the base is slightly asymmetric: mirror half of the heads
    shift = rng.normal(0, (2, 2, 2))
    parts = [
        smooth_field(rng, SHAPE, 30, 0.75 * elastic_mm)
        + smooth_field(rng, SHAPE, 11, 0.36 * elastic_mm)
        for _ in range(3)
    ]
    return Deformation(matrix, shift, np.stack(parts))


def pull(image: Array, template_voxels: Array) -> Array:
    """Resample a template map at the subject's template coordinates (3, z, y, x), in voxels."""
    return np.asarray(
        map_coordinates(image, template_voxels, order=1, mode="nearest", output=np.float32)
    )
