"""What the phantom writes is valid DICOM that says what it is, in patient coordinates."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from inference import phantom, read_examination
from inference.phantom import PhantomCase
from inference.phantom.scanner import ROLES

Problems = Callable[[Path], list[str]]


@pytest.mark.parametrize("role", ROLES)
def test_every_series_passes_dciodvfy(
    role: str, written: dict[str, list[Path]], dicom_problems: Problems
) -> None:
    for path in (written[role][0], written[role][-1]):
        assert dicom_problems(path) == []


@pytest.mark.parametrize("vendor", ["SIEMENS", "GE", "PHILIPS"])
def test_every_vendor_s_headers_pass_dciodvfy(
    vendor: str, case: PhantomCase, tmp_path: Path, dicom_problems: Problems
) -> None:
    thin = {
        role: replace(volume, voxels=volume.voxels[60:62] if role == "t1c" else volume.voxels[8:10])
        for role, volume in case.series.items()
    }
    small = replace(case, series=thin, scanner=replace(case.scanner, vendor=vendor))
    written = phantom.write_dicom(small, tmp_path, patient_id="SYN-1", study_date="20260102")
    assert [problem for paths in written.values() for problem in dicom_problems(paths[0])] == []


def test_every_file_says_that_it_is_synthetic(written: dict[str, list[Path]]) -> None:
    for paths in written.values():
        for path in paths[:2]:
            header = pydicom.dcmread(path, stop_before_pixels=True)
            assert header.PatientID.startswith("SYNTHETIC")
            assert "SYNTHETIC" in header.ImageType
            assert "not a patient" in header.ImageComments


def test_series_share_study_and_frame_of_reference(written: dict[str, list[Path]]) -> None:
    headers = [pydicom.dcmread(paths[0], stop_before_pixels=True) for paths in written.values()]
    assert len({each.StudyInstanceUID for each in headers}) == 1
    assert len({each.FrameOfReferenceUID for each in headers}) == 1
    assert len({each.SeriesInstanceUID for each in headers}) == 4
    with_agent = [each.SeriesDescription for each in headers if "ContrastBolusAgent" in each]
    assert len(with_agent) == 1


def test_sop_instance_uids_are_unique(written: dict[str, list[Path]]) -> None:
    uids = [
        pydicom.dcmread(path, stop_before_pixels=True).SOPInstanceUID
        for paths in written.values()
        for path in paths
    ]
    assert len(set(uids)) == len(uids)


def test_what_is_written_is_read_back_in_place(
    case: PhantomCase, written: dict[str, list[Path]]
) -> None:
    read = read_examination(written)
    for role in ROLES:
        assert np.abs(read[role].affine - case.series[role].affine).max() < 1e-6
        stored = np.clip(case.series[role].voxels * 600, 0, 4095)
        assert np.abs(read[role].voxels - stored).max() <= 0.5001


def test_writing_twice_gives_the_same_bytes(case: PhantomCase, tmp_path: Path) -> None:
    few = {role: replace(v, voxels=v.voxels[:2]) for role, v in case.series.items()}
    small = replace(case, series=few)
    once = phantom.write_dicom(small, tmp_path / "a", patient_id="P", study_date="20260102")
    twice = phantom.write_dicom(small, tmp_path / "b", patient_id="P", study_date="20260102")
    for role in ROLES:
        for a, b in zip(once[role], twice[role], strict=True):
            assert a.read_bytes() == b.read_bytes()
