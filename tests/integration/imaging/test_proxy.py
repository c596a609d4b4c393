"""nginx as docs/nginx.conf sets it up: what it sends by a token that it has checked itself."""

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pydicom
import pytest
import requests
from django.db import transaction
from django.utils import timezone

from readerstudy.imaging import grants, links, packs, services, store, tokens
from readerstudy.imaging.models import EndedGrant, Series
from readerstudy.web.problems import Unknown
from tests.integration.imaging.proxied import (
    ALIKE,
    SINGLE,
    Proxy,
    frame_of,
    issue,
    metadata_of,
    pack_of,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.nginx]


def test_the_proxy_sends_what_the_platform_would_send_without_asking_it(
    proxy: Proxy, series: list[Series], settings: Any
) -> None:
    token = issue(*series[:2])
    for one in series[:2]:
        for path in (pack_of(token, one), f"{pack_of(token, one)}?encoding=raw"):
            answer, asked = proxy.get(path)
            assert (answer.status_code, asked) == (200, False), path
            settings.X_ACCEL_PREFIX = ""
            said = proxy.long_way(path, Host="127.0.0.1")
            settings.X_ACCEL_PREFIX = "/protected/"
            assert (said.status_code, answer.content) == (200, said.content)
            for name in ALIKE:
                assert answer.headers.get(name) == said.headers.get(name), name
            assert answer.headers["Strict-Transport-Security"]
    answer, asked = proxy.get(metadata_of(token, series[0]))  # which costs less there than here
    listed = answer.json()
    assert (len(listed), asked) == (3, True)
    for each in listed:
        assert each["7FE00010"]["BulkDataURI"].startswith(f"http://127.0.0.1/dicomweb/{token}/")
    assert proxy.get(pack_of(token, series[0]))[0].content[:4] == packs.MAGIC


@pytest.mark.once
def test_what_a_token_does_not_open_is_never_sent(proxy: Proxy, series: list[Series]) -> None:
    mine, other = series[0], series[1]
    token, others = issue(mine), issue(other)
    signed, end, mark = token.split("~")
    forged = [
        f"{signed}~{int(end) + 9}~{mark}",  # a later end
        f"{signed}~{end}~{mark[:-2]}xx",
        f"{signed[:-2]}xx~{end}~{mark}",  # a signature of nobody's
        f"{others.split('~')[0]}~{end}~{mark}",  # another's signature under my mark
        f"{signed}~{end}~{others.split('~')[2]}",
    ]
    for bad in forged:
        for make in (pack_of, metadata_of, frame_of):
            answer, asked = proxy.get(make(bad, mine))
            assert (answer.status_code, asked) == (404, True), make
            with pytest.raises(Unknown):
                grants.read(bad)
    for make in (pack_of, metadata_of, frame_of):
        answer, asked = proxy.get(make(token, other))
        assert (answer.status_code, asked) == (404, True), make


@pytest.mark.once
def test_paths_that_climb_or_name_other_files_find_nothing(
    proxy: Proxy, series: list[Series]
) -> None:
    token, pk = issue(series[0]), series[0].pk
    grant = tokens.signature(token)
    folder = store.folder_of(series[0]).relative_to(store.settings.STORE_DIR)
    for path in (
        f"/imaging/{token}/series/{pk}/raw.pack", f"/imaging/{token}/series/{pk}/metadata.json",
        f"/imaging/{token}/series/..%2f{grant}%2f{pk}/pack",
        f"/imaging/{token}/series/{pk}/..%2f..%2f{pk}/pack",
        f"/imaging/%2e%2e/{grant}/series/{pk}/pack",
        f"/grants/{grant}/{pk}/raw.pack", f"/protected/{folder}/raw.pack",
        f"/protected/grants/{grant}/{pk}/raw.pack",
        f"/dicomweb/{token}/studies/..%2f{grant}/series/{pk}/metadata",
    ):  # fmt: skip
        made = requests.Request("GET", "http://proxy").prepare()
        made.url = proxy.url + path  # as it is: nothing is tidied up on the way
        answer = requests.Session().send(made, timeout=30)
        assert answer.status_code in {400, 404}, path
        assert packs.MAGIC not in answer.content
    whole, asked = proxy.get(f"/imaging/{token}/series/../series/{pk}/pack")
    assert (whole.status_code, asked) == (200, False)  # which is its own address, tidied up


