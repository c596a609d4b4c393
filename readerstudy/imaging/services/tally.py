"""What becomes of the files of a delivery, counted in its report together."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils import timezone

from readerstudy.audit.services import record
from readerstudy.imaging import deidentify, prepared
from readerstudy.imaging.models import Instance, Upload
from readerstudy.imaging.refusals import Reason, RefusedFile
from readerstudy.imaging.services import datasets, together
from readerstudy.imaging.services.intake import Taken, keep, take
from readerstudy.imaging.services.places import Places

REFUSED = "refused"
MAX_NAMED = 200  # refused files that a report names one by one
Outcome = dict[str, Any]


class Tally:
    """What became of files, written into the delivery's report together."""

    def __init__(
        self,
        upload: Upload,
        study_uid: str | None = None,
        *,
        places: Places | None = None,
    ) -> None:
        self._upload, self._study_uid = upload, study_uid
        self._places = places or Places(upload.collection)
        self._outcomes: list[Taken | Reason] = []

    def place_for(self, name: str) -> Path | None:
        """Where a file of that name waits, if it is part of a data set."""
        return datasets.place_for(self._upload, name)

    def take(self, path: Path) -> Outcome:
        """Take in one file, or say why not."""
        try:
            taken = take(
                path,
                collection=self._upload.collection,
                study_uid=self._study_uid,
                places=self._places,
            )
        except RefusedFile as refused:
            return self.refuse(refused.reason)
        return self._took(taken)

    def keep_all(self, files: Sequence[tuple[dict[str, Any] | Reason, Path]]) -> list[Outcome]:
        """What becomes of files that are clean already, or were refused before; in their order.

        In the caller's transaction; the files stay where they are.
        """
        clean = [(header, path) for header, path in files if not isinstance(header, Reason)]
        kept = iter(together.keep(self._upload.collection, clean, self._places))
        found = (each if isinstance(each, Reason) else next(kept) for each, _ in files)
        return [
            self.refuse(each) if isinstance(each, Reason) else self._took(each) for each in found
        ]

    def keep(self, header: dict[str, Any], clean: Path) -> Outcome:
        """Take in one file that is clean already, or say why not."""
        try:
            return self._took(keep(self._upload.collection, header, clean, self._places))
        except RefusedFile as refused:
            return self.refuse(refused.reason)

    def _took(self, taken: Taken) -> Outcome:
        self._outcomes.append(taken)
        return {"state": taken.state, "reason": "", "count": 1, "instance": taken.instance}

    def refuse(self, reason: Reason) -> Outcome:
        """Note a file, or an archive, that is not taken."""
        self._outcomes.append(reason)
        return {"state": REFUSED, "reason": str(reason), "count": 1, "code": reason.name}

    @transaction.atomic(savepoint=False)
    def write(self) -> bool:
        """Write what was noted since the last time; whether the delivery still stands open."""
        if not self._outcomes:
            return True
        locked = self._locked()
        done: list[dict[str, list[str]]] = [locked.report["elements"]]
        for outcome in self._outcomes:
            if isinstance(outcome, Reason):
                _count_refused(locked, outcome)
            else:
                _count_taken(locked, outcome)
                if outcome.report not in done:  # of one series, most are the same
                    done.append(outcome.report)
        if len(done) > 1:
            locked.report["elements"] = _merged(done)
        locked.touched_at = timezone.now()
        prepared.update(locked, "report", "received", "stored", "repeated", "refused", "touched_at")
        self._outcomes.clear()
        return locked.state == Upload.State.RECEIVING

    @transaction.atomic
    def note_known(self, sha256: Iterable[str]) -> set[str]:
        """Count source files that are there already and need not be sent; which they are.

        A series has no more of them than instances that this delivery did not store itself: asked
        again after a lost answer, or after a closed tab, nothing is counted twice.
        """
        found = Instance.objects.filter(
            series__examination__collection=self._upload.collection_id,
            source_sha256__in=list(sha256),
        )
        known = dict(found.values_list("source_sha256", "series"))
        if known:
            locked = self._locked()
            if locked.state != Upload.State.RECEIVING:  # it was ended meanwhile
                return set(known)
            _count_known(locked, Counter(known.values()))
            locked.touched_at = timezone.now()
            prepared.update(locked, "report", "received", "repeated", "touched_at")
        return set(known)

    def _locked(self) -> Upload:
        """The delivery as it stands, locked until the transaction ends."""
        row = _counts.first(upload=self._upload.pk)
        if row is None:
            raise RuntimeError("A delivery is gone.")
        state, report, *numbers = row
        counts = dict(zip(COUNTS, numbers, strict=True))
        return Upload(
            pk=self._upload.pk, by=self._upload.by, state=state, **counts,
            report=json.loads(report) if isinstance(report, str) else report,
        )  # fmt: skip


_last: tuple[list[dict[str, list[str]]], dict[str, list[str]]] = ([], {})


def _merged(reports: list[dict[str, list[str]]]) -> dict[str, list[str]]:
    """Reports as one; of slices, delivery after delivery, it is the same as the last time."""
    global _last  # noqa: PLW0603 -- read and written whole: it needs no lock
    before, merged = _last
    if reports != before:
        merged = deidentify.merge(each for each in reports if each)
        _last = (reports, merged)
    return merged


COUNTS = ("received", "stored", "repeated", "refused")


def _ask_counts(*, upload: UUID) -> QuerySet[Any, Any]:
    found = Upload.objects.select_for_update().filter(pk=upload).order_by()
    return found.values_list("state", "report", *COUNTS)


_counts = prepared.Prepared(_ask_counts, upload=UUID)


def _count_known(upload: Upload, known: Counter[UUID]) -> None:
    rows = Instance.objects.filter(series__in=list(known)).order_by()
    for series, there in rows.values_list("series").annotate(Count("pk")):
        counts = _counts_of(upload, series)
        more = max(0, min(known[series], there - counts["stored"] - counts["repeated"]))
        counts["repeated"] += more
        upload.repeated, upload.received = upload.repeated + more, upload.received + more


def _counts_of(upload: Upload, series: UUID) -> dict[str, int]:
    """What a delivery's report counts of a series, to be counted up."""
    none = {"stored": 0, "repeated": 0}
    counts: dict[str, int] = upload.report["series"].setdefault(str(series), none)
    return counts


def _count_taken(upload: Upload, taken: Taken) -> None:
    counts = _counts_of(upload, taken.series.pk)
    counts[taken.state] += 1
    setattr(upload, taken.state, getattr(upload, taken.state) + 1)
    upload.received += 1


def _count_refused(upload: Upload, reason: Reason) -> None:
    refused = upload.report["refused"]
    refused[reason.name] = refused.get(reason.name, 0) + 1
    if len(upload.report["files"]) < MAX_NAMED:
        # A file's name may name a patient: only its place in the delivery is kept.
        upload.report["files"].append({"number": upload.received + 1, "reason": reason.name})
    upload.received, upload.refused = upload.received + 1, upload.refused + 1
    if reason is Reason.ALTERED:
        record("imaging.altered_instance", subject=f"upload:{upload.pk}", by=upload.by)
