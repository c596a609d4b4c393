"""Queries about reads, by viewer. A reader reaches their own reads and nothing else."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.reads.models import Batch, Leave, Qualification, Read
from readerstudy.reads.sitting import Sitting, sitting
from readerstudy.reads.training import of_attempt, of_test
from readerstudy.studies import periods
from readerstudy.studies.allocation import Allocation
from readerstudy.studies.models import Arm, Reader
from readerstudy.studies.periods import Opening
from readerstudy.studies.selectors import has_washout_override
from readerstudy.web.problems import Unknown

A_DAY = timedelta(days=1)
OPEN_STATES = (Read.State.OPENED, Read.State.PAUSED)
WHOLE = (  # all that a packet is made of
    "reader__study", "reader__user", "case__examination", "arm", "protocol_version", "allocation",
)  # fmt: skip
OVER_STATES = (Read.State.SUBMITTED, Read.State.WITHDRAWN, Read.State.VOIDED)


def reader_for(user: User, study_id: UUID) -> Reader:
    """The user as a reader of the study.

    Raises
    ------
    Unknown
        404 for everybody else, whether the study exists or not.
    """
    reader = (
        Reader.objects.filter(user=user, study=study_id, withdrawn_at=None)
        .select_related("study", "user")
        .first()
    )
    if reader is None:
        raise Unknown
    return reader


def own_read(user: User, read_id: UUID, *, lock: bool = False, alone: bool = False) -> Read:
    """A read of the user's own, its row locked when asked for.

    Parameters
    ----------
    alone : bool
        Without the rows it points to: a batch of events seldom needs any of them.

    Raises
    ------
    Unknown
        404 for a read of somebody else, as for none.
    """
    reads = (
        Read.objects.select_for_update(of=("self",), no_key=True) if lock else Read.objects.all()
    )
    if not alone:
        reads = reads.select_related(*WHOLE)
    read = reads.filter(pk=read_id, reader__user=user).first()
    if read is None:
        raise Unknown
    return read


def open_read(reader: Reader) -> Read | None:
    """The read that the reader has open, if any.

    Two queries where there is one: making the whole one ready costs more than to ask whether, and
    the next case, which a reader waits for, opens when there is none.
    """
    found = Read.objects.filter(reader=reader, state__in=OPEN_STATES).values_list("pk", flat=True)
    pk = found.first()
    if pk is None:
        return None
    # Asked once more whether it is open: between the two it may be signed.
    still_open = Read.objects.select_related(*WHOLE).filter(pk=pk, state__in=OPEN_STATES)
    return still_open.first()


def training_attempt(reader: Reader) -> int:
    """Which time the reader trains: the first, unless a coordinator let them train again."""
    if not reader.study.pass_mark_percent:
        return 1
    again = Leave.objects.filter(qualification__reader=reader, kind=Leave.Kind.AGAIN)
    return 1 + again.count()


def that_count(reader: Reader) -> QuerySet[Read]:
    """The reader's reads but for those of a training that is done again."""
    earlier = Q(period=0, attempt__lt=training_attempt(reader))
    return Read.objects.filter(reader=reader).exclude(earlier)


def open_training(reader: Reader) -> bool:
    """Whether the reader has a training case open."""
    return Read.objects.filter(reader=reader, period=0, state__in=OPEN_STATES).exists()


def training_reads(reader: Reader, attempt: int) -> list[Read]:
    """The signed training reads of one attempt, in the order they were read."""
    reads = Read.objects.filter(
        reader=reader, period=0, attempt=attempt, state=Read.State.SUBMITTED
    ).exclude(stage=Read.Stage.UNAIDED)
    members = ("case", "protocol_version", "reader__study")
    return list(reads.select_related(*members).order_by("submitted_at"))


def reads_that_count(reader: Reader, attempt: int) -> list[Read]:
    """The signed training reads that the pass mark is of: where there is a test, its reads."""
    reads = training_reads(reader, attempt)
    if not reader.study.test_cases:
        return reads
    tests = rows_of_test(reader)
    return [each for each in reads if each.allocation_id in tests]


def rows_of_test(reader: Reader) -> set[UUID]:
    """The reader's rows that are test cases, of whatever attempt; withdrawn cases too."""
    study = reader.study
    if not study.test_cases:
        return set()
    rows = list(_training_rows(reader))
    return set(of_test(rows, study.training_cases, study.test_cases))


def _training_rows(reader: Reader) -> "QuerySet[Allocation, UUID]":
    rows = Allocation.objects.filter(reader=reader, period=0).order_by("position")
    return rows.values_list("pk", flat=True)


