"""Keep clean files together, in one transaction: looked up, synced and written series by series.

Each file is there whole or not at all, and repeats are found, as where they are kept one by one
(`intake.keep`): a file has its name and is on the disk before the row that names it is committed.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from readerstudy.imaging import prepared, store
from readerstudy.imaging.models import Collection, Instance
from readerstudy.imaging.refusals import Reason, RefusedFile
from readerstudy.imaging.services import intake
from readerstudy.imaging.services.intake import Taken
from readerstudy.imaging.services.places import Place, Places

Clean = tuple[dict[str, Any], Path]  # what is known of a clean file, and where it is


def keep(collection: Collection, files: Sequence[Clean], places: Places) -> list[Taken | Reason]:
    """Store and index clean files, in the caller's transaction; what became of each, in order.

    They stay where they are, too, so that a transaction that is undone can be tried again.
    Examinations are locked in the order of their UIDs: two batches never wait for each other.
    """
    found: dict[int, Taken | Reason] = {}

    def series_of(number: int) -> tuple[str, str]:
        header, _ = files[number]
        return header["study_uid"], header["series_uid"]

    for _, numbers in groupby(sorted(range(len(files)), key=series_of), series_of):
        group = list(numbers)
        kept = _keep_group(collection, places, [files[at] for at in group])
        found.update(zip(group, kept, strict=True))
    return [found[number] for number in range(len(files))]


def _keep_group(
    collection: Collection, places: Places, files: Sequence[Clean]
) -> list[Taken | Reason]:
    """Keep files of one series; of those of which none is new, no series stays that they made.

    An empty series in a locked study is another definition than the one that was signed.
    """
    if place := places.again(files[0][0]):
        return _Group(collection, place).keep(files)
    with transaction.atomic():
        group = _Group(collection, places.of(files[0][0]))
        kept = group.keep(files)
        if not group.has_grown:
            transaction.set_rollback(True)
    return kept


class _Group:
    """Files of one series, whose examination is locked."""

    def __init__(self, collection: Collection, place: Place) -> None:
        self._collection, self._place = collection, place
        self._folder = store.folder_of(place.series)
        self._paths: dict[str, Path] = {}
        self._new: dict[str, Taken] = {}  # by UID, in the order in which they came
        self.has_grown = False

    def keep(self, files: Sequence[Clean]) -> list[Taken | Reason]:
        known = self._known([header for header, _ in files])
        found = [self._one(header, clean, known) for header, clean in files]
        lost = self._lost()
        rows = [each.instance for uid, each in self._new.items() if uid not in lost]
        if rows:
            prepared.insert(*rows)
            intake.note_growth(self._place, is_looked_at=False)
            self.has_grown = True
        return [_unless_lost(each, lost) for each in found]

    def _lost(self) -> dict[str, Reason]:
        """The new files that could not be written to the disk, by UID, and why."""
        lost = {uid: reason for uid in self._new if (reason := self._unsettled(uid))}
        left = [uid for uid in self._new if uid not in lost]
        try:
            if left:
                store.settle_names([self._path(uid) for uid in left])
        except RefusedFile as refused:
            lost |= dict.fromkeys(left, refused.reason)
        return lost

    def _unsettled(self, uid: str) -> Reason | None:
        try:
            store.settle(self._path(uid))
        except RefusedFile as refused:
            return refused.reason
        return None

    def _path(self, uid: str) -> Path:
        if uid not in self._paths:
            self._paths[uid] = store.instance_path(self._folder, uid)
        return self._paths[uid]

    def _known(self, headers: Sequence[dict[str, Any]]) -> dict[str, Instance]:
        """What the collection has of these UIDs already."""
        uids = [each["sop_uid"] for each in headers]
        if len(uids) == 1 and not self._place.is_known:
            return {}
        return _instances(self._collection.pk, uids)

    def _one(
        self, header: dict[str, Any], clean: Path, known: dict[str, Instance]
    ) -> Taken | Reason:
        uid = header["sop_uid"]
        before = known.get(uid) or (self._new[uid].instance if uid in self._new else None)
        try:
            if before is not None:
                return intake.repeated(before, header, clean)
            made = intake.new_instance(self._place, header, clean)
            store.name(clean, self._path(uid))
        except RefusedFile as refused:
            return refused.reason
        self._new[uid] = Taken(intake.STORED, made, header["report"])
        return self._new[uid]


def _unless_lost(each: Taken | Reason, lost: dict[str, Reason]) -> Taken | Reason:
    """What became of a file; a repeat of one that is lost is lost with it."""
    return each if isinstance(each, Reason) else lost.get(each.instance.sop_uid, each)


def _instances(collection: UUID, uids: Iterable[str]) -> dict[str, Instance]:
    found: QuerySet[Instance] = Instance.objects.filter(
        series__examination__collection=collection, sop_uid__in=list(uids)
    )
    return {each.sop_uid: each for each in found.select_related("series__examination")}
