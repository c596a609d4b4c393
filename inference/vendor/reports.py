"""Measurement groups of a DICOM report after TID 1500 (PS3.16)."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from highdicom import sr
from pydicom.multival import MultiValue

from inference.vendor.values import LARGEST_MM, Measured, Point, Read, UnusableResult

# Coding scheme designator and code value.
_PROBABILITY = {("DCM", "111047"), ("DCM", "111013"), ("DCM", "111012")}  # of cancer; certainty
_DIAMETER = {
    ("SCT", "81827009"),  # Diameter
    ("SCT", "103339001"),  # Long axis
    ("SCT", "410668003"),  # Length
    ("DCM", "131187009"),  # Major axis
    ("SCT", "131187009"),
}
_VOLUME = {("SCT", "118565006"), ("SRT", "G-D705")}
_MM = {"mm": 1.0, "cm": 10.0}
_MM3 = {"mm3": 1.0, "cm3": 1000.0, "ml": 1000.0}
_SHARE = {"%": 0.01, "1": 1.0, "{ratio}": 1.0, "": 1.0}


def read(document: Any) -> Read:
    """Read every measurement group that localises a lesion.

    Raises
    ------
    UnusableResult
        For a report that does not follow TID 1500, or a group in image coordinates only.
    """
    content = document.content
    if not isinstance(content, sr.MeasurementReport):
        raise UnusableResult("the report does not follow TID 1500 (Measurement Report)")
    volumetric = content.get_volumetric_roi_measurement_groups()
    planar = content.get_planar_roi_measurement_groups()
    groups = [_group(n, each) for n, each in enumerate([*volumetric, *planar], start=1)]
    frames = {frame for _, frame in groups if frame}
    measured = tuple(each for each, _ in groups)
    return Read(
        str(document.StudyInstanceUID), frozenset(frames), measured=measured, is_report=True
    )


def _group(number: int, group: Any) -> tuple[Measured, str]:
    values = list(group.get_measurements())
    probability = _value(values, _PROBABILITY, _SHARE)
    if probability is not None and not 0 <= probability <= 1:
        raise UnusableResult(
            f"group {number} has a probability of {probability:g}: give 0 to 100 %"
        )
    diameter = _value(values, _DIAMETER, _MM)
    volume = _value(values, _VOLUME, _MM3)
    if diameter is None and volume is not None:
        diameter = 2 * (3 * volume / (4 * math.pi)) ** (1 / 3)  # of a ball of that volume
    segment = _segment(group)
    points, frame = _points(number, group)
    centre: Point | None = None
    if points is not None:
        x, y, z = points.mean(axis=0)
        centre = (float(x), float(y), float(z))
        across = float(np.linalg.norm(points[:, None] - points[None], axis=-1).max())
        diameter = diameter if diameter is not None else across or None
    if segment is None and (centre is None or not diameter):
        raise UnusableResult(
            f"group {number} names no segment and has no place (SCOORD3D) with a diameter or"
            " volume: deliver it with one of these"
        )
    if diameter is not None and not 0 < diameter <= LARGEST_MM:
        raise UnusableResult(f"group {number} has a diameter of {diameter:g} mm")
    return Measured(segment, centre, diameter, probability), frame


def _value(
    values: Iterable[Any], names: set[tuple[str, str]], units: dict[str, float]
) -> float | None:
    """The first measurement of one of these names, in the unit that counts 1."""
    for each in values:
        name = (each.name.scheme_designator, each.name.value)
        unit = str(each.unit.value) if each.unit is not None else ""
        if name in names and unit in units and each.value is not None:
            return float(each.value) * units[unit]
    return None


def _segment(group: Any) -> tuple[str, int] | None:
    """SOP Instance UID and number of the segment that a group measures."""
    names = ("referenced_segment", "referenced_segmentation_frame")
    found = next((item for name in names if (item := getattr(group, name, None)) is not None), None)
    if found is None:
        return None
    item = found[0].ReferencedSOPSequence[0]
    number = item.get("ReferencedSegmentNumber")
    if number is None:
        return None
    first = number[0] if isinstance(number, MultiValue) else number
    return str(item.ReferencedSOPInstanceUID), int(first)


def _points(number: int, group: Any) -> "tuple[np.ndarray[Any, Any] | None, str]":
    """Patient coordinates (n, 3; LPS mm) of the group, and their frame of reference."""
    region = getattr(group, "roi", None)
    if region is None:
        return None, ""
    if isinstance(region, sr.VolumeSurface):
        data = [np.asarray(each, float).reshape(-1, 3) for each in region.graphic_data]
        return np.concatenate(data), str(region.frame_of_reference_uid)
    if isinstance(region, sr.ImageRegion3D):
        points = np.asarray(region.value, float).reshape(-1, 3)
        return points, str(region.frame_of_reference_uid)
    raise UnusableResult(
        f"group {number} has coordinates in an image only (SCOORD): deliver patient coordinates"
        " (SCOORD3D) or a Segmentation"
    )
