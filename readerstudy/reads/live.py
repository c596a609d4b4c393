"""Who reads now, whose connection is lost, which case is stuck: for coordinators, as it happens.

From the signs of life that the server has: when it last heard of a read, which events it still
misses, how often the read changed hands. Nothing of what was marked, of an arm or of a stage. Few
queries, however many cases are open.
"""

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
    last = Batch.objects.filter(read=OuterRef("pk")).order_by("-id")
    stages = Read.objects.filter(allocation=OuterRef("allocation"), attempt=OuterRef("attempt"))
    first = stages.order_by("opened_at").values("opened_at")[:1]
    reads = list(
        Read.objects.filter(reader__study=study, state__in=OPEN_STATES)
        .select_related("reader__user", "reader__site", "case")
        .annotate(last_batch=Subquery(last.values("pk")[:1]), case_opened_at=Subquery(first))
    )
    missing = _missing(each.pk for each in reads)
    kinds = _last_kinds(each.last_batch for each in reads)
    found = [_line(read, kinds.get(read.pk), missing.get(read.pk, 0), now) for read in reads]
    return sorted(found, key=lambda each: each.last_sign, reverse=True)


def _last_kinds(batches: Iterable[int | None]) -> dict[UUID, str]:
    """What was done last in each read, of its last batch."""
    rows = Batch.objects.filter(pk__in=[each for each in batches if each]).defer("keys")
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


def _missing(reads: Iterable[UUID]) -> dict[UUID, int]:
    """How many events of each read are missing: a tab's last number less those that came."""
    tabs = (
        Batch.objects.filter(read__in=list(reads))
        .order_by()
        .values_list("read", "tab")
        .annotate(last=Max(F("first_seq") + F("count") - 1), came=Sum("count"))
    )
    found: dict[UUID, int] = {}
    for read, _tab, last, came in tabs:
        found[read] = found.get(read, 0) + last - came
    return found
