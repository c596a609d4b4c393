"""Submit and sign a read: all of it in one transaction, once, with one answer for ever."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from readerstudy.accounts.models import User
from readerstudy.audit.services import canonical, record
from readerstudy.imaging import grants
from readerstudy.reads import disclosure, failpoints, selectors
from readerstudy.reads.completeness import Asked, shown
from readerstudy.reads.completeness import missing as incomplete
from readerstudy.reads.lifecycle import next_state
from readerstudy.reads.log import MAX_MISSING, Log
from readerstudy.reads.models import Batch, Mark, Read, Signature
from readerstudy.reads.packing import digests
from readerstudy.reads.services.attempts import retried
from readerstudy.reads.services.qualifying import settle_training
from readerstudy.reads.timing import TimedEvent, Timing, derive
from readerstudy.reads.words import in_words
from readerstudy.studies.models import Question, Study
from readerstudy.studies.selectors import questions_of, require_served
from readerstudy.web.problems import Invalid, Problem, Refused


def submit(
    read_id: UUID,
    *,
    key: str,
    tab: UUID,
    fence: int,
    last_seq: int,
    password: str,
    meaning: str,
    by: User,
) -> tuple[Read, dict[str, Any]]:
    """Lock a read with the reader's signature (21 CFR 11.50) and answer what was signed.

    Parameters
    ----------
    key : str
        The Idempotency-Key: a repeat with the same key gets the same answer, whatever happened
        to the first reply.
    last_seq : int
        The tab's last event; the server must have it and all before it.

    Raises
    ------
    Problem
        404 for a read of somebody else; 403 `reads.wrong_password`; 400 without a key or with
        another meaning; 409 `reads.taken_over`, `reads.missing_events`, `reads.incomplete`,
        `reads.not_open`.
    """
    if not key:
        raise Invalid("reads.no_key", "A submission needs an Idempotency-Key header.")
    # A slow hash: not while the row is locked. A repeat signs anew and is answered as the first.
    _require_signature(selectors.own_read(by, read_id), password, meaning, by)
    failpoints.reach("submit.before_begin")
    return _submit(read_id, key, _Holder(tab, fence, last_seq), meaning, by)


@dataclass(frozen=True)
class _Holder:
    """The tab that asks, its lease's number, and its last event."""

    tab: UUID
    fence: int
    last_seq: int


@retried
@transaction.atomic
def _submit(
    read_id: UUID, key: str, holder: _Holder, meaning: str, by: User
) -> tuple[Read, dict[str, Any]]:
    read = selectors.own_read(by, read_id, lock=True)
    if read.submit_key == key and read.submit_reply is not None:
        return read, dict(read.submit_reply)
    if Read.objects.filter(submit_key=key).exists():
        raise Invalid("reads.key_used", "This Idempotency-Key is used already: send another.")
    _require_ready(read, holder)
    _drop_hidden_answers(read)
    has_no_feedback = read.period > 0 or selectors.is_test(read)
    if has_no_feedback and read.stage != Read.Stage.UNAIDED:  # with it, images are looked at
        grants.end(disclosure.turn(read.allocation_id))
    reply = _sign(read, key, timing_of(read), meaning, by)
    if read.period == 0:
        settle_training(read.reader, by=by)
    failpoints.reach("submit.before_commit")
    return read, reply


def _require_ready(read: Read, holder: _Holder) -> None:
    _require_collecting(read.reader.study)
    if next_state(read.state, "submit") is None:
        words = _("This read is submitted already.") if read.submitted_at else _("Resume it first.")
        raise Problem("reads.not_open", words, state=read.state)
    if (str(holder.tab), holder.fence) != (read.lease_tab, read.lease_fence):
        words = _("This case is open in another window. Take it over to go on here.")
        raise Problem("reads.taken_over", words)
    gaps, last = Log.of(read).missing(holder.tab)
    if gaps or last < holder.last_seq:
        gaps = list(islice(chain(gaps, range(last + 1, holder.last_seq + 1)), MAX_MISSING))
        words = _("Some of what you did has not reached the server yet. It is sent again now.")
        raise Problem("reads.missing_events", words, missing=gaps)
    if found := incomplete(**_state_of(read)):
        said = in_words(found)
        lines = [{"what": each.what, "words": it} for each, it in zip(found, said, strict=True)]
        raise Problem("reads.incomplete", " ".join(said), missing=lines)


def _require_collecting(study: Study) -> None:
    """Reads may still be signed after the close, never once the data are frozen (D10)."""
    require_served(study)
    if study.state not in {Study.State.RUNNING, Study.State.CLOSED}:
        words = _("This study's data are frozen: no read is signed any more. It is kept as it is.")
        raise Problem("reads.frozen", words)


