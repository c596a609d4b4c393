"""Read a DICOM series into a `Volume`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.errors import InvalidDicomError
from pydicom.pixels.utils import pixel_array

from inference.plain import Slice, read_plain
from inference.volume import Volume

_EVEN_WITHIN = 0.05  # of the slice spacing
_PARALLEL_WITHIN = 1e-3
# What a volume and the decoding of its pixels need; the rest of a header takes longer than they do.
_NEEDED = [
    "SeriesInstanceUID", "FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient",
    "PixelSpacing", "RescaleSlope", "RescaleIntercept", "Rows", "Columns", "NumberOfFrames",
    "SamplesPerPixel", "PlanarConfiguration", "PhotometricInterpretation", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PixelData", "FloatPixelData",
    "DoubleFloatPixelData", "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
]  # fmt: skip


class UnreadableSeries(ValueError):
    """The files are no series that can be stacked; the text says why and what to do."""


def series_in(folder: Path) -> dict[str, list[Path]]:
    """Find the series of an examination: one folder each, named by role.

    Raises
    ------
    FileNotFoundError
        If there is no folder `t1c` and none `ct`.
    """
    from inference.preprocess import SERIES  # SciPy with it, which readers of series need not have

    found = {
        role: sorted(each for each in (folder / role).iterdir() if each.is_file())
        for role in SERIES
        if (folder / role).is_dir()
    }
    if not {"t1c", "ct"} & found.keys():
        raise FileNotFoundError(f"{folder} has no folder t1c: put each series into a folder named"
                                f" by its role ({', '.join(SERIES)})")  # fmt: skip
    return found


def read_examination(series: Mapping[str, Sequence[Path]]) -> dict[str, Volume]:
    """Read the series of an examination, by role.

    Raises
    ------
    UnreadableSeries
        Naming the role.
    """
    volumes = {}
    for role, paths in series.items():
        try:
            volumes[role] = read_series(paths, role)
        except UnreadableSeries as wrong:
            raise UnreadableSeries(f"{role}: {wrong}") from wrong
    return volumes


def read_series(source: Path | Sequence[Path], role: str = "") -> Volume:
    """Stack the slices of one series.

    Slices are sorted by their position along the normal (PS3.3 C.7.6.2.1.1), never by file name
    or instance number. The voxels are modality values (rescaled where the header says so).

    Parameters
    ----------
    source
        A folder, or the files.

    Raises
    ------
    UnreadableSeries
        If there are no slices, the slices are not parallel or of different sizes or not evenly
        spaced, or several belong to one place.
    """
    files = (
        sorted(p for p in source.iterdir() if p.is_file()) if isinstance(source, Path) else source
    )
    slices = [_read(path) for path in files]
    if len(slices) < 2:
        raise UnreadableSeries(f"{len(slices)} slice(s): at least 2 are needed for a volume")
    first = slices[0]
    if {each.series for each in slices} != {first.series}:
        raise UnreadableSeries("the files belong to several series: give one series at a time")
    if {each.pixels.shape for each in slices} != {first.pixels.shape}:
        raise UnreadableSeries("the slices differ in size")
    along_row, along_column = _orientation(slices)
    normal = np.cross(along_row, along_column)
    positions = np.array([each.position for each in slices], dtype=np.float64)
    order = np.argsort(positions @ normal)
    step = _step(positions[order], normal)
    between_rows, between_columns = first.spacing
    affine = np.eye(4)
    affine[:3, :3] = np.stack([step, along_column * between_rows, along_row * between_columns], 1)
    affine[:3, 3] = positions[order[0]]
    voxels = _modality_values([slices[i] for i in order])
    if not np.isfinite(voxels).all():
        raise UnreadableSeries("a pixel or its rescaling is no number: export the series again")
    return Volume(voxels, affine, role, first.frame)


def _read(path: Path) -> Slice:
    """One slice: a plain file as it lies there, any other by pydicom."""
    return read_plain(path) or _by_pydicom(path)


def _by_pydicom(path: Path) -> Slice:
    try:
        image = pydicom.dcmread(path, specific_tags=_NEEDED)
    except InvalidDicomError as wrong:
        raise UnreadableSeries(
            f"{path.name} is no DICOM file: take it out of the folder"
        ) from wrong
    if int(image.get("NumberOfFrames") or 1) > 1:
        raise UnreadableSeries(f"{path.name} holds several images: send it as a file a slice")
    if int(image.get("SamplesPerPixel") or 1) > 1:
        raise UnreadableSeries(f"{path.name} is a picture in colour: it is no slice of a volume")
    if not image.get("ImagePositionPatient") or not image.get("PixelSpacing"):
        raise UnreadableSeries(f"{path.name} has no position or spacing: it is no slice")
    orientation = image.get("ImageOrientationPatient")
    slope, intercept = image.get("RescaleSlope"), image.get("RescaleIntercept")
    return Slice(
        series=str(image.SeriesInstanceUID),
        frame=str(image.get("FrameOfReferenceUID", "")),
        position=_floats(image.get("ImagePositionPatient")),
        orientation=_floats(orientation) if orientation else None,
        spacing=_floats(image.PixelSpacing),
        slope=None if slope is None else float(slope),
        intercept=None if intercept is None else float(intercept),
        # The property `pixel_array` looks every element up twice, to see whether any has changed.
        pixels=pixel_array(image),
    )


def _floats(values: Any) -> tuple[float, ...]:
    return tuple(float(each) for each in values or ())


def _orientation(slices: Sequence[Slice]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The shared direction of rows and columns."""
    if any(each.orientation is None for each in slices):
        raise UnreadableSeries("a file has no orientation: it is no slice of a volume")
    all_of = np.array([each.orientation for each in slices], dtype=np.float64)
    if np.abs(all_of - all_of[0]).max() > _PARALLEL_WITHIN:
        raise UnreadableSeries("the slices are not parallel: a localiser cannot be stacked")
    return all_of[0, :3], all_of[0, 3:]


def _step(positions: NDArray[np.float64], normal: NDArray[np.float64]) -> NDArray[np.float64]:
    """The vector from one slice to the next."""
    distances = np.diff(positions @ normal)
    spacing = float(np.median(distances))
    if spacing <= 0 or distances.min() < _EVEN_WITHIN * spacing:
        raise UnreadableSeries("several slices lie at one place: split the series by acquisition")
    if np.abs(distances - spacing).max() > _EVEN_WITHIN * spacing:
        at = int(np.abs(distances - spacing).argmax())
        raise UnreadableSeries(
            f"a gap of {distances[at]:.2f} mm after slice {at + 1}, others are {spacing:.2f} mm:"
            " a slice is missing; send the series again"
        )
    return np.asarray((positions[-1] - positions[0]) / (len(positions) - 1))


def _modality_values(slices: Sequence[Slice]) -> NDArray[np.float32]:
    """Voxels (z, y, x) of slices in their order, rescaled where a header says so."""
    voxels = np.empty((len(slices), *slices[0].pixels.shape), np.float32)
    for number, image in enumerate(slices):
        voxels[number] = image.pixels
        if image.slope:
            voxels[number] *= np.float32(image.slope)
        if image.intercept:
            voxels[number] += np.float32(image.intercept)
    return voxels
