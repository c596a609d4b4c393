"""NIfTI volumes by the browser's upload: cases and their standard, and no name that is kept."""

import base64
import errno
import io
import json
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import nibabel as nib
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.imaging import services, store, tasks
from readerstudy.imaging.models import Upload
from readerstudy.imaging.refusals import Reason, RefusedFile
from readerstudy.imaging.services import perform
from readerstudy.studies.models import Study
from readerstudy.truth import selectors
from readerstudy.truth.datasets import import_dataset
from readerstudy.web.problems import Problem
from tests import kept
from tests.cast import People
from tests.integration.truth.test_datasets import own, ucsf, volume

pytestmark = [pytest.mark.django_db, pytest.mark.once]
CHUNK = "application/offset+octet-stream"
NAME = "Quirin Zwetschge"  # of a patient, as folders of a hospital are called


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


class Delivery:
    """A browser that sends a folder."""

    def __init__(self, client: Client, study: Study) -> None:
        self.client, self.study = client, study
        address = f"/api/collections/{study.collection_id}/uploads"
        self.id = client.post(address).json()["id"]

    def send(self, data: bytes, path: str = "") -> dict[str, Any]:
        answer = self.client.put(
            f"/api/uploads/{self.id}/files",
            data,
            content_type="application/octet-stream",
            headers={"Readerstudy-Path": path} if path else {},
        )
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = answer.json()
        return found

    def send_in_chunks(self, data: bytes, path: str) -> dict[str, Any]:
        said = base64.b64encode(path.encode()).decode()
        announced = self.client.post(
            f"/api/uploads/{self.id}/parts",
            headers={"Upload-Length": str(len(data)), "Upload-Metadata": f"path {said}"},
        )
        half = len(data) // 2
        for start, end in ((0, half), (half, len(data))):
            answer = self.client.patch(
                announced["Location"],
                data[start:end],
                content_type=CHUNK,
                headers={"Upload-Offset": str(start)},
            )
        found: dict[str, Any] = json.loads(answer["Readerstudy-Outcome"])
        return found

    def send_folder(self, root: Path, base: Path) -> None:
        for path in sorted(each for each in root.rglob("*") if each.is_file()):
            told = self.send(path.read_bytes(), str(path.relative_to(base)).replace(" ", "%20"))
            assert told == {"state": "done", "reason": "", "count": 1}

    def finish(self) -> Upload:
        assert self.client.post(f"/api/uploads/{self.id}/finish").status_code == 202
        perform(Upload.objects.get(pk=self.id).pk)
        return Upload.objects.get(pk=self.id)


@pytest.fixture
def delivery(study: Study, people: People, sign_in: Callable[..., Client]) -> Delivery:
    return Delivery(sign_in(people.cora), study)


def test_volumes_of_two_layouts_become_cases_with_their_standard(
    delivery: Delivery, study: Study, tmp_path: Path
) -> None:
    ucsf(tmp_path / "one")
    volume(tmp_path / NAME / "t1c.nii.gz")
    (tmp_path / NAME / "t1c.json").write_text('{"MagneticFieldStrength": 1.5}')
    volume(tmp_path / NAME / "notes.nii.gz", seed=4)
    before = study.cases.count()
    delivery.send_folder(tmp_path / "one", tmp_path)
    for path in sorted((tmp_path / NAME).iterdir()):
        told = delivery.send_in_chunks(path.read_bytes(), f"/{NAME}/{path.name}")
        assert told["state"] == "done"
    assert study.cases.count() == before, "nothing is imported before the delivery ends"
    upload = delivery.finish()
    assert (upload.state, study.cases.count()) == ("done", before + 3)
    told = upload.report["datasets"]
    assert [each["is_taken"] for each in told] == [True, True, True], told
    assert [len(each["volumes"]) for each in told] == [1, 3, 3]
    assert told[1]["volumes"][0] | {"series": ""} == {
        "sequence": "T1 with contrast", "series": "", "stored": 10, "repeated": 0,
    }  # fmt: skip
    words = " ".join(each["words"] for each in told)
    assert "images only, no mask" in words
    assert "images and standard" in words
    assert len({each["words"].split(":")[1] for each in told[1:]}) == 1, "no class is told"
    # the two that no layout has: a subtraction image of each examination of UCSF, and the notes
    assert upload.report["refused"] == {"NO_LAYOUT": 3}
    standards = [selectors.of_case(case) for case in study.cases.all()]
    assert sorted(each.status for each in standards if each)[-2:] == ["diseased", "non_diseased"]
    page = delivery.client.get(f"/studies/{study.pk}/uploads/{upload.pk}/").content.decode()
    assert "T1 with contrast: 10 slices stored" in page
    assert "It is no volume or mask in the folders of a data set" in page
    for text in (page, json.dumps(upload.report)):
        assert "metastasis" not in text
        assert "Quirin" not in text
        assert "100101A" not in text
    left = [each for each in Path(settings.SPOOL_DIR).rglob("*") if each.is_file()]
    assert left == []


