"""The command line: input problems are one clear line, output is JSON and DICOM."""

import json
import os
from pathlib import Path

import pydicom
import pytest

from inference.__main__ import main
from inference.phantom import PhantomCase
from inference.series import series_in


def place(written: dict[str, list[Path]], folder: Path) -> Path:
    for role, paths in written.items():
        (folder / role).mkdir(parents=True)
        for path in paths:
            os.link(path, folder / role / path.name)
    return folder


def about_the_largest(case: PhantomCase, written: dict[str, list[Path]]) -> dict[str, list[Path]]:
    """The slices within 40 mm of it; `test_detector` looks through the whole head."""
    middle_mm = max(case.lesions, key=lambda each: each.volume_mm3).centroid_mm[2]

    def height_mm(path: Path) -> float:  # the phantoms' slices are axial, but for a few degrees
        tag = "ImagePositionPatient"
        return float(pydicom.dcmread(path, specific_tags=[tag])[tag].value[2])

    return {
        role: [path for path in paths if abs(height_mm(path) - middle_mm) <= 40]
        for role, paths in written.items()
    }


def test_detect_prints_proposals_and_writes_dicom(
    case: PhantomCase,
    written: dict[str, list[Path]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = place(about_the_largest(case, written), tmp_path / "examination")
    assert main(["detect", str(folder), "--device", "cpu", "--dicom", str(tmp_path / "out")]) == 0
    proposals = json.loads(capsys.readouterr().out)
    assert proposals
    assert set(proposals[0]) >= {"centroid_mm", "diameter_mm", "probability", "contours_mm"}
    seg = pydicom.dcmread(tmp_path / "out" / "proposals-seg.dcm")
    assert len(seg.SegmentSequence) == len(proposals)
    assert pydicom.dcmread(tmp_path / "out" / "proposals-sr.dcm").Modality == "SR"


def test_series_are_found_by_their_folders(written: dict[str, list[Path]], tmp_path: Path) -> None:
    found = series_in(place(written, tmp_path / "examination"))
    assert {role: len(paths) for role, paths in found.items()} == {
        role: len(paths) for role, paths in written.items()
    }


def test_a_folder_without_t1c_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("inference: ")
    assert "put each series into a folder named by its role" in error
    assert error.count("\n") == 1


def test_a_file_that_is_no_dicom_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "t1c").mkdir()
    (tmp_path / "t1c" / "notes.txt").write_text("hello")
    assert main(["detect", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "notes.txt is no DICOM file" in error
    assert "Traceback" not in error


def test_an_unknown_detector_is_one_line(
    written: dict[str, list[Path]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = place(written, tmp_path / "examination")
    assert main(["detect", str(folder), "--detector", "other@3"]) == 2
    assert "no detector 'other@3'; known here: space-to-depth@1" in capsys.readouterr().err


def test_nothing_is_trained_on_phantoms_that_it_is_measured_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "--cache", str(tmp_path), "--first", "19990", "--cases", "20"]
    assert main(words) == 2
    assert "phantom or more, of seeds 1000 to 1999" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
