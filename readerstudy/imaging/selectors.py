"""Queries about images."""

import hashlib
import struct
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import UUID

import pydicom
from django.conf import settings
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from PIL import Image
from pydicom.errors import InvalidDicomError

from readerstudy.accounts.models import User
from readerstudy.imaging import compressed, objects, rendering, store
from readerstudy.imaging.deidentify import map_uid
from readerstudy.imaging.models import (
    Collection,
    Examination,
    HeldFile,
    Instance,
    Sender,
    Series,
    SeriesRole,
    Upload,
)
from readerstudy.imaging.prepared import Prepared
from readerstudy.web.problems import Problem

# What pydicom says of a file that is missing, cut off or none.
UNREADABLE = (OSError, EOFError, ValueError, AttributeError, struct.error, InvalidDicomError)
HANGING = [SeriesRole.T1C, SeriesRole.FLAIR, SeriesRole.T2, SeriesRole.T1, SeriesRole.CT]


def series_for_packet(examination: Examination | UUID) -> list[dict[str, Any]]:
    """The packed series of an examination, as the reading room gets them, one of each role."""
    packed = Series.objects.filter(examination=examination).exclude(pack_sha256="")
    first: dict[str, Series] = {}
    for series in packed.order_by("number", "id"):
        known = first.get(series.role)
        # Of two of a role, the one with more slices is the one to read.
        if known is None or _frames(series) > _frames(known):
            first[series.role] = series
    return [_packet(first[role]) for role in HANGING if role in first]


def pack_encodings() -> list[str]:
    """The encodings that this site has packs in; a series may have fewer."""
    return ["raw", compressed.NAME] if settings.PACKS_COMPRESSED else ["raw"]


def uncompressed() -> QuerySet[Series]:
    """The series that have no compressed pack of their pack, the newest first."""
    packed = Series.objects.exclude(pack_sha256="").exclude(compressed_of=F("pack_sha256"))
    return packed.select_related("examination").order_by("-created_at", "pk")


def damaged_compressed_series() -> Iterator[Series]:
    """Those whose compressed pack is missing, or is not what its checksum says."""
    made = Series.objects.exclude(compressed_bytes=0).filter(compressed_of=F("pack_sha256"))
    for series in made.select_related("examination"):
        if objects.checksum(store.compressed_place(series)) != series.compressed_sha256:
            yield series


def geometries(examination_id: UUID) -> dict[str, Mapping[str, Any]]:
    """The grids of an examination's packed series, by the series' id."""
    packed = Series.objects.filter(examination=examination_id).exclude(pack_sha256="")
    found = packed.values_list("id", "geometry")
    return {str(series): geometry for series, geometry in found if geometry}


def series_ids(examination_id: UUID) -> set[str]:
    """The ids of all series of an examination."""
    found = Series.objects.filter(examination=examination_id)
    return {str(each) for each in found.values_list("id", flat=True)}


def study_date(examination: Examination) -> date | None:
    """Study Date (0008,0020) as it was kept: moved by the patient's span, or None if removed.

    Raises
    ------
    Problem
        409 `imaging.unreadable` where the examination's file is missing or damaged.
    """
    rows = Instance.objects.filter(series__examination=examination)
    instance = rows.select_related("series__examination").order_by("pk").first()
    if instance is None:
        return None
    wanted = ["StudyDate"]
    try:
        path = store.path_of(instance)
        file = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=wanted)
    except UNREADABLE as error:
        words = "A file of this examination is missing or damaged: restore it, or send it again."
        raise Problem("imaging.unreadable", words) from error
    try:
        return datetime.strptime(str(file.get("StudyDate") or ""), "%Y%m%d").date()  # noqa: DTZ007
    except ValueError:
        return None


def others_of_patient(examinations: Iterable[Examination]) -> dict[UUID, list[Examination]]:
    """For each examination, the others among them of the same patient."""
    of_patient: dict[str, list[Examination]] = {}
    for each in examinations:
        of_patient.setdefault(each.patient, []).append(each)
    return {
        each.pk: [other for other in same if other.pk != each.pk]
        for same in of_patient.values()
        for each in same
    }


def _frames(series: Series) -> int:
    return int((series.geometry or {}).get("frames", 0))


def _packet(series: Series) -> dict[str, Any]:
    return {
        "id": str(series.id),
        "role": series.role,
        "description": series.description,
        "frames": _frames(series),
        "bytes": series.pack_bytes,
        "geometry": series.geometry,
        "acquisition": series.acquisition,
        "encodings": pack_encodings() if series.is_compressed else ["raw"],
    }


def paths_by_role(examination: Examination) -> dict[str, list[Path]]:
    """The de-identified files of each role's series, for detectors."""
    found: dict[str, list[Path]] = {}
    for each in series_for_packet(examination):
        instances = Instance.objects.filter(series=each["id"]).select_related("series__examination")
        found[each["role"]] = [store.path_of(instance) for instance in instances]
    return found


def uids_of(collection: Collection, uid: str) -> set[str]:
    """A UID as others may write it: as it stands, and as this collection maps a hospital's own.

    Once the key is destroyed, nothing leads from a hospital's UID to ours.
    """
    key = bytes(collection.uid_key)
    return {uid, map_uid(uid, key)} if key else {uid}


