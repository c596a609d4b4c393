"""Deliveries: from files to series that can be read, safe to repeat."""

import csv
import subprocess
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pydicom.data
import pytest
from django.conf import settings
from django.test import Client
from PIL import Image

from readerstudy.imaging import deidentify, receiver, selectors, services, store, tokens
from readerstudy.imaging.models import Collection, Examination, Instance, Sender, Series, Upload
from readerstudy.imaging.refusals import Reason, RefusedFile
from readerstudy.studies.models import Study
from tests import dicom, everywhere, kept
from tests.cast import People

pytestmark = pytest.mark.django_db
PYDICOM_FILES = Path(__file__).parents[2] / "data/pydicom_files.csv"


def _deliver(collection: Collection, folder: Path) -> Upload:
    return services.import_folder(folder, collection=collection, by=None)


def test_a_folder_becomes_an_examination_that_can_be_read(
    collection: Collection, tmp_path: Path
) -> None:
    upload = _deliver(collection, dicom.examination(tmp_path))
    assert (upload.stored, upload.refused) == (40, 0)
    examination = Examination.objects.get()
    assert examination.ready_at is not None
    assert examination.verdict == "pass", examination.findings
    packet = selectors.series_for_packet(examination)
    assert [each["role"] for each in packet] == ["t1c", "flair", "t2", "t1"]
    assert all(each["frames"] == 10 for each in packet)
    assert set(selectors.paths_by_role(examination)) == {"t1c", "flair", "t2", "t1"}


def test_a_repeat_changes_nothing(collection: Collection, tmp_path: Path) -> None:
    folder = dicom.examination(tmp_path)
    _deliver(collection, folder)
    before = sorted(Instance.objects.values_list("sha256", flat=True))
    again = _deliver(collection, folder)
    assert (again.stored, again.repeated) == (0, 40)
    assert sorted(Instance.objects.values_list("sha256", flat=True)) == before


@pytest.mark.fault("E6")
def test_the_same_uid_with_other_pixels_is_refused(collection: Collection, tmp_path: Path) -> None:
    first = dicom.image()
    other = dicom.image(pixels=np.full((16, 12), 77, np.uint16))
    dicom.save(first, tmp_path / "a.dcm")
    dicom.save(other, tmp_path / "b.dcm")
    upload = _deliver(collection, tmp_path)
    assert (upload.stored, upload.refused) == (1, 1)
    assert upload.report["refused"] == {"ALTERED": 1}


def _import(study: Study, path: Path) -> None:
    services.import_folder(path, collection=study.collection, by=None)


def _stow(study: Study, path: Path) -> None:
    _, token = services.add_sender(study.collection, name="Vendor", by=None)
    Client().post(
        f"/dicomweb/collections/{study.collection_id}/studies",
        b"--part\r\nContent-Type: application/dicom\r\n\r\n" + path.read_bytes() + b"\r\n--part--",
        content_type='multipart/related; type="application/dicom"; boundary=part',
        headers={"Authorization": f"Bearer {token}"},
    )


def _c_store(study: Study, path: Path) -> None:
    sender = Sender(collection=study.collection)
    receiver._take(receiver.Delivery(sender), path)


