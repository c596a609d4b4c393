"""C10: Hostile and identified files: what intake takes, what it removes, what it refuses."""

import struct
import time
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import Dataset
from pydicom.data import get_testdata_file
from pydicom.uid import DeflatedExplicitVRLittleEndian

from readerstudy.imaging import archives, deidentify, parsing, vocabulary
from readerstudy.imaging.headers import Header
from readerstudy.imaging.refusals import Reason, RefusedFile
from tests import dicom

KEY = b"k" * 32


def _parse(tmp_path: Path, data: Dataset | bytes) -> tuple[Header, bytes]:
    path, target = tmp_path / "in.dcm", tmp_path / "out.dcm"
    if isinstance(data, bytes):
        path.write_bytes(data)
    else:
        dicom.save(data, path)
    return parsing.parse(path, KEY, target), target.read_bytes()


@pytest.mark.fault("E7")
def test_no_identifier_is_left_in_a_file_or_its_header(tmp_path: Path) -> None:
    header, written = _parse(tmp_path, dicom.image())
    for canary in dicom.CANARIES:
        assert canary.encode() not in written
        assert canary not in str({**header.as_dict(), "role_hints": None})
    assert header.patient.startswith("P")
    assert {"(0029,0010)", "(0029,1001)"} <= set(header.report["removed"])


def test_uids_map_the_same_way_under_one_key_and_another_under_another() -> None:
    assert deidentify.map_uid("1.2.3", KEY) == deidentify.map_uid("1.2.3\0", KEY)
    assert deidentify.map_uid("1.2.3", KEY) != deidentify.map_uid("1.2.3", b"j" * 32)
    assert deidentify.map_uid("1.2.3", KEY).startswith("2.25.")
    assert len(deidentify.map_uid("1.2.3", KEY)) <= 64


def test_a_pseudonym_does_not_confuse_an_id_with_its_issuer() -> None:
    assert deidentify.pseudonym("ab", "c", KEY) != deidentify.pseudonym("a", "bc", KEY)


def test_a_description_keeps_only_words_of_sequences() -> None:
    assert vocabulary.description("T1_MPRAGE post KM (Smith, ward 4)") == "T1 MPRAGE post KM"


@pytest.mark.fault("E10")
def test_a_preamble_is_zeroed(tmp_path: Path) -> None:
    data = dicom.image()
    data.preamble = b"MZ" + b"\x90" * 126
    _, written = _parse(tmp_path, data)
    assert written[:128] == b"\0" * 128


@pytest.mark.fault("E2")
def test_two_hundred_nested_sequences_are_too_deep(tmp_path: Path) -> None:
    depth = 200
    nested = b""
    for _ in range(depth):
        nested += struct.pack("<HH2sHI", 0x0008, 0x1140, b"SQ", 0, 0xFFFFFFFF)
        nested += struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    nested += struct.pack("<HHI", 0xFFFE, 0xE00D, 0) * 1
    whole = _bytes(tmp_path, dicom.image())
    with pytest.raises(RefusedFile) as refused:
        _parse(tmp_path, whole[: whole.find(b"\x10\x00\x10\x00")] + nested)
    assert refused.value.reason is Reason.TOO_DEEP


def _bytes(tmp_path: Path, data: Dataset) -> bytes:
    return dicom.save(data, tmp_path / "whole.dcm").read_bytes()


@pytest.mark.fault("E3")
def test_a_deflated_file_is_refused_before_it_is_inflated(tmp_path: Path) -> None:
    data = dicom.image()
    data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    with pytest.raises(RefusedFile) as refused:
        _parse(tmp_path, data)
    assert refused.value.reason is Reason.DEFLATED


@pytest.mark.fault("E5")
@pytest.mark.parametrize(
    "elements",
    [{"Rows": 65535, "Columns": 65535}, {"BitsAllocated": 32}, {"NumberOfFrames": 9}, {"Rows": 0}],
)
def test_sizes_that_lie_are_refused_by_arithmetic(tmp_path: Path, elements: dict[str, int]) -> None:
    with pytest.raises(RefusedFile) as refused:
        _parse(tmp_path, dicom.image(**elements))
    assert refused.value.reason is Reason.SIZES


@pytest.mark.fault("E7")
@pytest.mark.parametrize(
    "elements",
    [
        {"BurnedInAnnotation": "YES"},
        {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"},
        {"ImageType": ["DERIVED", "SECONDARY", "SCREEN SAVE"]},
    ],
)
def test_what_may_show_names_in_its_pixels_is_suspect_and_refused_where_it_has_no_place(
    tmp_path: Path, elements: dict[str, str]
) -> None:
    data = dicom.image(**elements)
    assert _parse(tmp_path, data)[0].is_suspect
    del data.ImagePositionPatient
    with pytest.raises(RefusedFile) as refused:
        _parse(tmp_path, data)
    assert refused.value.reason is Reason.BURNED_IN


@pytest.mark.parametrize(
    ("below", "reason"),
    [
        (".7", "BURNED_IN"),
        (".7.2", "BURNED_IN"),
        (".77.1.4", "NOT_AN_IMAGE"),
        (".70", "NOT_AN_IMAGE"),
    ],
)
def test_a_class_is_a_secondary_capture_by_its_whole_uid(
    tmp_path: Path, below: str, reason: str
) -> None:
    """VL Photographic Image is 1.2.840.10008.5.1.4.1.1.77.1.4."""
    data = dicom.image(SOPClassUID=f"1.2.840.10008.5.1.4.1.1{below}")
    del data.ImagePositionPatient
    with pytest.raises(RefusedFile) as refused:
        _parse(tmp_path, data)
    assert refused.value.reason is Reason[reason]


@pytest.mark.parametrize("cut", [0, 50, 131, 200, 700])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, cut: int) -> None:
    whole = _bytes(tmp_path, dicom.image())
    with pytest.raises(RefusedFile):
        _parse(tmp_path, whole[:cut])


