"""Compressed packs: made by a worker once a series can be read, never of what it was before."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import RequestFactory

from readerstudy import wsgi
from readerstudy.imaging import (
    door,
    grants,
    links,
    packs,
    selectors,
    services,
    store,
    tasks,
    tokens,
)
from readerstudy.imaging.models import Examination, Series
from readerstudy.imaging.services import compressing
from tests import dicom
from tests.integration.imaging.test_door import _one_connection, ask
from tests.unit.imaging.test_compressed import unpacked

pytestmark = pytest.mark.django_db
__all__ = ["_one_connection"]  # a fixture: requests leave the test's transaction alone
SHAPE = (40, 33)


def scan(folder: Path, uids: tuple[str, str], numbers: range, *, is_noise: bool = False) -> None:
    """Slices that compress, unless they are noise; signed ones, some below zero."""
    rng = np.random.default_rng(3)
    for number in numbers:
        grid = np.hypot(*np.mgrid[-1 : 1 : SHAPE[0] * 1j, -1 : 1 : SHAPE[1] * 1j])
        pixels = (900 * (grid < 0.8) + rng.integers(-9, 9, SHAPE)).astype(np.int16)
        if is_noise:
            pixels = rng.integers(-(2**15), 2**15, SHAPE).astype(np.int16)
        place = (0.0, 0.0, 2.0 * number)
        data = dicom.image(number=number, position=place, pixels=pixels, uids=uids)
        dicom.save(data, folder / f"{uids[1]}-{number}.dcm")


def delivered(folder: Path, **how: Any) -> Series:
    """A series through the intake."""
    scan(folder, ("1.2.3", "1.2.3.4"), range(1, 6), **how)
    made = services.create_collection(name="images")
    services.import_folder(folder, collection=made, by=None)
    return now(Examination.objects.get(collection=made).series.get())


def now(series: Series) -> Series:
    """The series as its row says now."""
    return Series.objects.select_related("examination").get(pk=series.pk)


def offered(series: Series) -> list[str]:
    (told,) = selectors.series_for_packet(series.examination_id)
    return list(told["encodings"])


@pytest.fixture
def series(tmp_path: Path) -> Series:
    return delivered(tmp_path / "in")


def test_a_worker_compresses_what_is_packed_and_readers_are_offered_it(series: Series) -> None:
    assert offered(series) == ["raw"]
    tasks.sweep()
    assert offered(series) == ["raw", "jpeg-ls"]
    series = now(series)
    geometry = series.geometry or {}
    shape = (geometry["frames"], geometry["rows"], geometry["columns"])
    order, found = unpacked(store.compressed_place(series), shape, "int16")
    assert order == packs.centre_out(5)
    raw = [packs.frame(store.pack_path(series), each, geometry) for each in range(5)]
    np.testing.assert_array_equal(found, raw)
    assert found.min() < 0
    assert services.compress_due() == 0, "what is done is done"
    call_command("verify_storage")


def test_the_door_the_long_way_and_a_series_that_has_none(
    series: Series, tmp_path: Path, settings: Any
) -> None:
    other = delivered(tmp_path / "noise", is_noise=True)
    services.compress_due()
    assert (offered(series), offered(other)) == (["raw", "jpeg-ls"], ["raw"])
    assert not store.compressed_place(other).exists()
    assert services.compress_due() == 0, "noise is not tried again and again"
    series = now(series)
    token = tokens.issue([str(series.pk), str(other.pk)], seconds=60)
    small, raw = (f"/imaging/{token}/series/{series.pk}/pack?encoding={each}"
                  for each in ("jpeg-ls", "raw"))  # fmt: skip
    noise = f"/imaging/{token}/series/{other.pk}/pack?encoding=jpeg-ls"
    foreign = small.replace(str(series.pk), str(other.examination_id))
    for prefix in ("", "/protected/"):
        settings.X_ACCEL_PREFIX = prefix
        for address in (small, raw, noise, foreign):
            assert ask(wsgi.application, address) == ask(wsgi.platform, address), address
            answer = door.early(RequestFactory().get(address).environ)
            assert (answer is None) == (address == foreign)
            if hasattr(answer and answer.body, "close"):
                answer.body.close()
    settings.X_ACCEL_PREFIX = ""
    heard = ask(wsgi.application, small)
    assert heard.body == store.compressed_place(series).read_bytes()
    assert len(heard.body) == series.compressed_bytes < series.pack_bytes
    known = {"If-None-Match": heard.headers["etag"]}
    assert ask(wsgi.application, small, **known).status == 304
    assert ask(wsgi.application, raw, **known).status == 200
    assert ask(wsgi.application, noise).body == store.pack_path(other).read_bytes()
    assert ask(wsgi.application, foreign).status == 404


def test_of_a_damaged_one_the_raw_pack_is_sent_and_it_can_be_made_anew(series: Series) -> None:
    services.compress_due()
    series = now(series)
    path = store.compressed_place(series)
    whole = path.read_bytes()
    token = tokens.issue([str(series.pk)], seconds=60)
    address = f"/imaging/{token}/series/{series.pk}/pack?encoding=jpeg-ls"
    for damage in (lambda: path.write_bytes(whole[:-1]), path.unlink):
        damage()
        for application in (wsgi.application, wsgi.platform):
            assert ask(application, address).body == store.pack_path(series).read_bytes()
        with pytest.raises(CommandError, match=f"compressed pack of series {series.pk}"):
            call_command("verify_storage")
        call_command("compress_packs", "--again")
        call_command("verify_storage")
        assert ask(wsgi.application, address).body == whole


def test_of_a_series_that_grows_nothing_of_before_is_sent(series: Series, tmp_path: Path) -> None:
    services.compress_due()
    old = store.compressed_place(series).read_bytes()
    token = tokens.issue([str(series.pk)], seconds=60)
    address = f"/imaging/{token}/series/{series.pk}/pack?encoding=jpeg-ls"
    scan(tmp_path / "more", ("1.2.3", "1.2.3.4"), range(6, 8))
    services.import_folder(tmp_path / "more", collection=series.examination.collection, by=None)
    assert not store.compressed_place(series).exists(), "it may show what was taken out, a face"
    store.compressed_place(series).write_bytes(old)  # as a worker that was killed leaves it
    grown = now(series)
    assert offered(grown) == ["raw"]
    for application in (wsgi.application, wsgi.platform):
        assert ask(application, address).body == store.pack_path(grown).read_bytes()
    services.compress_due()
    assert offered(grown) == ["raw", "jpeg-ls"]
    assert ask(wsgi.application, address).body[8:9] == b"\x07"


def test_what_was_packed_anew_meanwhile_is_not_taken_for_the_new_one(
    series: Series, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = compressing.compressed.write

    def slowly(*arguments: Any) -> Any:
        made = write(*arguments)
        Series.objects.filter(pk=series.pk).update(pack_sha256="f" * 64)
        return made

    monkeypatch.setattr(compressing.compressed, "write", slowly)
    assert services.compress(series) is False
    assert list(store.folder_of(series).glob("jpeg-ls*")) == []
    assert now(series).compressed_of == ""


def test_a_pack_that_cannot_be_read_holds_nobody_up(
    series: Series, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = delivered(tmp_path / "other")
    path = store.pack_path(other)
    whole = path.read_bytes()
    path.unlink()
    assert services.compress_due(seconds=-1) == 1, "the newest: it cannot be read"
    assert services.compress_due(seconds=-1) == 1, "it does not stand before the other"
    assert (offered(series), offered(other)) == (["raw", "jpeg-ls"], ["raw"])
    path.write_bytes(whole)
    assert services.compress_due() == 0, "not at every sweep"
    monkeypatch.setattr(compressing, "AGAIN_S", 0.0)
    assert services.compress_due() == 1
    assert offered(other) == ["raw", "jpeg-ls"]


def test_a_sweep_does_some_and_the_next_one_the_rest(series: Series, tmp_path: Path) -> None:
    newer = delivered(tmp_path / "newer")
    assert services.compress_due(seconds=-1) == 1
    assert (offered(series), offered(newer)) == (["raw"], ["raw", "jpeg-ls"])
    assert services.compress_due(seconds=-1) == 1
    assert offered(series) == ["raw", "jpeg-ls"]


def test_a_site_may_do_without(series: Series, settings: Any) -> None:
    settings.PACKS_COMPRESSED = False
    assert services.compress_due() == 0
    call_command("compress_packs")  # who asks for it gets it
    assert now(series).is_compressed
    assert offered(series) == ["raw"]


def test_one_that_is_compressed_is_no_leftover_and_goes_with_its_series(series: Series) -> None:
    services.compress_due()
    assert list(store.leftovers(before=2**40)) == []
    (store.folder_of(series) / "jpeg-ls.pack.0.part").write_bytes(b"x")  # of a worker that died
    assert [each.name for each in store.leftovers(before=2**40)] == ["jpeg-ls.pack.0.part"]


def test_the_proxys_folder_has_a_link_where_there_is_one(series: Series, settings: Any) -> None:
    settings.X_ACCEL_PREFIX, settings.PROXY_KEY = "/protected/", "a key"
    token = grants.issue([str(series.pk)], seconds=60)
    folder = links.root() / tokens.signature(token) / str(series.pk)
    assert sorted(each.name for each in folder.iterdir()) == ["files", "frames", "raw.pack"]
    services.compress_due()
    grants.issue([str(series.pk)], seconds=61)
    assert sorted(each.name for each in folder.iterdir()) == [
        "files",
        "frames",
        "jpeg-ls.pack",
        "raw.pack",
    ]
    links.withdraw(series.pk)
    assert not folder.exists()