def examinations_of(collection: Collection) -> QuerySet[Examination]:
    """A collection's examinations with their series and how many instances each has."""
    return (
        Examination.objects.filter(collection=collection)
        .prefetch_related("series")
        .annotate(instance_count=Count("series__instances"))
    )


def uploads_of(collection: Collection) -> QuerySet[Upload]:
    """A collection's deliveries, newest first."""
    return Upload.objects.filter(collection=collection).select_related("by")


def unfinished(collection: Collection, user: User) -> QuerySet[Upload]:
    """A user's deliveries from a browser that were never said to be ended."""
    return Upload.objects.filter(
        collection=collection, by=user, source="browser", state=Upload.State.RECEIVING
    ).order_by("-created_at")[:5]


def known_files(collection: Collection, sha256: Iterable[str]) -> set[str]:
    """Which of these source files were stored before."""
    found = Instance.objects.filter(
        series__examination__collection=collection, source_sha256__in=list(sha256)
    )
    return set(found.values_list("source_sha256", flat=True))


def held_of(collection: Collection) -> dict[str, list[HeldFile]]:
    """What waits to be looked at: files by series, in their order."""
    found: dict[str, list[HeldFile]] = {}
    for each in HeldFile.objects.filter(collection=collection):
        found.setdefault(each.series_uid, []).append(each)
    return {
        uid: sorted(files, key=lambda each: each.header["number"]) for uid, files in found.items()
    }


def is_held(collection: Collection, series_uids: Iterable[str]) -> bool:
    """Whether an image of any of these series waits to be looked at."""
    held = HeldFile.objects.filter(collection=collection, series_uid__in=list(series_uids))
    return held.exists()


def held_file(collection: Collection, held_id: UUID) -> HeldFile | None:
    """One file that waits."""
    return HeldFile.objects.filter(collection=collection, pk=held_id).first()


def held_picture(held: HeldFile) -> bytes:
    """The middle frame of an image that waits, whole and windowed: a PNG."""
    data = pydicom.dcmread(store.held_path(held.pk))
    pixels = data.pixel_array
    frame = pixels[len(pixels) // 2] if data.get("NumberOfFrames", 1) > 1 else pixels
    low, high = float(frame.min()), float(frame.max())  # all of it: text may be the brightest
    look = {
        "rescale": (1.0, 0.0),
        "window": ((low + high) / 2, max(high - low, 1.0)),
        "photometric": str(data.get("PhotometricInterpretation", "MONOCHROME2")),
    }
    return rendering.encoded(Image.fromarray(rendering.grey(frame, look)), "PNG")


def has_images(collection: Collection) -> bool:
    """Whether anything was taken in, or waits to be."""
    return (
        Instance.objects.filter(series__examination__collection=collection).exists()
        or HeldFile.objects.filter(collection=collection).exists()
    )


def series(series_id: UUID) -> Series | None:
    """A series with its examination."""
    return Series.objects.filter(pk=series_id).select_related("examination").first()


def sender_of_token(token: str) -> Sender | None:
    """The sender that holds a token, if it may still send."""
    row = _holder.first(hashed=hashlib.sha256(token.encode()).hexdigest())
    return _sender_of_row(row) if row else None


@lru_cache(maxsize=64)
def _sender_of_row(row: tuple[Any, ...]) -> Sender:
    """The sender that the database tells, the same one as long as it tells the same of it."""
    *told, open_upload = _holder.convert(row)
    of_sender, of_collection = told[: len(_SENDER)], told[len(_SENDER) :]
    collection = Collection(**dict(zip(_COLLECTION, of_collection, strict=True)))
    sender = Sender(**dict(zip(_SENDER, of_sender, strict=True)), collection=collection)
    sender.open_upload = open_upload
    for each in (sender, collection):
        each._state.adding, each._state.db = False, "default"  # noqa: SLF001 -- as Model.from_db
    return sender


_SENDER = ("id", "name", "may_read")  # of what a request needs
_COLLECTION = tuple(
    each.attname
    for each in Collection._meta.local_concrete_fields  # noqa: SLF001 -- Django's public API
)


def _ask_holder(*, hashed: str) -> QuerySet[Any, Any]:
    found = Sender.objects.filter(token_sha256=hashed, ended_at=None).order_by()
    is_open = Upload.objects.filter(sender=OuterRef("pk"), state=Upload.State.RECEIVING)
    told = found.annotate(standing=Subquery(is_open.order_by().values("pk")[:1]))
    names = (f"collection__{name}" for name in _COLLECTION)
    return told.values_list(*_SENDER, *names, "standing")


_holder = Prepared(_ask_holder, hashed=str)


def sender_of_ae_titles(*, calling: str, called: str) -> Sender | None:
    """The sender that calls from one AE title to another, if it may still send."""
    return (
        Sender.objects.filter(calling_ae_title=calling, called_ae_title=called, ended_at=None)
        .exclude(calling_ae_title="")
        .select_related("collection")
        .first()
    )


def open_uploads(source: str) -> QuerySet[Upload]:
    """Deliveries of a kind that were never said to be ended."""
    return Upload.objects.filter(source=source, state=Upload.State.RECEIVING)
