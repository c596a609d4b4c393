"""What detectors found, as the platform keeps it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.detector import Used


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
