"""E4, E6: archives in archives, lengths that lie, series that share a UID, many files."""

import io
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import nibabel as nib
import numpy as np
import pytest
from django.test import Client

from readerstudy.imaging import archives, nifti, services, store
from readerstudy.imaging.models import Collection, Examination, Instance, Series, Upload
from tests import dicom, kept
from tests.cast import People
from tests.skips import IN_CI

pytestmark = [pytest.mark.django_db, pytest.mark.once]
SignIn = Callable[..., Client]
MANY = int(os.environ.get("MANY_FILES", "5000"))
HUGE = str(2**62)


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


@pytest.mark.fault("E4")
def test_e4_an_archive_in_an_archive_is_never_opened_however_deep_it_goes(
    collection: Collection, tmp_path: Path
) -> None:
    """So neither the levels of 42.zip cost anything, nor a quine, which has no last one."""
    image = dicom.save(dicom.image(), tmp_path / "image").read_bytes()
    nested = zipped(image=image)
    for _ in range(20):
        nested = zipped(inner=nested, again=nested)
    upload = services.start_upload(collection, by=None)
    with mock.patch.object(archives, "members", wraps=archives.members) as opened:
        outcome = services.add_file(upload, io.BytesIO(zipped(nested=nested, image=image)))
    assert outcome["count"] == 2
    done = services.finish_upload(upload)
    assert (done.stored, done.report["refused"]) == (1, {"NOT_DICOM": 1})
    assert opened.call_count == 1