def is_test(read: Read) -> bool:
    """Whether a read is of a test case: no feedback, whatever became of it."""
    return read.period == 0 and read.allocation_id in rows_of_test(read.reader)


def place_in_test(read: Read) -> tuple[int, int] | None:
    """Count "test case 2 of 5" in the read's attempt; None for a case that is no test case."""
    if not is_test(read):
        return None
    reader = read.reader
    rows = Allocation.objects.filter(reader=reader, period=0, case__withdrawn_at=None)
    rows = rows.filter(of_this_training(reader, read.attempt), pk__in=rows_of_test(reader))
    is_before = Q(position__lt=read.allocation.position)
    counted = rows.aggregate(before=Count("pk", filter=is_before), of=Count("pk"))
    return counted["before"] + 1, counted["of"]


def result_of_test(read: Read) -> Qualification | None:
    """The result that a test read's attempt came to; None while it lasts, and for other reads."""
    if not is_test(read):
        return None
    return Qualification.objects.filter(reader=read.reader_id, attempt=read.attempt).first()


def failed_qualification(reader: Reader) -> Qualification | None:
    """What keeps the reader from the study's own cases: training that was not passed."""
    if not reader.study.pass_mark_percent:
        return None
    found = _last_qualification(reader)
    return None if found is None or _lets_go_on(found) else found


def is_admitted(reader: Reader) -> bool:
    """Whether it is settled that the reader may read the study's own cases."""
    if not reader.study.pass_mark_percent:
        return True
    found = _last_qualification(reader)
    return found is not None and _lets_go_on(found)


def _last_qualification(reader: Reader) -> Qualification | None:
    last = Qualification.objects.filter(reader=reader, attempt=training_attempt(reader))
    return last.select_related("leave").first()


def _lets_go_on(found: Qualification) -> bool:
    return found.is_passed or hasattr(found, "leave")


def of_this_training(reader: Reader, attempt: int) -> Q:
    """Rows of the study's own cases, and of the training cases that an attempt has."""
    size = reader.study.training_cases
    if not size:
        return Q()
    mine = of_attempt(list(_training_rows(reader)), attempt, size, reader.study.test_cases)
    return Q(period__gt=0) | Q(pk__in=mine)


def rows_of(reader: Reader) -> QuerySet[Allocation]:
    """The reader's rows to be read, in their order, with the training cases of this attempt."""
    rows = Allocation.objects.filter(reader=reader, case__withdrawn_at=None)
    return rows.filter(of_this_training(reader, training_attempt(reader))).order_by("position")


def next_step(reader: Reader) -> tuple[Allocation | None, str]:
    """The reader's next allocation row that is not read yet, and the stage to read it in.

    A reader may have hundreds of rows: of all but the one that is next, only two columns are asked.
    """
    reads = set(that_count(reader).values_list("allocation_id", "stage"))
    for pk, mode in rows_of(reader).values_list("pk", "arm__mode"):
        for stage in stages(mode):
            if (pk, stage) not in reads:
                rows = Allocation.objects.select_related("case__examination", "arm")
                return rows.get(pk=pk), stage
    return None, Read.Stage.ONLY


def allocation_after(read: Read) -> Allocation | None:
    """The row whose images may be fetched while `read` is read: next in the same period.

    Another period may lie behind a washout, so nothing of it is told.
    """
    if read.stage == Read.Stage.UNAIDED:
        return None
    done = Read.objects.filter(reader=read.reader).values("allocation")
    return (
        rows_of(read.reader)
        .filter(period=read.period, position__gt=read.allocation.position)
        .exclude(pk__in=done)
        .select_related("case__examination")
        .first()
    )


def stages(mode: str) -> tuple[str, ...]:
    """The stages in which a case of an arm's mode is read, in order (R6)."""
    if mode == Arm.Mode.SECOND_READER:
        return (Read.Stage.UNAIDED, Read.Stage.AIDED)
    return (Read.Stage.ONLY,)


# When a reader had seen the last of a period's cases. A read that was voided or withdrawn counts:
# its case was seen, and most likely comes again after the washout.
PERIOD_ENDED = Max(
    Coalesce("submitted_at", "last_event_at", "opened_at"), filter=Q(state__in=OVER_STATES)
)


