"""What is read from one delivered file, and what a delivery says of one lesion."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from inference.lesions import Extent
from inference.volume import Affine

LARGEST_MM = 150.0  # a lesion; what is larger is an outline of the head, or a mask turned round

Point = tuple[float, float, float]  # LPS mm


class UnusableResult(ValueError):
    """A result that cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Grid:
    """A series' grid: index (z, y, x, 1) -> LPS mm, and its shape (z, y, x)."""

    affine: Affine
    shape: tuple[int, int, int]


@dataclass(frozen=True)
class Segment:
    """One segment of a Segmentation, or a part of it, on the Segmentation's own grid."""

    sop_uid: str
    number: int
    extent: Extent

    def to_json(self) -> dict[str, Any]:
        """For the pipe between processes; the mask as packed bits."""
        return {
            "sop_uid": self.sop_uid,
            "number": self.number,
            "shape": list(self.extent.mask.shape),
            "offset": list(self.extent.offset),
            "affine": self.extent.affine.tolist(),
            "mask": base64.b64encode(np.packbits(self.extent.mask > 0).tobytes()).decode(),
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Segment":
        """The segment that `to_json` wrote."""
        shape = tuple(int(n) for n in raw["shape"])
        bits = np.frombuffer(base64.b64decode(raw["mask"]), np.uint8)
        mask = np.unpackbits(bits, count=int(np.prod(shape))).reshape(shape)
        z, y, x = (int(n) for n in raw["offset"])
        affine = np.array(raw["affine"], np.float64)
        return cls(raw["sop_uid"], int(raw["number"]), Extent(mask, (z, y, x), affine))


@dataclass(frozen=True)
class Measured:
    """One measurement group of a report (TID 1410, 1411).

    Attributes
    ----------
    segment
        SOP Instance UID and segment number that the group measures, where it names one.
    centre_mm, diameter_mm
        From the group's own coordinates and measurements, where it has them.
    probability
        0-1; None where the report says none.
    """

    segment: tuple[str, int] | None
    centre_mm: Point | None
    diameter_mm: float | None
    probability: float | None

    def to_json(self) -> dict[str, Any]:
        """For the pipe between processes."""
        return {
            "segment": self.segment,
            "centre_mm": self.centre_mm,
            "diameter_mm": self.diameter_mm,
            "probability": self.probability,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Measured":
        """The group that `to_json` wrote."""
        segment, centre = raw["segment"], raw["centre_mm"]
        return cls(
            (str(segment[0]), int(segment[1])) if segment else None,
            (float(centre[0]), float(centre[1]), float(centre[2])) if centre else None,
            raw["diameter_mm"],
            raw["probability"],
        )


@dataclass(frozen=True)
class Read:
    """One file: the examination it is about, and its segments or its measurement groups.

    A NIfTI mask names no examination: `study_uid` is empty, and `grid` is the mask's.
    """

    study_uid: str
    frames_of_reference: frozenset[str]
    segments: tuple[Segment, ...] = ()
    measured: tuple[Measured, ...] = ()
    is_report: bool = False
    grid: Grid | None = None

    def to_json(self) -> dict[str, Any]:
        """For the pipe between processes: nothing that names a patient but UIDs."""
        return {
            "study_uid": self.study_uid,
            "frames_of_reference": sorted(self.frames_of_reference),
            "segments": [each.to_json() for each in self.segments],
            "measured": [each.to_json() for each in self.measured],
            "is_report": self.is_report,
            "grid": self.grid and {
                "affine": self.grid.affine.tolist(), "shape": list(self.grid.shape)
            },
        }  # fmt: skip

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Read":
        """The file that `to_json` wrote."""
        return cls(
            raw["study_uid"],
            frozenset(raw["frames_of_reference"]),
            tuple(map(Segment.from_json, raw["segments"])),
            tuple(map(Measured.from_json, raw["measured"])),
            raw["is_report"],
            _grid(raw["grid"]),
        )


def _grid(raw: Mapping[str, Any] | None) -> Grid | None:
    if raw is None:
        return None
    z, y, x = (int(n) for n in raw["shape"])
    return Grid(np.array(raw["affine"], np.float64), (z, y, x))


@dataclass(frozen=True)
class Delivered:
    """One lesion: its voxels on a grid of its own, or a ball; probability 0-1 or None."""

    probability: float | None
    extent: Extent | None = None
    centre_mm: Point | None = None
    diameter_mm: float | None = None
