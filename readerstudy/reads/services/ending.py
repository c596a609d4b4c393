"""End a read otherwise than by signing it; whatever was done stays (C6)."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging import grants
from readerstudy.reads import disclosure, selectors
from readerstudy.reads.lifecycle import next_state
from readerstudy.reads.models import ProblemReport, Read
from readerstudy.studies import lifecycle as studies
from readerstudy.studies.allocation import Allocation
from readerstudy.studies.models import Case, Membership, Reader
from readerstudy.studies.selectors import study_for
from readerstudy.web.problems import Invalid, Problem, Unknown


@transaction.atomic
def void(read_id: UUID, *, reason: str, by: User) -> Read:
    """Take a read out of the analysis with a reason; its row and all it holds are kept.

    A second reader's two stages are one read of a case, and are voided together.

    Raises
    ------
    Problem
        404 or 403 for who does not coordinate the study, 400 without a reason, 409 once the
        study's data are frozen.
    """
    named = Read.objects.filter(pk=read_id).first()
    if named is None:
        raise Unknown
    stages = {
        each.pk: each
        for each in _locked().filter(allocation=named.allocation_id, attempt=named.attempt)
    }
    read = stages.pop(read_id)
    study = study_for(by, read.reader.study_id, Membership.Role.COORDINATOR)
    if not studies.allows(study.state, "void"):
        raise Problem("studies.state", studies.words(study.state, "void"), state=study.state)
    if not reason.strip():
        raise Invalid("reads.reason", "Say why: the reason is kept with the read.")
    grants.end(disclosure.turn(read.allocation_id))
    ended = _end(read, "void", reason.strip(), by)
    for other in stages.values():
        if next_state(other.state, "void"):
            _end(other, "void", reason.strip(), by)
    return ended


@contextmanager
def withdraw_open(what: Reader | Case, by: User) -> Iterator[None]:
    """Close the open reads and images of a reader or a case that is withdrawn (D2, D3, C6).

    Registered with `studies.effects`: done in the transaction of the withdrawal.
    """
    reads = _locked().filter(state__in=selectors.OPEN_STATES)
    turns = Allocation.objects.order_by()
    if isinstance(what, Reader):
        reads, turns = reads.filter(reader=what), turns.filter(reader=what)
    else:
        reads, turns = reads.filter(case=what), turns.filter(case=what)
    mine = list(reads)
    _close(turns)
    yield
    for read in mine:
        _end(read, "withdraw", what.withdrawn_reason, by)


def close_images(user: User) -> None:
    """End what tokens of a deactivated account still open; registered with `accounts.effects`.

    Once the account is active again, new tokens are handed out.
    """
    _close(Allocation.objects.order_by().filter(reader__user=user))


def _close(turns: QuerySet[Allocation]) -> None:
    """Of turns that never came, too: their images may have been fetched ahead."""
    grants.end(*map(disclosure.turn, turns.values_list("pk", flat=True)))


def _locked() -> QuerySet[Read]:
    """Reads, locked in one order wherever several are."""
    return Read.objects.select_for_update(of=("self",), no_key=True).order_by("pk")


def _end(read: Read, verb: str, reason: str, by: User) -> Read:
    state = next_state(read.state, verb)
    if state is None:
        raise Problem("reads.state", f"This read is {read.state} and stays so.")
    read.state, read.note = state, reason
    read.save(update_fields=["state", "note"])
    record(
        f"reads.{verb}",
        subject=f"read:{read.id}",
        by=by,
        study=read.reader.study_id,
        detail={"reader": read.reader.code, "case": read.case.code},
        reason=reason,
    )
    return read


@transaction.atomic
def report_problem(read_id: UUID, *, words: str, by: User) -> str:
    """Tell the coordinator of a problem with the case; answers the report's number."""
    read = selectors.own_read(by, read_id)
    if not words.strip():
        raise Invalid("reads.words", "Say what is wrong with the case.")
    report = ProblemReport.objects.create(read=read, words=words.strip()[:2000], at=timezone.now())
    number = str(report.id)[:8]
    record(
        "reads.report_problem",
        subject=f"read:{read.id}",
        by=by,
        study=read.reader.study_id,
        detail={"report": number, "case": read.case.code},
        reason=report.words,
    )
    return number
