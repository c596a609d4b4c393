"""Where the frames of a series lie in the patient, in DICOM's LPS millimetres. Pure.

PS3.3 C.7.6.2.1.1: a pixel (column i, row j) of a frame lies at
position + row_cosine * column_spacing * i + column_cosine * row_spacing * j.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from readerstudy.imaging.refusals import Reason, RefusedFile

SAME_ANGLE = 1e-3
SAME_PLACE_MM = 1e-2
_GRID = ("rows", "columns", "row_cosine", "column_cosine", "pixel_spacing_mm", "positions_mm")
_DIGITS = 4  # files that are written again say the same place


@dataclass(frozen=True)
class Frame:
    """One frame: which file and frame in it, and where it lies."""

    file: int
    frame: int
    position_mm: tuple[float, float, float]


@dataclass(frozen=True)
class Stack:
    """A series' frames sorted along their common normal.

    Attributes
    ----------
    cosines : (6,) floats
        Row then column direction.
    spacing_mm : (2,) floats
        Between rows, between columns.
    """

    rows: int
    columns: int
    cosines: tuple[float, ...]
    spacing_mm: tuple[float, float]
    thickness_mm: float | None
    frames: tuple[Frame, ...]
    problems: tuple[str, ...]

    @property
    def gaps_mm(self) -> NDArray[np.float64]:
        """Distances between neighbouring frames along the normal."""
        positions = np.array([each.position_mm for each in self.frames]).reshape(-1, 3)
        return np.diff(positions @ normal(self.cosines))


def normal(cosines: Sequence[float]) -> NDArray[np.float64]:
    """The unit vector across the frames."""
    return np.cross(np.asarray(cosines[:3], float), np.asarray(cosines[3:], float))


def stack(files: Sequence[Dataset]) -> Stack:
    """Sort the frames of a series' files.

    Frames of another size or orientation than most are left out and named in `problems`, as are
    places that come twice.

    Raises
    ------
    RefusedFile
        When no frame can be placed.
    """
    found = [each for number, file in enumerate(files) for each in _frames(number, file)]
    if not found:
        raise RefusedFile(Reason.NO_GEOMETRY)
    shape, cosines, spacing, thickness = _most_common([each[1] for each in found])
    kept, problems = [], []
    for frame, key in found:
        if key[0] == shape and _is_parallel(key[1], cosines):
            kept.append(frame)
        else:
            problems.append("mixed sizes or orientations")
    along = normal(cosines)
    kept.sort(key=lambda each: (float(np.dot(each.position_mm, along)), each.file, each.frame))
    single: list[Frame] = []
    for each in kept:
        if single and abs(np.dot(np.subtract(each.position_mm, single[-1].position_mm), along)) < (
            SAME_PLACE_MM
        ):
            problems.append("two frames at one place")
        else:
            single.append(each)
    return Stack(
        shape[0], shape[1], cosines, spacing, thickness, tuple(single), tuple(sorted(set(problems)))
    )


def _is_parallel(first: tuple[float, ...], second: tuple[float, ...]) -> bool:
    return first == second or np.allclose(first, second, atol=SAME_ANGLE)


Key = tuple[tuple[int, int], tuple[float, ...], tuple[float, float], float | None]


def _most_common(keys: Sequence[Key]) -> Key:
    rounded = [(key[0], tuple(round(value, 3) for value in key[1])) for key in keys]
    often = Counter(rounded)
    best = max(range(len(keys)), key=lambda index: (often[rounded[index]], -index))
    return keys[best]


def _frames(number: int, file: Dataset) -> list[tuple[Frame, Key]]:
    shape = (int(file.Rows), int(file.Columns))
    groups = file.get("PerFrameFunctionalGroupsSequence") or []
    if len(groups) != int(file.get("NumberOfFrames") or 1) and (groups or "NumberOfFrames" in file):
        raise RefusedFile(Reason.NO_GEOMETRY)  # frames of which nobody knows where they lie
    if not groups:
        return [
            (Frame(number, 0, _triple(file.ImagePositionPatient)), _key(shape, file, file, file))
        ]
    shared = (file.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    found = []
    for index, group in enumerate(groups):
        place = _macro(group, shared, "PlanePositionSequence")
        orientation = _macro(group, shared, "PlaneOrientationSequence")
        measures = _macro(group, shared, "PixelMeasuresSequence")
        key = _key(shape, orientation, measures, measures)
        found.append((Frame(number, index, _triple(place.ImagePositionPatient)), key))
    return found


def _macro(group: Dataset, shared: Dataset, name: str) -> Dataset:
    source = group if name in group else shared
    item: Dataset = source[name].value[0]
    return item


def _key(shape: tuple[int, int], orientation: Dataset, spacing: Dataset, thick: Dataset) -> Key:
    cosines = tuple(float(each) for each in orientation.ImageOrientationPatient)
    between = tuple(float(each) for each in spacing.PixelSpacing)
    thickness = thick.get("SliceThickness")
    return shape, cosines, (between[0], between[1]), float(thickness) if thickness else None


def _triple(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(each) for each in values)
    return (x, y, z)


def grid_digest(geometry: Mapping[str, Any]) -> str:
    """SHA-256 of where a packed series' voxels lie: another one once a slice came before the rest.

    Pixels are no part of it: a face that is taken away moves no voxel.
    """
    numbers = [np.ravel(np.asarray(geometry[name], dtype=float)) for name in _GRID]
    rounded = np.round(np.concatenate(numbers), _DIGITS) + 0.0  # no minus zero
    return hashlib.sha256(rounded.astype("<f8").tobytes()).hexdigest()
