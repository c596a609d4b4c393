"""CT without MR: a detector's proposals, another maker's, readers' marks, each as its DICOM."""

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import nibabel as nib
import numpy as np
import pydicom
import pytest

from inference import detector as detectors
from inference import export
from inference.lesions import Lesion
from readerstudy.imaging import services as imaging
from readerstudy.imaging import store
from readerstudy.imaging.models import Collection, Examination, Instance, Series
from readerstudy.proposals import bridge, objects, selectors, services
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.proposals.models import Run
from readerstudy.reads.models import Mark
from readerstudy.results.services.sending import reporting
from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
from readerstudy.truth import services as truth
from readerstudy.truth.models import TruthLesion
from tests import ct, dicom, factories, kept
from tests.cast import People

pytestmark = [pytest.mark.django_db, pytest.mark.once]
DETECTOR, VENDOR = "ct-only@1", "acme-detect@3.1"
Problems = Callable[[Path], list[str]]


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A site's own detector of CT alone, forgotten after the test."""
    ct.brought(tmp_path / "own", ("ct",), "ct-only")
    monkeypatch.setenv(detectors.FOLDER, str(tmp_path / "own"))
    detectors.cards.cache_clear()
    yield
    detectors.cards.cache_clear()


@pytest.fixture
def study(people: People) -> Study:
    """A draft whose second arm shows what that detector finds."""
    aided = factories.AIDED.__class__(key="B", name="With AI", mode="concurrent", detector=DETECTOR)
    return kept.draft_study(people, arms=(factories.CONTROL, aided), n_cases=0, n_training=0)


@pytest.fixture
def examination(study: Study, tmp_path: Path) -> Examination:
    """A head of CT that came in by the intake; it has no MR."""
    ct.written(tmp_path / "came")
    return _taken_in(study.collection, tmp_path / "came")


def _taken_in(collection: Collection, folder: Path) -> Examination:
    imaging.import_folder(folder, collection=collection, by=None)
    return Examination.objects.get(collection=collection)


