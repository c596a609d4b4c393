"""STOW-RS: what is stored, in which delivery, who may send, and what is answered."""

import errno
import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicomweb_client import DICOMwebClient
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from requests import HTTPError

from readerstudy.audit.models import Entry
from readerstudy.imaging import deidentify, services, store, tasks
from readerstudy.imaging.models import Examination, Instance, Series, Upload
from readerstudy.imaging.services import finishing, standing
from readerstudy.imaging.services.standing import OLDEST, QUIET
from readerstudy.studies.models import Study
from tests import dicom, factories, kept, wire
from tests.cast import People

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
MULTIPART = 'multipart/related; type="application/dicom"; boundary=part'


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


def sender(study: Study, **options: Any) -> DICOMwebClient:
    _, token = services.add_sender(study.collection, name="Vendor", by=None, **options)
    session = wire.session(Authorization=f"Bearer {token}")
    base = f"{wire.HOST}/dicomweb/collections/{study.collection_id}"
    return DICOMwebClient(base, session=session)


def ended() -> Upload:
    """The one delivery, once its sender was quiet for long enough."""
    Upload.objects.update(touched_at=timezone.now() - 2 * QUIET)
    assert services.end_quiet() == 1
    return Upload.objects.get()


def test_a_sender_stores_by_its_token_and_what_it_sent_becomes_ready(
    study: Study, tmp_path: Path
) -> None:
    web = sender(study, may_read=True)
    images = [pydicom.dcmread(each) for each in dicom.series(tmp_path)]
    answer = web.store_instances(images)
    stored = [item.ReferencedSOPInstanceUID for item in answer.ReferencedSOPSequence]
    assert "FailedSOPSequence" not in answer
    assert set(stored) == set(Instance.objects.values_list("sop_uid", flat=True))
    upload = ended()
    assert (upload.source, upload.stored, upload.state) == ("stow", 10, Upload.State.WORKING)
    services.perform(upload.pk)
    patient = Instance.objects.all()[0].series.examination.patient
    (study_found,) = web.search_for_studies(search_filters={"PatientID": patient})
    assert study_found["00201208"]["Value"] == [10]
    again = web.store_instances(images, study_instance_uid=images[0].StudyInstanceUID)
    assert len(again.ReferencedSOPSequence) == 10
    assert Instance.objects.count() == 10


def test_files_of_a_request_each_are_one_delivery_until_their_sender_is_quiet(
    study: Study, tmp_path: Path
) -> None:
    web = sender(study)
    images = [pydicom.dcmread(each) for each in dicom.series(tmp_path, count=4)]
    for each in images[:2]:
        web.store_instances([each])
    assert services.end_quiet() == 0  # something came a moment ago
    web.store_instances([images[2]])
    first = ended()
    assert (first.stored, first.state) == (3, Upload.State.WORKING)
    (series,) = Series.objects.filter(instances__isnull=False).distinct()
    assert first.report["series"] == {str(series.pk): {"stored": 3, "repeated": 0}}
    web.store_instances([images[3]])  # the delivery that this process knew is over
    second = Upload.objects.exclude(pk=first.pk).get()
    assert (second.stored, second.state) == (1, Upload.State.RECEIVING)
    entries = Entry.objects.filter(action__startswith="imaging.")
    assert [(each.action, each.object) for each in entries.order_by("number")[1:]] == [
        ("imaging.start_upload", f"upload:{first.pk}"),
        ("imaging.end_upload", f"upload:{first.pk}"),
        ("imaging.start_upload", f"upload:{second.pk}"),
    ]
    first.refresh_from_db()
    assert first.stored == 3


def test_the_delivery_of_a_sender_that_never_rests_is_ended_once_it_is_old(
    study: Study, tmp_path: Path
) -> None:
    web = sender(study)
    one, other = (pydicom.dcmread(each) for each in dicom.series(tmp_path, count=2))
    web.store_instances([one])
    Upload.objects.update(created_at=timezone.now() - OLDEST / 2)
    assert services.end_quiet() == 0
    Upload.objects.update(created_at=timezone.now() - 2 * OLDEST)
    web.store_instances([one])  # a repeat: something came a moment ago
    assert services.end_quiet() == 1
    first = Upload.objects.get()
    assert (first.state, first.received) == (Upload.State.WORKING, 2)
    web.store_instances([other])
    second = Upload.objects.exclude(pk=first.pk).get()
    assert (second.state, second.stored, services.end_quiet()) == (Upload.State.RECEIVING, 1, 0)


