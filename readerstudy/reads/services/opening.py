"""Open the own next read, continue an open one, take one over in another tab."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.reads import questionnaires, selectors
from readerstudy.reads.models import Mark, Measurement, Read, Session
from readerstudy.reads.services.attempts import retried
from readerstudy.reads.services.qualifying import settle_training
from readerstudy.studies.allocation import Allocation
from readerstudy.studies.models import Reader, Study
from readerstudy.studies.selectors import current_version, require_served
from readerstudy.web.problems import Problem, Unknown

Stage = Read.Stage
SILENCE = timedelta(seconds=60)  # a tab that lives says something more often than this


@retried
@transaction.atomic
def start_session(
    study: Study, *, display: dict[str, Any], by: User, first: Allocation | None = None
) -> Session:
    """Begin a sitting and keep what it is read on (R11), and whose images are told with it.

    Raises
    ------
    Problem
        404 for who does not read in the study, 409 `reads.display` for a browser without WebGL.
    """
    reader = selectors.reader_for(by, study.pk)
    if display.get("webgl") is False:
        words = _(
            "This browser cannot show the images properly: turn on WebGL, or use another one."
        )
        raise Problem("reads.display", words)
    now = timezone.now()
    session = Session.objects.create(
        reader=reader, display=display, started_at=now, last_seen_at=now
    )
    detail = {} if first is None else {"images_of": first.case.code}
    record(
        "reads.start_session", subject=f"session:{session.id}", by=by, study=study.pk, detail=detail
    )
    return session


def open_next(study_id: UUID, *, session_id: UUID | None, tab: str, by: User) -> Read:
    """Continue the reader's open read, or open the next one of their allocation.

    Two requests at the same instant queue on the reader's row and get the same read (C9, C10).

    Raises
    ------
    Unknown
        404 for who does not read in the study.
    Problem
        409 `reads.washout` with the date, `reads.rest` with the time, `reads.nothing_left`,
        `reads.questionnaire`, `reads.not_qualified`, `studies.state`, `studies.halted`.
    """
    found = _opened(study_id, session_id=session_id, tab=tab, by=by)
    if isinstance(found, Problem):
        raise found
    return found


@retried
@transaction.atomic
def _opened(study_id: UUID, *, session_id: UUID | None, tab: str, by: User) -> Read | Problem:
    """The read; or that training was not passed, which is kept, so it is no error in here."""
    reader = _queue_on(by, study_id)
    require_served(reader.study)
    if (open_read := selectors.open_read(reader)) is not None:
        return _hold(open_read, tab)
    allocation, stage = _next_to_read(reader)
    sitting = _sitting(reader, session_id)
    if allocation.period and (barred := _barred(reader, by)) is not None:
        return barred
    read = _create(reader, allocation, stage, sitting, tab)
    record(
        "reads.open",
        subject=f"read:{read.id}",
        by=by,
        study=study_id,
        detail={"reader": reader.code, "case": read.case.code},  # a stage would tell the arm
    )
    return read


def row_ahead(reader: Reader) -> Allocation | None:
    """The row whose read `open_next` would give now: its images may be fetched before it is asked.

    None wherever it would refuse, and where training has yet to be settled (or had nothing to
    settle: its cases were all taken back): nothing is told of a case before its time.
    """
    try:
        require_served(reader.study)
        if (open_read := selectors.open_read(reader)) is not None:
            return open_read.allocation
        allocation, _stage = _next_to_read(reader)
    except Problem:
        return None
    is_told = not allocation.period or selectors.is_admitted(reader)
    return allocation if is_told else None


def _next_to_read(reader: Reader) -> tuple[Allocation, str]:
    """The reader's next row and the stage to read it in, or why there is none just now."""
    _require_running(reader.study)
    allocation, stage = selectors.next_step(reader)
    if allocation is None:
        raise Problem("reads.nothing_left", _("You have read every case of this study. Thank you."))
    _require_open_period(reader, allocation.period)
    if stage != Stage.AIDED:  # the second half of a case is not a further one
        _require_rest(reader)
        _require_answers(reader)
    return allocation, stage


def _queue_on(user: User, study_id: UUID) -> Reader:
    # NO KEY: foreign keys to the reader are checked at others' commits, when those hold the audit
    # chain's lock; a full lock here would deadlock with them. OF self: the study is everybody's.
    locked = Reader.objects.select_for_update(of=("self",), no_key=True)
    mine = locked.filter(user=user, study=study_id, withdrawn_at=None)
    reader = mine.select_related("study", "user").first()
    if reader is None:
        raise Unknown
    return reader


def _require_running(study: Study) -> None:
    if study.state != Study.State.RUNNING:
        words = _("This study is not open for reading now. Your coordinator knows more.")
        raise Problem("reads.not_running", words)


