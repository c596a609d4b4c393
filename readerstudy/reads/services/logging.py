"""Take in events: append-only, idempotent, in any order; and apply them to the draft in order."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from readerstudy.accounts.models import User
from readerstudy.audit.services import canonical, record
from readerstudy.imaging import selectors as imaging
from readerstudy.reads import events as rules
from readerstudy.reads import masks, packing, selectors
from readerstudy.reads.log import Log
from readerstudy.reads.models import Batch, Quarantine, Read
from readerstudy.reads.services.attempts import retried
from readerstudy.reads.services.drafting import apply
from readerstudy.studies.selectors import mark_scale_of
from readerstudy.web.problems import Invalid, Problem


@dataclass
class Receipt:
    """What became of a batch.

    `acknowledged` names events that are stored, now or before; only those may be dropped by the
    browser. `is_stale` tells a tab that another one holds the read; what it sent is kept, not
    applied. `altered` names ids that came again with other content, which is refused.
    """

    acknowledged: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    missing: list[int] = field(default_factory=list)
    last_seq: int = 0
    is_stale: bool = False
    state: str = ""  # of the read


@dataclass(frozen=True, slots=True)
class New:
    """An event that is not stored yet, with its digest."""

    sent: Mapping[str, Any]
    digest: str

    @property
    def seq(self) -> int:
        """Its number in its tab."""
        return int(self.sent["seq"])


@dataclass(slots=True)
class Run:
    """A batch that is not saved yet, and the events in it."""

    row: Batch
    events: Sequence[Mapping[str, Any]]


@retried
@transaction.atomic
def append_events(
    read_id: UUID,
    *,
    tab: UUID,
    fence: int,
    batch: Sequence[Mapping[str, Any]],
    by: User,
    schema: int = rules.SCHEMA,
) -> Receipt:
    """Store a batch of one tab's events and apply those that are in order to the draft.

    Parameters
    ----------
    fence : int
        The lease's number that the tab was given; a lower one is stale.
    batch : sequence of mappings
        `event_id`, `seq`, `kind`, `mono_ms`, `wall_ms`, `payload`.
    schema : int
        The version of the events' schema that the browser's page speaks (fault C15).

    Raises
    ------
    Problem
        404 for a read of somebody else; 400 for a batch that is too long or an event that is
        not as its kind says; 409 `reads.schema` for events of a version that is not taken
        (nothing of the batch is stored then).
    """
    check(batch, schema)
    read = selectors.own_read(by, read_id, lock=True, alone=True)
    _check_masks(read, batch)
    _check_examination(read, batch)
    _check_ratings(read, batch)
    is_open = read.state in selectors.OPEN_STATES
    holds = (str(tab), fence) == (read.lease_tab, read.lease_fence)
    receipt = Receipt(is_stale=is_open and not holds)
    log = Log.of(read)
    new = sort_out(read, tab, log, batch, receipt)
    now = timezone.now()
    runs = runs_of(new, Batch(read=read, tab=tab, fence=fence, received_at=now))
    if is_open and str(tab) == read.lease_tab:  # what an old lease sent may close a gap
        _apply_in_order(read, tab, log, runs)
    Batch.objects.bulk_create(run.row for run in runs)
    if receipt.altered:
        record(
            "reads.altered_event",
            subject=f"read:{read.id}",
            by=by,
            study=read.reader.study_id,
            detail={"events": receipt.altered},
        )
    read.last_event_at = now
    read.save(update_fields=["last_event_at"])
    receipt.missing, receipt.last_seq = log.missing(tab, and_also=[run.row for run in runs])
    receipt.state = read.state
    return receipt


def check(batch: Sequence[Mapping[str, Any]], schema: int) -> None:
    """Refuse a batch that is too long, of another version's events, or not as its kinds say."""
    if schema not in rules.ACCEPTED:
        other = _(
            "This page is of another version of the platform. Reload it: what you did is kept."
        )
        raise Problem("reads.schema", other, accepted=list(rules.ACCEPTED))
    if len(batch) > rules.MAX_BATCH:
        raise Invalid("reads.batch", f"Send at most {rules.MAX_BATCH} events at once.")
    for each in batch:
        if words := rules.problem(each["kind"], each["payload"]):
            raise Invalid("reads.event", words, event_id=str(each["event_id"]))


def _check_masks(read: Read, batch: Sequence[Mapping[str, Any]]) -> None:
    """Refuse what was drawn outside the case's images; one query, where anything was drawn."""
    drawn = [each for each in batch if each["kind"] == "mark_drawn"]
    if not drawn:
        return
    grids = imaging.geometries(read.case.examination_id)
    for each in drawn:
        sent = each["payload"]["mask"]
        mask, grid = masks.parse(sent["voxels"]), grids.get(sent["series"])
        if mask is None or grid is None or not mask.lies_in(grid):
            words = _(
                "What was drawn does not lie in a series of this case. Undo it and draw anew."
            )
            raise Invalid("reads.event", words, event_id=str(each["event_id"]))


