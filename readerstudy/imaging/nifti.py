"""NIfTI volumes (with BIDS side-cars) as DICOM MR series (PS3.3 A.4). Pure.

NIfTI counts RAS millimetres, DICOM LPS: x and y change their sign. The array's first axis becomes
the columns, the second the rows, the third the slices. UIDs are made of what the series is, so
that the same volume imported again is a repeat.
"""

import hashlib
import json
import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom import FileDataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from readerstudy.imaging import layouts

MR = "1.2.840.10008.5.1.4.1.1.4"
MAX_VOXELS = 128 * 1024 * 1024  # held as 64-bit floats for a while
MAX_OFFSET = 64 * 1024 * 1024  # of the first voxel: what is before it is unpacked to no end
MAX_SIDECAR_BYTES = 1024 * 1024
MAX_NUMBER = 1e9  # of a side-car; what is more, negative or no number is not said
SKEW = 1e-3
LO_CHARACTERS = 64
_AXES = 3
_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
# BIDS name -> DICOM keyword and factor: BIDS counts seconds, DICOM milliseconds.
_NUMBERS = {
    "RepetitionTime": ("RepetitionTime", 1000.0), "EchoTime": ("EchoTime", 1000.0),
    "InversionTime": ("InversionTime", 1000.0), "FlipAngle": ("FlipAngle", 1.0),
    "MagneticFieldStrength": ("MagneticFieldStrength", 1.0),
    "SliceThickness": ("SliceThickness", 1.0),
}  # fmt: skip
_TEXTS = {
    "Manufacturer": "Manufacturer", "ManufacturersModelName": "ManufacturerModelName",
    "ContrastBolusIngredient": "ContrastBolusAgent",
}  # fmt: skip


class NotAVolume(ValueError):
    """A file that cannot be read as one volume; says why."""


@dataclass(frozen=True)
class Volume:
    """Voxels (columns, rows, slices) and where they lie: index -> LPS millimetres."""

    voxels: NDArray[Any]
    affine: NDArray[np.float64]

    @property
    def spacing_mm(self) -> NDArray[np.float64]:
        """Along the array's axes."""
        steps: NDArray[np.float64] = np.linalg.norm(self.affine[:3, :3], axis=0)
        return steps


@dataclass(frozen=True)
class Place:
    """What a series is part of: the names of the data set, the patient and the examination.

    `content` is the `digest` of what tells it from others of these names.
    """

    dataset: str
    patient: str
    examination: str
    content: str = ""

    def uid(self, *parts: str) -> UID:
        """A UID made of these names, as 2.25.<integer> (PS3.5 B.2)."""
        names = (self.dataset, self.patient, self.examination, self.content)
        text = "\0".join([*names, *parts])
        digest = hashlib.sha256(text.encode()).digest()
        return UID(f"2.25.{int.from_bytes(digest[:16])}")


def digest(volume: Volume) -> str:
    """A checksum of the voxels and where they lie, however the file was packed."""
    made = hashlib.sha256(repr((volume.voxels.shape, volume.voxels.dtype.str)).encode())
    made.update(np.ascontiguousarray(volume.affine).tobytes())
    for index in range(volume.voxels.shape[2]):  # a slice at a time: no copy of the whole
        made.update(np.ascontiguousarray(volume.voxels[:, :, index].T).data)
    return made.hexdigest()


def read(path: Path) -> Volume:
    """A NIfTI file, or a folder of PNG slices named by their numbers.

    Raises
    ------
    NotAVolume
        For what is not one volume, is too large, or has a skewed grid.
    OSError, MemoryError
        For what is the machine's fault, and passes.
    """
    return _read_slices(path) if path.is_dir() else _read_nifti(path)


