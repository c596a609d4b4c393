"""How far a study's readers are, for its coordinator: counts and dates only (C4).

Never an arm, a score or a time per arm: what is here may be shown to a blinded coordinator. Few
queries, however many readers there are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db.models import Max, Q, QuerySet
from django.utils import timezone

from readerstudy.reads.models import Leave, ProblemReport, Qualification, Read
from readerstudy.reads.selectors import (
    OPEN_STATES,
    OVER_STATES,
    PERIOD_ENDED,
    Place,
    place_of,
)
from readerstudy.reads.training import of_attempt
from readerstudy.studies import periods
from readerstudy.studies.allocation import Allocation
from readerstudy.studies.models import Reader, Study, WashoutOverride

QUIET = timedelta(seconds=60)


class Standing(StrEnum):
    """Where a reader stands."""

    NOT_STARTED = "not started"
    READING = "reading"  # has a case open, and their browser spoke within the last minute
    PAUSED = "paused"  # has a case open
    BETWEEN = "between cases"
    WASHOUT = "washout"
    NOT_PASSED = "training not passed"  # waits for the coordinator
    DONE = "done"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class ReaderProgress:
    """One reader's line of the progress table."""

    reader_id: UUID
    code: str
    name: str
    site: str
    experience: str
    place: Place
    standing: Standing
    last_activity: datetime | None
    opens_on: date | None  # the end of the washout that the reader is in
    is_simulated: bool


@dataclass(frozen=True, slots=True)
class SiteProgress:
    """One site's line: the sum of its readers who have not withdrawn."""

    site: str
    readers: int
    done: int
    planned: int
    last_activity: datetime | None


def progress(study: Study) -> list[ReaderProgress]:
    """Every reader's line, by code."""
    readers = list(
        Reader.objects.filter(study=study).select_related("user", "site", "study").order_by("code")
    )
    facts = _Facts.of(study, readers)
    return [_line(reader, facts) for reader in readers]


def by_site(lines: Iterable[ReaderProgress]) -> list[SiteProgress]:
    """The same by site."""
    sites: dict[str, list[ReaderProgress]] = {}
    for line in lines:
        if line.standing != Standing.WITHDRAWN:
            sites.setdefault(line.site, []).append(line)
    return [
        SiteProgress(
            site=site,
            readers=len(mine),
            done=sum(line.place.done for line in mine),
            planned=sum(line.place.planned for line in mine),
            last_activity=max(
                (line.last_activity for line in mine if line.last_activity), default=None
            ),
        )
        for site, mine in sorted(sites.items())
    ]


def all_reads(study: Study) -> QuerySet[Read]:
    """Every read of a study, by reader and in the order they were opened.

    A second reader's two stages are one line here: two lines would tell the arm.
    """
    first_of_two = Q(stage=Read.Stage.UNAIDED) & ~Q(state__in=OPEN_STATES)
    found = Read.objects.filter(reader__study=study).exclude(first_of_two)
    found = found.order_by("reader__code", "opened_at")
    return found.select_related("reader", "case", "protocol_version")


def problem_reports(study: Study) -> QuerySet[ProblemReport]:
    """What readers said is wrong with cases, newest first."""
    return ProblemReport.objects.filter(read__reader__study=study).select_related(
        "read__reader", "read__case"
    )


def waiting_for_decision(study: Study) -> list[Qualification]:
    """Readers who did not pass training and wait for their coordinator, by code."""
    if not study.pass_mark_percent:
        return []
    failed = Qualification.objects.filter(
        reader__study=study, reader__withdrawn_at=None, is_passed=False, leave=None
    )
    return list(failed.select_related("reader__user").order_by("reader__code"))