def test_a_token_ends_in_the_proxy_when_it_ends_in_the_platform(
    proxy: Proxy, series: list[Series]
) -> None:
    token = issue(series[0], seconds=8)  # as long as a busy machine may take for what follows
    paths = [make(token, series[0]) for make in (pack_of, metadata_of, frame_of)]
    for path in paths:
        assert proxy.get(path)[0].status_code == 200
    time.sleep(max(0.0, int(token.split("~")[1]) + 1.1 - time.time()))
    assert (links.root() / tokens.signature(token)).exists()
    for path in paths:
        answer, asked = proxy.get(path)
        assert (answer.status_code, asked) == (404, True)


@pytest.mark.once
def test_what_is_not_plain_is_answered_by_the_platform(proxy: Proxy, series: list[Series]) -> None:
    token, one = issue(series[0]), series[0]
    tag = f'"{one.pack_sha256[:32]}"'
    for path, headers, status in (
        (pack_of(token, one), {"If-None-Match": tag}, 304),
        (f"{pack_of(token, one)}?encoding=htj2k", {}, 400),
        (metadata_of(token, one), {"Accept": "image/png"}, 406),
        (metadata_of(token, one), {"Host": "elsewhere.example"}, 400),
        (frame_of(token, one), {"Accept": "image/png"}, 406),
        (f"{frame_of(token, one)}?accept=application/octet-stream", {}, 200),
        (frame_of(token, one, number=9), {}, 404),
    ):  # fmt: skip
        for _ in range(3):
            answer, asked = proxy.get(path, **headers)
            assert answer.status_code == status, (path, headers)
            assert asked
    for make in (pack_of, metadata_of, frame_of):
        for method in ("POST", "HEAD", "DELETE"):
            proxy.asked.clear()
            answer = requests.request(method, proxy.url + make(token, one), timeout=30)
            assert (bool(proxy.asked), answer.content if method == "HEAD" else b"") == (True, b"")
            assert answer.status_code in ({200, 405} if method == "HEAD" else {403, 405})


@pytest.mark.once
def test_what_is_packed_anew_is_sent_anew(
    proxy: Proxy, series: list[Series], tmp_path: Path
) -> None:
    before = {one.pk: one.pack_sha256 for one in series}
    source = next((tmp_path / "in").rglob("*.dcm"))
    data = pydicom.dcmread(source)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"{data.SeriesInstanceUID}.9"
    data.InstanceNumber, data.ImagePositionPatient[2] = 9, 6.0
    old = {one.pk: issue(one) for one in series}
    for one in series:
        assert proxy.get(frame_of(old[one.pk], one), **SINGLE)[1] is False
    (tmp_path / "more").mkdir()
    data.save_as(tmp_path / "more" / "slice.dcm")
    collection = series[0].examination.collection
    services.import_folder(tmp_path / "more", collection=collection, by=None)
    now = {one.pk: one for one in Series.objects.select_related("examination")}
    (grown,) = (one for one in now.values() if one.pack_sha256 != before[one.pk])
    for token, sent_by_platform in ((old[grown.pk], True), (issue(grown, seconds=61), False)):
        answer, asked = proxy.get(pack_of(token, grown))
        assert (asked, len(answer.content)) == (sent_by_platform, grown.pack_bytes)
        assert len(proxy.get(metadata_of(token, grown))[0].json()) == 4
        answer, asked = proxy.get(frame_of(token, grown), **SINGLE)
        assert (answer.status_code, asked) == (200, sent_by_platform)
    links.open_for(old[grown.pk])  # issued again in the second in which it was made
    assert proxy.get(pack_of(old[grown.pk], grown))[1] is False
    calm = next(one for one in now.values() if one.pk != grown.pk)
    assert proxy.get(frame_of(old[calm.pk], calm), **SINGLE)[1] is False


@pytest.mark.once
def test_of_a_damaged_pack_nothing_is_sent(proxy: Proxy, series: list[Series]) -> None:
    path = store.pack_path(series[0])
    path.write_bytes(path.read_bytes()[:-1])
    answer, asked = proxy.get(pack_of(issue(series[0]), series[0]))
    assert (answer.status_code, asked) == (503, True)


