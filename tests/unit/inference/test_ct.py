"""CT: the phantom's, its DICOM, and detectors of CT alone and of CT beside MR, end to end."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
import torch

from inference import detector as detectors
from inference import read_examination
from inference.__main__ import main
from inference.detectors import families
from inference.detectors.networks.field import mean_field
from inference.phantom import ct, dicom
from inference.phantom.acquisition import anatomy_affine
from inference.phantom.dicom_ct import write_ct
from inference.phantom.tissues import Tissues
from inference.preprocess import (
    SERIES,
    UnusableExamination,
    inputs_for,
    on_reference,
    prepare,
    reference_of,
)
from inference.volume import Volume
from tests.ct import AXIAL, LESION_MM, brought, head_hu, study, written

pytestmark = pytest.mark.usefixtures("one_thread")
Problems = Callable[[Path], list[str]]


def test_tissues_have_the_hounsfield_units_of_textbooks() -> None:
    tissues = Tissues.blank((1, 1, 8))
    names = ("air", "bone", "white", "grey", "csf", "fat", "tumour", "blood")
    for at, name in enumerate(names):
        tissues.put(name, np.ones((1, 1, 1), np.float32), np.s_[:, :, at : at + 1])
    plain = dict(zip(names, ct.hounsfield(tissues)[0, 0], strict=True))
    assert plain["air"] == -1000
    assert 700 <= plain["bone"] <= 1200
    assert 20 <= plain["white"] < plain["grey"] <= 40
    assert 0 <= plain["csf"] <= 10
    assert plain["fat"] < -50
    tissues.gadolinium[0, 0, 6:] = (1.0, 1.6)  # a lesion's uptake, a vessel's
    bright = dict(zip(names, ct.hounsfield(tissues)[0, 0], strict=True))
    assert 60 <= bright["tumour"] <= 100
    assert 100 <= bright["blood"] <= 180


def test_a_scan_has_noise_air_around_it_and_axial_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ct, "FIELD_OF_VIEW_MM", (80.0, 64.0, 64.0))
    monkeypatch.setattr(ct, "SHAPE", (60, 60, 60))
    tissues = Tissues.blank((60, 60, 60))
    tissues.put("white", np.ones((40, 40, 40), np.float32), np.s_[10:50, 10:50, 10:50])
    scanned = ct.acquire(tissues, anatomy_affine(np.zeros(3)), np.random.default_rng(1))
    assert scanned.spacing_mm == pytest.approx([1.25, 1, 1])
    z, y, x = (n // 2 for n in scanned.voxels.shape)
    brain = scanned.voxels[z - 8 : z + 8, y - 12 : y + 12, x - 12 : x + 12]
    assert brain.mean() == pytest.approx(27, abs=5)
    assert 3.5 < brain.std() < 8.5
    assert scanned.voxels[0].mean() == pytest.approx(-1000, abs=8)
    again = ct.acquire(tissues, anatomy_affine(np.zeros(3)), np.random.default_rng(1))
    assert (again.voxels == scanned.voxels).all()


@pytest.mark.parametrize("vendor", dicom.VENDORS)
def test_a_written_ct_is_valid_and_gives_back_its_hounsfield_units(
    vendor: str, tmp_path: Path, dicom_problems: Problems
) -> None:
    volume = Volume(head_hu()[:3], AXIAL, "ct")
    paths = write_ct(volume, tmp_path, study=study(), vendor=vendor, number=5)
    assert dicom_problems(paths[0]) == []
    header = pydicom.dcmread(paths[0])
    assert (header.Modality, header.RescaleType, header.RescaleIntercept) == ("CT", "HU", -1024)
    assert "SYNTHETIC" in header.SeriesDescription
    assert "MagneticFieldStrength" not in header
    back = read_examination({"ct": paths})["ct"]
    assert np.abs(back.voxels - volume.voxels).max() <= 0.5
    assert back.affine == pytest.approx(AXIAL)
    assert back.frame == "1.2.3.4.5"


def test_ct_alone_is_prepared_in_steps_of_hounsfield_units() -> None:
    ready = prepare({"ct": Volume(head_hu(), AXIAL, "ct")}, ("ct",), ("ct",))
    assert ready.voxels.shape[0] == 1
    assert ready.reference == "ct"
    brain = ready.voxels[0][tuple(n // 2 for n in ready.voxels.shape[1:])]
    assert brain == pytest.approx(0, abs=2)
    assert ready.voxels[0, 0, 0, 0] == -5  # air, beyond the series too


def both(frame: str = "1.2") -> dict[str, Volume]:
    """T1c of a head and, turned and shifted on a grid of its own, its CT."""
    tilted = AXIAL.copy()
    tilted[:3, :3] = AXIAL[:3, :3] @ np.array([[0.99, -0.14, 0], [0.14, 0.99, 0], [0, 0, 1.0]])
    t1c = np.maximum(head_hu() + 1000, 0)
    t1c[t1c > 1500] = 300  # bone is dark
    return {
        "t1c": Volume(t1c, AXIAL, "t1c", "1.2"),
        "ct": Volume(head_hu(tilted), tilted, "ct", frame),
    }


def test_ct_beside_mr_is_sampled_on_the_grid_of_t1c() -> None:
    ready = prepare(both(), ("t1c",), SERIES)
    assert ready.reference == "t1c"
    inverse = np.linalg.inv(ready.affine)
    z, y, x = (int(n) for n in np.round(inverse[:3, :3] @ LESION_MM + inverse[:3, 3]))
    on_ct = ready.voxels[SERIES.index("ct"), z - 1 : z + 2, y - 1 : y + 2, x - 1 : x + 2]
    assert on_ct.mean() == pytest.approx((90 - 32) / 8, abs=1.5)
    assert ready.missing == ("t1", "t2", "flair")


def test_ct_that_was_not_registered_is_refused_in_words() -> None:
    with pytest.raises(UnusableExamination, match="register one to the other"):
        prepare(both("9.9"), ("t1c",), SERIES)


def test_mr_detectors_do_not_look_at_a_ct() -> None:
    assert prepare(both("9.9")).voxels.shape[0] == 4


@pytest.mark.parametrize("roles", [("ct", "flair"), ("flair", "ct"), ("t1c", "ct")])
def test_series_in_two_places_are_not_laid_over_each_other(roles: tuple[str, ...]) -> None:
    apart = {
        role: Volume(head_hu(), AXIAL, role, "1.1" if role == "ct" else "2.2")
        for role in ("ct", "t1c", "flair")
    }
    with pytest.raises(UnusableExamination, match="register one to the other"):
        on_reference(apart, roles)


def test_a_series_of_mr_that_a_model_does_not_take_may_lie_elsewhere() -> None:
    """CT was registered to T1c; FLAIR is of another day, for the features alone."""
    examination = both() | {"flair": Volume(head_hu() + 1000, AXIAL, "flair", "9.9")}
    roles = ("t1c", "ct")
    assert prepare(examination, roles, inputs_for(roles)).reference == "t1c"
    assert on_reference(examination, roles)[1].shape[0] == 2
    with pytest.raises(UnusableExamination, match="register one to the other"):
        on_reference(examination, ("t1c", "ct", "flair"))


def test_below_air_there_is_air_wherever_ct_is_the_reference_or_not() -> None:
    hu = head_hu()
    hu[:, :3] = -3024  # as scanners pad what lies outside of their circle
    series = {"ct": Volume(hu, AXIAL, "ct"), "t1c": Volume(head_hu() + 1000, AXIAL, "t1c")}
    for roles in (("ct",), ("t1c", "ct")):
        reference, images = on_reference(series, roles)
        assert reference.role == roles[0]
        assert images[-1].min() == -1000
        assert images[-1].max() == pytest.approx(hu.max(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("ct-unet-position-attention", "ct"),
        ("ct-mask-rcnn-crf", "ct"),
        ("ct-mr-fusion", "t1c"),
    ],
)
def test_the_families_of_ct_take_the_series_they_name(name: str, reference: str) -> None:
    family = families.family_of(name)
    assert reference_of(family.inputs) == reference
    network = families.build(name, 4).eval()
    image = torch.zeros((1, len(family.inputs), 16, 16, 16))
    with torch.inference_mode():
        assert network(image).shape == (1, 1, 16, 16, 16)


def test_a_conditional_random_field_drops_lone_voxels_and_fills_holes() -> None:
    logits = torch.full((9, 9, 9), -2.0)
    logits[2:7, 2:7, 2:7] = 2.0
    logits[4, 4, 4] = -0.5  # a hole that looks like its surroundings
    logits[0, 0, 0] = 0.5  # a lone voxel
    image = torch.zeros((1, 9, 9, 9))
    found = mean_field(logits, image)
    assert found[4, 4, 4] > 0
    assert found[0, 0, 0] < 0
    image[0, 4, 4, 4] = 12.0  # looks like something else: it keeps its own mind
    assert mean_field(logits, image)[4, 4, 4] < found[4, 4, 4]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of a site's own detectors, forgotten after the test."""
    folder = tmp_path / "own"
    folder.mkdir()
    monkeypatch.setenv(detectors.FOLDER, str(folder))
    detectors.cards.cache_clear()
    yield folder
    detectors.cards.cache_clear()