def test_an_archive_of_volumes_is_taken_and_a_repeat_changes_nothing(
    delivery: Delivery, study: Study, people: People, tmp_path: Path,
    sign_in: Callable[..., Client],
) -> None:  # fmt: skip
    own(tmp_path)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(each for each in tmp_path.rglob("*") if each.is_file()):
            archive.write(path, path.relative_to(tmp_path))
    before = study.cases.count()
    assert delivery.send(packed.getvalue())["count"] == 6
    first = delivery.finish()
    assert [each["is_taken"] for each in first.report["datasets"]] == [True, True]
    assert (study.cases.count(), first.refused) == (before + 2, 0)
    again = Delivery(sign_in(people.cora), study)
    again.send(packed.getvalue())
    second = again.finish()
    assert (second.stored, second.repeated) == (0, 20)
    assert study.cases.count() == before + 2


def status_of(told: dict[str, Any], study: Study) -> str:
    standard = selectors.of_case(study.cases.get(code=told["words"].split(":")[0]))
    assert standard is not None
    return str(standard.status)


def test_folders_of_one_name_are_cases_of_their_own_and_none_changes_another(
    delivery: Delivery, study: Study, people: People, tmp_path: Path,
    sign_in: Callable[..., Client],
) -> None:  # fmt: skip
    before = study.cases.count()
    for seed, (site, mask) in enumerate({"siteA": True, "siteB": False}.items()):
        volume(tmp_path / "one" / site / "001" / "t1c.nii.gz", seed=seed)
        volume(tmp_path / "one" / site / "001" / "seg.nii.gz", mask=mask)
    delivery.send_folder(tmp_path / "one", tmp_path / "one")
    first = delivery.finish()
    told = first.report["datasets"]
    assert [status_of(each, study) for each in told] == ["diseased", "non_diseased"]
    assert (study.cases.count(), first.stored, first.refused) == (before + 2, 20, 0)

    # later: other images under a name that is there, and for the same T1c what does not fit it
    where = tmp_path / "two" / "siteA" / "001"
    volume(where / "t1c.nii.gz", seed=7)
    volume(where / "seg.nii.gz", mask=False)
    again = Delivery(sign_in(people.cora), study)
    again.send_folder(tmp_path / "two", tmp_path / "two")
    second = again.finish()
    assert (study.cases.count(), second.stored, second.refused) == (before + 3, 10, 0)
    assert status_of(told[0], study) == "diseased", "the first one's standard stays"

    volume(where / "t1c.nii.gz", seed=0)
    (where / "t1c.json").write_text('{"MagneticFieldStrength": 7}')
    altered = Delivery(sign_in(people.cora), study)
    altered.send_folder(tmp_path / "two", tmp_path / "two")
    third = altered.finish()
    (words,) = (each["words"] for each in third.report["datasets"])
    assert "not every slice was stored. 10 of its slices: An instance of this UID" in words
    assert third.report["refused"] == {"ALTERED": 10}
    assert status_of(told[0], study) == "diseased", "no mask of images that were refused"


def test_a_sequence_with_other_images_is_refused_whole(
    study: Study, people: People, tmp_path: Path
) -> None:
    for name, seed in (("t1c", 0), ("flair", 1)):
        volume(tmp_path / "a" / f"{name}.nii.gz", seed=seed)
    (first,) = import_dataset(study, layout="folders", root=tmp_path, by=people.cora)
    assert first.is_taken
    volume(tmp_path / "a" / "flair.nii.gz", seed=2, slices=12)
    volume(tmp_path / "a" / "t1.nii.gz", seed=3)
    (second,) = import_dataset(study, layout="folders", root=tmp_path, by=people.cora)
    assert second.words == "Not taken: its FLAIR is stored already, with other images."
    volume(tmp_path / "a" / "flair.nii.gz", seed=1)
    (third,) = import_dataset(study, layout="folders", root=tmp_path, by=people.cora)
    assert third.words == first.words, "a sequence that comes later joins its examination"
    case = study.cases.get(code=first.words.split(":")[0])
    assert {each.role: each.instances.count() for each in case.examination.series.all()} == {
        "t1c": 10, "t1": 10, "flair": 10,
    }  # fmt: skip


def test_volumes_that_cannot_be_used_are_told_and_the_rest_is_taken(
    delivery: Delivery, study: Study, tmp_path: Path
) -> None:
    volume(tmp_path / "good" / "t1c.nii.gz")
    delivery.send((tmp_path / "good" / "t1c.nii.gz").read_bytes(), "good/t1c.nii.gz")
    delivery.send(b"\x1f\x8b no volume", "bad/t1c.nii.gz")
    delivery.send(b"x", "../../outside/t1c.nii.gz")  # no data set's name: a file as any other
    upload = delivery.finish()
    assert [each["is_taken"] for each in upload.report["datasets"]] == [False, True]
    assert "cannot be read" in upload.report["datasets"][0]["words"]
    assert upload.report["refused"] == {"NOT_DICOM": 1}