@dataclass
class _Facts:
    """What all lines are made from, fetched once."""

    rows: dict[UUID, list[tuple[int, bool]]]  # reader -> (period, whether over) of each row
    last_activity: dict[UUID, datetime]
    ended: dict[tuple[UUID, int], datetime]  # (reader, period) -> its last case was seen
    open_reads: dict[UUID, datetime]  # reader -> last sign of life of the open read
    overridden: set[tuple[UUID, int]]
    undecided: set[UUID]  # readers who did not pass training

    @classmethod
    def of(cls, study: Study, readers: Sequence[Reader]) -> "_Facts":
        mine = Read.objects.filter(reader__in=readers).order_by()
        attempts = _attempts(study)
        ended = mine.filter(state__in=OVER_STATES).exclude(stage=Read.Stage.UNAIDED)
        over = {
            row
            for reader, row, period, attempt in ended.values_list(
                "reader_id", "allocation_id", "period", "attempt"
            )
            if period or attempt == attempts.get(reader, 1)
        }
        periods_ended = mine.values_list("reader_id", "period").annotate(at=PERIOD_ENDED)
        return cls(
            rows=_rows(study, attempts, over),
            last_activity=_latest(mine),
            ended={(reader, period): at for reader, period, at in periods_ended if at},
            open_reads=_latest(mine.filter(state__in=OPEN_STATES)),
            overridden=set(
                WashoutOverride.objects.filter(reader__in=readers).values_list(
                    "reader_id", "period"
                )
            ),
            undecided={each.reader_id for each in waiting_for_decision(study)},
        )


def _rows(
    study: Study, attempts: Mapping[UUID, int], over: set[UUID]
) -> dict[UUID, list[tuple[int, bool]]]:
    """Each reader's rows to be read: period, and whether it is over."""
    of_reader: dict[UUID, list[tuple[UUID, int, bool]]] = {}
    planned = Allocation.objects.filter(list__study=study).order_by("position")
    members = ("reader_id", "id", "period", "case__withdrawn_at")
    for reader, row, period, withdrawn_at in planned.values_list(*members):
        of_reader.setdefault(reader, []).append((row, period, withdrawn_at is not None))
    found = {}
    for reader, mine in of_reader.items():
        training = [row for row, period, _gone in mine if not period]
        attempt = attempts.get(reader, 1)
        now = set(of_attempt(training, attempt, study.training_cases, study.test_cases))
        found[reader] = [
            (period, row in over) for row, period, gone in mine
            if not gone and (period or row in now)
        ]  # fmt: skip
    return found


def _attempts(study: Study) -> dict[UUID, int]:
    """Which time those train who were let train again."""
    if not study.pass_mark_percent:
        return {}
    leaves = Leave.objects.filter(qualification__reader__study=study, kind=Leave.Kind.AGAIN)
    again = Counter(leaves.values_list("qualification__reader_id", flat=True))
    return {reader: 1 + times for reader, times in again.items()}


def _latest(reads: Any) -> dict[UUID, datetime]:
    """The last sign of life of each reader in these reads."""
    rows = reads.values_list("reader_id").annotate(
        Max("opened_at"), Max("last_event_at"), Max("submitted_at")
    )
    return {reader: max(filter(None, times)) for reader, *times in rows}


def _line(reader: Reader, facts: _Facts) -> ReaderProgress:
    where = place_of(facts.rows.get(reader.id, ()))
    opening = periods.opening(
        period=where.period,
        washout_days=reader.study.washout_days,
        previous_ended_at=facts.ended.get((reader.id, where.period - 1)),
        now=timezone.now(),
        zone=timezone.get_default_timezone(),
        is_overridden=(reader.id, where.period) in facts.overridden,
    )
    standing = _standing(reader, where, facts, in_washout=not opening.is_open)
    return ReaderProgress(
        reader_id=reader.id,
        code=reader.code,
        name=str(reader.user),
        site=reader.site.name,
        experience=reader.get_experience_display(),
        place=where,
        standing=standing,
        last_activity=facts.last_activity.get(reader.id),
        opens_on=opening.opens_on if standing == Standing.WASHOUT else None,
        is_simulated=reader.user.is_simulated,
    )


def _standing(reader: Reader, where: Place, facts: _Facts, *, in_washout: bool) -> Standing:
    if reader.withdrawn_at:
        return Standing.WITHDRAWN
    sign = facts.open_reads.get(reader.id)
    if sign is not None:
        return Standing.READING if timezone.now() - sign <= QUIET else Standing.PAUSED
    if where.planned and where.done == where.planned:
        return Standing.DONE
    if reader.id in facts.undecided:
        return Standing.NOT_PASSED
    if in_washout:
        return Standing.WASHOUT
    return Standing.BETWEEN if reader.id in facts.last_activity else Standing.NOT_STARTED
