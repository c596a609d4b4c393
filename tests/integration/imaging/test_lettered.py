"""C10: text in the pixels of which no attribute tells: the whole series waits for a person."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db.models import QuerySet
from django.test import Client
from PIL import Image, ImageDraw

from readerstudy.audit.models import Entry
from readerstudy.imaging import services
from readerstudy.imaging.models import HeldFile, Instance, Series, Upload
from readerstudy.imaging.services import held, releasing
from readerstudy.imaging.services.tally import Tally
from readerstudy.studies.models import Study
from tests import dicom, kept
from tests.cast import People
from tests.integration.imaging.test_deidentifying import deliver, only_examination

pytestmark = pytest.mark.django_db


@pytest.fixture
def study(people: People) -> Study:
    made = kept.draft_study(people, n_cases=0)
    Series.objects.update(pack_sha256="")  # the draft's training case has no files
    return made


@pytest.fixture
def cora(people: People, sign_in: Callable[..., Client]) -> Client:
    return sign_in(people.cora)


def stored() -> QuerySet[Series]:
    """What was delivered, not the series of the draft's made-up training case."""
    return Series.objects.exclude(instances=None).select_related("examination").distinct()


def lettered(folder: Path) -> Path:
    """A series with a name in its pixels and no attribute that tells, and one without."""
    rng, ink = np.random.default_rng(5), np.zeros((96, 160), np.bool_)
    picture = Image.new("1", (160, 96))
    ImageDraw.Draw(picture).text((4, 4), "ZYXWV QUIRIN 1954", fill=1, font_size=16)
    ink |= np.asarray(picture)
    for series, mask in (("1.2.3.4.5", ink), ("1.2.3.4.6", np.zeros_like(ink))):
        for number in range(1, 9):
            pixels = rng.integers(0, 800, ink.shape).astype(np.uint16)
            pixels[mask] = 4095
            made = dicom.image(
                number=number, position=(0, 0, 2.0 * number), pixels=pixels,
                uids=("1.2.3.4", series),
            )  # fmt: skip
            made.save_as(folder / f"{series}.{number}.dcm", enforce_file_format=True)
    return folder


def parted(folder: Path) -> tuple[Path, Path]:
    """The same in two folders: all but one slice with letters, and that one."""
    first, late = folder / "first", folder / "late"
    first.mkdir()
    late.mkdir()
    (lettered(first) / "1.2.3.4.5.8.dcm").rename(late / "8.dcm")
    return first, late


@pytest.mark.fault("E7")
def test_c10_a_series_with_letters_in_its_pixels_is_held_whole_until_a_person_has_looked(
    study: Study, cora: Client, tmp_path: Path,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:  # fmt: skip
    upload = deliver(study, lettered(tmp_path))
    other = stored().get()
    assert (upload.stored, Instance.objects.count(), HeldFile.objects.count()) == (16, 8, 8)
    assert other.pack_sha256
    assert other.examination.ready_at is not None
    (words,) = upload.report["problems"]
    assert "may show text" in words
    files = [each for each in Path(settings.STORE_DIR).rglob("*") if each.is_file()]
    assert {each.parent.name for each in files} == {str(other.pk)}, "nothing of it is left there"
    page = cora.get(f"/studies/{study.pk}/uploads/{upload.pk}/").content.decode()
    assert "Look at what is held" in page
    assert Entry.objects.get(action="imaging.hold_series").detail["files"] == 8
    waiting = HeldFile.objects.all()[0]
    picture = cora.get(f"/studies/{study.pk}/images/held/{waiting.pk}.png")
    assert Image.open(BytesIO(picture.content)).size == (160, 96)
    again = deliver(study, tmp_path)  # sent again, it waits as before
    assert (again.repeated, HeldFile.objects.count(), stored().count()) == (8, 8, 1)
    form = {"act": "release", "series": waiting.series_uid, "reason": "the name of a phantom"}
    with django_capture_on_commit_callbacks(execute=True):
        assert cora.post(f"/studies/{study.pk}/images/held/", form, follow=True).status_code == 200
    services.perform(Upload.objects.get(source="release").pk)
    released = Series.objects.get(series_uid=waiting.series_uid)
    assert (released.is_looked_at, bool(released.pack_sha256)) == (True, True)
    assert released.role == other.role
    assert released.examination_id == other.examination_id
    assert not HeldFile.objects.exists()
    assert deliver(study, tmp_path).repeated == 16
    call_command("verify_storage")


def test_c10_holding_a_series_that_was_cut_off_is_taken_up_again(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget = held._forget
    monkeypatch.setattr(held, "_forget", mock.Mock(side_effect=RuntimeError("killed")))
    with pytest.raises(RuntimeError):
        deliver(study, lettered(tmp_path))
    assert (HeldFile.objects.count(), stored().count()) == (8, 2)
    monkeypatch.setattr(held, "_forget", forget)
    assert services.make_ready(only_examination()) != []
    assert (HeldFile.objects.count(), stored().count(), Instance.objects.count()) == (8, 1, 8)


def test_c10_a_worker_that_packs_while_a_series_is_released_holds_nothing_again(
    study: Study, people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(study, lettered(tmp_path))
    uid, write = HeldFile.objects.all()[0].series_uid, Tally.write

    def packed_meanwhile(tally: Tally) -> None:
        write(tally)
        services.make_ready(only_examination())

    monkeypatch.setattr(Tally, "write", packed_meanwhile)
    releasing.release_held(study.collection, series_uid=uid, reason="a phantom", by=people.cora)
    assert Instance.objects.filter(series__series_uid=uid).count() == 8
    assert not HeldFile.objects.exists()


def test_c10_an_image_that_comes_while_its_series_is_set_aside_is_not_lost(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, late = parted(tmp_path)
    copied = held._copied
    delivered: list[Series] = []

    def then_one_comes(series: Series) -> set[int]:
        done = copied(series)
        if not delivered:
            delivered.append(series)
            upload = services.start_upload(study.collection, by=None, source="command")
            Tally(upload).take(late / "8.dcm")
        return done

    monkeypatch.setattr(held, "_copied", then_one_comes)
    deliver(study, first)
    assert delivered
    assert HeldFile.objects.count() == 8


def test_c10_what_is_added_to_a_series_that_a_person_saw_is_looked_at_too(
    study: Study, people: People, tmp_path: Path
) -> None:
    first, more = parted(tmp_path)
    deliver(study, first)
    uid = HeldFile.objects.all()[0].series_uid
    upload = releasing.release_held(
        study.collection, series_uid=uid, reason="a phantom", by=people.cora
    )
    services.perform(upload.pk)
    assert Series.objects.get(series_uid=uid).pack_sha256
    deliver(study, more)
    assert HeldFile.objects.filter(series_uid=uid).count() == 8