@pytest.mark.fault("E4")
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_e4_a_damaged_member_of_an_archive_is_one_refused_file(
    collection: Collection, tmp_path: Path, method: int
) -> None:
    """A broken download: what is damaged is said, what is whole is stored, nothing lies about."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for number, name in enumerate(("1.dcm", "case/t1c.nii", "2.dcm", "3.dcm"), start=1):
            data = dicom.image(number=number, position=(0.0, 0.0, 2.0 * number))
            archive.write(dicom.save(data, tmp_path / str(number)), name)
        damaged = archive.infolist()[1:3]
    broken = bytearray(out.getvalue())
    for info in damaged:
        middle = info.header_offset + 30 + len(info.filename) + info.compress_size // 2
        broken[middle : middle + 8] = bytes(each ^ 0xFF for each in broken[middle : middle + 8])
    upload = services.start_upload(collection, by=None)
    outcome = services.add_file(upload, io.BytesIO(broken))
    assert (outcome["state"], outcome["count"]) == ("done", 4)
    assert not [each for each in store.dataset_folder(upload.pk).rglob("*") if each.is_file()]
    done = services.finish_upload(upload)
    assert (done.stored, done.report["refused"]) == (2, {"TRUNCATED": 2})
    assert not [each for each in store.spool_file().parent.iterdir() if each.is_file()]


@pytest.mark.fault("E4")
def test_e4_a_huge_length_is_refused_before_a_byte_is_read(people: People, sign_in: SignIn) -> None:
    study = kept.draft_study(people, n_cases=0)
    client = sign_in(people.cora)
    base = f"/api/collections/{study.collection_id}/uploads"
    upload = f"/api/uploads/{client.post(base).json()['id']}"
    with mock.patch.object(services.delivering, "spool") as spooled:
        told = client.put(
            f"{upload}/files", b"x", content_type="application/octet-stream", CONTENT_LENGTH=HUGE
        )
        assert (told.status_code, told.json()["code"]) == (413, "imaging.too_large")
        free = shutil.disk_usage(store.spool_file().parent).free
        more = min(free + 10**9, services.delivering.MAX_FILE_BYTES)
        with mock.patch.object(shutil, "disk_usage", return_value=mock.Mock(free=more - 1)):
            full = client.put(
                f"{upload}/files", b"x", content_type="application/octet-stream",
                CONTENT_LENGTH=str(more),
            )  # fmt: skip
        assert full.status_code == 507
    spooled.assert_not_called()
    for length, status in (("9" * 13, 413), (HUGE, 400)):  # too large, and no length at all
        answer = client.post(f"{upload}/parts", headers={"Upload-Length": length})
        assert answer.status_code == status
    assert Upload.objects.get(pk=upload.rsplit("/", 1)[1]).received == 0


@pytest.mark.fault("E6")
@pytest.mark.parametrize("is_turned", [False, True])
def test_e6_two_studies_with_one_series_uid_are_two_series_in_any_order(
    collection: Collection, tmp_path: Path, is_turned: bool  # noqa: FBT001
) -> None:  # fmt: skip
    paths = []
    for number in range(1, 7):
        study = "1.2.840.1" if number % 2 else "1.2.840.2"
        pixels = np.full((16, 12), 100 * number, np.uint16)
        place = (0.0, 0.0, float(number))
        data = dicom.image(number=number, position=place, pixels=pixels, uids=(study, "1.2.840.77"))
        paths.append(dicom.save(data, tmp_path / f"{number}.dcm"))
    upload = services.start_upload(collection, by=None)
    for path in reversed(paths) if is_turned else paths:
        with path.open("rb") as data:
            assert services.add_file(upload, data)["state"] == "stored"
    services.finish_upload(upload)
    one, two = Series.objects.order_by("examination__study_uid")
    assert one.series_uid == two.series_uid
    assert one.examination_id != two.examination_id
    assert one.pack_sha256 != two.pack_sha256
    assert store.folder_of(one) != store.folder_of(two)
    assert [each.instances.count() for each in (one, two)] == [3, 3]
    assert all(Examination.objects.values_list("ready_at", flat=True))


def many(folder: Path, count: int) -> None:
    """A series of small slices, by bytes: pydicom would take longer than intake."""
    made = dicom.image(
        number=11111, position=(0.0, 0.0, 11111.5), pixels=np.ones((4, 4), np.uint16)
    )
    made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5.11111"
    whole = dicom.save(made, folder / "1.dcm").read_bytes()
    assert whole.count(b"11111") == 4, "two UIDs, a number, a place"
    for number in range(1, count + 1):
        text = str(10_000 + number).encode()
        (folder / f"{number}.dcm").write_bytes(whole.replace(b"11111", text))


@pytest.mark.fault("E6")
def test_e6_five_thousand_files_are_one_series_whole_and_in_order(
    collection: Collection, tmp_path: Path
) -> None:
    many(tmp_path, MANY)
    upload = services.start_upload(collection, by=None)
    batch = services.Batch(collection, lambda: services.Tally(upload))
    for path in tmp_path.iterdir():  # in whatever order
        batch.add_path(path)
        if len(batch) >= services.TOGETHER:
            batch.flush()
    batch.flush()
    done = services.finish_upload(Upload.objects.get(pk=upload.pk))
    assert (done.stored, done.refused) == (MANY, 0)
    series = Series.objects.get()
    places = np.array((series.geometry or {})["positions_mm"])
    assert len(places) == MANY
    assert np.allclose(np.diff(places[:, 2]), 1.0)
    assert Instance.objects.count() == MANY
    assert store.pack_path(series).stat().st_size == series.pack_bytes


@pytest.mark.parametrize("kind", ["int16", "fractions"])
def test_c10_dciodvfy_finds_no_error_in_a_series_that_was_made_of_a_volume(
    collection: Collection, tmp_path: Path, kind: str
) -> None:
    dciodvfy = shutil.which("dciodvfy")
    assert dciodvfy or not IN_CI, "NOT RUN: dciodvfy is not installed here"
    voxels = np.random.default_rng(3).normal(300, 90, (12, 14, 4))
    voxels = voxels.astype(np.int16) if kind == "int16" else voxels
    nib.save(nib.Nifti1Image(voxels, np.diag([0.9, 1.1, 2.0, 1.0])), tmp_path / "v.nii.gz")
    volume = nifti.read(tmp_path / "v.nii.gz")
    place = nifti.Place("own", "P1", "E1")
    made = nifti.write_series(volume, tmp_path / "d", place, description="T1 pre", number=1)
    done = services.import_folder(tmp_path / "d", collection=collection, by=None)
    assert done.stored == len(made) == 4
    for path in [
        *made,
        *map(store.path_of, Instance.objects.select_related("series__examination")),
    ]:
        if dciodvfy:
            told = subprocess.run(
                [dciodvfy, "-new", str(path)], capture_output=True, text=True, check=False
            )
            assert [each for each in told.stderr.splitlines() if each.startswith("Error")] == []
