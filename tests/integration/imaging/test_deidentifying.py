"""C10: What a coordinator decides about images: options, key, what is held, faces, the protocol."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from django.test import Client
from django.utils import timezone
from PIL import Image

from readerstudy.audit.models import Entry
from readerstudy.imaging import selectors, services, store
from readerstudy.imaging.models import Examination, HeldFile, Instance, Series, Upload
from readerstudy.imaging.services import held
from readerstudy.studies.models import Study
from tests import dicom, kept
from tests.cast import People
from tests.unit.imaging.test_deidentification import head

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
SAVED = {"act": "deidentification", "dates": "shift", "device": "on", "descriptors": "on"}


@pytest.fixture
def study(people: People) -> Study:
    return kept.draft_study(people, n_cases=0)


@pytest.fixture
def cora(people: People, sign_in: SignIn) -> Client:
    return sign_in(people.cora)


def deliver(study: Study, folder: Path) -> Upload:
    study.collection.refresh_from_db()
    return services.import_folder(folder, collection=study.collection, by=None)


def only_series() -> Series:
    """The one that was delivered, not those of the draft's made-up training case."""
    return Series.objects.exclude(instances=None).select_related("examination").distinct().get()


def only_examination() -> Examination:
    return Examination.objects.exclude(series__instances=None).distinct().get()


