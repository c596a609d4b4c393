"""Images by a reader's token: answered at the door, and no otherwise than the platform does."""

import errno
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core import signals
from django.db import OperationalError, close_old_connections
from django.db.backends.utils import CursorWrapper
from django.test import RequestFactory

from readerstudy import wsgi
from readerstudy.imaging import door, packs, services, store, tokens
from readerstudy.imaging.models import Examination, Instance, Series
from tests import dicom
from tests.integration.imaging.test_dicomweb import uids
from tests.integration.imaging.test_stow import MULTIPART, body

pytestmark = pytest.mark.django_db
NAMES = (
    "cache-control", "etag", "x-content-type-options", "referrer-policy",
    "cross-origin-opener-policy", "strict-transport-security", "x-accel-redirect", "retry-after",
)  # fmt: skip


@dataclass(frozen=True)
class Heard:
    """An answer, comparable: without its boundary."""

    status: int
    kind: str
    body: bytes
    headers: dict[str, str]


def ask(application: Any, address: str, data: bytes = b"", **headers: str) -> Heard:
    """Ask a WSGI application, as a server does; with data, send it."""
    make = RequestFactory()
    request = make.post(address, data, MULTIPART, headers=headers) if data else (
        make.get(address, headers=headers)
    )  # fmt: skip
    environ = request.environ
    told: dict[str, Any] = {}

    def start(status: str, named: list[tuple[str, str]], _error: Any = None) -> None:
        told.update(status=int(status[:3]), headers={k.lower(): v for k, v in named})

    answer = application(environ, start)
    content = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    kind = told["headers"].get("content-type", "")
    boundary = kind.partition("boundary=")[2] or "none"
    kept = {name: told["headers"][name] for name in NAMES if name in told["headers"]}
    if told["status"] == 200:
        assert told["headers"].get("content-length", str(len(content))) == str(len(content))
    return Heard(
        told["status"],
        kind.partition("boundary")[0],
        content.replace(boundary.encode(), b"-"),
        kept,
    )


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Requests of a server close the connection that the test's transaction is on."""
    monkeypatch.setattr(door, "close_old_connections", lambda: None)
    for signal in (signals.request_started, signals.request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (signals.request_started, signals.request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def examination(tmp_path: Path) -> Examination:
    study = dicom.generate_uid(prefix=None)
    for name in ("T1 MPRAGE post KM", "FLAIR"):
        dicom.series(tmp_path / name, description=name, study=study, count=3)
    made = services.create_collection(name="images")
    services.import_folder(tmp_path, collection=made, by=None)
    door._places.cache_clear()
    return Examination.objects.get()


def test_a_frame_by_token_is_answered_early_and_as_the_long_way_answers_it(
    examination: Examination,
    django_assert_num_queries: Callable[..., AbstractContextManager[object]],
) -> None:
    series, other = examination.series.all()[:2]
    study_uid, series_uid, sop_uid = uids(series)
    token = tokens.issue([str(series.pk)], seconds=60)
    late = tokens.issue([str(series.pk)], seconds=-1)
    end = f"studies/{study_uid}/series/{series_uid}/instances/{sop_uid}/frames"
    foreign = f"studies/{study_uid}/series/{other.series_uid}/instances/{uids(other)[2]}/frames/1"
    requests: list[tuple[str, dict[str, str]]] = [
        (f"/dicomweb/{token}/{end}/1", {}),
        (f"/dicomweb/{token}/{end}/1", {"Accept": "application/octet-stream"}),
        (f"/dicomweb/{token}/{end}/1,1", {}),
        (f"/dicomweb/{token}/{end}/1?accept=application/octet-stream", {}),
        (f"/dicomweb/{token}/{end}/1,1", {"Accept": "application/octet-stream"}),
        (f"/dicomweb/{token}/{end}/1", {"Accept": "image/png"}),
        (f"/dicomweb/{token}/{end}/2", {}),
        (f"/dicomweb/{token}/{foreign}", {}),
        (f"/dicomweb/{late}/{end}/1", {}),
        (f"/dicomweb/{token[:-2]}xx/{end}/1", {}),
        (f"/dicomweb/{token}/{end.replace(sop_uid, '1.2.3')}/1", {}),
    ]
    early = [ask(wsgi.application, address, **headers) for address, headers in requests]
    assert early == [ask(wsgi.platform, address, **headers) for address, headers in requests]
    assert [each.status for each in early] == [200, 200, 200, 200, 406, 406] + 5 * [404]
    with django_assert_num_queries(0):  # where it lies is known; what it opens is in the token
        ask(wsgi.application, requests[0][0])


def test_a_frame_of_a_file_that_was_written_anew_is_the_new_one_or_goes_the_long_way(
    examination: Examination,
) -> None:
    instance = Instance.objects.filter(series=examination.series.all()[0]).select_related(
        "series__examination"
    )[0]
    series = instance.series
    token = tokens.issue([str(series.pk)], seconds=60)
    address = (
        f"/dicomweb/{token}/studies/{examination.study_uid}/series/{series.series_uid}"
        f"/instances/{instance.sop_uid}/frames/1"
    )
    before = ask(wsgi.application, address)
    path, offset = store.path_of(instance), instance.pixel_offset or 0
    data = path.read_bytes()
    path.write_bytes(data[:offset] + bytes(len(data) - offset))
    air = ask(wsgi.application, address)
    assert (air.status, air == before) == (200, False)
    path.write_bytes(data[:200] + bytes(2) + data[200:])  # its head grew: the offset is another
    assert door.early(RequestFactory().get(address).environ) is None
    path.unlink()
    assert door.early(RequestFactory().get(address).environ) is None


def test_a_pack_by_token_is_answered_early_and_as_the_long_way_answers_it(
    examination: Examination, settings: Any
) -> None:
    series, other = examination.series.all()[:2]
    token = tokens.issue([str(series.pk)], seconds=60)
    late = tokens.issue([str(series.pk)], seconds=-1)
    address = f"/imaging/{token}/series/{series.pk}/pack"
    known = {"If-None-Match": ask(wsgi.application, address).headers["etag"]}
    requests: list[tuple[str, dict[str, str]]] = [
        (address, {}),
        (f"{address}?encoding=raw", {}),
        (address, known),
        (f"{address}?encoding=htj2k", {}),
        (address.replace(str(series.pk), str(other.pk)), {}),
        (address.replace(token, late), {}),
        (address.replace(token, f"{token[:-2]}xx"), {}),
    ]
    for prefix in ("", "/protected/"):
        settings.X_ACCEL_PREFIX = prefix
        early = [ask(wsgi.application, where, **headers) for where, headers in requests]
        assert early == [ask(wsgi.platform, where, **headers) for where, headers in requests]
        assert [each.status for each in early] == [200, 200, 304, 400, 404, 404, 404]
        assert early[0].body[:4] == (b"" if prefix else packs.MAGIC)
        assert ("x-accel-redirect" in early[0].headers) == bool(prefix)
    path = store.pack_path(series)
    path.write_bytes(path.read_bytes()[:-1])  # A8: nothing of half a series
    assert ask(wsgi.application, address).status == 503


def test_metadata_by_token_is_answered_early_and_as_the_long_way_answers_it(
    examination: Examination,
) -> None:
    series, other = examination.series.all()[:2]
    study_uid, series_uid, _ = uids(series)
    token = tokens.issue([str(series.pk)], seconds=60)
    late = tokens.issue([str(series.pk)], seconds=-1)
    address = f"/dicomweb/{token}/studies/{study_uid}/series/{series_uid}/metadata"
    requests: list[tuple[str, dict[str, str]]] = [
        (address, {}),
        (address, {"Accept": "application/json"}),
        (address, {"Host": "testserver:8080"}),
        (address, {"Accept": "image/png"}),
        (address, {"Host": "elsewhere.example"}),
        (address.replace(series_uid, other.series_uid), {}),
        (address.replace(token, late), {}),
    ]
    early = [ask(wsgi.application, where, **headers) for where, headers in requests]
    assert early == [ask(wsgi.platform, where, **headers) for where, headers in requests]
    assert [each.status for each in early] == [200, 200, 200, 406, 400, 404, 404]
    path = store.metadata_path(series)  # written anew, as after defacing: what is there counts
    path.write_bytes(path.read_bytes().replace(b"ORIGINAL", b"Original"))
    assert ask(wsgi.application, address) == ask(wsgi.platform, address) != early[0]
    environ = RequestFactory().get(address).environ
    assert door.early(environ) is not None
    path.unlink()
    assert door.early(environ) is None
    Series.objects.filter(pk=series.pk).update(pack_sha256="")  # an image came since
    assert ask(wsgi.application, address).status == 200


def test_where_database_or_disk_fails_the_long_way_answers(
    examination: Examination, monkeypatch: pytest.MonkeyPatch
) -> None:
    series = examination.series.all()[0]
    study_uid, series_uid, sop_uid = uids(series)
    token = tokens.issue([str(series.pk)], seconds=60)
    end = f"studies/{study_uid}/series/{series_uid}/instances/{sop_uid}/frames/1"
    addresses = (f"/dicomweb/{token}/{end}", f"/imaging/{token}/series/{series.pk}/pack")

    def is_down(*_args: Any) -> None:
        raise OperationalError("the database is gone")

    def fails(*_args: Any) -> None:
        raise OSError(errno.EIO, "the disk")

    with monkeypatch.context() as broken:
        broken.setattr(CursorWrapper, "execute", is_down)
        for address in addresses:
            told = ask(wsgi.application, address)
            assert (told.status, told.headers["retry-after"] > "0") == (503, True)
            assert b'"unavailable"' in told.body
    for name, part, address in (("pread", door.os, addresses[0]), ("_Chunks", door, addresses[1])):
        with monkeypatch.context() as broken:
            broken.setattr(part, name, fails)
            told = ask(wsgi.application, address)
        assert (told.status, told == ask(wsgi.platform, address)) == (200, True)


def test_over_http_nothing_is_answered_that_must_come_over_https(
    examination: Examination, settings: Any
) -> None:
    series = examination.series.all()[0]
    token = tokens.issue([str(series.pk)], seconds=60)
    environ = RequestFactory().get(f"/imaging/{token}/series/{series.pk}/pack").environ
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert door.early(environ) is None
    settings.X_ACCEL_PREFIX = "/protected/"
    assert door.early({**environ, "HTTP_X_FORWARDED_PROTO": "https"}) is not None


def test_what_a_sender_sends_is_answered_at_the_door_as_in_the_platform(
    examination: Examination, tmp_path: Path
) -> None:
    collection = examination.collection
    sender, token = services.add_sender(collection, name="PACS", by=None)
    address = f"/dicomweb/collections/{collection.pk}/studies"
    good = body(dicom.save(dicom.image(), tmp_path / "a").read_bytes())
    key = {"Authorization": f"Bearer {token}"}
    first = ask(wsgi.application, address, good, **key)
    assert (first.status, Instance.objects.filter(series__examination=examination).count()) == (
        200, 6,
    )  # fmt: skip
    requests: list[tuple[str, bytes, dict[str, str]]] = [
        (address, good, key),
        (f"{address}/1.2.3.99", good, key),
        (address, body(b"hello"), key),
        (address, good[:300], key),
        (address, good, key | {"Authorization": "Bearer nonsense"}),
        (address, good, {}),
        (address.replace(str(collection.pk), str(examination.pk)), good, key),
        (address, good, key | {"Host": "elsewhere.example"}),
    ]
    early = [ask(wsgi.application, where, data, **headers) for where, data, headers in requests]
    assert early == [
        ask(wsgi.platform, where, data, **headers) for where, data, headers in requests
    ]
    assert [each.status for each in early] == [200, 409, 409, 400, 401, 401, 404, 400]
    services.end_sender(sender, by=None)
    assert ask(wsgi.application, address, good, **key).status == 401
