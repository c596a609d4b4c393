"""Images in an S3-compatible storage: a real server process, filled, broken and read back."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.core.files.storage import storages
from django.core.management import CommandError, call_command
from django.test import Client

from readerstudy.imaging import objects, services, store, tokens
from readerstudy.imaging.management.commands import verify_storage
from readerstudy.imaging.models import Instance, Series, Upload
from readerstudy.object_storage import s3_storage
from readerstudy.results import store as results
from readerstudy.studies.models import Study
from readerstudy.web.problems import Problem
from tests import dicom, kept
from tests.cast import People
from tests.integration.imaging.test_compressing import scan

pytestmark = [pytest.mark.django_db, pytest.mark.once]
BUCKET = "readerstudy"
STARTS_WITHIN_S = 180


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server that speaks S3: its address."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                requests.get(url, timeout=30)
                break
            except requests.ConnectionError:
                assert time.monotonic() < end, "the server did not start"
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(STARTS_WITHIN_S)


@pytest.fixture
def bucket(server: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The platform with its images in a bucket of that server; the bucket, as boto3 has it."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    images = s3_storage(BUCKET, endpoint=server, prefix="site")
    settings.STORAGES = {**settings.STORAGES, objects.ALIAS: images}
    made = storages[objects.ALIAS].connection.create_bucket(Bucket=BUCKET)
    yield made
    made.objects.all().delete()
    made.delete()


@pytest.fixture
def study(people: People) -> Study:
    made = kept.draft_study(people, n_cases=0)
    Series.objects.update(pack_sha256="")  # the draft's training case has no files
    return made


def deliver(study: Study, folder: Path) -> Upload:
    dicom.series(folder, count=8)
    return services.import_folder(folder, collection=study.collection, by=None)


def forget() -> None:
    """Another machine: nothing is in its cache."""
    shutil.rmtree(django_settings.STORE_DIR / "images")


def only_series() -> Series:
    return Series.objects.exclude(instances=None).select_related("examination").distinct().get()


def address(series: Series, what: str = "pack") -> str:
    return f"/imaging/{tokens.issue([series.pk], seconds=60)}/series/{series.pk}/{what}"


def served(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def test_what_is_stored_lies_in_the_bucket_and_is_served_from_there(
    bucket: Any, study: Study, client: Client, tmp_path: Path
) -> None:
    assert deliver(study, tmp_path).stored == 8
    series = only_series()
    folder = store.folder_of(series).relative_to(django_settings.STORE_DIR)
    names = {each.key for each in bucket.objects.all()}
    assert len(names) == 8 + 3  # files; pack, thumbnail, metadata
    assert all(each.startswith(f"site/{folder}/") for each in names)
    local = {what: served(client.get(address(series, what))) for what in ("pack", "thumbnail")}
    forget()
    for what, before in local.items():
        answer = client.get(address(series, what))
        assert (answer.status_code, served(answer)) == (200, before), what
    assert client.get(address(series, "frames/3")).status_code == 200
    instance = Instance.objects.select_related("series__examination")[0]
    assert store.sha256(store.path_of(instance)) == instance.sha256
    call_command("verify_storage")


def test_a_compressed_pack_lies_in_the_bucket_too_and_a_damaged_one_is_passed_by(
    bucket: Any, study: Study, client: Client, tmp_path: Path
) -> None:
    scan(tmp_path, ("1.2.3", "1.2.3.4"), range(1, 6))
    services.import_folder(tmp_path, collection=study.collection, by=None)
    assert services.compress_due() == 1
    series = only_series()
    (key,) = [each.key for each in bucket.objects.all() if each.key.endswith("jpeg-ls.pack")]
    small, raw = (
        served(client.get(f"{address(series)}?encoding={each}")) for each in ("jpeg-ls", "raw")
    )
    assert (len(small), len(raw)) == (series.compressed_bytes, series.pack_bytes)
    forget()
    assert served(client.get(f"{address(series)}?encoding=jpeg-ls")) == small
    call_command("verify_storage")
    bucket.Object(key).put(Body=small[:-1] + b"x")
    forget()
    with pytest.raises(CommandError, match="compressed pack"):
        call_command("verify_storage")
    assert served(client.get(f"{address(series)}?encoding=jpeg-ls")) == raw
    call_command("compress_packs", "--again")
    assert served(client.get(f"{address(series)}?encoding=jpeg-ls")) == small


def test_dicomweb_answers_out_of_the_bucket(
    bucket: Any, study: Study, people: People, sign_in: Callable[..., Client], tmp_path: Path
) -> None:
    del bucket
    deliver(study, tmp_path)
    series, cora = only_series(), sign_in(people.cora)
    base = f"/dicomweb/collections/{study.collection_id}/studies/{series.examination.study_uid}"
    one = Instance.objects.filter(series=series)[0]
    places = [
        f"{base}/series/{series.series_uid}/metadata",
        f"{base}/series/{series.series_uid}/instances/{one.sop_uid}/frames/1",
        f"{base}/series/{series.series_uid}/instances/{one.sop_uid}",
    ]
    token = tokens.issue([series.pk], seconds=60)
    places.append(places[1].replace(f"collections/{study.collection_id}", token))
    for place in places:
        forget()
        answer = cora.get(place)
        assert answer.status_code == 200, place
        assert served(answer)


@pytest.mark.fault("A8")
def test_a8_a_damaged_or_missing_object_is_found_and_never_shown(
    bucket: Any, study: Study, client: Client, tmp_path: Path
) -> None:
    deliver(study, tmp_path)
    series = only_series()
    (pack,) = [each.key for each in bucket.objects.all() if each.key.endswith(".pack")]
    whole = bucket.Object(pack).get()["Body"].read()
    for broken in (whole[:-100], whole[:-1] + b"\xff", None):
        if broken is None:
            bucket.Object(pack).delete()
        else:
            bucket.put_object(Key=pack, Body=broken)
        forget()
        answer = client.get(address(series))
        assert (answer.status_code, answer.json()["code"]) == (503, "imaging.damaged")
        with pytest.raises(CommandError, match="pack of series"):
            call_command("verify_storage")
    bucket.put_object(Key=pack, Body=whole)
    assert served(client.get(address(series))) == whole
    # A file of the cache that is not what its row says is fetched anew.
    here = store.pack_place(series)
    here.write_bytes(b"\0" * len(whole))
    assert served(client.get(address(series))) == whole


@pytest.mark.fault("A8")
def test_a8_a_storage_that_is_away_takes_nothing_and_loses_nothing(
    bucket: Any, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dicom.series(tmp_path, count=8)
    upload = services.start_upload(study.collection, by=None)
    first, *rest = sorted(tmp_path.iterdir())
    save = storages[objects.ALIAS].save

    def away(*_given: Any, **_more: Any) -> None:
        raise ConnectionResetError("the storage went away")

    monkeypatch.setattr(storages[objects.ALIAS], "save", away)
    with first.open("rb") as data, pytest.raises(Problem) as refused:
        services.add_file(upload, data)
    assert (refused.value.status, refused.value.code) == (503, "imaging.store")
    assert not Instance.objects.exists()
    assert list(bucket.objects.all()) == []
    monkeypatch.setattr(storages[objects.ALIAS], "save", save)
    for path in (first, *rest):  # the same files again: one state
        with path.open("rb") as data:
            assert services.add_file(upload, data)["state"] == "stored"
    services.finish_upload(upload)
    call_command("verify_storage")


def test_a_crash_before_the_row_is_committed_leaves_an_object_that_a_repeat_replaces(
    bucket: Any, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dicom.series(tmp_path, count=8)
    keep, left = store.keep, [1, 2, 3]

    def killed(source: Path, target: Path) -> None:
        keep(source, target)
        if left.pop() == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(store, "keep", killed)
    with pytest.raises(KeyboardInterrupt):
        services.import_folder(tmp_path, collection=study.collection, by=None)
    assert (len(list(bucket.objects.all())), Instance.objects.count()) == (3, 2)
    monkeypatch.setattr(store, "keep", keep)
    again = services.import_folder(tmp_path, collection=study.collection, by=None)
    assert (again.stored, again.repeated, len(list(bucket.objects.all()))) == (6, 2, 11)


@pytest.mark.parametrize("where", ["bucket", "disk"])
def test_what_no_row_names_is_told_and_wiped_once_it_is_old(
    where: str, study: Study, request: Any, tmp_path: Path, capsys: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if where == "bucket":
        request.getfixturevalue("bucket")
    deliver(study, tmp_path)
    series = only_series()
    folder = store.folder_of(series)
    gone = folder.with_name("0" * 32)  # its series was rolled back
    left = [folder / "cut-off.dcm", gone / "cut-off.dcm"]
    for path in left:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    objects.put(*left)
    call_command("verify_storage", "--wipe-leftovers")
    assert "no row names" not in capsys.readouterr().out, "younger than a day"
    assert all(map(objects.exists, left))
    monkeypatch.setattr(verify_storage, "DAY", -5.0)
    call_command("verify_storage")
    assert "2 files that no row names: left" in capsys.readouterr().out
    call_command("verify_storage", "--wipe-leftovers")
    assert "2 files that no row names: removed" in capsys.readouterr().out
    assert not any(map(objects.exists, left))
    call_command("verify_storage")
    assert "no row names" not in capsys.readouterr().out


def test_frozen_data_and_removal_and_the_cache_are_of_the_bucket_too(
    bucket: Any, study: Study, settings: Any, tmp_path: Path
) -> None:
    folder = results.freeze_folder(study.pk)
    whole = results.write(folder, {"reads.csv": b"a,b\n", "deep/marks.csv": b"c\n"})
    shutil.rmtree(folder)
    assert results.read(folder, whole) == {"reads.csv": b"a,b\n", "deep/marks.csv": b"c\n"}
    assert results.names(results.run_folder(study.pk)) == set()
    objects.remove(folder)
    assert list(bucket.objects.all()) == []
    deliver(study, tmp_path)
    files = [each for each in store.folder_of(only_series()).iterdir() if each.is_file()]
    settings.STORE_CACHE_BYTES = 0
    assert objects.forget_old() == 0, "what was asked for within the hour stays"
    for each in files[:4]:
        os.utime(each, (time.time() - 7200, each.stat().st_mtime))
    assert objects.forget_old() == 4
    call_command("verify_storage")
