"""Lesions of a DICOM RT Structure Set (PS3.3 A.19), as radiosurgery planning writes them."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from skimage import draw

from inference.lesions import Extent
from inference.vendor.values import LARGEST_MM, Read, Segment, UnusableResult

PIXEL_MM = 0.5  # of the grid that contours are filled on
FLAT_MM = 0.01  # a contour lies in one plane
_LESION = re.compile(r"gtv|\bmet|metast|lesion|tumou?r", re.IGNORECASE)
SAME_PLANE_MM = 0.1  # planes that are nearer are one, told in rounded numbers
_MAX_LESIONS = 200
_TWICE = 0.05  # of the larger area: two contours that differ by less are one, drawn twice

Points = NDArray[np.float64]
_Fill = Callable[..., Any]  # scikit-image has no types


def read(structures: Dataset) -> Read:
    """Read the structures that are lesions: of type GTV, or named as one.

    Each structure is one lesion; its contours are axial and closed. Two contours of a plane that
    overlap make a hole (even-odd rule).

    Raises
    ------
    UnusableResult
        Without such a structure, and where contours are not axial and closed or are too large.
    """
    types = {
        int(each.ReferencedROINumber): str(each.get("RTROIInterpretedType", ""))
        for each in structures.get("RTROIObservationsSequence") or []
    }
    rois = [
        each
        for each in structures.get("StructureSetROISequence") or []
        if _is_lesion(str(each.get("ROIName", "")), types.get(int(each.ROINumber), ""))
    ]
    if not rois:
        raise UnusableResult(
            "none of its structures is a lesion: set the type GTV, or name it GTV, met, lesion or"
            " tumour"
        )
    if len(rois) > _MAX_LESIONS:
        raise UnusableResult(f"it has {len(rois)} lesions: at most {_MAX_LESIONS} are read")
    contours = {
        int(each.ReferencedROINumber): each.get("ContourSequence") or []
        for each in structures.get("ROIContourSequence") or []
    }
    uid = str(structures.SOPInstanceUID)
    segments = [
        Segment(uid, number, _filled(number, [_points(number, item) for item in items]))
        for number, items in _with_contours(rois, contours).items()
    ]
    drawn = {each.number for each in segments}
    frames = frozenset(
        str(each.ReferencedFrameOfReferenceUID) for each in rois if int(each.ROINumber) in drawn
    )
    return Read(str(structures.StudyInstanceUID), frames, segments=tuple(segments))


def _is_lesion(name: str, kind: str) -> bool:
    return kind == "GTV" or (kind in {"", "CTV"} and _LESION.search(name) is not None)


def _with_contours(
    rois: Sequence[Dataset], contours: Mapping[int, Sequence[Dataset]]
) -> dict[int, Sequence[Dataset]]:
    """By ROI number; a structure that was named and never drawn is no lesion."""
    numbers = (int(each.ROINumber) for each in rois)
    return {number: contours[number] for number in numbers if contours.get(number)}


def _points(number: int, contour: Dataset) -> Points:
    """Corners (n, 3; LPS mm) of a closed axial contour."""
    points = np.array(contour.ContourData, np.float64).reshape(-1, 3)
    if contour.ContourGeometricType != "CLOSED_PLANAR" or len(points) < 3:
        raise UnusableResult(f"structure {number} has contours that are not closed")
    if np.ptp(points[:, 2]) > FLAT_MM:
        raise UnusableResult(f"structure {number} has contours that are not axial")
    return points


def _filled(number: int, contours: Sequence[Points]) -> Extent:
    """Fill contours on a fine grid whose slices are the contours' planes."""
    every = np.concatenate(contours)
    low, high = every.min(0), every.max(0)
    if not np.all(high - low <= LARGEST_MM):
        raise UnusableResult(f"structure {number} is larger than {LARGEST_MM:.0f} mm: no lesion")
    step = _plane_distance([float(each[0, 2]) for each in contours])
    shape = [round((high[2] - low[2]) / step) + 1]
    shape += [int(np.ceil((high[axis] - low[axis]) / PIXEL_MM)) + 1 for axis in (1, 0)]
    mask = np.zeros(shape, bool)
    fill: _Fill = draw.polygon2mask
    drawn: dict[int, list[NDArray[np.bool_]]] = {}
    for points in contours:
        plane = round((points[0, 2] - low[2]) / step)
        area = fill(tuple(shape[1:]), (points[:, [1, 0]] - low[[1, 0]]) / PIXEL_MM)
        there = drawn.setdefault(plane, [])
        # Drawn twice it is still there: by the even-odd rule it would be gone.
        if not any(_are_one(area, other) for other in there):
            there.append(area)
            mask[plane] ^= area
    if not mask.any():  # smaller than the grid: its middle
        mask[tuple(n // 2 for n in shape)] = True
    return Extent(mask.astype(np.uint8), (0, 0, 0), _affine(low, step))


def _are_one(area: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    return bool((area ^ other).sum() <= _TWICE * max(area.sum(), other.sum()))


def _plane_distance(heights: Sequence[float]) -> float:
    """The distance of neighbouring planes; of a single plane, 1 mm.

    Heights are told in rounded numbers: the mean of the gaps that none lies in, not the smallest,
    which would add up to a plane too many.
    """
    steps = np.diff(np.sort(heights))
    apart = steps[steps > SAME_PLANE_MM]
    return float(apart[apart < 1.5 * apart.min()].mean()) if len(apart) else 1.0


def _affine(first: Points, step: float) -> NDArray[np.float64]:
    affine: NDArray[Any] = np.zeros((4, 4))
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = step, PIXEL_MM, PIXEL_MM, 1.0
    affine[:3, 3] = first
    return affine