@pytest.mark.parametrize("send", [_import, _stow, _c_store])
def test_c2_a_locked_studys_examinations_take_no_more_images_whoever_sends(
    people: People, tmp_path: Path, send: Callable[[Study, Path], None]
) -> None:
    study = kept.locked_study(people)
    key = bytes(study.collection.uid_key)
    case = study.cases.select_related("examination")[0]
    Examination.objects.filter(pk=case.examination_id).update(
        study_uid=deidentify.map_uid("1.2.3.4", key)
    )

    def sent(name: str, **image: Any) -> tuple[int, dict[str, int]]:
        """What the image's own delivery says."""
        known = list(Upload.objects.values_list("pk", flat=True))
        send(study, dicom.save(dicom.image(**image), tmp_path / name))
        upload = Upload.objects.exclude(pk__in=known).get()
        return upload.stored, upload.report["refused"]

    before = list(Series.objects.order_by("pk").values())
    assert sent("late") == (0, {"SEALED": 1})
    case.examination.refresh_from_db()
    assert case.examination.ready_at is not None
    assert list(Series.objects.order_by("pk").values()) == before
    assert sent("new", uids=("1.2.99", "1.2.99.1")) == (1, {})
    of_another = dicom.image(uids=("1.2.3.4", "1.2.99.1"))
    assert sent(
        "altered", uids=("1.2.3.4", "1.2.3.77"), SOPInstanceUID=of_another.SOPInstanceUID
    ) == (0, {"ALTERED": 1})
    assert Series.objects.count() == len(before) + 1


