"""Odd and hostile deliveries: the verdict never depends on luck, no text acts, nothing is half."""

import gzip
import shutil
import tracemalloc
import warnings
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from pydicom.datadict import dictionary_VR

from readerstudy.imaging import services, store, tokens
from readerstudy.imaging.models import Collection, Examination, Series, Upload
from readerstudy.imaging.services import delivering
from readerstudy.web.problems import Problem
from tests import dicom, kept
from tests.cast import People

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)
KEY = b"k" * 32


def collection() -> Collection:
    """All with one key: what they make of the same files may be compared."""
    made = services.create_collection(name="images")
    made.uid_key = KEY
    made.save()
    return made


def odd(folder: Path) -> list[Path]:
    """A gap, a place that comes twice under one number, two sizes and orientations."""
    uids = ("1.2.840.1", "1.2.840.1.7")
    rng = np.random.default_rng(2)
    paths: list[Path] = []

    def one(name: str, number: int, z: float, **more: Any) -> None:
        pixels = rng.integers(0, 900, more.pop("shape", (16, 12))).astype(np.uint16)
        data = dicom.image(number=number, position=(0, 0, z), pixels=pixels, uids=uids, **more)
        data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID = f"{uids[1]}.{len(paths)}"
        paths.append(dicom.save(data, folder / f"{name}.dcm"))

    for number in (1, 2, 3, 5, 6, 7, 8, 9, 10, 11):
        one(f"s{number}", number, 2.0 * number)
    one("twin", 7, 14.0)
    one("tilted", 20, 0.0, cosines=SAGITTAL)
    one("large", 21, 30.0, shape=(20, 12))
    return paths


@pytest.mark.fault("E6")
def test_e6_the_verdict_on_odd_series_does_not_depend_on_the_order_of_arrival(
    tmp_path: Path,
) -> None:
    paths = odd(tmp_path)
    told = set()
    for seed in range(3):
        into = collection()
        upload = services.start_upload(into, by=None)
        for place in np.random.default_rng(seed).permutation(len(paths)):
            with paths[place].open("rb") as data:
                assert services.add_file(upload, data)["state"] == "stored"
        services.finish_upload(upload)
        examination = Examination.objects.get(collection=into)
        series = examination.series.get()
        told.add((series.pack_sha256, examination.verdict, str(examination.findings)))
    ((_, verdict, findings),) = told
    assert verdict == "fail"
    for words in ("1 slice is missing", "mixed sizes or orientations", "two frames at one place"):
        assert words in findings


@pytest.mark.fault("E6")
def test_e6_one_slice_is_a_series_and_two_studies_may_not_share_an_instance(
    tmp_path: Path,
) -> None:
    into = collection()
    dicom.save(dicom.image(), tmp_path / "a.dcm")
    upload = services.import_folder(tmp_path, collection=into, by=None)
    assert upload.stored == 1
    assert Examination.objects.get().ready_at is not None
    dicom.save(dicom.image(StudyInstanceUID="1.2.99"), tmp_path / "b.dcm")
    again = services.import_folder(tmp_path, collection=into, by=None)
    assert again.report["refused"] == {"ALTERED": 1}


TEXTS = {
    "script": "<script>alert(1)</script>",
    "sql": "'; DROP TABLE imaging_series; --",
    "template": "{{7*7}} {% debug %}",
    "format": "%s%n ${jndi:ldap://x} \x1b[31m",
    "lines": "T1\r\n2026-01-01 forged=line\n",
    "bidi": "T1 \u202egpj.exe",
    "formula": "=cmd|'/C calc'!A0",
    "long": "T1 " + "A" * 10 * 1024 * 1024,
}
PAYLOADS = ("<script", "DROP TABLE", "{{7*7}}", "jndi", "forged", "\u202e", "calc", "AAAAAAAA")


@pytest.mark.fault("E8")
@pytest.mark.parametrize("name", TEXTS)
def test_e8_no_text_of_a_header_reaches_a_page_a_row_or_a_log(
    name: str, tmp_path: Path, capfd: Any
) -> None:
    text, into = TEXTS[name], collection()
    data = dicom.image()
    free = [
        each.keyword
        for each in data
        if each.keyword and dictionary_VR(each.tag) in {"LO", "SH", "PN", "ST", "LT", "UT"}
    ]
    for keyword in [*free, "ProtocolName", "StudyDescription", "ImageComments", "SequenceName"]:
        data[keyword] = dicom_element(keyword, text)
    data.SpecificCharacterSet = "ISO_IR 192"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = dicom.save(data, tmp_path / "a.dcm")
    if name != "bidi":  # and a character set that there is not
        path.write_bytes(path.read_bytes().replace(b"ISO_IR 192", b"ISO_IR 999"))
    capfd.readouterr()
    upload = services.import_folder(tmp_path, collection=into, by=None)
    assert upload.stored + upload.refused == 1
    rows = "".join(
        str(list(model.objects.values())) for model in (Series, Examination, Upload, Collection)
    )
    kept = b"".join(
        path.read_bytes()
        for root in (settings.STORE_DIR, settings.SPOOL_DIR)
        for path in Path(root).rglob("*")
        if path.is_file()
    ).decode("utf-8", errors="replace")
    logged = "".join(capfd.readouterr())
    for payload in PAYLOADS:
        assert payload not in rows
        assert payload not in kept
        assert payload not in logged


