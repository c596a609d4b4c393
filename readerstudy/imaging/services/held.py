"""Images that may show names in their pixels: held until a person has looked (PS3.15 E.3.1)."""

import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging import objects, store
from readerstudy.imaging.models import Collection, Examination, HeldFile, Instance, Series
from readerstudy.web.problems import Invalid, Problem

KEPT = timedelta(days=30)  # nobody decided: wiped; the hospital still has it


@transaction.atomic
def hold(collection: Collection, header: dict[str, Any], clean: Path) -> HeldFile:
    """Set a clean file aside; what came before under its UID is replaced."""
    held, _ = HeldFile.objects.update_or_create(
        collection=collection,
        sop_uid=header["sop_uid"],
        defaults={
            "series_uid": header["series_uid"],
            "header": header,
            "created_at": timezone.now(),
        },
    )
    store.keep(clean, store.held_path(held.pk))
    return held


def waits(series: Series) -> bool:
    """Whether a file of the series waits for a person to look at it."""
    collection = series.examination.collection_id
    return HeldFile.objects.filter(collection=collection, series_uid=series.series_uid).exists()


def hold_series(series: Series) -> None:
    """Set a stored series aside whole, as if each file of it had been held when it came.

    Safe to repeat: files are copied into the private spool, then the store's are removed, then
    their rows; `waits` tells from the first copy on that this goes on. What comes meanwhile is
    copied too; a series that a person releases meanwhile stays.
    """
    while not _forget(series, _copied(series)):
        pass  # an image came after the copies


def _copied(series: Series) -> set[int]:
    """Copy what is stored of a series and not held yet; the instances that are held now."""
    collection = series.examination.collection
    instances = list(Instance.objects.filter(series=series).select_related("series__examination"))
    waiting = HeldFile.objects.filter(collection=collection, series_uid=series.series_uid)
    here = set(waiting.values_list("sop_uid", flat=True))
    for each in instances:
        if each.sop_uid not in here:
            copy = store.spool_file()
            shutil.copyfile(store.path_of(each), copy)
            hold(collection, _header_of(each), copy)
    return {each.pk for each in instances}


@transaction.atomic
def _forget(series: Series, copied: set[int]) -> bool:
    """Remove a series whose instances were all copied; False where there are others by now.

    Under the examination's lock, which intake holds for each file.
    """
    locked = Examination.objects.select_for_update().filter(pk=series.examination_id)
    examination = locked.first()
    now = Series.objects.select_for_update().filter(pk=series.pk).first()
    if examination is None or now is None or now.is_looked_at:
        return True
    if not set(Instance.objects.filter(series=series).values_list("pk", flat=True)) <= copied:
        return False
    objects.remove(store.folder_of(series))
    Instance.objects.filter(series=series).delete()
    now.delete()
    if not examination.series.exists():
        with suppress(ProtectedError):  # a case without images is told by its coordinator's pages
            examination.delete()
    record(
        "imaging.hold_series",
        subject=f"collection:{examination.collection_id}",
        by=None,
        detail={"series": series.series_uid, "files": len(copied)},
    )
    return True


def _header_of(instance: Instance) -> dict[str, Any]:
    """What intake told of a file when it was stored."""
    series = instance.series
    return {
        "study_uid": series.examination.study_uid,
        "patient": series.examination.patient,
        "series_uid": series.series_uid,
        "frame_of_reference_uid": series.frame_of_reference_uid,
        "dicom_modality": series.dicom_modality,
        "role": series.role,
        "description": series.description,
        "series_number": series.number,
        "acquisition": series.acquisition,
        "sop_class_uid": instance.sop_class_uid,
        "sop_uid": instance.sop_uid,
        "number": instance.number,
        "frames": instance.frames,
        "source_sha256": instance.source_sha256,
        "sha256": instance.sha256,
        "pixel_offset": instance.pixel_offset,
        "frame_bytes": instance.frame_bytes,
        "report": {},
        "is_suspect": True,
    }


@transaction.atomic
def discard(collection: Collection, *, series_uid: str, reason: str, by: User) -> int:
    """Throw away what waits of a series; how many files that were.

    Raises
    ------
    Problem
        400 without a reason, 409 when nothing waits.
    """
    files = waiting(collection, series_uid, reason)
    wipe(files)
    _decided("imaging.discard_held", collection, files, reason, by)
    return len(files)


def waiting(collection: Collection, series_uid: str, reason: str) -> list[HeldFile]:
    """The files of a series about which a person decides now.

    Raises
    ------
    Problem
        400 without a reason, 409 when nothing waits.
    """
    if not reason.strip():
        raise Invalid("imaging.reason", "Say what you saw: your reason is kept in the record.")
    files = list(HeldFile.objects.filter(collection=collection, series_uid=series_uid))
    if not files:
        raise Problem("imaging.nothing_held", "Nothing of this series waits any more.")
    return files


def _decided(
    action: str, collection: Collection, files: list[HeldFile], reason: str, by: User
) -> None:
    record(
        action,
        subject=f"collection:{collection.pk}",
        by=by,
        detail={"series": files[0].series_uid, "files": len(files)},
        reason=reason.strip(),
    )


def released(collection: Collection, files: list[HeldFile], reason: str, by: User) -> None:
    """Record that a person found nothing in these files that names the patient."""
    _decided("imaging.release_held", collection, files, reason, by)


@transaction.atomic
def wipe(files: list[HeldFile]) -> None:
    """Forget files that were decided about; on disk once the decision is committed."""
    paths = [store.held_path(each.pk) for each in files]
    HeldFile.objects.filter(pk__in=[each.pk for each in files]).delete()

    def unlink() -> None:
        for path in paths:
            path.unlink(missing_ok=True)

    transaction.on_commit(unlink)


@transaction.atomic
def wipe_old() -> int:
    """Wipe what nobody decided about in time."""
    files = list(HeldFile.objects.filter(created_at__lt=timezone.now() - KEPT))
    if files:
        wipe(files)
        record("imaging.wipe_held", subject="platform", by=None, detail={"files": len(files)})
    return len(files)
