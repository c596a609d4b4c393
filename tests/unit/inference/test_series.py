"""Reading a series: geometry as pydicom states it, oblique too; broken series are refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid
from scipy.spatial.transform import Rotation

from inference.series import UnreadableSeries, read_series

Write = Callable[..., list[Path]]


def write_slices(
    folder: Path,
    turn_deg: tuple[float, float, float] = (0, 0, 0),
    spacing: tuple[float, float, float] = (2.0, 0.7, 0.5),
    skip: int | None = None,
) -> tuple[list[Path], np.ndarray]:
    """Six slices of 4 rows x 5 columns whose voxels count up; files in an order that lies."""
    axes = Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
    series, rng, paths = generate_uid(), np.random.default_rng(3), []
    values = np.arange(120, dtype=np.uint16).reshape(6, 4, 5)
    for number in range(6):
        if number == skip:
            continue
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = MRImageStorage, generate_uid()
        ds.SeriesInstanceUID, ds.Modality = series, "MR"
        ds.ImageOrientationPatient = [*axes[:, 0], *axes[:, 1]]
        ds.ImagePositionPatient = [float(v) for v in axes[:, 2] * spacing[0] * number + [7, -3, 11]]
        ds.PixelSpacing = [spacing[1], spacing[2]]
        ds.InstanceNumber = str(100 - number)
        ds.Rows, ds.Columns, ds.SamplesPerPixel = 4, 5, 1
        ds.PhotometricInterpretation, ds.PixelRepresentation = "MONOCHROME2", 0
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 16, 15
        ds.RescaleSlope, ds.RescaleIntercept = "2", "-10"
        ds.PixelData = values[number].tobytes()
        ds["PixelData"].VR = "OW"
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        for tag in (0x00200032, 0x00200037):
            ds[tag].value = [f"{float(v):.8f}"[:16] for v in ds[tag].value]
        path = folder / f"{rng.integers(10**9)}.dcm"
        ds.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths, values


@pytest.mark.parametrize(
    "turn_deg", [(0, 0, 0), (12, -20, 5), (90, 0, 0), (0, 90, 90), (3, 170, 0)]
)
def test_every_voxel_lies_where_the_standard_says(
    turn_deg: tuple[float, float, float], tmp_path: Path
) -> None:
    """PS3.3 C.7.6.2.1.1: corner, plus cosines of rows and columns times index times spacing."""
    paths, _ = write_slices(tmp_path, turn_deg)
    volume = read_series(paths, "t1c")
    assert volume.voxels.shape == (6, 4, 5)
    for path in paths:
        header = pydicom.dcmread(path)
        along_row, along_column = np.array(header.ImageOrientationPatient, float).reshape(2, 3)
        between_rows, between_columns = (float(v) for v in header.PixelSpacing)
        corner = np.array(header.ImagePositionPatient, float)
        for row, column in ((0, 0), (3, 4), (1, 2)):
            mm = corner + along_row * column * between_columns + along_column * row * between_rows
            index = np.round(volume.to_index(mm), 4)
            z, y, x = index.astype(int)
            assert np.abs(index - [z, y, x]).max() < 1e-3
            assert volume.voxels[z, y, x] == 2 * float(header.pixel_array[row, column]) - 10


def test_a_folder_is_read_as_its_files(tmp_path: Path) -> None:
    paths, _ = write_slices(tmp_path)
    assert np.array_equal(read_series(tmp_path).voxels, read_series(paths[::-1]).voxels)


def test_spacing_and_round_trip(tmp_path: Path) -> None:
    volume = read_series(write_slices(tmp_path, (10, 20, 30))[0])
    assert volume.spacing_mm == pytest.approx([2.0, 0.7, 0.5], abs=1e-6)
    points = np.random.default_rng(0).uniform(-50, 50, (20, 3))
    assert volume.to_mm(volume.to_index(points)) == pytest.approx(points)


def test_a_missing_slice_is_named(tmp_path: Path) -> None:
    paths, _ = write_slices(tmp_path, skip=3)
    with pytest.raises(UnreadableSeries, match=r"gap of 4\.00 mm after slice 3"):
        read_series(paths)


def test_one_slice_is_no_volume(tmp_path: Path) -> None:
    paths, _ = write_slices(tmp_path)
    with pytest.raises(UnreadableSeries, match="at least 2"):
        read_series(paths[:1])


def test_two_series_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first, _ = write_slices(tmp_path)
    second, _ = write_slices(tmp_path / "b")
    with pytest.raises(UnreadableSeries, match="several series"):
        read_series([*first, *second])


def test_slices_at_one_place_are_refused(tmp_path: Path) -> None:
    paths, _ = write_slices(tmp_path)
    twin = pydicom.dcmread(paths[2])
    twin.save_as(tmp_path / "twin.dcm")
    with pytest.raises(UnreadableSeries, match="at one place"):
        read_series([*paths, tmp_path / "twin.dcm"])


def test_a_localiser_is_refused(tmp_path: Path) -> None:
    paths, _ = write_slices(tmp_path)
    turned = pydicom.dcmread(paths[0])
    turned.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]
    turned.save_as(paths[0])
    with pytest.raises(UnreadableSeries, match="not parallel"):
        read_series(paths)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"NumberOfFrames": 2, "PixelSpacing": None}, "holds several images"),
        ({"SamplesPerPixel": 3}, "in colour"),
        ({"ImagePositionPatient": None}, "no position or spacing"),
        ({"PixelSpacing": None}, "no position or spacing"),
    ],
)
def test_what_is_no_slice_is_said(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    """Before its pixels are looked at: an enhanced MR has its spacing elsewhere."""
    paths, _ = write_slices(tmp_path)
    image = pydicom.dcmread(paths[1])
    for keyword, value in changes.items():
        setattr(image, keyword, value)
    image.save_as(paths[1])
    with pytest.raises(UnreadableSeries, match=words):
        read_series(paths)


@pytest.mark.parametrize("rescale", [("2", "-10"), ("1", "0"), ("0.37", "3.25"), (None, None)])
def test_voxels_are_the_pixels_rescaled_in_single_precision_to_the_bit(
    tmp_path: Path, rescale: tuple[str | None, str | None]
) -> None:
    paths, _ = write_slices(tmp_path)
    for path in paths:
        header = pydicom.dcmread(path)
        header.RescaleSlope, header.RescaleIntercept = rescale
        header.save_as(path)
    volume = read_series(paths)
    slope, intercept = (
        np.float32(each or other) for each, other in zip(rescale, (1, 0), strict=True)
    )
    headers = sorted(map(pydicom.dcmread, paths), key=lambda h: float(h.ImagePositionPatient[2]))
    pixels = np.stack([each.pixel_array for each in headers])
    assert volume.voxels.dtype == np.float32
    assert np.array_equal(volume.voxels, pixels.astype(np.float32) * slope + intercept)
