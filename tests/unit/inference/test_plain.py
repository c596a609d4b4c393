"""Plain files without pydicom: what pydicom reads, to the bit; anything else is left to it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

from inference import series
from inference.plain import read_plain
from inference.series import UnreadableSeries, read_series
from tests.unit.inference.test_series import write_slices

Change = Callable[[Dataset], None]


def signed(image: Dataset) -> None:
    image.PixelRepresentation, image.BitsStored, image.HighBit = 1, 12, 11
    image.PixelData = np.arange(-10, 10, dtype=np.int16).tobytes()


def nested(image: Dataset) -> None:
    """Sequences of every make, before what is wanted and after."""
    inner, outer = Dataset(), Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3"
    inner.is_undefined_length_sequence_item = True
    outer.PurposeOfReferenceCodeSequence = Sequence([inner, inner])
    outer["PurposeOfReferenceCodeSequence"].is_undefined_length = True
    outer.Rows = 99  # not the image's
    image.ReferencedImageSequence = Sequence([outer, inner])
    image["ReferencedImageSequence"].is_undefined_length = True
    image.RequestAttributesSequence = Sequence([outer])


def without_rescale(image: Dataset) -> None:
    del image.RescaleSlope, image.RescaleIntercept
    image.FrameOfReferenceUID = "1.2.840.1"


def negative_slope(image: Dataset) -> None:
    image.RescaleSlope, image.RescaleIntercept = " -0.37 ", "+1E1"


def padded(image: Dataset) -> None:
    image.add_new(0x7FE10010, "OB", b"after the pixels")


PLAIN: list[Change] = [signed, nested, without_rescale, negative_slope, padded]


@pytest.mark.parametrize("change", PLAIN)
def test_a_plain_file_is_read_as_pydicom_reads_it(change: Change, tmp_path: Path) -> None:
    paths, _ = write_slices(tmp_path)
    for path in paths:
        image = pydicom.dcmread(path)
        change(image)
        image.save_as(path)
        found, expected = read_plain(path), series._by_pydicom(path)
        assert found is not None
        assert np.array_equal(found.pixels, expected.pixels)
        assert found.pixels.dtype == expected.pixels.dtype
        fields = ("series", "frame", "position", "orientation", "spacing", "slope", "intercept")
        assert [getattr(found, f) for f in fields] == [getattr(expected, f) for f in fields]


def implicit(image: Dataset) -> None:
    image.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian


def compressed(image: Dataset) -> None:
    image.compress(RLELossless, generate_instance_uid=False)


def inverted(image: Dataset) -> None:
    image.PhotometricInterpretation = "MONOCHROME1"


def bytes_each(image: Dataset) -> None:
    image.BitsAllocated, image.BitsStored, image.HighBit = 8, 8, 7
    image.PixelData = bytes(range(20))


def overlay(image: Dataset) -> None:
    image.BitsStored, image.HighBit = 12, 11
    image.PixelData = (np.arange(20, dtype=np.uint16) | 0x8000).tobytes()


@pytest.mark.parametrize("change", [implicit, compressed, inverted, bytes_each, overlay])
def test_what_is_not_plain_is_left_to_pydicom_and_read(change: Change, tmp_path: Path) -> None:
    paths, _ = write_slices(tmp_path)
    for path in paths:
        image = pydicom.dcmread(path)
        change(image)
        image.save_as(path, implicit_vr=change is implicit, little_endian=True)
        assert read_plain(path) is None
    assert read_series(paths).voxels.shape == (6, 4, 5)


@pytest.mark.parametrize("keep", [0, 100, 131, 150, 400, 600, -4])
def test_a_file_cut_anywhere_is_not_plain(keep: int, tmp_path: Path) -> None:
    path = write_slices(tmp_path)[0][0]
    assert read_plain(path) is not None
    path.write_bytes(path.read_bytes()[:keep])
    assert read_plain(path) is None


def test_several_images_in_a_file_are_refused(tmp_path: Path) -> None:
    paths, _ = write_slices(tmp_path)
    for path in paths:
        image = pydicom.dcmread(path)
        image.NumberOfFrames, image.PixelData = 2, image.PixelData * 2
        image.save_as(path)
    with pytest.raises(UnreadableSeries, match="holds several images"):
        read_series(paths)
