"""Settle whether a reader passed training, and what a coordinator decides when they did not."""

from django.db import transaction
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.reads import feedback, qualification, selectors
from readerstudy.reads.models import Leave, Qualification
from readerstudy.studies.models import Membership, Reader, Study
from readerstudy.studies.selectors import study_for
from readerstudy.web.problems import Invalid, Problem, Unknown

AGAIN_AT_MOST = 3


def settle_training(reader: Reader, *, by: User) -> Qualification | None:
    """Write down the result of the reader's training once its last read is signed.

    Asking again changes nothing: an attempt has one result. None while the training goes on, and
    where the protocol has no pass mark.
    """
    percent = reader.study.pass_mark_percent
    if not percent:
        return None
    attempt = selectors.training_attempt(reader)
    found = Qualification.objects.filter(reader=reader, attempt=attempt).first()
    row, _ = selectors.next_step(reader)
    is_over = row is None or row.period > 0
    if found is not None or not is_over or selectors.open_training(reader):
        return found
    given = [feedback.was_right(read) for read in selectors.reads_that_count(reader, attempt)]
    reached = qualification.score(each for each in given if each is not None)
    if not reached.of:
        return None
    with transaction.atomic():
        made = Qualification.objects.create(
            reader=reader, attempt=attempt, right=reached.right, of=reached.of,
            pass_mark_percent=percent, is_passed=reached.reaches(percent), at=timezone.now(),
        )  # fmt: skip
        detail = {
            "reader": reader.code, "attempt": attempt, "right": made.right, "of": made.of,
            "is_passed": made.is_passed,
        }  # fmt: skip
        subject = f"reader:{reader.pk}"
        record("reads.settle_training", subject=subject, by=by, study=reader.study_id,
               detail=detail)  # fmt: skip
    return made


@transaction.atomic
def decide_on_training(
    study: Study, *, reader_code: str, kind: str, reason: str, by: User
) -> Leave:
    """Let a reader who did not pass train again, or go on all the same (with a reason, audited).

    Raises
    ------
    Problem
        404 or 403 for who does not coordinate the study; 400 without a reason or for another
        kind; 409 when nothing is to be decided, or the training was done three times.
    """
    study = study_for(by, study.pk, Membership.Role.COORDINATOR)
    reader = (
        Reader.objects.select_for_update(of=("self",), no_key=True)
        .filter(study=study, code=reader_code, withdrawn_at=None)
        .select_related("study")
        .first()
    )
    if reader is None:
        raise Unknown
    if kind not in Leave.Kind.values:
        raise Invalid("reads.leave", "Let the reader train again, or go on without passing.")
    if not reason.strip():
        raise Invalid("reads.reason", "Say why: the reason is kept with the decision.")
    failed = selectors.failed_qualification(reader)
    if failed is None:
        raise Problem("reads.nothing_to_decide", f"{reader.code} waits for no decision.")
    if kind == Leave.Kind.AGAIN and failed.attempt >= AGAIN_AT_MOST:
        words = f"{reader.code} has trained {failed.attempt} times. Admit or withdraw them."
        raise Problem("reads.trained_enough", words)
    leave = Leave.objects.create(
        qualification=failed, kind=kind, reason=reason.strip(), by=by, at=timezone.now()
    )
    detail = {"reader": reader.code, "attempt": failed.attempt, "kind": kind}
    subject = f"reader:{reader.pk}"
    record("reads.decide_on_training", subject=subject, by=by, study=study.pk, detail=detail,
           reason=leave.reason)  # fmt: skip
    return leave
