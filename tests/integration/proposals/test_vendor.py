"""Another maker's AI: written down, its SEG, SR and tables delivered, shown in its arm alone."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from readerstudy import settings as site_settings
from readerstudy.audit.models import Entry
from readerstudy.imaging import services as imaging
from readerstudy.imaging.models import Examination
from readerstudy.proposals import bridge, selectors, services
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.proposals.models import Run
from readerstudy.studies import readiness
from readerstudy.studies import services as studies
from readerstudy.studies.definition import ArmDraft, DesignDraft
from readerstudy.studies.models import Case, Study
from readerstudy.web.problems import Invalid, Problem, Refused, Unknown
from tests import dicom, factories, kept
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import sit

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
VENDOR = "acme-detect@3.1"
AIDED = ArmDraft(key="B", name="With Acme", mode="concurrent", detector=VENDOR)
PARALLEL = DesignDraft(kind="parallel", block_sizes=(2,), strata=())
HEADER = "case,x_mm,y_mm,z_mm,diameter_mm,probability\n"


def _register(people: People, **changes: str) -> Any:
    values = {
        "name": "acme-detect", "version": "3.1", "maker": "Acme Imaging",
        "statement": "CE marked for contrast-enhanced MRI of adults.",
    }  # fmt: skip
    return services.register(**values | changes, by=people.cora)


@pytest.fixture
def study(people: People) -> Study:
    """A draft whose AI arm shows the vendor's results."""
    _register(people)
    arms = (factories.CONTROL, AIDED)
    return kept.draft_study(people, arms=arms, design=PARALLEL, n_cases=0, n_training=0)


def _table(path: Path, *rows: str) -> Path:
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows))
    return path


def _lesions(examination: Examination) -> list[ProposedLesion]:
    run = Run.objects.get(examination=examination, detector=VENDOR)
    return list(ProposedLesion.objects.filter(run=run))


def _segmented(study: Study, people: People, tmp_path: Path) -> tuple[Examination, Case, Any]:
    """An examination that was taken in, its case, and the mask of `seg.dcm` beside it."""
    folder = dicom.examination(tmp_path / "in")
    imaging.import_folder(folder, collection=study.collection, by=people.cora)
    examination = Examination.objects.get(collection=study.collection)
    case = studies.add_cases(study, examinations=[examination], by=people.cora)[0]
    mask = dicom.segmentation(folder / "T1-MPRAGE-post-KM", tmp_path / "seg.dcm")
    return examination, case, mask


@pytest.mark.once
def test_a_vendors_segmentation_of_the_hospitals_files_becomes_the_cases_proposals(
    study: Study, people: People, sign_in: SignIn, tmp_path: Path
) -> None:
    """Through the page; found by the hospital's UIDs, though the images were de-identified."""
    examination, case, mask = _segmented(study, people, tmp_path)

    answer = sign_in(people.cora).post(
        f"/studies/{study.pk}/cases/results/",
        {
            "detector": VENDOR,
            "results": [
                SimpleUploadedFile("DOE JANE.dcm", (tmp_path / "seg.dcm").read_bytes()),
                SimpleUploadedFile("notes.txt", b"hello"),
            ],
        },
    )

    assert answer.status_code == 200
    page = answer.content.decode()
    assert f">{case.code}</td>" in page
    assert "Results taken." in page
    assert "File 2" in page
    assert "the table lacks the columns" in page
    lesion = _lesions(examination)[0]
    assert lesion.probability is None
    assert lesion.volume_mm3 == pytest.approx(mask.sum() * 0.9 * 1.1 * 2.0)
    assert lesion.centroid_mm == pytest.approx([7.5 * 1.1, 4 * 0.9, 4.5 * 2.0])
    assert {point[2] for line in lesion.contours_mm for point in line} == {8.0, 10.0}
    assert list(Path(settings.SPOOL_DIR).glob("*")) == []  # read and forgotten