def _drop_hidden_answers(read: Read) -> None:
    """An answer to a question that is no longer asked is not part of what is signed.

    The events keep that it was given.
    """
    asked = [_asked(each) for each in questions_of(read.protocol_version)]
    answers = {each.question.key: each.value for each in _answers(read)}
    read.answers.exclude(question__key__in=shown(asked, answers)).delete()


def _state_of(read: Read) -> dict[str, Any]:
    marks = Mark.objects.filter(read=read, is_removed=False)
    return {
        "unrated": list(marks.filter(rating=None).values_list("number", flat=True)),
        "marks": marks.count(),
        "no_lesion_said": read.no_lesion_said,
        "questions": [_asked(each) for each in questions_of(read.protocol_version)],
        "answers": {each.question.key: each.value for each in _answers(read)},
    }


def _answers(read: Read) -> Any:
    return read.answers.select_related("question").order_by("question__key")


def _asked(question: Question) -> Asked:
    return Asked(
        key=question.key,
        text=question.text,
        kind=question.kind,
        is_required=question.is_required,
        values=tuple(str(each["value"]) for each in question.choices),
        minimum=question.minimum,
        maximum=question.maximum,
        shown_if=question.shown_if,
    )


def _require_signature(read: Read, password: str, meaning: str, by: User) -> None:
    if meaning != disclosure.MEANING:
        raise Invalid("reads.meaning", _("The signature's meaning is not the one that was shown."))
    if not by.check_password(password):
        with transaction.atomic():
            study = read.reader.study_id
            record("reads.wrong_password", subject=f"read:{read.id}", by=by, study=study)
        words = _("The password is not right. Nothing is lost: sign again.")
        raise Refused("reads.wrong_password", words)


def timing_of(read: Read) -> Timing:
    """The read's time from its raw events, by the definition of `reads.timing`."""
    return timings_under(read, [disclosure.idle_limit_s(read)])[0]


def timings_under(read: Read, limits_s: Sequence[float]) -> list[Timing]:
    """The read's time from its raw events under each of several idle limits, seconds."""
    events = [
        TimedEvent(tab, seq, *clocks, row.fence)
        for row in Batch.objects.filter(read=read, is_applied=True).defer("keys")
        for tab in [str(row.tab)]
        for seq, clocks in enumerate(row.clocks(), start=row.first_seq)
    ]
    return [derive(events, idle_limit_ms=limit * 1000) for limit in limits_s]


def signed_content(read: Read) -> dict[str, Any]:
    """What a signature is under: who read what, with which marks, answers, events and time."""
    marks = Mark.objects.filter(read=read, is_removed=False).order_by("number")
    rows = Batch.objects.filter(read=read, is_applied=True)
    return {
        "read": str(read.id),
        "reader": read.reader.code,
        "case": read.case.code,
        "stage": read.stage,
        "protocol": read.protocol_version.sha256,
        "marks": [
            [mark.number, mark.x_mm, mark.y_mm, mark.z_mm, mark.diameter_mm, mark.rating]
            + ([mark.mask] if mark.mask else [])  # as it was signed before there were any
            for mark in marks
        ],
        "no_lesion_said": read.no_lesion_said,
        "answers": {each.question.key: each.value for each in _answers(read)},
        "decisions": {
            str(each.proposal): each.kind for each in read.decisions.order_by("proposal")
        },
        "events": [
            [tab, str(seq), digest]
            for its, first, keys in rows.values_list("tab", "first_seq", "keys")
            for tab in [str(its)]
            for seq, digest in enumerate(digests(bytes(keys)), start=first)
        ],
        "timing": read.timing,
    }


def _sign(read: Read, key: str, timing: Timing, meaning: str, by: User) -> dict[str, Any]:
    now = timezone.now()
    read.state = Read.State.SUBMITTED
    read.submitted_at, read.submit_key = now, key
    read.active_ms, read.timing = timing.active_ms, timing.as_dict()
    read.timing["flags"] += _implausible(read, timing)
    digest = hashlib.sha256(canonical(signed_content(read))).hexdigest()
    signature = Signature.objects.create(
        read=read, by=by, name=str(by), meaning=meaning, sha256=digest, at=now
    )
    failpoints.reach("submit.inserted")
    read.submit_reply = {
        "read_id": str(read.id),
        "submitted_at": now.isoformat(),
        "signature": {"name": signature.name, "meaning": meaning, "sha256": digest},
    }
    read.save()
    record(
        "reads.submit",
        subject=f"read:{read.id}",
        by=by,
        study=read.reader.study_id,
        detail={"reader": read.reader.code, "case": read.case.code, "sha256": digest},
    )
    return dict(read.submit_reply)


def _implausible(read: Read, timing: Timing) -> list[str]:
    """A browser's time that is longer than the server's own is kept and flagged (C17)."""
    server_ms = (timezone.now() - read.opened_at).total_seconds() * 1000
    slack = getattr(settings, "TIMING_SLACK_MS", 5000)
    return ["implausible"] if timing.active_ms > server_ms + slack else []
