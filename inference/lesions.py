"""Where a lesion lies, what a detector puts forward, and why: `Extent`, `Lesion`, `HeatMap`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.geometry import counts_along, longest_axial_diameter_mm
from inference.volume import Affine

_Trace = Callable[..., Any]  # scikit-image has no types
Polyline = list[list[float]]  # closed, [x, y, z] LPS mm
HEAT_LEVELS = (0.2, 0.4, 0.6, 0.8)  # of the strongest voxel: where heat maps have their lines


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
        along = counts_along(self.mask)
        index = np.array([np.arange(len(each)) @ each / each.sum() for each in along])
        x, y, z = self._to_mm(index)
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
        return _outlines(self.mask.astype(np.float32), 0.5, self._to_mm, tolerance=0.25)


@dataclass(frozen=True)
class HeatMap:
    """What a network's answer for one lesion rests on, on the grid of its series.

    Attributes
    ----------
    values
        float32 (z, y, x), 0-1, cropped to where it is above its lowest level; 1 is the strongest.
    offset
        Index (z, y, x) of the first voxel in the series.
    affine
        Index (z, y, x, 1) of the series -> LPS mm.
    method
        How it was made, in words.
    shares
        Role of a series -> its part of the whole, 0-1.
    """

    values: NDArray[np.float32]
    offset: tuple[int, int, int]
    affine: Affine
    method: str
    shares: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """Lines of equal strength in the planes of the series, weakest level first."""
        levels = [
            {
                "level": level,
                "contours_mm": _outlines(self.values, level, self._to_mm, tolerance=0.4),
            }
            for level in HEAT_LEVELS
        ]
        return {"method": self.method, "shares": self.shares, "levels": levels}

    def _to_mm(self, index: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((index + self.offset) @ self.affine[:3, :3].T + self.affine[:3, 3])


def _outlines(
    field: NDArray[np.float32],
    level: float,
    to_mm: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    *,
    tolerance: float,
) -> list[Polyline]:
    """Closed lines where a field (z, y, x) crosses a level, slice by slice.

    `tolerance` is how far (voxels) a line may stray when its points are thinned out.
    """
    from skimage import measure

    find: _Trace = measure.find_contours
    simplify: _Trace = measure.approximate_polygon

    lines: list[Polyline] = []
    for z, plane in enumerate(field):
        for found in find(np.pad(plane, 1), level):
            corners = simplify(found, tolerance) - 1
            index = np.column_stack([np.full(len(corners), float(z)), corners])
            lines.append(np.round(to_mm(index), 2).tolist())
    return lines


@dataclass(frozen=True)
class Lesion(Extent):
    """A proposed lesion on the grid of its series.

    Attributes
    ----------
    probability
        Calibrated probability that this is a metastasis, 0-1.
    uncertainty
        Standard deviation of that probability over mirrored inputs; None if it was not measured.
    explanation
        `short` and `full` words, and `features`: name -> measured value (units in the name).
    heat
        What the network's answer rests on; None where that was not computed.
    classification
        What kind of lesion it is taken for, see `inference.classify.classified`; empty where that
        is not said.
    """

    probability: float
    uncertainty: float | None = None
    explanation: dict[str, Any] = field(default_factory=dict)
    heat: HeatMap | None = None
    classification: dict[str, Any] = field(default_factory=dict)

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
            **({"classification": self.classification} if self.classification else {}),
            "heat_map": None if self.heat is None else self.heat.to_json(),
        }
