"""Take in events: append-only, idempotent, in any order; and apply them to the draft in order."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Self
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import canonical, record
from readerstudy.reads import events as rules
from readerstudy.reads import selectors
from readerstudy.reads.models import Event, Quarantine, Read
from readerstudy.reads.services.attempts import retried
from readerstudy.reads.services.drafting import apply
from readerstudy.web.problems import Invalid

MAX_MISSING = 500


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


@retried
@transaction.atomic
def append_events(
    read_id: UUID, *, tab: UUID, fence: int, batch: Sequence[Mapping[str, Any]], by: User
) -> Receipt:
    """Store a batch of one tab's events and apply those that are in order to the draft.

    Parameters
    ----------
    fence : int
        The lease's number that the tab was given; a lower one is stale.
    batch : sequence of mappings
        `event_id`, `seq`, `kind`, `mono_ms`, `wall_ms`, `payload`.

    Raises
    ------
    Problem
        404 for a read of somebody else; 400 for a batch that is too long or an event that is
        not as its kind says (nothing of the batch is stored then).
    """
    _check(batch)
    read = selectors.own_read(by, read_id, lock=True)
    is_open = read.state in selectors.OPEN_STATES
    holds = (str(tab), fence) == (read.lease_tab, read.lease_fence)
    receipt = Receipt(is_stale=is_open and not holds)
    new = _sort_out(read, tab, fence, batch, receipt)
    before = _Standing.of(read, tab)
    if is_open and holds:
        _apply_in_order(read, tab, before, new)
    Event.objects.bulk_create(new)
    if receipt.altered:
        record(
            "reads.altered_event",
            subject=f"read:{read.id}",
            by=by,
            study=read.reader.study_id,
            detail={"events": receipt.altered},
        )
    read.last_event_at = timezone.now()
    read.save(update_fields=["last_event_at"])
    receipt.last_seq = max([before.last, *(each.seq for each in new)])
    if before.count + len(new) < receipt.last_seq:
        receipt.missing, _ = missing(read, tab)
    receipt.state = read.state
    return receipt


def _check(batch: Sequence[Mapping[str, Any]]) -> None:
    if len(batch) > rules.MAX_BATCH:
        raise Invalid("reads.batch", f"Send at most {rules.MAX_BATCH} events at once.")
    for each in batch:
        if words := rules.problem(each["kind"], each["payload"]):
            raise Invalid("reads.event", words, event_id=str(each["event_id"]))


def _sort_out(
    read: Read, tab: UUID, fence: int, batch: Sequence[Mapping[str, Any]], receipt: Receipt
) -> list[Event]:
    """The batch's new events, not saved yet; repeats and altered ones go to the receipt."""
    taken = _Taken.of(read, tab, batch)
    now = timezone.now()
    new: list[Event] = []
    odd: list[Quarantine] = []
    for each in batch:
        key, digest = str(each["event_id"]), digest_of(each)
        if taken.ids.get(key) == (read.id, tab, digest):
            receipt.acknowledged.append(key)
        elif key in taken.ids or each["seq"] in taken.seqs:
            receipt.altered.append(key)
            odd.append(_aside(read, tab, each, digest, now))
        else:
            new.append(
                Event(read=read, tab=tab, fence=fence, digest=digest, received_at=now, **each)
            )
            taken.ids[key] = (read.id, tab, digest)
            taken.seqs.add(each["seq"])
            receipt.acknowledged.append(key)
    Quarantine.objects.bulk_create(odd, ignore_conflicts=True)
    return new


@dataclass
class _Taken:
    """Ids and places in the tab's order that are taken already."""

    ids: dict[str, tuple[UUID, UUID, str]]  # event id -> its read, tab and digest
    seqs: set[int]

    @classmethod
    def of(cls, read: Read, tab: UUID, batch: Sequence[Mapping[str, Any]]) -> Self:
        ids = Q(event_id__in=[each["event_id"] for each in batch])
        places = Q(read=read, tab=tab, seq__in=[each["seq"] for each in batch])
        known = Event.objects.filter(ids | places).order_by()
        made = cls({}, set())
        for event_id, of_read, of_tab, seq, digest in known.values_list(
            "event_id", "read_id", "tab", "seq", "digest"
        ):
            made.ids[str(event_id)] = (of_read, of_tab, digest)
            if (of_read, of_tab) == (read.id, tab):
                made.seqs.add(seq)
        return made


@dataclass(frozen=True)
class _Standing:
    """How far a tab's events of a read go: how many, the highest, the highest that is applied."""

    count: int
    last: int
    applied: int

    @classmethod
    def of(cls, read: Read, tab: UUID) -> Self:
        totals = Event.objects.filter(read=read, tab=tab).aggregate(
            count=Count("seq"), last=Max("seq"), applied=Max("seq", filter=Q(is_applied=True))
        )
        return cls(totals["count"], totals["last"] or 0, totals["applied"] or 0)


def _aside(
    read: Read, tab: UUID, event: Mapping[str, Any], digest: str, now: datetime
) -> Quarantine:
    body = json.loads(canonical({**event, "tab": tab}))
    return Quarantine(
        read=read, event_id=event["event_id"], digest=digest, body=body, received_at=now
    )


def digest_of(event: Mapping[str, Any]) -> str:
    """What tells a repeat from an alteration: 16 hex digits over all that was sent."""
    return hashlib.sha256(canonical(dict(event))).hexdigest()[:16]


def _apply_in_order(read: Read, tab: UUID, before: _Standing, new: Sequence[Event]) -> None:
    """Apply what waits and what is new, as far as no earlier event of the tab is missing.

    A new event is marked before it is saved: a row that is written once takes half the disk.
    """
    done, waiting = before.applied, list(new)
    if before.last > done:
        waiting += Event.objects.filter(read=read, tab=tab, is_applied=False, seq__gt=done)
    late = []
    for event in sorted(waiting, key=lambda each: each.seq):
        if event.seq <= done:
            continue
        if event.seq != done + 1:
            break
        done = event.seq
        if event.fence == read.lease_fence:  # else it was sent while another tab held the read
            apply(read, event)
            event.is_applied = True
            late += [event.pk] if event.pk else []
    if late:
        Event.objects.filter(pk__in=late).update(is_applied=True)


def missing(read: Read, tab: UUID) -> tuple[list[int], int]:
    """The sequence numbers that a tab has left out so far, and its highest."""
    events = Event.objects.filter(read=read, tab=tab)
    totals = events.aggregate(count=Count("id"), last=Max("seq"))
    last = totals["last"] or 0
    if totals["count"] == last:
        return [], last
    have = set(events.values_list("seq", flat=True))
    gaps = (seq for seq in range(1, last) if seq not in have)
    return list(islice(gaps, MAX_MISSING)), last
