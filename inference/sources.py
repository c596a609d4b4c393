"""The images that an exported object is made from: their headers, read once for several objects."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
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


def study_time(source: Dataset) -> dt.datetime:
    """The study's date and time, local as DICOM has them."""
    day = dt.datetime.strptime(source.StudyDate, "%Y%m%d")  # noqa: DTZ007  DICOM local time
    clock = (source.get("StudyTime") or "000000")[:6].ljust(6, "0")
    return day.replace(hour=int(clock[:2]), minute=int(clock[2:4]), second=int(clock[4:6]))