def words(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_c10_options_are_chosen_before_the_first_image_and_never_after(
    study: Study, cora: Client, tmp_path: Path
) -> None:
    page = f"/studies/{study.pk}/images/"
    assert cora.post(page, SAVED).status_code == 200
    dicom.series(tmp_path, count=8, DeviceSerialNumber="166007", AcquisitionDate="20260102")
    upload = deliver(study, tmp_path)
    data = pydicom.dcmread(store.path_of(Instance.objects.select_related("series__examination")[0]))
    assert data.DeviceSerialNumber == "166007"
    assert data.StudyDate not in ("", dicom.CANARIES[2])
    assert "AcquisitionDate" in upload.report["elements"]["replaced"]
    late = cora.post(page, {**SAVED, "dates": "remove"})
    assert late.status_code == 409
    assert "change no more" in late.content.decode()
    assert Entry.objects.filter(action="imaging.set_deidentification").count() == 1
    assert cora.post(page, {**SAVED, "dates": "keep"}).status_code == 400


def test_c10_a_delivery_says_tag_by_tag_what_was_done_and_no_value(
    study: Study, cora: Client, tmp_path: Path
) -> None:
    dicom.series(tmp_path, count=8)
    (tmp_path / "notes.txt").write_text("hello")
    upload = deliver(study, tmp_path)
    page = words(cora, f"/studies/{study.pk}/uploads/{upload.pk}/")
    for shown in ("(0010,0010)", "PatientName", "replaced", "InstitutionName", "removed",
                  "(0029,1001)", "EchoTime", "kept", "It is not a DICOM file."):  # fmt: skip
        assert shown in page
    assert not any(canary in page for canary in dicom.CANARIES)


def test_c10_a_destroyed_key_leads_nowhere_and_takes_no_more(
    study: Study, cora: Client, tmp_path: Path
) -> None:
    folder = dicom.examination(tmp_path)
    deliver(study, folder)
    source = pydicom.dcmread(next(folder.rglob("*.dcm"))).StudyInstanceUID
    assert only_examination().study_uid in selectors.uids_of(study.collection, source)
    page = f"/studies/{study.pk}/images/"
    form = {"act": "destroy", "confirmation": study.name, "reason": "the follow-up has ended"}
    assert cora.post(page, {**form, "confirmation": "no"}).status_code == 400
    assert cora.post(page, {**form, "reason": " "}).status_code == 400
    assert cora.post(page, form).status_code == 200
    study.collection.refresh_from_db()
    assert bytes(study.collection.uid_key) == b""
    assert selectors.uids_of(study.collection, source) == {source}
    again = deliver(study, folder)
    assert (again.refused, again.report["refused"]) == (40, {"NO_KEY": 40})
    assert Entry.objects.get(action="imaging.destroy_key").reason == form["reason"]
    assert cora.post(page, form).status_code == 409


def burned(folder: Path) -> Path:
    dicom.series(folder, count=8, BurnedInAnnotation="YES")
    return folder


@pytest.mark.fault("E7")
def test_c10_images_with_text_are_held_until_a_person_has_looked(
    study: Study, cora: Client, tmp_path: Path
) -> None:
    upload = deliver(study, burned(tmp_path))
    assert (upload.stored, upload.report["refused"]) == (0, {"HELD": 8})
    assert not Instance.objects.exists()
    rows = str(list(HeldFile.objects.values()))
    assert not any(canary in rows for canary in dicom.CANARIES)
    page = f"/studies/{study.pk}/images/held/"
    waiting = HeldFile.objects.all()
    assert waiting.count() == 8
    picture = cora.get(f"{page}{waiting[0].pk}.png")
    assert Image.open(BytesIO(picture.content)).size == (12, 16)
    assert picture["Cache-Control"] == "private, no-store"
    form = {"act": "release", "series": waiting[0].series_uid, "reason": "scale bars only"}
    refused = cora.post(page, {**form, "reason": ""}, follow=True).content.decode()
    assert "Say what you saw" in refused
    assert cora.post(page, form, follow=True).status_code == 200
    assert Instance.objects.count() == 8
    assert not HeldFile.objects.exists()
    entry = Entry.objects.get(action="imaging.release_held")
    assert (entry.reason, entry.detail["files"]) == ("scale bars only", 8)
    assert deliver(study, tmp_path).repeated == 8  # what a person released is not held again


def test_c10_what_is_thrown_away_or_forgotten_is_wiped(
    study: Study,
    cora: Client,
    tmp_path: Path,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    deliver(study, burned(tmp_path))
    paths = [store.held_path(each.pk) for each in HeldFile.objects.all()]
    assert all(path.exists() for path in paths)
    uid = HeldFile.objects.all()[0].series_uid
    form = {"act": "discard", "series": uid, "reason": "a name is in the corner"}
    with django_capture_on_commit_callbacks(execute=True):
        cora.post(f"/studies/{study.pk}/images/held/", form)
    assert not any(path.exists() for path in paths)
    deliver(study, tmp_path)
    HeldFile.objects.update(created_at=timezone.now() - held.KEPT * 2)
    assert services.wipe_old() == 8
    assert not HeldFile.objects.exists()


@pytest.mark.parametrize("who", ["stan", "rae", "mallory"])
def test_a5_nobody_else_sees_or_decides_about_images(
    study: Study, people: People, sign_in: SignIn, tmp_path: Path, who: str
) -> None:
    deliver(study, burned(tmp_path))
    client, base = sign_in(getattr(people, who)), f"/studies/{study.pk}/images/"
    one = HeldFile.objects.all()[0]
    for address in (base, f"{base}held/", f"{base}held/{one.pk}.png"):
        assert client.get(address).status_code in {403, 404}
    form = {"act": "release", "series": one.series_uid, "reason": "x"}
    assert client.post(f"{base}held/", form).status_code in {403, 404}


def headed(folder: Path) -> None:
    """A coarse head as a series of T1 with contrast."""
    volume, _brain, _nose = head()
    for number, pixels in enumerate(volume.values.astype(np.uint16), start=1):
        place = volume.origin_mm + (number - 1) * volume.steps_mm[0]
        data = dicom.image(
            number=number, position=tuple(place), pixels=pixels, PixelSpacing=[3.0, 3.0],
            SliceThickness=3.0,
        )  # fmt: skip
        dicom.save(data, folder / f"{number}.dcm")


@pytest.mark.once
def test_c10_a_face_is_shown_in_red_then_taken_out_of_the_stored_files(
    study: Study, cora: Client, tmp_path: Path
) -> None:
    headed(tmp_path)
    deliver(study, tmp_path)
    series = only_series()
    before, examination = series.pack_sha256, series.examination
    page = f"/studies/{study.pk}/examinations/{examination.pk}/"
    shown = Image.open(BytesIO(cora.get(f"{page}face/{series.pk}.png").content))
    red = np.asarray(shown.convert("RGB")).astype(int)
    marked = (red[..., 0] - red[..., 1]) > 60
    height, width = marked.shape
    assert marked.any()
    assert np.argwhere(marked)[:, 0].mean() > height / 2  # below the middle,
    assert np.argwhere(marked)[:, 1].mean() < width / 2  # in front: nose to the left
    assert cora.post(page, {"act": "deface"}).status_code == 200
    series.refresh_from_db()
    assert series.is_defaced
    assert series.pack_sha256 not in ("", before)
    for instance in Instance.objects.select_related("series__examination"):
        path = store.path_of(instance)
        assert store.sha256(path) == instance.sha256
        data = pydicom.dcmread(path)
        assert data.RecognizableVisualFeatures == "NO"
        assert instance.pixel_offset == path.stat().st_size - len(data.PixelData)
    assert not list(store.folder_of(series).glob("*.npz"))
    assert cora.post(page, {"act": "deface"}).status_code == 409
    assert deliver(study, tmp_path).repeated == 90


def test_the_imaging_protocol_says_what_passes_and_is_asked_again_when_it_changes(
    study: Study, cora: Client, tmp_path: Path
) -> None:
    deliver(study, dicom.examination(tmp_path))
    examination = only_examination()
    assert examination.verdict == "pass"
    page = f"/studies/{study.pk}/images/"
    form = {"act": "protocol", "t1c:need": "required", "t1c:max_thickness_mm": "1.5",
            "fails:thickness": "on", "min_slices": "8", "max_tilt_degrees": "1"}  # fmt: skip
    assert cora.post(page, form).status_code == 200
    job = Upload.objects.get(source="check again")
    services.perform(job.pk)
    examination.refresh_from_db()
    assert examination.verdict == "fail"
    assert "at most 1.5 mm" in examination.findings[0]["words"]
    assert 'value="1.5"' in words(cora, page)
    assert cora.post(page, {**form, "t1c:max_gap_mm": "thin"}).status_code == 400
    one = f"/studies/{study.pk}/examinations/{examination.pk}/"
    assert "at most 1.5 mm" in words(cora, one)
    series = examination.series.get(role="t1c")
    changed = cora.post(one, {"act": "role", "series": str(series.pk), "role": "other"})
    assert "There is no T1 with contrast series." in changed.content.decode()
    assert Entry.objects.get(action="imaging.set_role").detail == {"from": "t1c", "to": "other"}


def test_a_sites_own_words_name_a_sequence(study: Study, cora: Client, tmp_path: Path) -> None:
    page = f"/studies/{study.pk}/images/"
    cora.post(page, {"act": "protocol", "t1c:words": "NAVI brain lab, METS"})
    dicom.series(tmp_path, count=8, description="x NAVI Brain Lab y")
    deliver(study, tmp_path)
    assert only_series().role == "t1c"


def test_a6_an_acceptance_lapses_on_the_record_when_the_findings_change(
    study: Study, people: People, tmp_path: Path
) -> None:
    deliver(study, dicom.examination(tmp_path, count=5))
    examination = only_examination()
    services.accept_quality(examination, note="a phantom", by=people.cora)
    services.make_ready(examination)  # nothing has changed: it stands
    examination.refresh_from_db()
    assert examination.accepted_by == people.cora
    services.set_imaging_protocol(study.collection, {"min_slices": 2}, by=people.cora)
    services.make_ready(only_examination())
    examination = only_examination()
    assert examination.accepted_by is None
    lapsed = Entry.objects.get(action="imaging.acceptance_lapsed")
    assert lapsed.object == f"examination:{examination.pk}"
