"""What detectors found, as the platform keeps it."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inference.detector import Used

if TYPE_CHECKING:
    from inference.lesions import Lesion


@dataclass(frozen=True)
class Found:
    """A lesion as the platform keeps it."""

    centroid_mm: tuple[float, float, float]
    diameter_mm: float
    volume_mm3: float
    probability: float | None  # None where a vendor gave none
    uncertainty: float | None
    contours_mm: list[list[list[float]]]
    explanation: dict[str, Any]
    classification: dict[str, Any] = field(default_factory=dict)  # as `ProposedLesion` has it
    heat_map: dict[str, Any] | None = None  # method, shares, levels; as `ProposalHeatMap` has them
    # Of one that was drawn elsewhere, not stated by place and diameter: the first voxel (column,
    # row, frame) on the grid of the series that it lies on and the box [frame, row, column].
    voxels: tuple[tuple[int, int, int], NDArray[np.bool_]] | None = field(
        default=None, compare=False
    )


def found_of(lesion: "Lesion") -> Found:
    """A detector's lesion as the platform keeps it.

    Raises
    ------
    ValueError
        Where it has numbers that neither the database nor a browser can read, as NaN.
    """
    x, y, z = map(float, lesion.centroid_mm)
    found = Found(
        centroid_mm=(x, y, z),
        diameter_mm=float(lesion.diameter_mm),
        volume_mm3=float(lesion.volume_mm3),
        probability=float(lesion.probability),
        uncertainty=None if lesion.uncertainty is None else float(lesion.uncertainty),
        contours_mm=[[list(map(float, point)) for point in line] for line in lesion.contours_mm()],
        explanation=dict(lesion.explanation),
        heat_map=None if lesion.heat is None else lesion.heat.to_json(),
    )
    sizes, words = (found.diameter_mm, found.volume_mm3), (found.explanation, found.heat_map)
    try:
        json.dumps([found.centroid_mm, sizes, found.contours_mm, words], allow_nan=False)
    except (TypeError, ValueError) as wrong:
        raise ValueError(f"a lesion cannot be kept: {wrong}") from wrong
    return found


@dataclass(frozen=True)
class Detected:
    """What a detector found on an examination.

    `weights_sha256` are those that ran; `found` falls by probability; `grid_role` is the role of
    the series in whose slices it is outlined: T1c, or the first that a detector without T1c takes;
    `used` is the device and the windows, of a detector that says so.
    """

    weights_sha256: str
    found: list[Found]
    grid_role: str = "t1c"
    used: Used | None = None
