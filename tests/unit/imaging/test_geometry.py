"""Frames in the patient, against NumPy."""

from pathlib import Path

import numpy as np
import pydicom
import pytest

from readerstudy.imaging import heads, packs, quality
from readerstudy.imaging.geometry import normal, stack
from readerstudy.imaging.roles import role_of
from tests import dicom

ANGLE = np.deg2rad(20)
OBLIQUE = (1.0, 0.0, 0.0, 0.0, float(np.cos(ANGLE)), float(np.sin(ANGLE)))
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)


@pytest.mark.parametrize("cosines", [dicom.AXIAL, OBLIQUE, SAGITTAL])
def test_frames_are_sorted_along_their_normal_whatever_their_names(
    tmp_path: Path, cosines: tuple[float, ...]
) -> None:
    paths = sorted(dicom.series(tmp_path, cosines=cosines, count=9))
    placed = stack([pydicom.dcmread(path) for path in paths])
    along = np.array([each.position_mm for each in placed.frames]) @ normal(cosines)
    assert np.allclose(np.diff(along), 2.0)
    assert np.allclose(placed.gaps_mm, 2.0)


@pytest.mark.fault("E6")
def test_gaps_repeats_and_mixed_frames_are_named(tmp_path: Path) -> None:
    paths = dicom.series(tmp_path / "a", count=12)
    files = [pydicom.dcmread(path) for path in paths if "003" not in path.name]
    twin = pydicom.dcmread(paths[0])
    other = dicom.image(cosines=SAGITTAL, uids=("1.2", "1.2.3"))
    placed = stack([*files, twin, other])
    assert placed.problems == ("mixed sizes or orientations", "two frames at one place")
    checked = quality.Checked("t1c", "T1c", placed, "1.2")
    found = quality.findings([checked])
    assert quality.verdict(found) == "fail"
    assert any("1 slice is missing" in each.words for each in found)


def test_a_pack_gives_back_every_frame_from_the_centre_outward(tmp_path: Path) -> None:
    paths = dicom.series(tmp_path / "s", count=7)
    placed = stack([pydicom.dcmread(path) for path in paths])
    written = packs.write(heads.read(paths), placed, tmp_path / "raw.pack")
    data = (tmp_path / "raw.pack").read_bytes()
    assert len(data) == written.bytes
    assert packs.centre_out(7) == [3, 4, 2, 5, 1, 6, 0]
    for number, frame in enumerate(placed.frames):
        raw = packs.read_frame(tmp_path / "raw.pack", number, 7, 16 * 12 * 2)
        expected = pydicom.dcmread(paths[frame.file]).pixel_array
        assert np.array_equal(np.frombuffer(raw, np.uint16).reshape(16, 12), expected)
    assert packs.head_size(7) % 8 == 0


@pytest.mark.parametrize("count", [1, 2, 3, 8, 160])
def test_a_frames_place_is_that_of_the_order_it_was_written_in(count: int) -> None:
    places = [packs.offset_of(number, count, 1) for number in packs.centre_out(count)]
    assert places == [packs.head_size(count) + place for place in range(count)]


@pytest.mark.parametrize(
    ("description", "hints", "role"),
    [
        ("t1_mprage_sag_p2_iso KM", {}, "t1c"),
        ("AX 3D T1 BRAVO +C", {}, "t1c"),
        ("sT1W_3D_TFE", {"has_contrast": True}, "t1c"),
        ("T1 SE tra nativ", {"has_contrast": True}, "t1"),
        ("Ax T1 FSPGR", {}, "t1"),
        ("t2_tse_tra_512", {}, "t2"),
        ("Ax T2 FLAIR FS", {}, "flair"),
        ("t2_spc_da-fl_sag dark-fluid", {}, "flair"),
        ("T2* GRE", {}, "other"),
        ("ep2d_diff_3scan_trace", {}, "other"),
        ("", {"echo_ms": 95.0, "repetition_ms": 5000.0}, "t2"),
        ("", {"echo_ms": 120.0, "repetition_ms": 9000.0, "inversion_ms": 2500.0}, "flair"),
        ("", {"echo_ms": 3.0, "repetition_ms": 8.0, "has_contrast": True}, "t1c"),
    ],
)
def test_roles_are_found_in_vendors_headers(
    description: str, hints: dict[str, object], role: str
) -> None:
    assert role_of("MR", {"description": description, **hints}) == role