def _read_nifti(path: Path) -> Volume:
    import nibabel as nib  # slow to load

    try:
        image: Any = nib.load(path)
        _require_near(image.dataobj.offset)
        shape = _three(image.shape, image.get_data_dtype())  # before a voxel is read
        voxels = np.asarray(image.dataobj).reshape(shape)
        affine = _TO_LPS @ np.asarray(image.affine, float)
    except NotAVolume:
        raise
    except Exception as error:
        if _passes(error):
            raise
        raise NotAVolume("it cannot be read as NIfTI") from error
    return _checked(Volume(voxels, affine))


def _passes(error: Exception) -> bool:
    """Whether it is the machine's fault (disk, memory), not the file's: those have no number."""
    return isinstance(error, MemoryError) or getattr(error, "errno", None) is not None


def _three(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[int, int, int]:
    if len(shape) < _AXES or any(size != 1 for size in shape[_AXES:]):
        raise NotAVolume("it is not one volume")
    if dtype.kind not in "iufb":
        raise NotAVolume("its voxels are not plain numbers")
    _require_size(math.prod(map(int, shape)))
    columns, rows, slices = shape[:_AXES]
    return columns, rows, slices


def _require_near(offset: int) -> None:
    if offset > MAX_OFFSET:
        raise NotAVolume("its voxels do not follow its header")


def _require_size(voxels: int) -> None:
    if not 0 < voxels <= MAX_VOXELS:
        raise NotAVolume("it is empty or larger than is read")


# BrainMetShare's slices carry no geometry; its description says these.
SLICE_MM = (0.94, 0.94, 1.0)


def _read_slices(folder: Path) -> Volume:
    paths = [each for each in folder.glob("*.png") if each.stem.isdecimal()]
    if not paths:
        raise NotAVolume("the folder has no numbered PNG slices")
    paths.sort(key=lambda each: int(each.stem))
    sizes = {each.size for each in map(_opened, paths)}  # all of them before a pixel is decoded
    if len(sizes) > 1:
        raise NotAVolume("its slices differ in size")
    ((columns, rows),) = sizes
    _require_size(columns * rows * len(paths))
    voxels = np.stack([_channel(each) for each in paths], axis=-1)
    return Volume(voxels, np.diag([*SLICE_MM, 1.0]))


def _opened(path: Path) -> Image.Image:
    """A PNG of which the header was read; its file is closed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as image:
                return image
    except Exception as error:
        if _passes(error):
            raise
        raise NotAVolume("a slice cannot be read, or is larger than is read") from error


def _channel(path: Path) -> NDArray[Any]:
    """A slice's first channel (columns, rows), alone in memory."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            return np.array(image.getchannel(0) if len(image.getbands()) > 1 else image).T
    except Exception as error:
        if _passes(error):
            raise
        raise NotAVolume("a slice cannot be read") from error


def _checked(volume: Volume) -> Volume:
    if not np.all(np.isfinite(volume.affine)) or volume.spacing_mm.min() <= 0:
        raise NotAVolume("its affine is damaged")
    directions = volume.affine[:3, :3] / volume.spacing_mm
    if not np.allclose(directions.T @ directions, np.eye(3), atol=SKEW):
        raise NotAVolume("its grid is skewed")
    return volume


def sidecar_of(path: Path) -> dict[str, Any]:
    """The BIDS side-car of a NIfTI file; empty where there is none that can be read."""
    beside = layouts.sidecar_of(path)
    try:
        if beside.stat().st_size > MAX_SIDECAR_BYTES:
            return {}
        found = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write_series(
    volume: Volume,
    folder: Path,
    place: Place,
    *,
    description: str,
    number: int,
    sidecar: Mapping[str, Any] | None = None,
) -> list[Path]:
    """Write a volume as one DICOM file a slice; the files in the order of the slices.

    Values that are whole numbers of 16 bits stay as they are; others are scaled to them, with
    rescale slope and intercept. Another volume under the same description is another series.
    """
    stored, slope, intercept = _stored(volume.voxels)
    content = digest(volume)
    common = _common(volume, place, description, number, sidecar or {})
    common["SeriesInstanceUID"] = place.uid(description, content)
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index in range(stored.shape[2]):
        data = _image(common, volume, index, np.ascontiguousarray(stored[:, :, index].T))
        data.SOPInstanceUID = place.uid(description, content, str(index))
        data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
        if (slope, intercept) != (1.0, 0.0):
            data.RescaleSlope, data.RescaleIntercept = f"{slope:.10g}", f"{intercept:.10g}"
            data.RescaleType = "US"
        path = folder / f"{number}-{index:04d}.dcm"
        data.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _stored(voxels: NDArray[Any]) -> tuple[NDArray[Any], float, float]:
    values = np.nan_to_num(np.asarray(voxels, np.float64), posinf=0.0, neginf=0.0)
    low, high = float(values.min()), float(values.max())
    if np.array_equal(values, np.rint(values)):
        for kind in (np.uint16, np.int16):
            span = np.iinfo(kind)
            if span.min <= low and high <= span.max:
                return values.astype(kind), 1.0, 0.0
    slope = float(f"{(high - low) / np.iinfo(np.uint16).max or 1.0:.10g}")
    intercept = float(f"{low:.10g}")
    scaled = np.clip(np.rint((values - intercept) / slope), 0, np.iinfo(np.uint16).max)
    return scaled.astype(np.uint16), slope, intercept


def _common(
    volume: Volume, place: Place, description: str, number: int, sidecar: Mapping[str, Any]
) -> dict[str, Any]:
    directions = volume.affine[:3, :3] / volume.spacing_mm
    columns_mm, rows_mm, slices_mm = (float(f"{each:.8g}") for each in volume.spacing_mm)
    cosines = [*directions[:, 0], *directions[:, 1]]
    values: dict[str, Any] = {
        "SOPClassUID": MR, "Modality": "MR", "ImageType": ["DERIVED", "SECONDARY", "OTHER"],
        "StudyInstanceUID": place.uid(), "FrameOfReferenceUID": place.uid("frame"),
        "SeriesNumber": number, "PatientID": _patient_id(place), "PatientName": "",
        "PatientBirthDate": "", "PatientSex": "",
        "StudyDate": "", "StudyTime": "", "StudyID": "", "AccessionNumber": "",
        "ReferringPhysicianName": "", "PositionReferenceIndicator": "", "Manufacturer": "",
        "BodyPartExamined": "HEAD", "PatientPosition": "",  # of type 2C (PS3.3 C.7.3.1): not known
        "SeriesDescription": description, "ScanningSequence": "RM", "SequenceVariant": "NONE",
        "ScanOptions": "", "MRAcquisitionType": "3D", "EchoTime": "", "RepetitionTime": "",
        "EchoTrainLength": "", "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15, "SliceThickness": slices_mm,
        "PixelSpacing": [rows_mm, columns_mm],
        "ImageOrientationPatient": [f"{each:.9f}" for each in cosines],
    }  # fmt: skip
    for name, (keyword, factor) in _NUMBERS.items():
        said = sidecar.get(name)
        if isinstance(said, bool) or not isinstance(said, int | float):
            continue
        if 0 <= said <= MAX_NUMBER:
            values[keyword] = float(f"{said * factor:.8g}")
    for name, keyword in _TEXTS.items():
        if isinstance(sidecar.get(name), str):
            values[keyword] = sidecar[name][:64]
    return values


def _patient_id(place: Place) -> str:
    """The patient's name as an LO, which has at most 64 characters (PS3.5 6.2)."""
    if len(place.patient) <= LO_CHARACTERS:
        return place.patient
    return hashlib.sha256(place.patient.encode()).hexdigest()


def _image(
    common: Mapping[str, Any], volume: Volume, index: int, pixels: NDArray[Any]
) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = UID(MR), ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for keyword, value in common.items():
        setattr(data, keyword, value)
    position = (volume.affine @ [0.0, 0.0, float(index), 1.0])[:3]
    data.ImagePositionPatient = [f"{each:.8g}"[:16] for each in position]
    data.InstanceNumber = index + 1
    data.Rows, data.Columns = pixels.shape
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    data.PixelData = pixels.tobytes()
    return data