def test_a_series_whose_first_file_failed_is_made_by_the_next(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a delivery remembers of its series outlives no transaction that was undone."""
    dicom.series(tmp_path, count=3)
    keep, tries = store.keep, iter([True])

    def full_once(source: Path, target: Path) -> None:
        if next(tries, False):
            source.unlink()
            raise RefusedFile(Reason.NO_SPACE)
        keep(source, target)

    monkeypatch.setattr(store, "keep", full_once)
    upload = _deliver(collection, tmp_path)
    assert (upload.stored, upload.report["refused"]) == (2, {"NO_SPACE": 1})
    assert Instance.objects.count() == 2


@pytest.mark.fault("E7")
def test_no_identifier_is_anywhere_on_disk_or_in_the_database(
    collection: Collection, tmp_path: Path
) -> None:
    source = dicom.examination(tmp_path / f"{dicom.CANARIES[0]}-exam")
    _deliver(collection, source)
    planted = set().union(*map(everywhere.forms, dicom.CANARIES))
    assert everywhere.found(planted, everywhere.on_disk(), everywhere.in_the_database()) == []
    assert not list(Path(settings.SPOOL_DIR).glob("*"))


def test_a_zip_archive_is_taken_member_by_member(collection: Collection, tmp_path: Path) -> None:
    paths = dicom.series(tmp_path)
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path in paths:
            archive.write(path, path.name)
        archive.writestr("readme.txt", "hello")
    packed.seek(0)
    upload = services.start_upload(collection, by=None)
    services.add_file(upload, packed)
    done = services.finish_upload(upload)
    assert (done.stored, done.refused) == (10, 1)


def test_every_test_file_of_pydicom_is_stored_or_refused_as_the_table_says(
    collection: Collection,
) -> None:
    """All that pydicom ships, in the order of their paths: `tests/data/pydicom_files.csv`."""
    shipped = Path(str(pydicom.data.__file__)).parent / "test_files"
    upload = services.start_upload(collection, by=None)
    found = {}
    for path in sorted(each for each in shipped.rglob("*") if each.is_file()):
        with path.open("rb") as data:
            outcome = services.add_file(upload, data)
        found[path.relative_to(shipped).as_posix()] = outcome.get("code") or outcome["state"]
    with PYDICOM_FILES.open(newline="") as table:
        expected = {each["file"]: each["outcome"] for each in csv.DictReader(table)}
    assert found == expected
    done = services.finish_upload(upload)
    assert done.state == Upload.State.DONE
    assert done.stored + done.repeated + done.refused == len(found)


@pytest.mark.dcmtk
def test_stored_files_are_dicom_to_tools_we_did_not_write(
    collection: Collection, tmp_path: Path
) -> None:
    _deliver(collection, dicom.examination(tmp_path))
    instance = Instance.objects.select_related("series__examination").first()
    assert instance is not None
    path = store.path_of(instance)
    dump = subprocess.run(["dcmdump", str(path)], capture_output=True, text=True, check=True)
    assert "PatientIdentityRemoved" in dump.stdout
    assert not any(canary in dump.stdout for canary in dicom.CANARIES)
    picture = tmp_path / "picture.pgm"  # dcmtk decodes the pixels, too, and windows as it is told
    told = ["dcmj2pnm", "--set-window", "0", "256", "--write-raw-pnm", str(path), str(picture)]
    subprocess.run(told, check=True, capture_output=True)
    shown = np.asarray(Image.open(picture)).astype(float)
    stored = pydicom.dcmread(path).pixel_array
    assert shown.shape == stored.shape
    assert np.corrcoef(shown.ravel(), np.clip(stored, 0, 128).ravel())[0, 1] > 0.99


def test_dciodvfy_finds_no_error_in_a_stored_file_that_was_not_in_what_came(
    collection: Collection, tmp_path: Path, dicom_problems: Callable[[Path], list[str]]
) -> None:
    sources = dicom.examination(tmp_path)
    _deliver(collection, sources)

    def errors(path: Path) -> set[str]:
        return {each for each in dicom_problems(path) if each.startswith("Error")}

    files = sorted(each for each in sources.rglob("*") if each.is_file())
    came = set().union(*map(errors, files[::10]))  # of each series one
    for instance in Instance.objects.select_related("series__examination").order_by("pk")[::20]:
        assert errors(store.path_of(instance)) <= came


def _open(client: Client, series: list[dict[str, object]]) -> str:
    return tokens.issue([str(each["id"]) for each in series], seconds=60)


def test_a_pack_and_a_frame_are_sent_to_who_holds_the_token(
    collection: Collection, tmp_path: Path, client: Client
) -> None:
    _deliver(collection, dicom.examination(tmp_path))
    packet = selectors.series_for_packet(Examination.objects.get())
    token = _open(client, packet[:1])
    first, second = packet[0]["id"], packet[1]["id"]
    answer = client.get(f"/imaging/{token}/series/{first}/pack")
    data = b"".join(answer.streaming_content)
    assert data[:4] == b"RSPK"
    assert int(answer["Content-Length"]) == len(data) == packet[0]["bytes"]
    frame = client.get(f"/imaging/{token}/series/{first}/frames/4").content
    assert frame in data
    tag = answer["ETag"]
    again = client.get(f"/imaging/{token}/series/{first}/pack", headers={"If-None-Match": tag})
    assert again.status_code == 304
    for address in (
        f"/imaging/{token}/series/{second}/pack",
        f"/imaging/{token[:-2]}xx/series/{first}/pack",
        f"/imaging/{token}/series/{first}/frames/99",
    ):
        assert client.get(address).status_code == 404


def test_a_token_that_is_out_of_date_opens_nothing(
    collection: Collection, tmp_path: Path, client: Client
) -> None:
    _deliver(collection, dicom.examination(tmp_path))
    series = Series.objects.all()[0]
    token = tokens.issue([str(series.id)], seconds=-1)
    assert client.get(f"/imaging/{token}/series/{series.id}/pack").status_code == 404


def test_dicomweb_lists_and_sends_what_the_token_names(
    collection: Collection, tmp_path: Path, live_server: object
) -> None:
    from dicomweb_client import DICOMwebClient

    _deliver(collection, dicom.examination(tmp_path))
    packet = selectors.series_for_packet(Examination.objects.get())
    token = tokens.issue([str(each["id"]) for each in packet[:2]], seconds=60)
    web = DICOMwebClient(f"{live_server.url}/dicomweb/{token}")
    (study,) = web.search_for_studies()
    uid = study["0020000D"]["Value"][0]
    series = web.search_for_series(uid)
    assert len(series) == 2
    series_uid = series[0]["0020000E"]["Value"][0]
    metadata = web.retrieve_series_metadata(uid, series_uid)
    assert len(metadata) == 10
    images = web.retrieve_series(uid, series_uid)
    assert len(images) == 10
    assert isinstance(images[0], pydicom.Dataset)
