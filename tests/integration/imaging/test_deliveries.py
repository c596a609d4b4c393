"""A delivery is finished by a worker: the browser only says that all was sent, and asks."""

from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from unittest import mock

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.imaging import services
from readerstudy.imaging.models import Upload
from readerstudy.imaging.services import delivering, finishing
from readerstudy.studies.models import Study
from readerstudy.web.problems import Problem
from tests import dicom, kept
from tests.cast import People

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
Sent = list[str]


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """The ids that were sent to workers."""
    ids: Sent = []
    monkeypatch.setattr(
        finishing.app, "send_task", lambda _task, args, **_options: ids.extend(args)
    )
    return ids


def delivered(client: Client, study: Study, folder: Path) -> Upload:
    """One series, sent file by file as a page does."""
    answer = client.post(f"/api/collections/{study.collection_id}/uploads")
    address = f"/api/uploads/{answer.json()['id']}"
    for path in sorted(folder.rglob("*.dcm")) or dicom.series(folder):
        body = path.read_bytes()
        done = client.put(f"{address}/files", body, content_type="application/octet-stream")
        assert done.json()["state"] in {"stored", "repeated"}, done.content
    return Upload.objects.get(pk=answer.json()["id"])


def test_a_browser_says_all_is_sent_and_a_worker_does_the_rest(
    study: Study, people: People, sign_in: SignIn, sent: Sent, tmp_path: Path,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:  # fmt: skip
    client = sign_in(people.cora)
    upload = delivered(client, study, tmp_path)
    address = f"/api/uploads/{upload.pk}"
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"{address}/finish")
    assert (answer.status_code, answer.json()["state"]) == (202, "working")
    assert sent == [str(upload.pk)]
    (waiting,) = study.collection.examinations.filter(ready_at=None)
    services.perform(upload.pk)
    told = client.get(address).json()
    assert (told["state"], told["report"]["ready"]) == ("done", [1, 1])
    waiting.refresh_from_db()
    assert waiting.ready_at is not None
    assert client.post(f"{address}/finish").json()["state"] == "done"
    assert Entry.objects.filter(action="imaging.finish_upload").count() == 1
    assert Entry.objects.get(action="imaging.end_upload").actor == people.cora.username


@pytest.mark.fault("B1")
def test_a_delivery_whose_worker_died_is_taken_up_when_its_lease_lapses(
    study: Study, people: People, sign_in: SignIn, sent: Sent, tmp_path: Path
) -> None:
    upload = delivered(sign_in(people.cora), study, tmp_path)
    services.end_upload(upload, by=people.cora)
    died = mock.patch.object(finishing, "_work", side_effect=KeyboardInterrupt)
    with died, pytest.raises(KeyboardInterrupt):
        services.perform(upload.pk)
    assert services.wake_up() == 0  # its lease still runs
    later = timezone.now() + finishing.LEASE + timedelta(seconds=1)
    with mock.patch("django.utils.timezone.now", return_value=later):
        assert services.wake_up() == 1
        services.perform(upload.pk)
    upload.refresh_from_db()
    assert (upload.state, upload.attempt) == (Upload.State.DONE, 2)


@pytest.mark.fault("B7")
def test_a_delivery_that_fails_three_times_says_why_and_keeps_its_files(
    study: Study, people: People, sign_in: SignIn, sent: Sent, tmp_path: Path
) -> None:
    client = sign_in(people.cora)
    upload = delivered(client, study, tmp_path)
    services.end_upload(upload, by=people.cora)
    with mock.patch.object(finishing, "make_ready", side_effect=OSError("disk full")):
        for _ in range(3):
            services.perform(upload.pk)
    told = client.get(f"/api/uploads/{upload.pk}").json()
    assert told["state"] == "failed"
    assert "disk full" in told["report"]["failure"]
    refused = client.post(f"/api/uploads/{upload.pk}/finish")
    assert refused.status_code == 409
    assert "Send the files again" in refused.json()["detail"]
    again = delivered(client, study, tmp_path)
    services.finish_upload(again)
    assert (again.state, again.repeated) == (Upload.State.DONE, 10)


def test_a_worker_that_comes_second_changes_nothing(
    study: Study, people: People, sign_in: SignIn, sent: Sent, tmp_path: Path
) -> None:
    upload = delivered(sign_in(people.cora), study, tmp_path)
    services.finish_upload(upload)
    services.perform(upload.pk)
    services.finish_upload(upload)
    assert Entry.objects.filter(action="imaging.finish_upload").count() == 1


def test_a5_somebody_elses_delivery_is_unknown(
    study: Study, people: People, sign_in: SignIn, sent: Sent, tmp_path: Path
) -> None:
    upload = delivered(sign_in(people.cora), study, tmp_path)
    for other in (people.mallory, people.rae):
        assert sign_in(other).get(f"/api/uploads/{upload.pk}").status_code == 404
    with pytest.raises(Problem):
        services.add_file(services.finish_upload(upload), mock.Mock())


def test_a_file_that_is_too_large_is_refused_and_leaves_nothing(
    study: Study, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "MAX_FILE_BYTES", 1000)
    upload = services.start_upload(study.collection, by=people.cora)
    with pytest.raises(Problem) as refused:
        services.add_file(upload, BytesIO(b"x" * 1001))
    assert refused.value.status == 413
    assert not list(Path(settings.SPOOL_DIR).glob("*"))
    upload.refresh_from_db()
    assert upload.received == 0
