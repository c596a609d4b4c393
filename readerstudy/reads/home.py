"""What a reader's own pages say: where they are, how long it took, how training went.

Of the study's own cases only what and when, never how well; training alone has outcomes.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.reads import feedback, qualification, questionnaires, selectors, worklist
from readerstudy.reads.models import Qualification, QuestionnaireReply, Read
from readerstudy.studies.models import Reader, Study
from readerstudy.studies.selectors import current_version

PACE_READS = 20  # the pace is that of the last so many reads


@dataclass(frozen=True, slots=True)
class Stretch:
    """One part of the reader's way: training, the test at its end, or a period."""

    period: int  # 0 is training
    is_test: bool
    done: int
    planned: int
    is_now: bool

    @property
    def left(self) -> int:
        """Cases of it that are still to be read."""
        return self.planned - self.done


@dataclass(frozen=True, slots=True)
class Home:
    """One study on the reader's home."""

    entry: dict[str, Any]  # of the worklist
    way: list[Stretch]
    days_left: int | None  # of the washout
    spent: timedelta  # active reading time
    left: timedelta | None  # what is left of it, at the reader's own pace
    last: datetime | None
    session_limit_min: int
    has_questions: bool
    has_history: bool
    qualification: Qualification | None
    is_over: bool

    @property
    def test(self) -> Stretch | None:
        """The test of the attempt that the reader is at."""
        return _test_of(self.way)


@dataclass(frozen=True, slots=True)
class TrainingLine:
    """One signed training case: what was there, and what of it the reader found."""

    case: str
    status: str
    found: int
    lesions: int
    false_marks: int
    is_right: bool


@dataclass(frozen=True, slots=True)
class Training:
    """The reader's training, as it stands."""

    done: int
    planned: int
    test: Stretch | None
    attempt: int
    pass_mark_percent: int
    needed: int  # of the cases that count, to pass
    result: Qualification | None
    lines: list[TrainingLine]


@dataclass(frozen=True, slots=True)
class Participation:
    """What a certificate says; counts and dates only."""

    reader: Reader
    cases: int
    training: int
    first: datetime
    last: datetime
    version: Any


def homes(user: User) -> list[Home]:
    """The reader's studies, those with something to do first."""
    readers = {str(each.study_id): each for each in _readers(user)}
    made = [_home(readers[entry["id"]], entry) for entry in worklist.worklist(user)]
    return sorted(made, key=lambda home: home.entry["next"]["action"] in ("done", "wait"))


def _readers(user: User) -> list[Reader]:
    return list(Reader.objects.filter(user=user, withdrawn_at=None).select_related("study", "user"))


def _home(reader: Reader, entry: dict[str, Any]) -> Home:
    signed = list(
        Read.objects.filter(reader=reader, state=Read.State.SUBMITTED)
        .order_by("-submitted_at")
        .values_list("submitted_at", "active_ms", "period")
    )
    left = entry["planned"] - entry["done"]
    return Home(
        entry=entry,
        way=way(reader),
        days_left=_days_until(entry["next"]["opens_on"]),
        spent=timedelta(milliseconds=sum(active or 0 for _at, active, _period in signed)),
        left=_at_this_pace([active or 0 for _at, active, period in signed if period], left),
        last=signed[0][0] if signed else None,
        session_limit_min=reader.study.session_limit_min,
        has_questions=questionnaires.replies(reader).exists(),
        has_history=bool(signed),
        qualification=Qualification.objects.filter(reader=reader).order_by("-attempt").first(),
        is_over=bool(entry["planned"]) and not left,
    )


def _at_this_pace(active_ms: list[int], reads_left: int) -> timedelta | None:
    recent = active_ms[:PACE_READS]
    if not recent or not reads_left:
        return None
    return timedelta(milliseconds=median(recent) * reads_left)


def _days_until(day: str | None) -> int | None:
    return None if day is None else (date.fromisoformat(day) - timezone.localdate()).days


