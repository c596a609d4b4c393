"""Take in one file: parse, refuse or de-identify, store, index. Safe to repeat and to kill."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from readerstudy.imaging import links, prepared, roles, selectors, store
from readerstudy.imaging.hints import ACQUISITION
from readerstudy.imaging.models import Collection, Examination, Instance, Series
from readerstudy.imaging.protocol import Protocol
from readerstudy.imaging.refusals import Reason, RefusedFile
from readerstudy.imaging.sandbox import shared
from readerstudy.imaging.services import held
from readerstudy.imaging.services.places import Place, Places

STORED, REPEATED = "stored", "repeated"


@dataclass(frozen=True)
class Taken:
    """What became of one file."""

    state: str  # stored or repeated
    instance: Instance
    report: dict[str, list[str]]

    @property
    def series(self) -> Series:
        """The series that the file is part of."""
        return self.instance.series


def take(
    source: Path,
    *,
    collection: Collection,
    study_uid: str | None = None,
    places: Places | None = None,
) -> Taken:
    """Take one file into a collection, and only into one examination where `study_uid` names it.

    The file is in the store under its own name before its row is committed; a crash in between
    leaves a file that a repeat finds and replaces, never half a case.

    Raises
    ------
    RefusedFile
        With the reason; nothing is kept then.
    """
    clean = store.spool_file()
    try:
        header = cleaned(source, clean, collection=collection, study_uid=study_uid)
        return keep(collection, header, clean, places)
    finally:
        clean.unlink(missing_ok=True)


def cleaned(
    source: Path,
    clean: Path,
    *,
    collection: Collection,
    study_uid: str | None = None,
    words: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """De-identify a file, writing it to `clean`; what the index needs of it. No row is written.

    `words` are the collection's own for sequences, where they are known (`words_of`).

    Raises
    ------
    RefusedFile
        As `take`; HELD for an image that was set aside.
    """
    if not collection.uid_key:
        raise RefusedFile(Reason.NO_KEY)
    key, options = bytes(collection.uid_key), collection.deidentification
    header = shared.parse(source, key, clean, options)
    header = indexed(header, words_of(collection) if words is None else words)
    if study_uid and header["study_uid"] not in selectors.uids_of(collection, study_uid):
        raise RefusedFile(Reason.OTHER_STUDY)
    if header["is_suspect"] and _known(collection.pk, header) is None:
        held.hold(collection, header, clean)
        raise RefusedFile(Reason.HELD)
    return header


def words_of(collection: Collection) -> dict[str, str]:
    """A collection's own words for sequences."""
    return Protocol.of(collection.imaging_protocol).words


def indexed(header: dict[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """What the index needs of a header: its role, and no word that the scanner wrote."""
    hints = header.pop("role_hints")
    role = roles.role_of(header["dicom_modality"], hints, words)
    return header | {"role": role, "acquisition": {name: hints[name] for name in ACQUISITION}}


def keep(
    collection: Collection, header: dict[str, Any], clean: Path, places: Places | None = None
) -> Taken:
    """Store and index a clean file; `places` are those of the files before it in its delivery.

    Raises
    ------
    RefusedFile
        As `take`.
    """
    places = places or Places(collection)
    try:
        with transaction.atomic():
            return _instance(places.of(header), header, clean)
    except IntegrityError:  # another request took in the same instance at this instant
        known = _known(collection.pk, header)
        if known is None:
            raise
        return repeated(known, header, clean)


def _instance(place: Place, header: dict[str, Any], clean: Path) -> Taken:
    series = place.series
    known = _known(series.examination.collection_id, header) if place.is_known else None
    if known is not None:
        return repeated(known, header, clean)
    instance = new_instance(place, header, clean)
    prepared.insert(instance)
    note_growth(place, is_looked_at=bool(header.get("is_looked_at")))
    store.keep(clean, store.instance_path(store.folder_of(series), header["sop_uid"]))
    return Taken(STORED, instance, header["report"])


def new_instance(place: Place, header: dict[str, Any], clean: Path) -> Instance:
    """The row of a file that is not known yet, to be inserted.

    Raises
    ------
    RefusedFile
        SEALED or DEFACED where nothing is added any more.
    """
    if place.is_sealed:
        raise RefusedFile(Reason.SEALED)
    if place.is_defaced:
        raise RefusedFile(Reason.DEFACED)
    return Instance(
        series=place.series,
        sop_class_uid=header["sop_class_uid"],
        sop_uid=header["sop_uid"],
        number=max(-(2**31), min(header["number"], 2**31 - 1)),
        frames=header["frames"],
        bytes=clean.stat().st_size,
        sha256=_sha256(header, clean),
        source_sha256=header["source_sha256"],
        pixel_offset=header["pixel_offset"],
        frame_bytes=header["frame_bytes"],
    )


def note_growth(place: Place, *, is_looked_at: bool) -> None:
    """A series that grows is packed anew, and what a person saw or accepted was another one."""
    series = place.series
    if place.is_packed or place.is_looked_at != is_looked_at:
        grown = Series.objects.filter(pk=series.pk)
        grown.update(pack_sha256="", is_looked_at=is_looked_at)
        transaction.on_commit(lambda: links.withdraw(series.pk))
    if place.is_ready:
        Examination.objects.filter(pk=series.examination_id).update(
            ready_at=None, accepted_by=None, accepted_note=""
        )


def _sha256(header: dict[str, Any], clean: Path) -> str:
    """The clean file's checksum; what was held by an older release tells none."""
    return str(header.get("sha256") or store.sha256(clean))


def repeated(known: Instance, header: dict[str, Any], clean: Path) -> Taken:
    """A repeat, when the same bytes came or, encoded otherwise by a PACS, what is kept is the same.

    Raises
    ------
    RefusedFile
        ALTERED for other content under a known UID.
    """
    if known.source_sha256 != header["source_sha256"] and known.sha256 != _sha256(header, clean):
        raise RefusedFile(Reason.ALTERED)
    return Taken(REPEATED, known, header["report"])


def _known(collection_id: UUID, header: dict[str, Any]) -> Instance | None:
    """The instance of that UID anywhere in the collection: a UID names one object only."""
    return (
        Instance.objects.filter(
            series__examination__collection=collection_id, sop_uid=header["sop_uid"]
        )
        .select_related("series__examination")
        .first()
    )