def test_a_folder_with_a_ct_alone_goes_from_files_to_proposals_and_dicom(
    own: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    dicom_problems: Problems,
) -> None:
    brought(own, ("ct",), "ct-only")
    written(tmp_path / "case" / "ct")
    out = tmp_path / "out"
    assert main(["detect", str(tmp_path / "case"), "--detector", "ct-only@1",
                 "--device", "cpu", "--dicom", str(out)]) == 0  # fmt: skip
    found = json.loads(capsys.readouterr().out)
    away = [np.linalg.norm(np.subtract(each["centroid_mm"], LESION_MM)) for each in found]
    assert min(away) < 4
    assert "its surroundings on CT." in found[int(np.argmin(away))]["explanation"]["full"]
    for path in out.iterdir():
        assert dicom_problems(path) == []
    report = pydicom.dcmread(out / "proposals-sr.dcm")
    assert "24725-4" in str(report)  # a CT of the head


def test_ct_beside_mr_gives_proposals_on_t1c(own: Path) -> None:
    brought(own, SERIES, "fused")
    examination = both()
    found = detectors.load("fused@1", "cpu").detect(examination)
    away = [np.linalg.norm(np.subtract(each.centroid_mm, LESION_MM)) for each in found]
    assert min(away) < 4
    assert (found[0].affine == examination["t1c"].affine).all()
    assert found[0].heat is not None
    assert found[0].heat.shares["ct"] > 0.9