def way(reader: Reader) -> list[Stretch]:
    """The parts of the reader's way, in order: training, its test if it has one, the periods."""
    rows = selectors.rows_of(reader)
    over = set(
        selectors.that_count(reader)
        .filter(state__in=selectors.OVER_STATES)
        .exclude(stage=Read.Stage.UNAIDED)
        .values_list("allocation_id", flat=True)
    )
    tests = selectors.rows_of_test(reader)
    planned: Counter[tuple[int, bool]] = Counter()
    done: Counter[tuple[int, bool]] = Counter()
    for row, period in rows.values_list("id", "period"):
        part = (period, row in tests)
        planned[part] += 1
        done[part] += row in over
    now = next((each for each in sorted(planned) if done[each] < planned[each]), None)
    return [
        Stretch(*part, done=done[part], planned=planned[part], is_now=part == now)
        for part in sorted(planned)
    ]


def test_of(reader: Reader) -> Stretch | None:
    """The test of the attempt that the reader is at; None where the protocol has none."""
    return _test_of(way(reader)) if reader.study.test_cases else None


def _test_of(parts: list[Stretch]) -> Stretch | None:
    return next((each for each in parts if each.is_test), None)


def training(reader: Reader) -> Training:
    """The reader's training cases with their feedback, of the attempt they are at."""
    attempt = selectors.training_attempt(reader)
    where = selectors.place(reader)
    percent = reader.study.pass_mark_percent
    test = test_of(reader)
    lines = [
        _line(read, given)
        for read in selectors.training_reads(reader, attempt)
        if (given := feedback.of(read)) is not None
    ]
    return Training(
        done=where.training_done,
        planned=where.training_planned,
        test=test,
        attempt=attempt,
        pass_mark_percent=percent,
        needed=-(-percent * (test.planned if test else where.training_planned) // 100),
        result=Qualification.objects.filter(reader=reader, attempt=attempt).first(),
        lines=lines,
    )


def _line(read: Read, given: dict[str, Any]) -> TrainingLine:
    return TrainingLine(
        case=read.case.code,
        status=given["status"],
        found=sum(each["found"] for each in given["lesions"]),
        lesions=len(given["lesions"]),
        false_marks=len(given["false_marks"]),
        is_right=qualification.is_right(given),
    )


def answered(reader: Reader) -> list[tuple[QuestionnaireReply, str, list[tuple[str, str]]]]:
    """The reader's own answers to questionnaires: the reply, its title, and question and answer."""
    titled = []
    for reply in questionnaires.replies(reader).order_by("-at"):
        asked = questionnaires.find(reader.study, reply.key)
        if asked is not None:
            lines = [
                (each.text, questionnaires.in_words(each, reply.answers[each.key]))
                for each in asked.questions
                if each.key in reply.answers
            ]
            titled.append((reply, asked.title, lines))
    return titled


def trained(reader: Reader) -> Qualification | None:
    """The training that the reader passed, for a certificate of it; its own page shows it too."""
    passed = Qualification.objects.filter(reader=reader, is_passed=True)
    return passed.order_by("-attempt").first()


def participation(reader: Reader) -> Participation | None:
    """What the reader's certificate says, once they have read all or the study is closed."""
    signed = Read.objects.filter(reader=reader, state=Read.State.SUBMITTED)
    times = list(signed.order_by("submitted_at").values_list("submitted_at", flat=True))
    where = selectors.place(reader)
    ended = reader.study.state not in (Study.State.READY, Study.State.RUNNING)
    is_over = bool(where.planned) and where.done == where.planned
    if not times or not (is_over or ended):
        return None
    first, last = times[0], times[-1]
    if first is None or last is None:
        return None
    rows = signed.exclude(stage=Read.Stage.UNAIDED)
    return Participation(
        reader=reader,
        cases=rows.exclude(period=0).count(),
        training=rows.filter(period=0).count(),
        first=first,
        last=last,
        version=current_version(reader.study),
    )