def test_a_result_with_lesions_in_a_second_frame_of_reference_is_refused(
    study: Study, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the other frame would lie anywhere on this series, beside those that are right."""
    examination, _case, _mask = _segmented(study, people, tmp_path)
    (told,) = bridge.read_vendor([tmp_path / "seg.dcm"])
    assert isinstance(told, bridge.VendorRead)
    (own,) = told.frames_of_reference
    named = [frozenset({own, "1.2.3.4"}), frozenset({own})]
    monkeypatch.setattr(
        bridge, "read_vendor", lambda _paths: [replace(told, frames_of_reference=named.pop(0))]
    )
    files = [tmp_path / "seg.dcm"]
    (outcome,) = services.deliver(study, detector=VENDOR, files=files, by=people.cora)
    assert "in another frame of reference than the T1c series" in outcome.words
    assert not Run.objects.filter(detector=VENDOR).exists()
    (outcome,) = services.deliver(study, detector=VENDOR, files=files, by=people.cora)
    assert outcome.is_taken
    assert len(_lesions(examination)) == 1


@pytest.mark.fault("E7")
def test_e7_a_large_file_of_a_form_waits_in_the_private_spool() -> None:
    """Django writes it to disk while it arrives: not into a folder that others can read."""
    assert str(site_settings.SPOOL_DIR) == site_settings.FILE_UPLOAD_TEMP_DIR
    assert site_settings.SPOOL_DIR.stat().st_mode & 0o077 == 0


@pytest.mark.once
def test_a_vendors_nifti_mask_is_found_by_its_name_and_held_against_the_grid(
    study: Study, people: People, sign_in: SignIn, tmp_path: Path
) -> None:
    """NIfTI names neither examination nor frame of reference."""
    examination, case, mask = _segmented(study, people, tmp_path)
    affine = np.diag([-1.1, -0.9, 2.0, 1.0])  # as in the Segmentation's test: columns, rows, slices
    content = {}
    for name, shift in (("there", 0.0), ("elsewhere", 7.0)):
        affine[2, 3] = shift
        nib.save(nib.Nifti1Image(mask.T.copy(), affine), tmp_path / f"{name}.nii.gz")
        content[name] = (tmp_path / f"{name}.nii.gz").read_bytes()

    def delivered(*files: tuple[str, bytes]) -> str:
        sent = [SimpleUploadedFile(name, data) for name, data in files]
        form = {"detector": VENDOR, "results": sent}
        answer = sign_in(people.cora).post(f"/studies/{study.pk}/cases/results/", form)
        assert answer.status_code == 200
        return answer.content.decode()

    page = delivered(("DOE JANE.mha", content["there"]), ("DOE JANE.nii", content["there"]))
    assert "name a NIfTI mask by its case" in page
    assert "no examination of this study" in page
    assert "JANE" not in page
    page = delivered((f"{case.code}.nii.gz", content["elsewhere"]))
    assert "the mask is not on the grid of the T1c series" in page
    assert not Run.objects.filter(detector=VENDOR).exists()
    page = delivered((f"{case.code}.nii.gz", content["there"]))
    assert "Results taken." in page
    lesion = _lesions(examination)[0]
    assert lesion.probability is None
    assert lesion.volume_mm3 == pytest.approx(mask.sum() * 0.9 * 1.1 * 2.0)
    assert lesion.centroid_mm == pytest.approx([7.5 * 1.1, 4 * 0.9, 4.5 * 2.0])
    by_line = tmp_path / "line"
    by_line.mkdir()
    (by_line / f"{examination.study_uid}.nii.gz").write_bytes(content["there"])
    call_command("import_results", by_line, study=study.pk, detector=VENDOR)
    assert len(_lesions(examination)) == 1


def test_c8_cases_wait_for_the_vendors_results_and_say_so(
    study: Study, people: People, tmp_path: Path
) -> None:
    made = factories.cases(study, number=2, by=people.cora, with_proposals=True)
    assert VENDOR not in selectors.wanted()  # nobody here can run it
    words = [each.words for each in readiness.missing(study) if each.code.startswith("proposals")]
    assert len(words) == 1
    assert "its maker's results are delivered on the Cases page" in words[0]
    table = _table(tmp_path / "a.csv", f"{made[0].code},1,1,0,2,0.7", f"{made[1].code},,,,,")
    outcomes = services.deliver(study, detector=VENDOR, files=[table], by=people.cora)
    assert all(each.is_taken for each in outcomes)
    assert [each.probability for each in _lesions(made[0].examination)] == [0.7]
    assert _lesions(made[1].examination) == []  # nothing found is a result
    assert not [each for each in readiness.missing(study) if each.code.startswith("proposals")]


def test_results_delivered_again_replace_the_earlier_ones_while_the_study_is_a_draft(
    study: Study, people: People, tmp_path: Path
) -> None:
    case = factories.cases(study, number=1, by=people.cora, with_proposals=True)[0]
    for row in ("1,1,0,2,0.7", "2,2,1,3,0.4"):
        table = _table(tmp_path / "a.csv", f"{case.code},{row}")
        outcomes = services.deliver(study, detector=VENDOR, files=[table], by=people.cora)
    assert "in place of the earlier ones" in outcomes[0].words
    assert [each.probability for each in _lesions(case.examination)] == [0.4]
    entries = Entry.objects.filter(action="proposals.deliver").order_by("pk")
    assert [each.detail["replaced"] for each in entries] == [False, True]
    assert all("0.4" not in str(each.detail) for each in entries)


def test_c2_nothing_is_delivered_to_a_locked_study(people: People, tmp_path: Path) -> None:
    _register(people)
    running = kept.running_study(people)
    code = running.cases.values_list("code", flat=True)[0]
    table = _table(tmp_path / "a.csv", f"{code},1,1,0,2,0.7")
    with pytest.raises(Problem) as refused:
        services.deliver(running, detector=VENDOR, files=[table], by=people.cora)
    assert refused.value.status == 409
    assert not Run.objects.filter(detector=VENDOR).exists()


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("X99,1,1,0,2,0.7", "no examination of this study"),
        ("X\0,1,1,0,2,0.7", "no examination of this study"),  # what PostgreSQL takes in no text
        ("{code},900,1,0,2,0.7", "outside the series"),
    ],
)
def test_results_that_fit_no_case_are_refused_in_words(
    study: Study, people: People, tmp_path: Path, row: str, words: str
) -> None:
    case = factories.cases(study, number=1, by=people.cora, with_proposals=True)[0]
    table = _table(tmp_path / "a.csv", row.format(code=case.code))
    outcomes = services.deliver(study, detector=VENDOR, files=[table], by=people.cora)
    assert [each.is_taken for each in outcomes] == [False]
    assert words in outcomes[0].words
    assert not Run.objects.filter(detector=VENDOR).exists()


def test_g3_a_case_of_another_study_takes_no_results(
    study: Study, people: People, tmp_path: Path
) -> None:
    other = kept.draft_study(people, name="Another", n_cases=0, n_training=0)
    foreign = factories.cases(other, number=1, by=people.cora, with_proposals=True)[0]
    table = _table(tmp_path / "a.csv", f"{foreign.examination.study_uid},1,1,0,2,0.7")
    outcomes = services.deliver(study, detector=VENDOR, files=[table], by=people.cora)
    assert not outcomes[0].is_taken
    assert foreign.examination.study_uid not in outcomes[0].words


def test_only_its_coordinator_delivers_to_a_study(
    study: Study, people: People, tmp_path: Path
) -> None:
    table = _table(tmp_path / "a.csv", "C01,1,1,0,2,0.7")
    for stranger, refusal in ((people.rae, Refused), (people.mallory, Unknown)):
        with pytest.raises(refusal):
            services.deliver(study, detector=VENDOR, files=[table], by=stranger)
    with pytest.raises(Invalid, match="written down"):
        services.deliver(study, detector="who@1", files=[table], by=people.cora)


def test_a_detector_is_written_down_once_with_all_that_readers_are_told(
    people: People, sign_in: SignIn
) -> None:
    page = sign_in(people.cora)
    form = {"name": "acme-detect", "version": "3.1", "maker": "Acme", "statement": "Adults only."}
    assert page.post("/detectors/register", form).status_code == 302
    assert "acme-detect@3.1" in selectors.detectors()
    assert selectors.banner(VENDOR) == "acme-detect 3.1 by Acme. Adults only."
    assert "Adults only." in page.get("/detectors/").content.decode()
    again = page.post("/detectors/register", form)
    assert again.status_code == 400
    assert "written down already" in again.content.decode()
    bad = page.post("/detectors/register", {**form, "name": "two words", "statement": ""})
    assert "without spaces" in bad.content.decode()
    assert "what readers shall be told" in bad.content.decode()
    assert Entry.objects.filter(action="proposals.register").count() == 1
    with pytest.raises(Refused):
        services.register(**form, by=people.rae)


def test_results_come_by_the_command_line_too(
    study: Study, people: People, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = factories.cases(study, number=1, by=people.cora, with_proposals=True)[0]
    _table(tmp_path / "a.csv", f"{case.code},1,1,0,2,")
    options = {"study": study.pk, "detector": VENDOR}
    call_command("import_results", tmp_path, **options)
    assert f"{case.code}: Results taken." in capsys.readouterr().out
    with pytest.raises(CommandError, match="no file"):
        call_command("import_results", tmp_path / "nowhere", **options)


def test_the_vendors_arm_shows_its_results_under_its_name_and_the_control_arm_nothing(
    study: Study, people: People, tmp_path: Path
) -> None:
    cora = people.cora
    made = factories.cases(study, number=4, by=cora, with_proposals=True)
    table = _table(tmp_path / "a.csv", *(f"{case.code},1,1,0,2,{0.5}" for case in made))
    services.deliver(study, detector=VENDOR, files=[table], by=cora)
    factories.cases(study, number=1, by=cora, kind="training")
    studies.lock(study, password=PASSWORD, by=cora)
    studies.start(study, by=cora)
    packets = []
    for user in (people.rae, people.gus, people.nora):
        training = sit(user, study)
        training.open()
        training.read_case(marks=0)
        training.sign()
        packets.append(sit(user, study).open())
    shown = [packet["ai"] for packet in packets if "ai" in packet]
    assert 0 < len(shown) < len(packets)
    for ai in shown:
        assert ai["detector"]["banner"].startswith("acme-detect 3.1 by Acme Imaging.")
        assert [each["probability"] for each in ai["proposals"]] == [0.5]
        assert ai["proposals"][0]["explanation"] == "As delivered by Acme Imaging."
    hidden = [json.dumps(packet) for packet in packets if "ai" not in packet]
    assert not any("cme" in each for each in hidden)