def dicom_element(keyword: str, text: str) -> Any:
    from pydicom import DataElement, config
    from pydicom.datadict import tag_for_keyword

    before, config.settings.writing_validation_mode = config.settings.writing_validation_mode, 0
    try:
        tag = tag_for_keyword(keyword)
        assert tag is not None
        return DataElement(tag, dictionary_VR(keyword), text, validation_mode=0)
    finally:
        config.settings.writing_validation_mode = before


@pytest.mark.fault("E11")
def test_e11_an_address_in_a_parameter_leads_the_room_nowhere(
    people: People, sign_in: Callable[..., Client]
) -> None:
    evil = "https://evil.example/dicom"
    client = sign_in(people.rae)
    for name in ("url", "StudyInstanceUIDs", "wadoRoot", "manifest"):
        answer = client.get("/reading/", {name: evil}, follow=True)
        assert answer.status_code == 200
        assert "evil.example" not in answer.content.decode()
        policy = answer["Content-Security-Policy"]
        assert "connect-src 'self'" in policy.replace("  ", " ")
    sources = Path(settings.BASE_DIR / "frontend" / "src").rglob("*.ts*")
    reading = "".join(path.read_text() for path in sources)
    read_from = ("location.search", "searchParams", "URLSearchParams(location")
    assert not any(each in reading for each in read_from)


@pytest.mark.fault("A8")
@pytest.mark.parametrize("damage", ["truncated", "gone", "altered"])
def test_a8_what_is_damaged_in_the_store_is_found_and_never_served_in_part(
    damage: str, tmp_path: Path, client: Client
) -> None:
    into = collection()
    dicom.series(tmp_path, count=8)
    services.import_folder(tmp_path, collection=into, by=None)
    series = Series.objects.select_related("examination").get()
    token = tokens.issue([str(series.pk)], seconds=60)
    base, path = f"/imaging/{token}/series/{series.pk}", store.pack_path(series)
    whole = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(whole[:-100])
    elif damage == "gone":
        path.unlink()
    else:
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CommandError, match=f"pack of series {series.pk}"):
        call_command("verify_storage")
    if damage != "altered":
        for what in ("pack", "frames/0"):
            answer = client.get(f"{base}/{what}")
            assert answer.status_code == 503
            assert "damaged" in answer.json()["detail"]
    path.write_bytes(whole)  # healed
    healed = client.get(f"{base}/pack")
    assert b"".join(healed.streaming_content) == whole
    call_command("verify_storage")
    shutil.rmtree(store.folder_of(series))


@pytest.mark.fault("A8")
@pytest.mark.parametrize("what", ["metadata", "thumbnail"])
def test_a8_a_changed_byte_beside_a_pack_is_found(what: str, tmp_path: Path) -> None:
    """What the proxy sends as it lies has a checksum, whichever release wrote it."""
    dicom.series(tmp_path, count=2)
    services.import_folder(tmp_path, collection=collection(), by=None)
    series = Series.objects.select_related("examination").get()
    path = getattr(store, f"{what}_path")(series)
    Series.objects.update(metadata_sha256="", thumbnail_sha256="")  # as of an older release
    migration = "readerstudy.imaging.migrations.0014_checksums_of_what_is_there"
    import_module(migration).summed(apps, None)
    call_command("verify_storage")
    whole = path.read_bytes()
    for damaged in (whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:], None):
        path.write_bytes(damaged) if damaged else path.unlink()
        with pytest.raises(CommandError, match=f"Missing or altered: {what} of series {series.pk}"):
            call_command("verify_storage")
    Series.objects.update(pack_sha256="")  # packed anew, it is as it was
    services.make_ready(series.examination)
    assert path.read_bytes() == whole
    call_command("verify_storage")


@pytest.mark.fault("E4")
def test_e4_links_are_not_followed_and_a_folder_of_many_is_walked_not_listed(
    tmp_path: Path,
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    dicom.series(outside, count=3)
    inside.mkdir()
    (inside / "folder").symlink_to(outside)
    (inside / "file.dcm").symlink_to(next(outside.iterdir()))
    with pytest.raises(Problem):
        services.import_folder(inside, collection=collection(), by=None)
    for number in range(2000):
        (inside / f"{number}").touch()
    tracemalloc.start()
    try:
        held = [tracemalloc.get_traced_memory()[0] for _path in delivering._files(inside)]
    finally:
        tracemalloc.stop()
    assert len(held) == 2000
    assert held[-1] - held[99] < 200_000, "no path is kept once it was given"


@pytest.mark.fault("E4")
def test_e4_a_body_that_says_it_is_compressed_is_taken_as_it_is(
    people: People, sign_in: Callable[..., Client]
) -> None:
    study = kept.draft_study(people, n_cases=0)
    client = sign_in(people.cora)
    upload = client.post(f"/api/collections/{study.collection_id}/uploads").json()["id"]
    bomb = gzip.compress(b"\0" * 20_000_000)
    answer = client.put(
        f"/api/uploads/{upload}/files",
        bomb,
        content_type="application/octet-stream",
        headers={"Content-Encoding": "gzip"},
    )
    assert (answer.status_code, answer.json()["reason"]) == (200, "It is not a DICOM file.")
    said = client.post(f"/api/uploads/{upload}/parts", headers={"Upload-Length": str(10**14)})
    assert said.status_code == 413