def opening_of(reader: Reader, period: int) -> Opening:
    """Whether a period is open for the reader, on the server's time (C5)."""
    before = Read.objects.filter(reader=reader, period=period - 1)
    ended = before.aggregate(at=PERIOD_ENDED)["at"]
    return periods.opening(
        period=period,
        washout_days=reader.study.washout_days,
        previous_ended_at=ended,
        now=timezone.now(),
        zone=timezone.get_default_timezone(),
        is_overridden=has_washout_override(reader, period),
    )


def sitting_of(reader: Reader) -> Sitting | None:
    """The sitting that the reader is in, over all that they read here; None after a rest."""
    now, rest = timezone.now(), timedelta(minutes=reader.study.rest_min)
    recent = Read.objects.filter(reader__user=reader.user_id).filter(
        Q(state__in=OPEN_STATES) | Q(opened_at__gt=now - A_DAY) | Q(submitted_at__gt=now - A_DAY)
    )
    signs: set[datetime] = set()
    for pk, *found in recent.values_list("pk", "opened_at", "last_event_at", "submitted_at"):
        times = [each for each in found if each]
        signs.update(times)
        if max(times) - min(times) >= rest:  # there may be a rest inside
            batches = Batch.objects.filter(read=pk, received_at__gt=now - A_DAY)
            signs.update(batches.order_by().values_list("received_at", flat=True).distinct())
    return sitting(sorted(signs, reverse=True), now=now, rest=rest)


def rest_until(reader: Reader) -> datetime | None:
    """When the reader's next case opens, if their session has reached its limit (R10)."""
    limit = timedelta(minutes=reader.study.session_limit_min)
    found = sitting_of(reader) if limit else None
    if found is None or found.length < limit:
        return None
    return found.rested_at(timedelta(minutes=reader.study.rest_min))


@dataclass(frozen=True)
class Place:
    """How far a reader is, without a word about outcomes or arms."""

    done: int
    planned: int
    training_done: int
    training_planned: int
    period: int
    periods: int


def place(reader: Reader) -> Place:
    """Count the reader's cases, done and planned.

    A case of a second-reader arm is one, not its two stages: else the count would tell the arm
    to whoever sees progress (C4).
    """
    rows = rows_of(reader)
    over = set(
        that_count(reader)
        .filter(state__in=OVER_STATES)
        .exclude(stage=Read.Stage.UNAIDED)
        .values_list("allocation_id", flat=True)
    )
    return place_of((period, row in over) for row, period in rows.values_list("id", "period"))


def place_of(rows: Iterable[tuple[int, bool]]) -> Place:
    """Progress from (period, whether it is over) of each allocation row; period 0 is training."""
    planned: Counter[int] = Counter()
    done: Counter[int] = Counter()
    for period, is_over in rows:
        planned[period] += 1
        done[period] += is_over
    main = sorted(period for period in planned if period)
    return Place(
        done=sum(done[period] for period in main),
        planned=sum(planned[period] for period in main),
        training_done=done[0],
        training_planned=planned[0],
        period=next((each for each in main if done[each] < planned[each]), main[-1] if main else 1),
        periods=main[-1] if main else 1,
    )


def number_of(read: Read) -> tuple[int, int]:
    """Count "case 23 of 60": the case's place among the reader's cases, training apart."""
    rows = Allocation.objects.filter(reader=read.reader_id, case__withdrawn_at=None)
    training = rows.filter(of_this_training(read.reader, read.attempt), period=0)
    mine = training if read.period == 0 else rows.filter(period__gt=0)
    is_before = Q(position__lt=read.allocation.position)
    counted = mine.aggregate(before=Count("pk", filter=is_before), of=Count("pk"))
    return counted["before"] + 1, counted["of"]


def history(user: User, study_id: UUID) -> list[dict[str, Any]]:
    """The reader's own signed reads, newest first: what and when, never how well."""
    reads = Read.objects.filter(reader=reader_for(user, study_id), state=Read.State.SUBMITTED)
    return [
        {
            "case": read.case.code,
            "is_training": read.period == 0,
            "submitted_at": read.submitted_at,
            "active_s": round((read.active_ms or 0) / 1000),
        }
        for read in reads.select_related("case").order_by("-submitted_at")
    ]


def changes_arm(read: Read) -> bool:
    """Whether the reader's last case in this study was read in another arm (fault F9)."""
    earlier = Read.objects.filter(reader=read.reader_id, opened_at__lt=read.opened_at)
    # Training comes first, also where two reads were opened at the same instant.
    arms = earlier.exclude(pk=read.pk).order_by("-opened_at", "-period")
    last = arms.values_list("arm_id", flat=True).first()
    return last is not None and last != read.arm_id
