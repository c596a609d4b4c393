"""Values of pixels through intake: rescaled (PS3.3 C.11.1.1.2), frame by frame, and signed."""

from pathlib import Path

import numpy as np
import pytest
from dicomweb_client import DICOMwebClient
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileDataset

from readerstudy.imaging import packs, selectors, services, store, tokens
from readerstudy.imaging.models import Series
from tests import dicom, wire

pytestmark = pytest.mark.django_db
Values = NDArray[np.float64]


def packed(folder: Path) -> tuple[Series, Values]:
    """The values of a delivered series, out of its pack, as the room shows them."""
    collection = services.create_collection(name="one")
    done = services.import_folder(folder, collection=collection, by=None)
    assert done.report["refused"] == {}
    series = Series.objects.get(examination__collection=collection)
    (packet,) = selectors.series_for_packet(series.examination)
    geometry = packet["geometry"]
    slope, intercept = geometry["rescale"]
    path = store.pack_path(series)
    frames = [packs.frame(path, each, geometry) for each in range(geometry["frames"])]
    return series, np.stack(frames).astype(float) * slope + intercept


def stored(*, signed: bool = False, count: int = 4) -> NDArray[np.integer]:
    values = np.random.default_rng(5).integers(-900 if signed else 0, 900, (count, 16, 12))
    return values.astype(np.int16 if signed else np.uint16)


def save(folder: Path, pixels: NDArray[np.integer], scales: list[tuple[float, float]]) -> None:
    for number, (frame, scale) in enumerate(zip(pixels, scales, strict=True), start=1):
        data = dicom.image(
            number=number, position=(0.0, 0.0, 2.0 * number), pixels=frame,
            RescaleSlope=scale[0], RescaleIntercept=scale[1],
        )  # fmt: skip
        dicom.save(data, folder / f"{number}.dcm")


def scaled(pixels: NDArray[np.integer], scales: list[tuple[float, float]]) -> Values:
    slopes, intercepts = np.array(scales).T[..., None, None]
    return np.asarray(pixels * slopes + intercepts)


SCALES = {
    "one for all": [(2.5, -1024.0)] * 4,
    "whole numbers, slice by slice": [(1, -1024), (2, 0), (3, 17), (1, 0)],
    "fractions, slice by slice": [(0.5, 0.25), (0.75, -3.5), (1.25, 0.0), (2.0, 100.5)],
}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("name", SCALES)
def test_values_are_those_that_the_header_says(tmp_path: Path, name: str, signed: bool) -> None:  # noqa: FBT001
    pixels, scales = stored(signed=signed), SCALES[name]
    save(tmp_path, pixels, scales)
    series, values = packed(tmp_path)
    wanted = scaled(pixels, scales)
    step = abs((series.geometry or {})["rescale"][0])
    loss = step / 2 if "fractions" in name else 0.0  # of 65,536 steps of the whole range
    assert np.abs(values - wanted).max() <= loss * (1 + 1e-9)
    assert loss <= np.ptp(wanted) / 2**16


def transformed(scale: tuple[float, float]) -> Dataset:
    """A functional group with a Pixel Value Transformation (PS3.3 C.7.6.16.2.9)."""
    group, values = Dataset(), Dataset()
    values.RescaleSlope, values.RescaleIntercept, values.RescaleType = *scale, "US"
    group.PixelValueTransformationSequence = [values]
    return group


def enhanced(pixels: NDArray[np.integer]) -> FileDataset:
    data = dicom.enhanced(pixels)
    data.PixelRepresentation = int(pixels.dtype.kind == "i")
    return data


@pytest.mark.parametrize("signed", [False, True])
def test_each_frame_of_an_enhanced_image_has_its_own_transformation(
    tmp_path: Path, signed: bool  # noqa: FBT001
) -> None:  # fmt: skip
    pixels, scales = stored(signed=signed), SCALES["whole numbers, slice by slice"]
    data = enhanced(pixels)
    for group, scale in zip(data.PerFrameFunctionalGroupsSequence, scales, strict=True):
        group.update(transformed(scale))
    dicom.save(data, tmp_path / "one.dcm")
    _, values = packed(tmp_path)
    assert np.array_equal(values, scaled(pixels, scales))


def test_the_shared_transformation_of_an_enhanced_image_is_that_of_each_frame(
    tmp_path: Path,
) -> None:
    pixels = stored(signed=True)
    data = enhanced(pixels)
    data.SharedFunctionalGroupsSequence[0].update(transformed((4.0, -50.0)))
    dicom.save(data, tmp_path / "one.dcm")
    _, values = packed(tmp_path)
    assert np.array_equal(values, scaled(pixels, [(4.0, -50.0)] * 4))


def test_signed_pixels_of_twelve_bits_keep_their_sign_whatever_is_above_them(
    tmp_path: Path,
) -> None:
    """PS3.5 8.1.1: bits above the stored ones are no part of the value."""
    pixels = stored(signed=True)
    dirty = (pixels & 0x0FFF).view(np.uint16)  # the sign is in bit 11, and bits 12 to 15 are not it
    for number, frame in enumerate(dirty, start=1):
        data = dicom.image(number=number, position=(0.0, 0.0, 2.0 * number), pixels=frame)
        data.BitsStored, data.HighBit, data.PixelRepresentation = 12, 11, 1
        dicom.save(data, tmp_path / f"{number}.dcm")
    _, values = packed(tmp_path)
    assert np.array_equal(values, pixels)


def test_frames_by_wado_rs_are_the_instances_own_not_the_packs(tmp_path: Path) -> None:
    """Decision 0029: stored values with the rescale of their own metadata (PS3.18 10.4.1.1.6)."""
    pixels, scales = stored(), SCALES["fractions, slice by slice"]
    save(tmp_path, pixels, scales)
    series, _ = packed(tmp_path)
    token = tokens.issue([str(series.pk)], seconds=60)
    web = DICOMwebClient(f"{wire.HOST}/dicomweb/{token}", session=wire.session())
    study = series.examination.study_uid
    of_pack = []
    for number, each in enumerate(series.instances.order_by("number")):
        names = (study, series.series_uid, each.sop_uid)
        (frame,) = web.retrieve_instance_frames(*names, [1])
        assert frame == pixels[number].tobytes()
        metadata = web.retrieve_instance_metadata(*names)
        assert metadata["00281053"]["Value"] == [scales[number][0]]
        shown = packs.frame(store.pack_path(series), number, series.geometry or {})
        of_pack.append(shown.tobytes() == frame)
    assert not any(of_pack)