def one_case(delivery: Delivery, tmp_path: Path) -> Path:
    """A case with a mask under a patient's name, sent; where its volumes wait."""
    volume(tmp_path / NAME / "t1c.nii.gz")
    volume(tmp_path / NAME / "seg.nii.gz", mask=True)
    delivery.send_folder(tmp_path, tmp_path)
    return store.dataset_folder(Upload.objects.get(pk=delivery.id).pk)


@pytest.mark.parametrize(
    ("where", "fault"),
    [
        ("keep", Problem("imaging.storage", "The object storage does not answer.", status=503)),
        ("keep", RefusedFile(Reason.NO_SPACE)),
        ("keep", MemoryError()),
        ("read", OSError(errno.EIO, "Input/output error", f"/spool/{NAME}/t1c.nii.gz")),
    ],
    ids=["storage", "full", "memory", "disk"],
)
def test_a_fault_that_passes_keeps_the_volumes_and_the_delivery_is_tried_again(
    delivery: Delivery, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    where: str, fault: Exception,
) -> None:  # fmt: skip
    waits = one_case(delivery, tmp_path)
    before = study.cases.count()

    def fails(*_args: Any) -> None:
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(*((store, "keep") if where == "keep" else (nib, "load")), fails)
        upload = delivery.finish()
    assert (upload.state, study.cases.count(), waits.is_dir()) == ("working", before, True)
    perform(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, study.cases.count(), waits.is_dir()) == ("done", before + 1, False)
    assert "images and" in upload.report["datasets"][0]["words"]


def test_e7_a_fault_that_stays_fails_the_delivery_and_names_nobody(
    delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one_case(delivery, tmp_path)

    def fails(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(nib, "load", fails)
    upload = delivery.finish()
    for _ in range(settings.JOB_MAX_ATTEMPTS):
        perform(upload.pk)
    upload.refresh_from_db()
    assert upload.state == "failed"
    assert "the disk or the memory failed" in upload.report["failure"]
    assert "Quirin" not in json.dumps(upload.report)


def test_volumes_for_a_collection_without_a_study_are_refused_and_counted(
    people: People, tmp_path: Path
) -> None:
    upload = services.start_upload(services.create_collection(name="Old"), by=people.cora)
    volume(tmp_path / "t1c.nii.gz")
    with (tmp_path / "t1c.nii.gz").open("rb") as data:
        services.add_file(upload, data, name="a/t1c.nii.gz")
    services.finish_upload(upload)
    upload.refresh_from_db()
    assert (upload.state, upload.refused) == ("done", 1)
    assert upload.report["refused"] == {"NO_STUDY": 1}


def aged(folder: Path, days: float) -> None:
    """As if nothing had been written under a folder for days."""
    then = time.time() - days * 24 * 3600
    for each in (folder, *folder.rglob("*")):
        os.utime(each, (then, then))


def test_e7_what_nobody_ended_is_wiped_from_the_spool_and_the_report_says_so(
    delivery: Delivery,
) -> None:
    delivery.send(b"x", f"{NAME}/t1c.nii.gz".replace(" ", "%20"))
    upload = Upload.objects.get(pk=delivery.id)
    waits = store.dataset_folder(upload.pk)
    long_ago = timezone.now() - timedelta(days=3)
    Upload.objects.filter(pk=upload.pk).update(created_at=long_ago, touched_at=long_ago)
    tasks.sweep()
    assert (waits / NAME / "t1c.nii.gz").exists(), "it is being sent for days"
    aged(waits, 3)
    Upload.objects.filter(pk=upload.pk).update(touched_at=timezone.now())
    tasks.sweep()
    assert waits.exists(), "its other files still come"
    Upload.objects.filter(pk=upload.pk).update(touched_at=long_ago, state="working")
    services.wipe_old_volumes()
    assert waits.exists(), "a worker is about to import it"
    Upload.objects.filter(pk=upload.pk).update(state="receiving")
    tasks.sweep()
    assert not waits.exists()
    ended = delivery.finish()
    assert ended.state == "done"
    assert "were wiped" in ended.report["problems"][0]
    assert Entry.objects.filter(action="imaging.wipe_volumes").count() == 1


def test_e7_what_a_killed_worker_left_of_an_examination_is_wiped(db: None) -> None:
    del db
    left, made = (Path(settings.SPOOL_DIR) / f"dataset-{name}" for name in ("left", "made"))
    for each in (left, made):
        (each / "images" / "t1c").mkdir(parents=True)
        (each / "images" / "t1c" / "1-0000.dcm").write_bytes(NAME.encode())
    aged(left, 0.5)
    tasks.sweep()
    assert (left.exists(), made.exists()) == (False, True)
    shutil.rmtree(made)