@pytest.mark.once
def test_a_compressed_pack_is_sent_as_the_platform_would_and_a_raw_one_where_there_is_none(
    proxy: Proxy, series: list[Series], settings: Any
) -> None:
    mine, other = series[:2]
    address = f"{pack_of(early := issue(mine, other), mine)}?encoding=jpeg-ls"
    answer, asked = proxy.get(address)
    assert (answer.content, asked) == (store.pack_path(mine).read_bytes(), True)
    for one in (mine, other):  # noise so small gets no shorter: as if it did
        store.compressed_place(one).write_bytes(packs.MAGIC + bytes(90))
    Series.objects.filter(pk=mine.pk).update(
        compressed_of=mine.pack_sha256, compressed_sha256="a" * 64, compressed_bytes=94
    )
    answer, asked = proxy.get(address)  # its token is older than the pack
    assert (len(answer.content), asked) == (94, True)
    issue(mine, other, seconds=61)
    for token in (early, issue(mine, other, seconds=62)):
        address = f"{pack_of(token, mine)}?encoding=jpeg-ls"
        answer, asked = proxy.get(address)
        assert (answer.status_code, len(answer.content), asked) == (200, 94, False)
        settings.X_ACCEL_PREFIX = ""
        said = proxy.long_way(address, Host="127.0.0.1")
        settings.X_ACCEL_PREFIX = "/protected/"
        assert answer.content == said.content
        for name in ALIKE:
            assert answer.headers.get(name) == said.headers.get(name), name
        answer, asked = proxy.get(f"{pack_of(token, other)}?encoding=jpeg-ls")
        assert (answer.content, asked) == (store.pack_path(other).read_bytes(), True)
    answer, asked = proxy.get(f"{pack_of(issue(other), mine)}?encoding=jpeg-ls")
    assert (answer.status_code, asked) == (404, True)
    answer, asked = proxy.get(f"{pack_of(early, mine)}?encoding=../raw.pack")
    assert (answer.status_code, asked) == (400, True)


def test_folders_of_tokens_are_swept_when_their_time_is_over(
    proxy: Proxy, series: list[Series]
) -> None:
    token = issue(series[0])
    folder = links.root() / tokens.signature(token)
    assert grants.sweep() == 0
    assert folder.exists()
    os.utime(folder, (0, time.time() - links.GRACE_S - 1))
    assert (grants.sweep(), folder.exists()) == (1, False)
    assert store.pack_path(series[0]).exists()
    answer, asked = proxy.get(pack_of(token, series[0]))  # the platform still takes the token
    assert (answer.status_code, asked, answer.content[:4]) == (200, True, packs.MAGIC)
    shutil.rmtree(links.root())
    assert grants.sweep() == 0


def test_what_a_token_was_for_is_over_and_the_proxy_sends_nothing_more(
    proxy: Proxy, series: list[Series]
) -> None:
    read, other = uuid4(), uuid4()
    mine, others = issue(series[0], grant=read), issue(series[0], grant=other)
    ways = (pack_of, metadata_of, frame_of)
    for make in ways:
        answer, asked = proxy.get(make(mine, series[0]))
        assert (answer.status_code, asked) == (200, make is metadata_of), make
    with transaction.atomic():
        grants.end(read)
    for make in ways:
        answer, asked = proxy.get(make(mine, series[0]))
        assert (answer.status_code, asked) == (404, True), make
    answer, asked = proxy.get(pack_of(others, series[0]))
    assert (answer.status_code, asked) == (200, False)


def test_folders_that_a_dead_process_left_behind_are_closed_by_the_sweep(
    series: list[Series], settings: Any
) -> None:
    settings.X_ACCEL_PREFIX, settings.PROXY_KEY = "/protected/", "a key"
    read, other = uuid4(), uuid4()
    mine, others = issue(series[0], grant=read), issue(series[0], grant=other, seconds=61)
    folders = [links.root() / tokens.signature(each) for each in (mine, others)]
    EndedGrant.objects.create(id=read, at=timezone.now())  # the process died after its commit
    (links.root() / "of" / "README").touch()  # a file of somebody else's
    assert [each.exists() for each in folders] == [True, True]
    grants.sweep()
    assert [each.exists() for each in folders] == [False, True]
    assert links.known() == [other]
    os.utime(folders[1], (0, time.time() - links.GRACE_S - 1))
    grants.sweep()
    assert (folders[1].exists(), links.known()) == (False, [])


def test_an_ending_is_forgotten_once_no_token_can_live(series: list[Series]) -> None:
    read = uuid4()
    token = issue(series[0], grant=read)
    grants.end(read)
    with pytest.raises(Unknown):
        grants.read(token)
    assert grants.sweep() == 0
    EndedGrant.objects.update(at=timezone.now() - timedelta(seconds=tokens.LONGEST_S + 120))
    assert (grants.sweep(), EndedGrant.objects.count()) == (1, 0)
    with pytest.raises(ValueError, match="at most"):
        issue(series[0], seconds=tokens.LONGEST_S + 1)