def _require_open_period(reader: Reader, period: int) -> None:
    opening = selectors.opening_of(reader, period)
    if not opening.is_open:
        when = opening.opens_on.isoformat() if opening.opens_on else None
        words = _("Period {period} opens on {when}. Nothing is lost; come back then.")
        words = words.format(period=period, when=when)
        raise Problem("reads.washout", words, opens_on=when)


def _require_rest(reader: Reader) -> None:
    """Refuse a further case to who has read as long as the protocol lets them (R10)."""
    until = selectors.rest_until(reader)
    if until is not None:
        limit = reader.study.session_limit_min
        words = _("A session ends after {limit} minutes. Rest; all you did is kept.")
        words = words.format(limit=limit)
        raise Problem("reads.rest", words, opens_at=until.isoformat())


def _require_answers(reader: Reader) -> None:
    """Refuse a case to who has not said what the protocol asks before it."""
    if (asked := questionnaires.due(reader)) is not None:
        words = _("First answer “{title}”: it is on your reading page.").format(title=asked.title)
        raise Problem("reads.questionnaire", words, questionnaire=asked.key)


def _sitting(reader: Reader, session_id: UUID | None) -> UUID | None:
    """The sitting, where it is the reader's own, seen just now: before the audit chain (0016)."""
    if session_id is None:
        return None
    ours = Session.objects.filter(pk=session_id, reader=reader)
    return session_id if ours.update(last_seen_at=timezone.now()) else None


def _barred(reader: Reader, by: User) -> Problem | None:
    """What keeps who did not pass training from the study's own cases, until it is decided."""
    settle_training(reader, by=by)  # a training case that was withdrawn may have been the last
    if selectors.failed_qualification(reader) is None:
        return None
    words = _("Training was not passed. Your coordinator decides how to go on.")
    return Problem("reads.not_qualified", words)


def _create(
    reader: Reader, allocation: Allocation, stage: str, sitting: UUID | None, tab: str
) -> Read:
    version = current_version(reader.study)
    if version is None:
        raise Problem("reads.not_running", _("The study is not locked yet."))
    read = Read.objects.create(
        allocation=allocation,
        stage=stage,
        reader=reader,
        case=allocation.case,
        arm=allocation.arm,
        period=allocation.period,
        attempt=1 if allocation.period else selectors.training_attempt(reader),
        protocol_version=version,
        session_id=sitting,
        opened_at=timezone.now(),
        lease_tab=tab,
        lease_fence=1,
        is_simulated=reader.user.is_simulated,
    )
    if stage == Stage.AIDED:
        _copy_draft(read)
    return read


def _copy_draft(aided: Read) -> None:
    """A second reader goes on from the marks they have locked (R6), and what they measured."""
    unaided = Read.objects.get(
        allocation=aided.allocation, stage=Stage.UNAIDED, attempt=aided.attempt
    )
    Mark.objects.bulk_create(
        Mark(
            read=aided, mark_id=mark.mark_id, number=mark.number, x_mm=mark.x_mm, y_mm=mark.y_mm,
            z_mm=mark.z_mm, diameter_mm=mark.diameter_mm, rating=mark.rating, series=mark.series,
            mask=mark.mask, threshold_percent=mark.threshold_percent,
        )
        for mark in unaided.marks.filter(is_removed=False)
    )  # fmt: skip
    Measurement.objects.bulk_create(
        Measurement(
            read=aided, measure_id=each.measure_id, tool=each.tool, series=each.series,
            points_mm=each.points_mm, values=each.values,
        )
        for each in unaided.measurements.filter(is_removed=False)
    )  # fmt: skip


def _hold(read: Read, tab: str) -> Read:
    """Give the read to the tab if no other one holds it, or the one that does fell silent (I8)."""
    last_sign = max(read.opened_at, read.last_event_at or read.opened_at)
    is_silent = timezone.now() - last_sign > SILENCE
    if read.lease_tab != tab and (is_silent or not read.lease_tab):
        read.lease_tab = tab
        read.lease_fence += 1
        read.save(update_fields=["lease_tab", "lease_fence"])
    return read


@retried
@transaction.atomic
def take_over(read_id: UUID, *, tab: str, by: User) -> Read:
    """Make `tab` the one that may write; the loser's next batch is answered 409 (C10)."""
    read = selectors.own_read(by, read_id, lock=True)
    if read.state not in selectors.OPEN_STATES:
        raise Problem("reads.not_open", _("This read is not open any more."))
    if read.lease_tab != tab:
        read.lease_tab = tab
        read.lease_fence += 1
        read.save(update_fields=["lease_tab", "lease_fence"])
        record(
            "reads.take_over",
            subject=f"read:{read.id}",
            by=by,
            study=read.reader.study_id,
            detail={"fence": read.lease_fence},
        )
    return read
