"""Published data sets as users have them on disk, each a made miniature of its layout."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from PIL import Image, ImageDraw

from readerstudy.imaging.models import HeldFile
from readerstudy.imaging.services import release_held
from readerstudy.studies.models import Study
from readerstudy.truth import selectors
from readerstudy.truth.datasets import import_dataset
from readerstudy.web.problems import Problem
from tests import kept
from tests.cast import People

pytestmark = [pytest.mark.django_db, pytest.mark.once]
AFFINE = np.diag([-1.0, -1.0, 2.0, 1.0])  # LPS as DICOM has it: x = i, y = j, z = 2 k
LESION = (slice(4, 7), slice(8, 11), slice(3, 5))  # centred on (5, 9, 7) mm


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


def volume(path: Path, *, mask: bool | None = None, seed: int = 0, slices: int = 10) -> None:
    """A NIfTI file of 16 x 20 x 10: noise, an empty mask, or a mask of one lesion."""
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (16, 20, slices)
    values: Any = np.random.default_rng(seed).integers(0, 900, shape).astype(np.int16)
    if mask is not None:
        values = np.zeros((16, 20, 10), np.uint8)
        values[LESION] = mask
    nib.save(nib.Nifti1Image(values, AFFINE), path)


def ucsf(root: Path) -> None:
    for name, mask in (("100101A", True), ("100102B", False)):
        folder = root / "UCSF_BrainMetastases_TRAIN" / name
        for end in ("T1post", "T1pre", "FLAIR", "subtraction"):
            volume(folder / f"{name}_{end}.nii.gz", seed=len(end))
        volume(folder / f"{name}_seg.nii.gz", mask=mask)


def bcbm(root: Path) -> None:
    for name, mask in (("BCBM-RadioGenomics-0-0", True), ("BCBM-RadioGenomics-1-0", False)):
        volume(root / name / f"{name}_image_ss_n4.nii.gz")
        volume(root / name / f"{name}_mask_1.nii.gz", mask=False)
        volume(root / name / f"{name}_mask_2.nii.gz", mask=mask)


def nyumets(root: Path) -> None:
    for study, mask in (("7", True), ("8", False)):
        folder = root / "imaging" / "patientId" / "12" / "studyId" / study
        for name in ("T1", "CT1", "T2", "FLAIR", "RTSTRUCT_MRI"):
            volume(folder / f"{name}.nii.gz", seed=len(name))
        volume(folder / "RTSTRUCT_segmentation.nii.gz", mask=mask)


def own(root: Path) -> None:
    for name, mask in (("a", True), ("b", False)):
        volume(root / name / "t1c.nii.gz")
        (root / name / "t1c.json").write_text('{"MagneticFieldStrength": 1.5}')
        volume(root / name / "seg.nii.gz", mask=mask)


MADE: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "ucsf-bmsr": (ucsf, {"t1c", "t1", "flair"}),
    "bcbm-radiogenomics": (bcbm, {"t1c"}),
    "nyumets": (nyumets, {"t1c", "t1", "t2", "flair"}),
    "folders": (own, {"t1c"}),
}


@pytest.mark.parametrize("layout", MADE)
def test_images_become_cases_and_masks_their_standard(
    study: Study, people: People, tmp_path: Path, layout: str
) -> None:
    make, roles = MADE[layout]
    make(tmp_path)
    before = set(study.cases.values_list("pk", flat=True))
    outcomes = import_dataset(study, layout=layout, root=tmp_path, by=people.cora)
    assert [each.is_taken for each in outcomes] == [True, True], outcomes
    cases = study.cases.exclude(pk__in=before)
    assert cases.count() == 2
    standards = {case.pk: selectors.of_case(case) for case in cases}
    assert {each.status for each in standards.values() if each} == {"diseased", "non_diseased"}
    for case in cases:
        assert {each.role for each in case.examination.series.all()} == roles
        standard = standards[case.pk]
        if standard and standard.status == "diseased":
            assert "published segmentation" in standard.source
            (lesion,) = selectors.lesions(standard).values()
            place = (lesion["x_mm"], lesion["y_mm"], lesion["z_mm"])
            assert np.allclose(place, (5.0, 9.0, 7.0), atol=0.01)
    again = import_dataset(study, layout=layout, root=tmp_path, by=people.cora)
    assert all(each.is_taken for each in again)
    assert study.cases.count() == len(before) + 2
    assert not [each for each in Path(settings.SPOOL_DIR).iterdir() if "dataset" in each.name]


def test_brainmetshares_slices_are_stacked_by_their_numbers(
    study: Study, people: People, tmp_path: Path
) -> None:
    rng = np.random.default_rng(3)
    folder = tmp_path / "mets_stanford_releaseMask_train" / "Mets_005"
    for name in ("0", "1", "2", "3", "seg"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            pixels = rng.integers(0, 255, (20, 16)).astype(np.uint8)
            if name == "seg":
                pixels = np.zeros((20, 16), np.uint8)
                pixels[8:11, 4:7] = 255 * (number in {9, 10})
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    (outcome,) = import_dataset(study, layout="brainmetshare", root=tmp_path, by=people.cora)
    assert outcome.is_taken, outcome
    case = study.cases.order_by("pk").get(code=outcome.words.split(":")[0])
    assert {each.role for each in case.examination.series.all()} == {"t1c", "t1", "flair"}
    standard = selectors.of_case(case)
    assert standard is not None
    (lesion,) = selectors.lesions(standard).values()
    place = (lesion["x_mm"], lesion["y_mm"], lesion["z_mm"])
    assert np.allclose(place, (5 * 0.94, 9 * 0.94, 9.5), atol=0.01)


def test_a_mask_on_another_grid_and_a_missing_t1c_are_told_and_nothing_is_taken(
    study: Study, people: People, tmp_path: Path
) -> None:
    volume(tmp_path / "a" / "t1c.nii.gz")
    nib.save(
        nib.Nifti1Image(np.ones((16, 20, 10), np.uint8), np.eye(4)), tmp_path / "a" / "seg.nii.gz"
    )
    volume(tmp_path / "b" / "flair.nii.gz")
    cases = study.cases.count()
    outcomes = import_dataset(study, layout="folders", root=tmp_path, by=people.cora)
    assert [each.is_taken for each in outcomes] == [False, False]
    assert "not on the grid" in outcomes[0].words
    assert "no T1 with contrast" in outcomes[1].words
    assert study.cases.count() == cases


def test_the_command_says_what_became_of_each_and_refuses_strangers(
    study: Study, people: People, tmp_path: Path, capsys: Any
) -> None:
    own(tmp_path)
    call_command("import_dataset", "folders", str(tmp_path), f"--study={study.pk}", "--by=cora")
    told = capsys.readouterr().out
    lines = [each.split(": ", 2) for each in told.splitlines()]
    assert [(name, words) for name, _code, words in lines] == [
        ("a", "images and standard."), ("b", "images and standard."),
    ], "no class is told"  # fmt: skip
    with pytest.raises(CommandError):
        call_command("import_dataset", "nyumets", str(tmp_path), f"--study={study.pk}", "--by=cora")
    outcomes = import_dataset(study, layout="folders", root=tmp_path, by=people.mallory)
    assert not any(each.is_taken for each in outcomes)
    with pytest.raises(Problem):
        import_dataset(study, layout="other", root=tmp_path, by=people.cora)


def lettered(path: Path, *, mask: bool | None = None, has_text: bool = False) -> None:
    """A NIfTI file of 160 x 96 x 8: noise, with a name in its pixels or none, or a mask."""
    picture = Image.new("1", (160, 96))
    ImageDraw.Draw(picture).text((4, 4), "ZYXWV QUIRIN 1954", fill=1, font_size=16)
    values = np.random.default_rng(5).integers(0, 800, (160, 96, 8)).astype(np.int16)
    values[np.asarray(picture).T & has_text] = 4095
    if mask is not None:
        values[:] = 0
        values[LESION] = mask
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(values, AFFINE), path)


def test_c10_without_its_t1c_which_is_held_there_is_no_case_and_the_mask_comes_again(
    study: Study, people: People, tmp_path: Path
) -> None:
    before = study.cases.count()
    lettered(tmp_path / "a" / "t1c.nii.gz", has_text=True)
    lettered(tmp_path / "a" / "flair.nii.gz")
    lettered(tmp_path / "a" / "seg.nii.gz", mask=True)
    for _ in range(2):
        (told,) = import_dataset(study, layout="folders", root=tmp_path, by=people.cora)
        assert not told.is_taken
        assert "T1 with contrast is held" in told.words
        assert "send the volumes and the masks again" in told.words
        assert study.cases.count() == before
    (uid,) = set(HeldFile.objects.values_list("series_uid", flat=True))
    release_held(study.collection, series_uid=uid, reason="a phantom's name", by=people.cora)
    (taken,) = import_dataset(study, layout="folders", root=tmp_path, by=people.cora)
    assert taken.words.endswith(": images and standard."), taken
    case = study.cases.get(code=taken.words.split(":")[0])
    assert {each.role for each in case.examination.series.all()} == {"t1c", "flair"}
    standard = selectors.of_case(case)
    assert standard is not None
    assert standard.status == "diseased"


def test_c10_of_another_sequence_that_is_held_the_case_says_so(
    study: Study, people: People, tmp_path: Path
) -> None:
    lettered(tmp_path / "a" / "t1c.nii.gz")
    lettered(tmp_path / "a" / "flair.nii.gz", has_text=True)
    lettered(tmp_path / "a" / "seg.nii.gz", mask=False)
    (told,) = import_dataset(study, layout="folders", root=tmp_path, by=people.cora)
    assert told.is_taken
    assert "images and standard. FLAIR: Its pixels may show text" in told.words
    lettered(tmp_path / "b" / "t1c.nii.gz", has_text=True)
    (tmp_path / "a" / "t1c.nii.gz").unlink()
    told, alone = import_dataset(study, layout="folders", root=tmp_path, by=people.cora)
    assert (told.is_taken, alone.is_taken) == (False, False)
    assert "T1 with contrast is held" in alone.words, "though nothing of it was stored"
