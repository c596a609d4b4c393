"""Who reads now, whose connection is lost, which case is stuck: for coordinators, as it happens.

From the signs of life that the server has: when it last heard of a read, which events it still
misses, how often the read changed hands. Nothing of what was marked, of an arm or of a stage. Few
queries, however many cases are open.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import F, Max, OuterRef, Subquery, Sum
from django.utils import timezone

from readerstudy.reads.models import Batch, Read
from readerstudy.reads.selectors import OPEN_STATES
from readerstudy.studies.models import Study

QUIET = timedelta(seconds=60)  # a window that lives says something more often than this
STUCK = timedelta(minutes=30)


class Sign(StrEnum):
    """How an open case looks from here."""

    READING = "reading"
    BREAK = "on a break"  # the reader paused
    AWAY = "other window"  # the reader looks at something else
    LOST = "connection lost"  # nothing heard for a minute, and nobody said why
    STUCK = "stuck"  # nothing heard for half an hour

    @property
    def look(self) -> str:
        """The class that gives it its shape."""
        return _LOOKS[self.name]


_LOOKS = {"READING": "is-good", "BREAK": "", "AWAY": "", "LOST": "is-warn", "STUCK": "is-bad"}


@dataclass(frozen=True, slots=True)
class OpenRead:
    """A case that is open now."""

    code: str
    name: str
    site: str
    case: str
    opened_at: datetime  # of a second reader's case its first stage: a later time tells the arm
    last_sign: datetime
    sign: Sign
    missing: int  # events that the browser numbered and the server has not got
    taken_over: int  # times the case moved to another window

    @property
    def is_stuck(self) -> bool:
        """Whether somebody should ask the reader."""
        return self.sign == Sign.STUCK


def live(study: Study) -> list[OpenRead]:
    """The cases that are open now, the one that spoke last first."""
    now = timezone.now()
    stages = Read.objects.filter(allocation=OuterRef("allocation"), attempt=OuterRef("attempt"))
    first = stages.order_by("opened_at").values("opened_at")[:1]
    reads = list(
        Read.objects.filter(reader__study=study, state__in=OPEN_STATES)
        .select_related("reader__user", "reader__site", "case")
        .annotate(case_opened_at=Subquery(first))
    )
    came = _came(each.pk for each in reads)
    kinds = _last_kinds(each.last_batch for each in came.values())
    found = [_line(read, kinds.get(read.pk), came[read.pk].missing, now) for read in reads]
    return sorted(found, key=lambda each: each.last_sign, reverse=True)


def _last_kinds(batches: Iterable[int]) -> dict[UUID, str]:
    """What was done last in each read, of its last batch."""
    rows = Batch.objects.filter(pk__in=list(batches)).defer("keys")
    return {row.read_id: row.clocks()[-1][0] for row in rows}


def _line(read: Any, last_kind: str | None, missing: int, now: datetime) -> OpenRead:
    last_sign = max(read.opened_at, read.last_event_at or read.opened_at)
    return OpenRead(
        code=read.reader.code,
        name=str(read.reader.user),
        site=read.reader.site.name,
        case=read.case.code,
        opened_at=read.case_opened_at,
        last_sign=last_sign,
        sign=_sign(read.state, last_kind, now - last_sign),
        missing=missing,
        taken_over=max(0, read.lease_fence - 1),
    )


def _sign(state: str, last_kind: str | None, silence: timedelta) -> Sign:
    if silence > STUCK:
        return Sign.STUCK
    if state == Read.State.PAUSED:
        return Sign.BREAK
    if last_kind == "hidden":
        return Sign.AWAY
    return Sign.READING if silence <= QUIET else Sign.LOST


@dataclass(slots=True)
class _Came:
    """What has come of a read: its last batch, and how many events are missing before it.

    Missing is a tab's last number less those that came.
    """

    last_batch: int = 0
    missing: int = 0


def _came(reads: Iterable[UUID]) -> dict[UUID, _Came]:
    """What has come of each read: one query, which touches only the rows of those reads."""
    tabs = (
        Batch.objects.filter(read__in=list(reads))
        .order_by()
        .values_list("read", "tab")
        .annotate(
            last=Max(F("first_seq") + F("count") - 1), came=Sum("count"), last_batch=Max("pk")
        )
    )
    found: dict[UUID, _Came] = defaultdict(_Came)
    for read, _tab, last, came, last_batch in tabs:
        found[read].missing += last - came
        found[read].last_batch = max(found[read].last_batch, last_batch)
    return found
