"""What the phantom writes is valid DICOM that says what it is, in patient coordinates."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from inference import phantom, read_examination
from inference.phantom import PhantomCase
from inference.phantom.acquisition import grid
from inference.phantom.scanner import ROLES
from inference.phantom.shifts import sagittal, shift_of
from inference.preprocess import prepare, resample

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


def test_a_series_in_sagittal_slices_is_valid_and_lies_where_the_axial_one_does(
    case: PhantomCase, tmp_path: Path, dicom_problems: Problems
) -> None:
    machine = sagittal(case.scanner)
    axial = case.series["t1c"]
    shape, affine = grid(machine, machine.protocols["t1c"], case.to_patient)
    turned = replace(axial, voxels=resample(axial, affine, shape), affine=affine)
    others = {role: replace(case.series[role], voxels=axial.voxels[:1]) for role in ROLES[1:]}
    made = replace(case, series={"t1c": turned, **others}, scanner=machine)
    paths = phantom.write_dicom(made, tmp_path, patient_id="P", study_date="20260102")["t1c"]
    row = pydicom.dcmread(paths[0], stop_before_pixels=True).ImageOrientationPatient
    assert np.abs(np.array(row[:3], float)).argmax() == 1  # along a row to the back
    assert float(row[5]) < -0.9  # down a column to the feet
    assert dicom_problems(paths[len(paths) // 2]) == []
    read = read_examination({"t1c": paths})["t1c"]
    assert np.abs(read.affine - affine).max() < 1e-6
    assert read.voxels.shape == shape
    upright, level = prepare({"t1c": read}), prepare({"t1c": axial})
    assert np.abs(upright.affine[:3, :3] - level.affine[:3, :3]).max() < 1e-3
    z, y, x = level.voxels.shape[1:]
    there = resample(replace(read, voxels=upright.voxels[0], affine=upright.affine),
                     level.affine, (z, y, x))  # fmt: skip
    inside = there != 0
    assert np.corrcoef(there[inside], level.voxels[0][inside])[0, 1] > 0.97


def test_only_series_of_three_dimensions_are_turned_and_all_cover_the_same_head(
    case: PhantomCase,
) -> None:
    turn = shift_of("sagittal").alter
    assert turn is not None
    machine = turn(case.scanner)
    for role in ROLES:
        before, after = case.scanner.protocols[role], machine.protocols[role]
        assert after.is_sagittal == before.is_3d
        (shape, affine), (was, old) = (
            grid(case.scanner if each is before else machine, each, case.to_patient)
            for each in (after, before)
        )
        spacing = np.linalg.norm(affine[:3, :3], axis=0)
        assert np.linalg.det(affine[:3, :3]) * np.linalg.det(old[:3, :3]) > 0
        if after.is_sagittal:
            assert np.array(shape) * spacing == pytest.approx((192, 176, 224), abs=1.5)
            assert max(np.abs(affine[0, :3]).tolist()) == pytest.approx(spacing[0], rel=0.02)
        else:
            assert (shape, affine.tolist()) == (was, old.tolist())
