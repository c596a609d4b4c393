"""Uploads that resume: large files in chunks by tus 1.0, and what is there already is not sent."""

import base64
import errno
import hashlib
import json
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from readerstudy.imaging import services, store
from readerstudy.imaging.models import Part, Series, Upload
from readerstudy.imaging.services import delivering, parts
from readerstudy.studies.models import Study
from tests import dicom, kept
from tests.cast import People

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
CHUNK = "application/offset+octet-stream"


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


@pytest.fixture
def cora(people: People, sign_in: SignIn) -> Client:
    return sign_in(people.cora)


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for path in dicom.series(tmp_path, count=8):
            made.write(path, path.name)
    return packed.getvalue()


class Sending:
    """A browser that sends one file by tus."""

    def __init__(self, client: Client, study: Study, data: bytes, sha256: str = "") -> None:
        self.client, self.data = client, data
        made = client.post(f"/api/collections/{study.collection_id}/uploads").json()
        self.upload = f"/api/uploads/{made['id']}"
        said = base64.b64encode((sha256 or hashlib.sha256(data).hexdigest()).encode()).decode()
        answer = client.post(
            f"{self.upload}/parts",
            headers={"Upload-Length": str(len(data)), "Upload-Metadata": f"sha256 {said}"},
        )
        assert answer.status_code == 201, answer.content
        assert answer["Tus-Resumable"] == "1.0.0"
        self.address = answer["Location"]

    def there(self) -> int:
        answer = self.client.head(self.address)
        assert answer["Cache-Control"] == "no-store"
        return int(answer["Upload-Offset"])

    def send(self, start: int, end: int, body: Any = None) -> Any:
        return self.client.patch(
            self.address,
            self.data[start:end] if body is None else body,
            content_type=CHUNK,
            headers={"Upload-Offset": str(start)},
        )


def test_a_file_in_chunks_goes_on_where_it_stopped_and_ends_as_if_sent_whole(
    cora: Client, study: Study, archive: bytes
) -> None:
    one, half = Sending(cora, study, archive), len(archive) // 2
    first = one.send(0, half)
    assert (first.status_code, first["Upload-Offset"]) == (204, str(half))
    assert "Readerstudy-Outcome" not in first
    assert one.there() == half  # the tab was closed; another asks
    again = one.send(0, half)
    assert again.status_code == 409
    assert f"{half} bytes are there" in again.json()["detail"]
    last = one.send(half, len(archive))
    assert json.loads(last["Readerstudy-Outcome"]) == {"state": "done", "reason": "", "count": 8}
    upload = Upload.objects.get()
    assert (upload.stored, upload.refused) == (8, 0)
    assert cora.head(one.address).status_code == 404
    assert not list((Path(settings.SPOOL_DIR) / "parts").iterdir())


def test_what_arrived_before_a_connection_broke_stays(
    cora: Client, study: Study, archive: bytes
) -> None:
    one = Sending(cora, study, archive)
    part = Part.objects.select_related("upload__collection").get()
    broken = mock.Mock()
    broken.read.side_effect = [archive[:1000], ConnectionResetError]
    with pytest.raises(ConnectionResetError):
        services.append(part, broken, offset=0)
    assert one.there() == 1000
    assert one.send(1000, len(archive)).status_code == 204
    assert Upload.objects.get().stored == 8


def test_a_file_that_arrived_otherwise_than_it_was_sent_is_wiped_and_told(
    cora: Client, study: Study, archive: bytes
) -> None:
    one = Sending(cora, study, archive)
    spoilt = archive[:500] + b"\0" + archive[501:]
    refused = one.send(0, len(archive), spoilt)
    assert refused.status_code == 460
    assert "send it again" in refused.json()["detail"]
    assert one.client.head(one.address).status_code == 404
    assert Upload.objects.get().received == 0


def test_more_than_was_announced_a_wrong_type_and_a_second_writer_are_refused(
    cora: Client, study: Study, archive: bytes
) -> None:
    one = Sending(cora, study, archive)
    assert one.send(0, 1, archive + b"x").status_code == 413
    assert one.there() == 0
    wrong = cora.patch(one.address, b"x", content_type="text/plain", headers={"Upload-Offset": "0"})
    assert wrong.status_code == 415
    assert cora.post(f"{one.upload}/parts", headers={"Upload-Length": "-1"}).status_code == 400
    with store.part_path(Part.objects.get().pk).open("r+b") as held:
        parts._lock(held)
        assert one.send(0, 10).status_code == 423
    assert one.send(0, 10).status_code == 204


