"""Where a lesion lies, and what a detector puts forward: `Extent`, `Lesion`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.geometry import longest_axial_diameter_mm
from inference.volume import Affine

_Trace = Callable[..., Any]  # scikit-image has no types
Polyline = list[list[float]]  # closed, [x, y, z] LPS mm


@dataclass(frozen=True)
class Extent:
    """The voxels of one lesion on the grid of a series.

    Attributes
    ----------
    mask
        uint8 (z, y, x), cropped to the lesion.
    offset
        Index (z, y, x) of the mask's first voxel in the series.
    affine
        Index (z, y, x, 1) of the series -> LPS mm.
    """

    mask: NDArray[np.uint8]
    offset: tuple[int, int, int]
    affine: Affine

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """Voxel size along (z, y, x)."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def centroid_mm(self) -> tuple[float, float, float]:
        """Centre of mass, LPS."""
        x, y, z = self._to_mm(np.argwhere(self.mask).mean(0))
        return float(x), float(y), float(z)

    @property
    def diameter_mm(self) -> float:
        """Longest diameter in one slice."""
        return longest_axial_diameter_mm(self.mask, self.spacing_mm)

    @property
    def volume_mm3(self) -> float:
        """Voxels times their volume."""
        return float(self.mask.sum() * abs(np.linalg.det(self.affine[:3, :3])))

    def _to_mm(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        """LPS mm of indices in the mask (..., 3; z, y, x)."""
        return np.asarray((index + self.offset) @ self.affine[:3, :3].T + self.affine[:3, 3])

    def contours_mm(self) -> list[Polyline]:
        """Outlines in the planes of the series: closed polylines, first point repeated at the end.

        A polyline lies in one slice; a slice with two pieces or a hole gives several. Points run
        half-way between voxels inside and outside.
        """
        from skimage import measure

        find: _Trace = measure.find_contours
        simplify: _Trace = measure.approximate_polygon

        lines: list[Polyline] = []
        for z, plane in enumerate(self.mask):
            for found in find(np.pad(plane, 1).astype(np.float32), 0.5):
                corners = simplify(found, 0.25) - 1
                index = np.column_stack([np.full(len(corners), float(z)), corners])
                lines.append(np.round(self._to_mm(index), 2).tolist())
        return lines


@dataclass(frozen=True)
class Lesion(Extent):
    """A proposed lesion on the grid of T1c.

    Attributes
    ----------
    probability
        Calibrated probability that this is a metastasis, 0-1.
    uncertainty
        Standard deviation of that probability over mirrored inputs; None if it was not measured.
    explanation
        `short` and `full` words, and `features`: name -> measured value (units in the name).
    """

    probability: float
    uncertainty: float | None = None
    explanation: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """All but the mask, for JSON; the mask as its contours."""
        return {
            "centroid_mm": [round(v, 2) for v in self.centroid_mm],
            "diameter_mm": round(self.diameter_mm, 2),
            "volume_mm3": round(self.volume_mm3, 2),
            "probability": round(self.probability, 4),
            "uncertainty": None if self.uncertainty is None else round(self.uncertainty, 4),
            "contours_mm": self.contours_mm(),
            "explanation": self.explanation,
        }
