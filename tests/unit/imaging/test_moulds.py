"""C10, E1: what is made out of a mould is what the long way makes, byte for byte."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import Dataset
from pydicom.datadict import keyword_for_tag

from readerstudy.imaging import heads, metadata, moulds, parsing, walker
from readerstudy.imaging.deidentify import deidentify
from readerstudy.imaging.hints import hints_of
from readerstudy.imaging.options import Options
from readerstudy.imaging.parsing import Known
from readerstudy.imaging.refusals import RefusedFile
from tests import dicom

KEY = b"k" * 32
Made = tuple[dict[str, Any], bytes] | str


def made(tmp_path: Path, data: bytes, known: Known | None, options: Options) -> Made:
    """What becomes of a file: its header and the clean file, or why not."""
    path, target = tmp_path / "in.dcm", tmp_path / "out.dcm"
    path.write_bytes(data)
    try:
        header = parsing.parse(path, KEY, target, options, known)
    except RefusedFile as refused:
        return refused.reason.name
    return header.as_dict(), target.read_bytes()


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Whether each file that is cast fitted its mould."""
    fitted: list[bool] = []
    cast = moulds.cast

    def spy(*given: Any) -> Any:
        answer = cast(*given)
        fitted.append(answer is not None)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(moulds, "cast", spy)
        yield fitted


def slice_(number: int, **elements: Any) -> pydicom.FileDataset:
    """A slice as scanners write them, with what differs from slice to slice."""
    rng = np.random.default_rng(number)
    pixels = rng.integers(0, 4096, (16, 12)).astype(np.uint16)
    values = {
        "SliceLocation": f"{-20.25 + 2 * number:.2f}", "AcquisitionNumber": "1",
        "WindowCenter": str(300 + number), "WindowWidth": ["700", "900"],
        "SmallestImagePixelValue": int(pixels.min()), "LargestImagePixelValue": int(pixels.max()),
        "BitsStored": 12, "HighBit": 11, "ContentTime": f"1015{number:02d}",
        "AcquisitionTime": f"1014{number:02d}", "ImageComments": f"slice {number}",
    }  # fmt: skip
    place = (-110.5, -90.25 + number * 0.001, 2.0 * number)
    return dicom.image(number=number, position=place, pixels=pixels, **(values | elements))


def whole(tmp_path: Path, data: pydicom.FileDataset) -> bytes:
    return dicom.save(data, tmp_path / "whole.dcm").read_bytes()