@pytest.mark.fault("E1")
def test_a_codec_that_panics_is_a_refusal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Codecs in Rust raise what is no Exception: found by `benchmarks.imaging.mutants`."""

    class Panic(BaseException):
        pass

    def panics(*_given: object, **_named: object) -> None:
        raise Panic("index out of bounds")

    monkeypatch.setattr(Dataset, "decompress", panics)
    with pytest.raises(RefusedFile) as refused:
        parsing.parse(Path(str(get_testdata_file("MR_small_RLE.dcm"))), KEY, tmp_path / "out.dcm")
    assert refused.value.reason is Reason.DAMAGED_PIXELS


@pytest.mark.parametrize("name", ["MR_small.dcm", "CT_small.dcm", "MR_small_RLE.dcm"])
def test_real_scanner_files_are_taken(tmp_path: Path, name: str) -> None:
    path = Path(str(get_testdata_file(name)))
    target = tmp_path / "out.dcm"
    parsing.parse(path, KEY, target)
    assert np.array_equal(pydicom.dcmread(path).pixel_array, pydicom.dcmread(target).pixel_array)


@pytest.mark.fault("E4")
def test_archives_that_would_do_harm_are_refused(tmp_path: Path) -> None:
    bomb, away, link = (tmp_path / f"{name}.zip" for name in ("bomb", "away", "link"))
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.dcm", b"\0" * 50_000_000)
    with zipfile.ZipFile(away, "w") as archive:
        archive.writestr("../../etc/passwd", b"x")
    with zipfile.ZipFile(link, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    absolute, locked, cut, nul = (tmp_path / f"{n}.zip" for n in ("abs", "locked", "cut", "nul"))
    with zipfile.ZipFile(absolute, "w") as archive:
        archive.writestr("/etc/passwd", b"x")
    with zipfile.ZipFile(locked, "w") as archive:
        archive.writestr("a.dcm", b"x")
    data = bytearray(locked.read_bytes())
    for at in (data.index(b"PK\x03\x04") + 6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1  # encrypted
    locked.write_bytes(data)
    cut.write_bytes(bomb.read_bytes()[:100])
    nul.write_bytes(away.read_bytes().replace(b"../../etc/passwd", b"..\\..\\etc\0paswd"))
    for path in (bomb, away, link, absolute, locked, cut, nul):
        with pytest.raises(RefusedFile) as refused:
            list(archives.members(path))
        assert refused.value.reason is Reason.ARCHIVE


@pytest.mark.fault("E4")
@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_an_archive_that_lies_about_what_it_becomes_takes_no_memory(
    tmp_path: Path, method: int
) -> None:
    """A few hundred bytes that are unpacked at once, whatever size their listing says."""
    path, size = tmp_path / "lies.zip", 64 * 1024**2
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.dcm", b"\0" * size)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 24, 1000)
    path.write_bytes(data)
    tracemalloc.start()
    try:
        with pytest.raises(RefusedFile) as refused:
            [data.read(1024 * 1024) for _, data in archives.members(path)]
        assert tracemalloc.get_traced_memory()[1] < size / 8
    finally:
        tracemalloc.stop()
    assert refused.value.reason is Reason.ARCHIVE


@pytest.mark.fault("E4")
def test_an_archive_whose_members_overlap_is_refused(tmp_path: Path) -> None:
    """As in the better ZIP bomb: many entries of one listing share their bytes."""
    path = tmp_path / "overlap.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.dcm", b"x" * 1000)
        first = archive.infolist()[0]
        twin = zipfile.ZipInfo("b.dcm")
        for name in ("header_offset", "compress_size", "file_size", "CRC"):
            setattr(twin, name, getattr(first, name))
        archive.filelist.append(twin)
    with pytest.raises(RefusedFile) as refused:
        list(archives.members(path))
    assert refused.value.reason is Reason.ARCHIVE


@pytest.mark.fault("E4")
def test_a_million_members_are_refused_before_they_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    head = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *[0] * 16)
    listing = head * 1_000_000
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 7, 7, len(listing), 0, 0)
    path.write_bytes(listing + end)
    began = time.process_time()
    with pytest.raises(RefusedFile):
        next(archives.members(path))
    assert time.process_time() - began < 1.0
    path.write_bytes(listing + b"\0" * archives.MAX_LISTING_BYTES + end)  # a listing said longer
    with pytest.raises(RefusedFile):
        next(archives.members(path))


@pytest.mark.fault("E4")
def test_names_that_clash_or_deceive_are_members_like_others(tmp_path: Path) -> None:
    path = tmp_path / "names.zip"
    names = ["a.dcm", "A.DCM", "a\u202emcd.exe", "a.dcm"]
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the name that comes twice
        for number, name in enumerate(names):
            archive.writestr(name, bytes([number]))
    # Each is read by its place in the listing; none is written under its own name.
    assert [data.read() for _, data in archives.members(path)] == [b"\0", b"\1", b"\2", b"\3"]


@pytest.mark.fault("E4")
def test_a_file_of_over_two_gigabytes_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "large.dcm"
    with path.open("wb") as out:
        out.truncate(parsing.MAX_BYTES + 1)  # no block of it is on disk
    with pytest.raises(RefusedFile) as refused:
        parsing.parse(path, KEY, tmp_path / "clean")
    assert refused.value.reason is Reason.TOO_LARGE