@pytest.mark.fault("A7")
def test_a7_a_disk_that_fills_during_an_upload_is_told_and_heals(
    cora: Client, study: Study, archive: bytes
) -> None:
    one = Sending(cora, study, archive)
    full = OSError(errno.ENOSPC, "No space left on device")
    with mock.patch.object(parts, "_write", side_effect=full):
        refused = one.send(0, 100)
    assert refused.status_code == 507
    assert "disk is full" in refused.json()["detail"]
    assert not list((Path(settings.SPOOL_DIR) / "parts").iterdir())
    whole = f"{one.upload}/files"
    with mock.patch.object(delivering, "_private", side_effect=full):
        put = cora.put(whole, archive, content_type="application/octet-stream")
    assert put.status_code == 507
    assert not [each for each in Path(settings.SPOOL_DIR).iterdir() if each.is_file()]
    with mock.patch.object(delivering.shutil, "disk_usage", return_value=mock.Mock(free=10)):
        said = {"Upload-Length": str(len(archive))}
        assert cora.post(f"{one.upload}/parts", headers=said).status_code == 507
    assert not study.collection.examinations.filter(series__instances__isnull=False).exists()
    assert cora.put(whole, archive, content_type="application/octet-stream").status_code == 200
    assert Upload.objects.get().stored == 8


def test_a_file_that_was_whole_when_a_server_died_is_taken_when_the_delivery_ends(
    cora: Client, study: Study, archive: bytes
) -> None:
    one = Sending(cora, study, archive)
    store.part_path(Part.objects.get().pk).write_bytes(archive)
    assert one.there() == len(archive)
    assert cora.post(f"{one.upload}/finish").status_code == 202
    assert Upload.objects.get().stored == 8
    assert not Part.objects.exists()


def test_what_is_there_already_need_not_be_sent_and_an_open_delivery_is_found(
    cora: Client, study: Study, tmp_path: Path, people: People, sign_in: SignIn
) -> None:
    base = f"/api/collections/{study.collection_id}"
    opened = cora.post(f"{base}/uploads").json()
    paths = dicom.series(tmp_path, count=4)
    for path in paths[:2]:
        cora.put(f"/api/uploads/{opened['id']}/files", path.read_bytes(),
                 content_type="application/octet-stream")  # fmt: skip
    (found,) = cora.get(f"{base}/uploads").json()
    assert (found["id"], found["received"]) == (opened["id"], 2)
    asked = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    answer = cora.post(f"{base}/known", {"sha256": asked}, content_type="application/json")
    assert set(answer.json()["sha256"]) == set(asked[:2])
    bad = cora.post(f"{base}/known", {"sha256": ["x"]}, content_type="application/json")
    assert bad.status_code == 400
    cora.post(f"/api/uploads/{opened['id']}/finish")
    assert cora.get(f"{base}/uploads").json() == []
    for other in (people.rae, people.mallory):
        client = sign_in(other)
        assert client.get(f"{base}/uploads").status_code == 404
        posted = client.post(f"{base}/known", {"sha256": asked}, content_type="application/json")
        assert posted.status_code == 404


def test_what_is_there_already_is_counted_in_the_delivery_that_asks_and_only_once(
    cora: Client, study: Study, tmp_path: Path
) -> None:
    base = f"/api/collections/{study.collection_id}"
    paths = dicom.series(tmp_path, count=4)
    asked = [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]

    def known(upload: str) -> int:
        body = {"sha256": [*asked, "0" * 64], "upload": upload}
        answer = cora.post(f"{base}/known", body, content_type="application/json")
        return len(answer.json()["sha256"]) if answer.status_code == 200 else answer.status_code

    def sent(upload: str, some: list[Path]) -> None:
        for path in some:
            cora.put(f"/api/uploads/{upload}/files", path.read_bytes(),
                     content_type="application/octet-stream")  # fmt: skip

    first = cora.post(f"{base}/uploads").json()["id"]
    sent(first, paths[:2])
    assert known(first) == 2  # after a closed tab: this delivery stored them itself
    sent(first, paths[2:])
    cora.post(f"/api/uploads/{first}/finish")
    one = Upload.objects.get(pk=first)
    assert (one.received, one.stored, one.repeated) == (4, 4, 0)
    assert known(first) == 409

    again = cora.post(f"{base}/uploads").json()["id"]
    assert [known(again), known(again)] == [4, 4]  # the first answer was lost
    series = Series.objects.filter(examination__collection=study.collection).latest("created_at")
    two = Upload.objects.get(pk=again)
    assert (two.received, two.stored, two.repeated) == (4, 0, 4)
    assert two.report["series"] == {str(series.pk): {"stored": 0, "repeated": 4}}
    other = services.start_upload(services.create_collection(name="another"), by=None)
    assert known(str(other.pk)) == 404
    assert known(str(uuid4())) == 404


def test_what_nobody_went_on_sending_is_wiped(cora: Client, study: Study, archive: bytes) -> None:
    one = Sending(cora, study, archive)
    one.send(0, 100)
    assert services.wipe_old_parts() == 0
    Part.objects.update(created_at=timezone.now() - parts.KEPT * 2)
    assert services.wipe_old_parts() == 1
    assert not list((Path(settings.SPOOL_DIR) / "parts").iterdir())