def _run(examination: Examination) -> Run:
    services.sweep()
    run = Run.objects.get(examination=examination, detector=DETECTOR)
    services.perform(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == (Run.State.DONE, "")
    return run


def _is_at_the_lesion(run: Run) -> bool:
    places = ProposedLesion.objects.filter(run=run).values_list("centroid_mm", flat=True)
    return min(float(np.linalg.norm(np.subtract(each, ct.LESION_MM))) for each in places) < 4


def _files(examination: Examination, role: str) -> set[str]:
    there = Instance.objects.filter(series__examination=examination, series__role=role)
    return set(there.values_list("sop_uid", flat=True))


def test_proposals_of_ct_alone_are_a_seg_and_an_sr_of_the_ct(
    examination: Examination, tmp_path: Path, dicom_problems: Problems
) -> None:
    run = _run(examination)
    assert run.grid_role == "ct"
    assert _is_at_the_lesion(run)
    made = objects.of(examination, name="C001")
    assert [each.name for each in made] == [f"C001: {DETECTOR} ({kind})" for kind in ("SEG", "SR")]
    for number, each in enumerate(made):
        path = tmp_path / f"{number}.dcm"
        each.data.save_as(path)
        # De-identified: what a DICOMDIR would list is gone, a pseudonym has one component.
        assert [line for line in dicom_problems(path) if not line.startswith("Warning")] == []
    seg, report = (each.data for each in made)
    assert len(seg.SegmentSequence) == ProposedLesion.objects.filter(run=run).count()
    named = {
        source.ReferencedSOPInstanceUID
        for frame in seg.PerFrameFunctionalGroupsSequence
        for derived in frame.DerivationImageSequence
        for source in derived.SourceImageSequence
    }
    assert named <= _files(examination, "ct")
    assert "24725-4" in str(report)  # a CT of the head


def test_ct_opens_in_the_brains_window(examination: Examination) -> None:
    """By percentiles the skull would take the greys, and a metastasis look like brain."""
    geometry = Series.objects.get(examination=examination).geometry
    assert geometry["window"] == [40, 80]
    assert set(geometry["presets"]) == {"brain", "subdural", "bone", "auto"}
    assert geometry["presets"]["auto"][1] > 800


def test_the_default_is_not_asked_about_an_examination_without_its_series(
    examination: Examination,
) -> None:
    """It would fail three times, and an administrator be told of what nobody wants."""
    services.sweep()
    assert set(Run.objects.values_list("detector", flat=True)) == {DETECTOR}
    nobodys = imaging.create_collection(name="Before there is a study")
    mr = factories.examination(nobodys, roles=("t1c", "flair"))
    for roles in (("t1c",), ("ct",)):
        factories.examination(nobodys, roles=roles)
    assert set(selectors.wanted()[bridge.default_detector()]) == {mr}
    assert set(selectors.wanted()[DETECTOR]) == {examination}


def test_a_detector_in_use_runs_on_the_cases_of_its_studies_alone(
    examination: Examination, people: People
) -> None:
    elsewhere = factories.examination(factories.other_study(people).collection)
    assert elsewhere not in selectors.wanted()[DETECTOR]
    assert examination in selectors.wanted()[DETECTOR]


@pytest.fixture
def vendors(study: Study, people: People) -> Study:
    services.register(
        name="acme-detect", version="3.1", maker="Acme Imaging", statement="For CT.", by=people.cora
    )
    return study


def _delivered(study: Study, people: People, file: Path) -> Run:
    outcomes = services.deliver(study, detector=VENDOR, files=[file], by=people.cora)
    assert [each.words for each in outcomes if not each.is_taken] == []
    return Run.objects.get(detector=VENDOR)


def test_a_vendors_segmentation_of_ct_is_put_on_the_ct(
    vendors: Study, examination: Examination, people: People, tmp_path: Path
) -> None:
    _run(examination)
    seg, _report = objects.of(examination, name="C001")
    seg.data.save_as(tmp_path / "vendor.dcm")
    run = _delivered(vendors, people, tmp_path / "vendor.dcm")
    assert run.grid_role == "ct"
    assert _is_at_the_lesion(run)
    words = {each.name for each in objects.of(examination, name="C001")}
    assert f"C001: {VENDOR} (SEG)" in words


def _mask(folder: Path, name: str, affine: np.ndarray) -> Path:
    """A NIfTI mask of the lesion on the CT's grid; NIfTI counts to the right and front."""
    hu = ct.head_hu()
    index = np.moveaxis(np.indices(hu.shape), 0, -1)
    mm = index @ ct.AXIAL[:3, :3].T + ct.AXIAL[:3, 3]
    inside = np.linalg.norm(mm - ct.LESION_MM, axis=-1) < 8
    flipped = np.diag([-1.0, -1, 1, 1]) @ affine[:, [2, 1, 0, 3]]
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.nii.gz"
    nib.save(nib.Nifti1Image(inside.T.astype(np.uint8), flipped), path)
    return path


def test_a_mask_on_the_cts_grid_is_taken_and_one_on_none_refused(
    vendors: Study, examination: Examination, people: People, tmp_path: Path
) -> None:
    mask = _mask(tmp_path / "masks", examination.study_uid, ct.AXIAL)
    assert _is_at_the_lesion(_delivered(vendors, people, mask))
    moved = ct.AXIAL.copy()
    moved[0, 3] += 40
    mask = _mask(tmp_path / "masks", examination.study_uid, moved)
    (outcome,) = services.deliver(vendors, detector=VENDOR, files=[mask], by=people.cora)
    assert not outcome.is_taken
    assert "not on the grid of the CT series" in outcome.words


def test_a_standard_that_was_drawn_on_ct_is_kept_with_its_voxels(
    study: Study, examination: Examination, people: People, tmp_path: Path
) -> None:
    (case,) = studies.add_cases(study, examinations=[examination], by=people.cora)
    mask = _mask(tmp_path / "masks", examination.study_uid, ct.AXIAL)
    outcomes = truth.set_from_files(study, files=[mask], source="drawn on CT", by=people.cora)
    assert [each.is_taken for each in outcomes] == [True]
    (lesion,) = TruthLesion.objects.filter(standard__case=case)
    assert lesion.mask["series"] == str(Series.objects.get(role="ct").pk)


@pytest.fixture
def both(study: Study, tmp_path: Path) -> Examination:
    """MR, and CT of the same visit that was never registered with it."""
    return _both(study, tmp_path, is_registered=False)


@pytest.fixture
def registered(study: Study, tmp_path: Path) -> Examination:
    """MR of a few millimetres, and the CT of the head around it, in one frame of reference."""
    return _both(study, tmp_path, is_registered=True)


def _both(study: Study, tmp_path: Path, *, is_registered: bool) -> Examination:
    folder = dicom.examination(tmp_path / "both")
    any_file = next(folder.rglob("*.dcm"))
    mr = pydicom.dcmread(any_file, stop_before_pixels=True)
    for path in ct.written(folder / "ct", uid=str(mr.StudyInstanceUID)):
        data = pydicom.dcmread(path)
        data.PatientID = mr.PatientID
        if is_registered:
            data.FrameOfReferenceUID = mr.FrameOfReferenceUID
        data.save_as(path)
    return _taken_in(study.collection, folder)


def test_results_on_a_registered_ct_that_t1c_does_not_cover_lie_on_the_ct(
    vendors: Study, registered: Examination, people: People, tmp_path: Path
) -> None:
    run = _run(registered)
    assert _is_at_the_lesion(run)
    seg, _report = objects.of(registered, name="C001")
    seg.data.save_as(tmp_path / "vendor.dcm")
    delivered = _delivered(vendors, people, tmp_path / "vendor.dcm")
    assert delivered.grid_role == "ct"
    assert _is_at_the_lesion(delivered)
    mask = _mask(tmp_path / "masks", registered.study_uid, ct.AXIAL)
    assert _delivered(vendors, people, mask).grid_role == "ct"
    table = tmp_path / "one.csv"
    head = "case,x_mm,y_mm,z_mm,diameter_mm,probability"
    table.write_text(f"{head}\n{registered.study_uid},4,4,8,3,0.5\n")
    assert _delivered(vendors, people, table).grid_role == "t1c"  # there is a T1c there


def test_ct_that_is_not_in_mrs_place_takes_no_results(
    vendors: Study, both: Examination, people: People, tmp_path: Path
) -> None:
    """Marks, standard and proposals are compared by their places, and those are T1c's."""
    services.sweep()
    run = Run.objects.get(examination=both, detector=DETECTOR)
    services.perform(run.pk)
    run.refresh_from_db()
    assert run.state == Run.State.FAILED
    assert "CT and T1c have different frames of reference: register one to the other" in run.error
    mask = _mask(tmp_path / "masks", both.study_uid, ct.AXIAL)
    (outcome,) = services.deliver(vendors, detector=VENDOR, files=[mask], by=people.cora)
    assert "not on the grid of the T1c series" in outcome.words
    alone = ct.written(tmp_path / "alone", uid=str(pydicom.dcmread(_any(both)).StudyInstanceUID))
    stored = Series.objects.get(examination=both, role="ct")
    for path in alone:  # as one draws it on the CT as we have it
        data = pydicom.dcmread(path)
        data.FrameOfReferenceUID = stored.frame_of_reference_uid
        data.save_as(path)
    seg = tmp_path / "seg.dcm"
    export.segmentation([_lesion()], alone).save_as(seg)
    (outcome,) = services.deliver(vendors, detector=VENDOR, files=[seg], by=people.cora)
    assert "in another frame of reference than the T1c series" in outcome.words


def _any(examination: Examination) -> Path:
    instance = Instance.objects.filter(series__examination=examination)[0]
    return store.path_of(instance)


def _lesion() -> Lesion:
    return Lesion(np.ones((2, 3, 3), np.uint8), (20, 15, 18), ct.AXIAL, 0.9)


def test_marks_on_ct_and_on_mr_name_each_their_own_place(both: Examination) -> None:
    series = {each.role: each for each in Series.objects.filter(examination=both)}
    marks = [
        Mark(number=number, x_mm=1, y_mm=2, z_mm=3, rating=70, series=series[role].pk)
        for number, role in enumerate(("t1c", "ct"), start=1)
    ]
    report_of = reporting(both)
    assert report_of is not None
    report = report_of(marks, reader="R01", key="read", moment=factories.LONG_AGO)
    assert report is not None
    said = [
        str(element.value)
        for element in report.iterall()
        if element.keyword == "ReferencedFrameOfReferenceUID"
    ]
    assert said == [series[role].frame_of_reference_uid for role in ("t1c", "ct")]
    named = {
        str(each.ReferencedSOPInstanceUID)
        for study in report.CurrentRequestedProcedureEvidenceSequence
        for one in study.ReferencedSeriesSequence
        for each in one.ReferencedSOPSequence
    }
    assert named == _files(both, "t1c") | _files(both, "ct")


def test_a_ct_of_which_slices_are_missing_has_no_segmentation(examination: Examination) -> None:
    """A SEG refers to every frame of its grid."""
    _run(examination)
    assert len(objects.of(examination, name="C001")) == 2
    Instance.objects.filter(series__examination=examination)[0].delete()
    assert objects.of(examination, name="C001") == []


def test_a_run_that_a_release_before_ct_kept_is_the_cts(examination: Examination) -> None:
    run = _run(examination)
    Run.objects.filter(pk=run.pk).update(grid_role="t1c")
    assert len(objects.of(examination, name="C001")) == 2
    other = Series.objects.get(examination=examination)
    other.pk, other.role, other.pack_sha256 = uuid4(), "t1c", ""  # there, but not ready
    other.series_uid = "2.25.1"
    other.save(force_insert=True)
    assert objects.of(examination, name="C001") == []


def test_marks_without_a_place_are_left_out_by_name(examination: Examination) -> None:
    series = Series.objects.get(examination=examination)
    series.geometry = {**series.geometry, "frame_of_reference": ""}
    series.save(update_fields=["geometry"])
    mark = Mark(number=1, x_mm=1, y_mm=2, z_mm=3, rating=70, series=series.pk)
    report_of = reporting(examination)
    assert report_of is not None
    said = report_of([mark], reader="R01", key="k", moment=factories.LONG_AGO)
    assert said is None