MARKING = frozenset({"mark_put", "mark_moved", "proposal_accepted", "proposal_edited"})
RATING = frozenset({"mark_rated", "proposal_accepted", "proposal_edited"})


def _check_examination(read: Read, batch: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a mark on the prior examination; one query, where the case has one and is marked."""
    marked = [each for each in batch if each["kind"] in MARKING]
    if not marked or read.case.prior_id is None:
        return
    prior = imaging.series_ids(read.case.prior_id)
    for each in marked:
        if each["payload"].get("series") in prior:
            words = _(
                "Marks are made on the current examination; the prior is for comparison only."
            )
            raise Invalid("reads.event", words, event_id=str(each["event_id"]))


def _check_ratings(read: Read, batch: Sequence[Mapping[str, Any]]) -> None:
    """Refuse a rating that the read's protocol has no place for on its scale of marks."""
    rated = [each for each in batch if each["payload"].get("rating") is not None]
    if not rated:
        return
    scale = mark_scale_of(read.protocol_version_id)
    for each in rated:
        if each["kind"] in RATING and not scale.holds(each["payload"]["rating"]):
            words = _("Rate marks with a level from 1 to %d.") % len(scale.levels)
            raise Invalid("reads.event", words, event_id=str(each["event_id"]))


def sort_out(
    read: Read, tab: UUID, log: Log, batch: Sequence[Mapping[str, Any]], receipt: Receipt
) -> list[New]:
    """The batch's new events; repeats and altered ones go to the receipt."""
    new: list[New] = []
    ids: dict[UUID, str] = {}
    seqs: set[int] = set()
    odd: list[Quarantine] = []
    for each in batch:
        event_id, seq, digest = each["event_id"], each["seq"], packing.digest_of(each)
        known = log.digest_in(tab, event_id) or ids.get(event_id)
        if known == digest:
            receipt.acknowledged.append(str(event_id))
        elif event_id in ids or seq in seqs or log.has(event_id) or log.is_taken(tab, seq):
            receipt.altered.append(str(event_id))
            odd.append(_aside(read, tab, each, digest, timezone.now()))
        else:
            new.append(New(each, digest))
            ids[event_id] = digest
            seqs.add(seq)
            receipt.acknowledged.append(str(event_id))
    Quarantine.objects.bulk_create(odd, ignore_conflicts=True)
    return new


def _aside(
    read: Read, tab: UUID, event: Mapping[str, Any], digest: str, now: datetime
) -> Quarantine:
    body = json.loads(canonical({**event, "tab": tab}))
    return Quarantine(
        read=read, event_id=event["event_id"], digest=digest, body=body, received_at=now
    )


def runs_of(new: Sequence[New], like: Batch) -> list[Run]:
    """The new events as rows, one for each stretch without a gap."""
    by_seq = {each.seq: each for each in new}
    made = []
    for first, count in packing.runs(sorted(by_seq)):
        events = [by_seq[seq] for seq in range(first, first + count)]
        row = Batch(
            read=like.read, tab=like.tab, fence=like.fence, received_at=like.received_at,
            first_seq=first, count=count,
            keys=packing.keys_of((each.sent["event_id"], each.digest) for each in events),
            body=packing.body_of([each.sent for each in events]),
        )  # fmt: skip
        made.append(Run(row, [each.sent for each in events]))
    return made


def _apply_in_order(read: Read, tab: UUID, log: Log, new: Sequence[Run]) -> None:
    """Apply what waits and what is new, as far as no earlier event of the tab is missing.

    A run is applied whole or not at all: it has no gap. A new one is marked before it is saved:
    a row that is written once takes half the disk.
    """
    done = log.applied(tab)
    waiting = [*new, *(Run(row, []) for row in log.waiting(tab, after=done))]
    late = []
    for run in sorted(waiting, key=lambda each: each.row.first_seq):
        if run.row.first_seq != done + 1:
            break
        done = run.row.last_seq
        if run.row.fence != read.lease_fence:  # it was sent while another tab held the read
            continue
        for kind, payload in _doings(run):
            apply(read, kind, payload)
        run.row.is_applied = True
        late += [run.row.pk] if run.row.pk else []
    if late:
        Batch.objects.filter(pk__in=late).update(is_applied=True)


def _doings(run: Run) -> list[tuple[str, dict[str, Any]]]:
    """What a run's events did, in order; one that was stored before is unpacked."""
    if run.events:
        return [(each["kind"], each["payload"]) for each in run.events]
    return [(each.kind, each.payload) for each in run.row.events()]