@pytest.mark.parametrize(
    "options", [Options(), Options(device=True, descriptors=False), Options(dates="shift")], ids=str
)
def test_c10_slices_out_of_a_mould_are_as_the_long_way_makes_them(
    tmp_path: Path, options: Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Known()
    with counted(monkeypatch) as fitted:
        for number in range(1, 8):
            clock = {"ContentTime": "101500", "AcquisitionTime": "101400"}
            data = whole(tmp_path, slice_(number, **(clock if options.dates == "shift" else {})))
            assert made(tmp_path, data, known, options) == made(tmp_path, data, None, options)
    assert fitted == [True] * 6


def test_c10_private_elements_that_are_kept_take_the_long_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, options = Known(), Options(private=True)
    with counted(monkeypatch) as fitted:
        for number in (1, 2):
            data = whole(tmp_path, slice_(number))
            assert made(tmp_path, data, known, options) == made(tmp_path, data, None, options)
    assert not fitted


CHANGES: dict[str, Callable[[pydicom.FileDataset], None]] = {
    "name": lambda data: setattr(data, "PatientName", "Other^Name"),
    "patient": lambda data: setattr(data, "PatientID", "OTHER"),
    "a name in a code": lambda data: setattr(data, "PatientName", "PRIMARY^X"),
    "description": lambda data: setattr(data, "SeriesDescription", "FLAIR Zyxwv"),
    "protocol": lambda data: setattr(data, "ProtocolName", "t2_tse"),
    "series": lambda data: setattr(data, "SeriesInstanceUID", "1.2.3.99"),
    "burned in": lambda data: setattr(data, "BurnedInAnnotation", "YES"),
    "class": lambda data: setattr(data, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.2"),
    "no image": lambda data: setattr(data, "SOPClassUID", "1.2.840.10008.5.1.4.1.1.88.11"),
    "type": lambda data: setattr(data, "ImageType", ["DERIVED", "SECONDARY", "SCREEN SAVE"]),
    "bits above": lambda data: setattr(data, "PixelData", b"\xff\xff" * 192),
    "colour": lambda data: setattr(data, "PhotometricInterpretation", "PALETTE COLOR"),
    "oblique": lambda data: setattr(data, "ImageOrientationPatient", [1, 0, 0, 1, 0, 0]),
    "no place": lambda data: delattr(data, "ImagePositionPatient"),
    "half a place": lambda data: setattr(data, "ImagePositionPatient", [1.0, 2.0]),
    "empty place": lambda data: setattr(data, "ImagePositionPatient", None),
    "short": lambda data: setattr(data, "PixelData", b"\0" * 100),
    "bolus": lambda data: setattr(data, "ContrastBolusStartTime", "101000"),
    "frames": lambda data: setattr(data, "NumberOfFrames", 1),
    "no number": lambda data: delattr(data, "InstanceNumber"),
    "private": lambda data: data.add_new(0x00291002, "LO", "Zyxwv"),
    "uid": lambda data: setattr(data, "SOPInstanceUID", "1.2.3.4.5.6.7"),
    "date": lambda data: setattr(data, "StudyDate", "20200101"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_c10_a_file_that_is_like_others_but_for_one_thing_is_as_the_long_way_makes_it(
    tmp_path: Path, name: str
) -> None:
    known, options = Known(), Options()
    for number in (1, 2):
        made(tmp_path, whole(tmp_path, slice_(number)), known, options)
    changed = slice_(3)
    CHANGES[name](changed)
    data = whole(tmp_path, changed)
    assert made(tmp_path, data, known, options) == made(tmp_path, data, None, options)


TEXTS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.text("0123456789+-. eE\\\0", max_size=20),
    st.floats(allow_nan=False).map(repr),
)


@pytest.mark.fault("E1")
@settings(max_examples=20)
@given(place=TEXTS, location=TEXTS, number=TEXTS, uid=st.text("0123456789. \0a", max_size=66))
def test_c10_whatever_is_in_the_gaps_comes_out_as_the_long_way_makes_it(
    tmp_path_factory: pytest.TempPathFactory, place: str, location: str, number: str, uid: str
) -> None:
    tmp_path = tmp_path_factory.getbasetemp()
    data = whole(tmp_path, slice_(2))
    known, options = Known(), Options()
    for _ in range(2):  # a mould, then a likeness
        made(tmp_path, data, known, options)
    walked = walker.walk(data, len(data))
    assert walked is not None
    values = {0x00200032: place, 0x00201041: location, 0x00200013: number, 0x00080018: uid}
    for each in reversed(walked.elements):
        if (value := values.get(each.tag)) is not None:
            text = value.encode()
            head = data[each.start : each.start + 6] + len(text).to_bytes(2, "little")
            data = data[: each.start] + head + text + data[each.end :]
            assert made(tmp_path, data, known, options) == made(tmp_path, data, None, options)


def test_c10_all_that_is_read_of_a_file_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mould may not depend on what it does not compare: every element that is decoded is."""
    source = slice_(1, ContrastBolusAgent="Dotarem", ContrastBolusStartTime="101000")
    read: set[int] = set()
    get = Dataset.__getitem__

    def spy(self: Dataset, key: Any) -> Any:
        if self is source:
            read.add(int(pydicom.tag.Tag(key)))
        return get(self, key)

    monkeypatch.setattr(Dataset, "__getitem__", spy)
    for options in (Options(), Options(device=True), Options(dates="shift")):
        read.clear()
        parsing._check(source)
        hints_of(source)
        deidentify(source, KEY, options)
        has_dates = options.dates == "shift"
        missed = {
            keyword_for_tag(tag)
            for tag in read - moulds.GAPS
            if not moulds.is_keyed(tag, has_dates=has_dates, has_bolus=True)
        }
        assert missed <= {"PixelData"}
        assert len(read) > 30


def test_c10_what_moulds_keep_names_nobody(tmp_path: Path) -> None:
    known = Known()
    made(tmp_path, whole(tmp_path, slice_(1)), known, Options())
    assert len(known.moulds._kept) == 1
    for canary in dicom.CANARIES:
        for fit, mould in known.moulds._kept.items():
            assert canary.encode() not in fit
            assert canary not in str({**vars(mould), "header": vars(mould.header)}).replace(
                str(mould.header.role_hints), ""
            )


def test_a_head_and_its_json_are_as_pydicom_reads_them(tmp_path: Path) -> None:
    paths = []
    for number in range(1, 6):
        source = dicom.save(slice_(number), tmp_path / f"in{number}.dcm")
        paths.append(tmp_path / f"{number}.dcm")
        parsing.parse(source, KEY, paths[-1])
    found = heads.read(paths)
    read = [pydicom.dcmread(path) for path in paths]
    for head, file in zip(found, read, strict=True):
        assert head.pixel_offset is not None
        assert np.array_equal(head.pixels(), file.pixel_array)
        del file.PixelData
        assert head.data == Dataset(file)
    text = metadata.text_of([each.data for each in found])
    assert text == metadata.text(paths)
