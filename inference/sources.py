"""The images that an exported object is made from: their headers, read once for several objects."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset


@dataclass(frozen=True)
class Sources:
    """Headers of a series in the order of its volume (along the normal), without pixels."""

    images: tuple[Dataset, ...]


def read_sources(paths: Sequence[Path]) -> Sources:
    """Read the headers of a series' files, in the order in which `read_series` stacks them."""
    images = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    row, column = np.array(images[0].ImageOrientationPatient, dtype=np.float64).reshape(2, 3)
    normal = np.cross(row, column)
    places = [float(np.dot(normal, each.ImagePositionPatient)) for each in images]
    return Sources(tuple(images[n] for n in np.argsort(places, kind="stable")))


def sources_of(given: "Sequence[Path] | Sources") -> Sources:
    """Sources as they are, or read from their files."""
    return given if isinstance(given, Sources) else read_sources(given)


def masks_in(
    sources: Sequence[Dataset], boxes: Sequence[tuple[NDArray[Any], Sequence[int]]]
) -> NDArray[np.uint16] | NDArray[np.uint8]:
    """What was drawn, in the whole volume, as highdicom takes it.

    Of masks that share no voxel their numbers from 1 on (slice, row, column): a mask's own volume
    each, of a head with 200 proposals, is gigabytes. Where any do, (slice, row, column, mask).

    Parameters
    ----------
    boxes
        Of each mask its voxels (slices, rows, columns) and the box's first voxel.

    Raises
    ------
    ValueError
        If a box does not fit the volume.
    """
    shape = len(sources), int(sources[0].Rows), int(sources[0].Columns)
    numbers, is_shared = np.zeros(shape, np.uint16), False
    for number, (mask, offset) in enumerate(boxes, start=1):
        inside = numbers[_box(mask, offset, shape)]
        is_shared = is_shared or bool(inside[mask > 0].any())
        inside[mask > 0] = number
    if not is_shared:
        return numbers
    pixels = np.zeros((*shape, len(boxes)), np.uint8)
    for number, (mask, offset) in enumerate(boxes):
        pixels[..., number][_box(mask, offset, shape)] = mask > 0
    return pixels


def _box(
    mask: NDArray[Any], offset: Sequence[int], shape: tuple[int, int, int]
) -> tuple[slice, ...]:
    if min(offset) < 0 or (np.add(offset, mask.shape) > shape).any():
        raise ValueError(
            "a lesion's mask does not fit the source series: pass the files that it was drawn on"
        )
    return tuple(slice(o, o + n) for o, n in zip(offset, mask.shape, strict=True))


def study_time(source: Dataset) -> dt.datetime:
    """The study's date and time, local as DICOM has them."""
    day = dt.datetime.strptime(source.StudyDate, "%Y%m%d")  # noqa: DTZ007  DICOM local time
    clock = (source.get("StudyTime") or "000000")[:6].ljust(6, "0")
    return day.replace(hour=int(clock[:2]), minute=int(clock[2:4]), second=int(clock[4:6]))
