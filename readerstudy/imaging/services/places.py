"""Where a file goes: its series, and what may happen to it, seen under the examination's lock."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from django.db.models import Exists, QuerySet
from django.utils import timezone

from readerstudy.imaging import access, da
from readerstudy.imaging.models import Collection, Examination, Instance, Series
from readerstudy.imaging.prepared import Prepared


@dataclass(frozen=True)
class Place:
    """A file's series as it stands now."""

    series: Series
    is_sealed: bool
    is_defaced: bool
    is_packed: bool
    is_looked_at: bool  # by a person, for text in its pixels
    is_ready: bool  # its examination is ready, or was accepted
    is_known: bool  # an instance of the file's UID is in the collection


class Places:
    """The series of a delivery: each is looked up once, its state for each file."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._known: dict[tuple[str, str], Series] = {}

    def again(self, header: dict[str, Any]) -> Place | None:
        """As `of`, of a series that was looked up before and is there; else None, and no lock."""
        series = self._known.get((header["study_uid"], header["series_uid"]))
        return _seen(series, header["sop_uid"]) if series else None

    def of(self, header: dict[str, Any]) -> Place:
        """A file's place; its examination is locked until the transaction ends."""
        uids = (header["study_uid"], header["series_uid"])
        place = self.again(header)
        if place is None:  # the first of its series, or what made it was undone
            self._known[uids] = _find(self._collection, header)
            place = _seen(self._known[uids], header["sop_uid"])
        if place is None:
            raise RuntimeError("A series that was found is gone.")
        return place


def _seen(series: Series, sop_uid: str) -> Place | None:
    """Two queries, the second after the lock: who packs or defaces an examination holds it too."""
    row = _examination.first(examination=series.examination_id)
    if row is None:
        return None
    ready_at, accepted_by, note, is_sealed = row
    row = _series.first(
        series=series.pk, collection=series.examination.collection_id, sop_uid=sop_uid
    )
    if row is None:
        return None
    is_defaced, pack, is_looked_at, is_known = row
    return Place(
        series=series,
        is_sealed=bool(is_sealed),
        is_defaced=bool(is_defaced),
        is_packed=bool(pack),
        is_looked_at=bool(is_looked_at),
        is_ready=bool(ready_at or accepted_by or note),
        is_known=bool(is_known),
    )


def _ask_examination(*, examination: UUID) -> QuerySet[Any, Any]:
    found = Examination.objects.select_for_update(no_key=True).filter(pk=examination).order_by()
    marked = found.annotate(is_sealed=access.sealed("pk"))
    return marked.values_list("ready_at", "accepted_by", "accepted_note", "is_sealed")


def _ask_series(*, series: UUID, collection: UUID, sop_uid: str) -> QuerySet[Any, Any]:
    known = Instance.objects.filter(series__examination__collection=collection, sop_uid=sop_uid)
    found = Series.objects.filter(pk=series).order_by().annotate(is_known=Exists(known))
    return found.values_list("is_defaced", "pack_sha256", "is_looked_at", "is_known")


_examination = Prepared(_ask_examination, examination=UUID)
_series = Prepared(_ask_series, series=UUID, collection=UUID, sop_uid=str)


def _find(collection: Collection, header: dict[str, Any]) -> Series:
    """The file's series, made where it is the first of it, under its examination's lock.

    A new series locks its UID: who made one and then waited for the examination would keep
    whoever holds that from the same series (40P01).
    """
    now = timezone.now()
    examination, _ = Examination.objects.get_or_create(
        collection=collection,
        study_uid=header["study_uid"],
        defaults={
            "patient": header["patient"],
            "study_date": da.day(header.get("study_date", "")),  # held by an older release: none
            "study_time": da.clock(header.get("study_time", "")),
            "created_at": now,
        },
    )
    _examination.first(examination=examination.pk)
    series, _ = Series.objects.get_or_create(
        examination=examination,
        series_uid=header["series_uid"],
        defaults={
            # Its folder is named by it: where a transaction is undone, a repeat finds the files
            # that it left and replaces them.
            "id": uuid5(collection.pk, f"{examination.study_uid}/{header['series_uid']}"),
            "frame_of_reference_uid": header["frame_of_reference_uid"],
            "dicom_modality": header["dicom_modality"][:16],
            "role": header["role"],
            "description": header["description"],
            "number": max(-(2**31), min(header["series_number"], 2**31 - 1)),
            "acquisition": header["acquisition"],
            "is_looked_at": bool(header.get("is_looked_at")),
            "created_at": now,
        },
    )
    return series
