"""A stack of voxels in patient space: `Volume`.

Everywhere in this package arrays are ordered (z, y, x) = (slice, row, column), and an affine maps
the homogeneous index (z, y, x, 1) to DICOM patient coordinates (LPS, millimetres).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Affine = NDArray[np.float64]


@dataclass(frozen=True)
class Volume:
    """Voxels (z, y, x) float32, affine (4, 4) index -> LPS mm, and the role of the series.

    `frame` is the Frame of Reference UID (0020,0052): two series with the same one share their
    coordinates. Empty where it is not known.
    """

    voxels: NDArray[np.float32]
    affine: Affine
    role: str
    frame: str = ""

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """Distance between neighbouring voxels along (z, y, x)."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    def to_mm(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """Patient coordinates (..., 3; LPS mm) of indices (..., 3; z, y, x)."""
        return np.asarray(index @ self.affine[:3, :3].T + self.affine[:3, 3])

    def to_index(self, point_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Indices (..., 3; z, y, x) of patient coordinates (..., 3; LPS mm)."""
        inverse = np.linalg.inv(self.affine)
        return np.asarray(point_mm @ inverse[:3, :3].T + inverse[:3, 3])