def test_what_comes_while_its_delivery_is_ended_is_packed_by_another(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = sender(study)
    one, other = (pydicom.dcmread(each) for each in dicom.series(tmp_path, count=2))
    web.store_instances([one])
    first = ended()
    monkeypatch.setattr(standing, "is_open", lambda _upload: True)  # asked an instant before
    web.store_instances([other])
    late = Upload.objects.exclude(pk=first.pk).get()
    assert (late.state, late.stored) == (Upload.State.WORKING, 0)
    assert late.report["series"].keys() == first.report["series"].keys()
    first.refresh_from_db()
    assert first.stored == 2  # its count is where the file was counted


def test_a_file_that_comes_while_its_delivery_is_worked_on_is_in_its_report_and_its_record(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = sender(study)
    images = [pydicom.dcmread(each) for each in dicom.series(tmp_path, count=3)]
    late = pydicom.dcmread(dicom.series(tmp_path / "late", count=1)[0])
    web.store_instances(images)
    first = ended()
    make_ready = finishing.make_ready

    def meanwhile(examination: Examination) -> list[str]:
        with monkeypatch.context() as patch:
            patch.setattr(standing, "is_open", lambda _upload: True)  # asked an instant before
            web.store_instances([late])
        return make_ready(examination)

    monkeypatch.setattr(finishing, "make_ready", meanwhile)
    services.perform(first.pk)
    first.refresh_from_db()
    assert (first.state, first.stored, len(first.report["series"])) == (Upload.State.DONE, 4, 2)
    assert (first.report["ready"], first.report["problems"]) == ([1, 1], [])
    entry = Entry.objects.get(action="imaging.finish_upload", object=f"upload:{first.pk}")
    assert entry.detail["stored"] == 4


def test_what_was_not_committed_is_not_acknowledged_and_can_be_sent_again(
    study: Study, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = services.add_sender(study.collection, name="PACS", by=None)
    address = f"/dicomweb/collections/{study.collection_id}/studies"
    files = [each.read_bytes() for each in dicom.series(tmp_path, count=3)]

    def store() -> Any:
        return client.post(
            address, body(*files), content_type=MULTIPART,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip

    def fails(*_args: Any) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as broken:
        broken.setattr(services.Tally, "write", fails)  # the last thing of the transaction
        assert store().status_code == 500
    mine = Instance.objects.filter(series__examination__collection=study.collection)
    sent = Upload.objects.filter(collection=study.collection)
    assert (mine.count(), sent.filter(stored__gt=0).count()) == (0, 0)
    assert store().status_code == 200
    assert (mine.count(), sent.get(stored__gt=0).stored) == (3, 3)


class Lost(Exception):
    """What PostgreSQL's driver raises for a deadlock."""

    sqlstate = "40P01"


def test_files_whose_transaction_lost_a_race_are_kept_by_another(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web, write, calls = sender(study), services.Tally.write, []

    def loses_once(tally: services.Tally) -> bool:
        is_open = write(tally)
        calls.append(tally)
        if len(calls) == 1:
            raise OperationalError("deadlock detected") from Lost()
        return is_open

    monkeypatch.setattr(services.Tally, "write", loses_once)
    files = dicom.series(tmp_path, count=3)
    answer = web.store_instances([pydicom.dcmread(each) for each in files])
    assert (len(answer.ReferencedSOPSequence), len(calls)) == (3, 2)
    assert all(store.path_of(each).is_file() for each in Instance.objects.all())
    upload = Upload.objects.get()
    assert (upload.received, upload.stored, Instance.objects.count()) == (3, 3, 3)
    assert not [each for each in store.spool_file().parent.iterdir() if each.is_file()]


@pytest.mark.fault("E7")
def test_e7_a_cleaning_that_breaks_and_a_process_that_died_leave_nothing_in_the_spool(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(_source: Path, clean: Path, **_how: Any) -> None:
        clean.write_bytes(b"half")
        raise OSError("the disk is gone")

    monkeypatch.setattr(standing, "cleaned", breaks)
    batch = services.Batch(study.collection, lambda: pytest.fail("nothing is kept"))
    with pytest.raises(OSError, match="gone"):
        batch.add(BytesIO(b"a file"))
    spool = store.spool_file().parent
    assert not [each for each in spool.iterdir() if each.is_file()]
    left, arriving = store.spool_file(), store.spool_file()
    for each in (left, arriving):
        each.write_bytes(b"identified")
    os.utime(left, (1, 1))
    tasks.sweep()
    assert [each for each in spool.iterdir() if each.is_file()] == [arriving]
    arriving.unlink()


def body(*parts: bytes) -> bytes:
    head = b"--part\r\nContent-Type: application/dicom\r\n\r\n"
    return b"".join(head + each + b"\r\n" for each in parts) + b"--part--\r\n"


@pytest.mark.fault("A7")
@pytest.mark.parametrize("is_folder", [False, True])
def test_a7_a_repeat_within_a_batch_of_a_file_that_found_no_space_is_not_acknowledged(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_folder: bool
) -> None:
    """Of [A, A, B] neither A is there, whether its bytes or the folder's names found no space."""
    web, sync = sender(study), os.fsync
    one, other = (
        pydicom.dcmread(each)
        for each in (dicom.series(tmp_path / each, count=1)[0] for each in "ab")
    )
    key = bytes(study.collection.uid_key)
    lost = store.instance_path(tmp_path, deidentify.map_uid(one.SOPInstanceUID, key)).name

    def full(opened: int) -> None:
        place = Path(os.readlink(f"/proc/self/fd/{opened}"))  # noqa: PTH115 -- no path: a number
        if (place / lost).exists() if is_folder else place.name == lost:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(opened)

    before = Series.objects.count()
    monkeypatch.setattr(os, "fsync", full)
    answer = web.store_instances([one, one, other])
    assert [each.FailureReason for each in answer.FailedSOPSequence] == [0xA700, 0xA700]
    (stored,) = Instance.objects.all()
    assert [each.ReferencedSOPInstanceUID for each in answer.ReferencedSOPSequence] == [
        stored.sop_uid
    ]
    assert Series.objects.count() == before + 1
    kept = store.folder_of(stored.series).parent.rglob("*.dcm")
    assert list(kept) == [store.path_of(stored)]
    upload = Upload.objects.get()
    assert (upload.stored, upload.report["refused"]) == (1, {"NO_SPACE": 2})


def test_a_body_in_chunks_without_a_length_is_taken_whole(
    study: Study, client: Client, tmp_path: Path
) -> None:
    """As Orthanc sends it; granian ends `wsgi.input` where the chunks end."""
    _, token = services.add_sender(study.collection, name="PACS", by=None)
    data = BytesIO(body(dicom.save(dicom.image(), tmp_path / "a").read_bytes()))
    answer = client.generic(
        "POST",
        f"/dicomweb/collections/{study.collection_id}/studies",
        headers={"Authorization": f"Bearer {token}", "Transfer-Encoding": "chunked"},
        **{"wsgi.input": data, "CONTENT_TYPE": MULTIPART},
    )
    assert answer.status_code == 200, answer.content
    assert Instance.objects.count() == 1


def test_who_may_not_send_to_a_collection_cannot(
    study: Study, people: People, sign_in: SignIn, tmp_path: Path
) -> None:
    address = f"/dicomweb/collections/{study.collection_id}/studies"
    good = body(dicom.save(dicom.image(), tmp_path / "a").read_bytes())

    def store(client: Client, **headers: str) -> int:
        return client.post(address, good, content_type=MULTIPART, headers=headers).status_code

    assert store(Client()) == 401
    assert store(Client(), Authorization="Bearer nonsense") == 401
    other, token = services.add_sender(
        factories.other_study(people).collection, name="Elsewhere", by=None
    )
    assert store(Client(), Authorization=f"Bearer {token}") == 404
    services.end_sender(other, by=people.ada)
    assert store(Client(), Authorization=f"Bearer {token}") == 401
    for stranger in (people.rae, people.mallory):
        assert store(sign_in(stranger)) == 404
        assert sign_in(stranger).get(address).status_code == 404
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(people.cora, backend="django.contrib.auth.backends.ModelBackend")
    assert store(strict) == 403
    assert store(sign_in(people.cora)) == 200
    assert sign_in(people.cora).get(address).status_code == 200
    with pytest.raises(HTTPError, match="403"):
        sender(study).search_for_studies()
