"""Emergency unblinding of one read: a reason, two persons, two passwords; told and marked (D9)."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from readerstudy.audit.services import record
from readerstudy.reads.models import Read
from readerstudy.results import selectors
from readerstudy.results.models import EmergencyUnblinding
from readerstudy.studies import lifecycle
from readerstudy.studies.models import Study
from readerstudy.studies.selectors import study_for
from readerstudy.web.problems import Invalid, Problem, Refused, Unknown

if TYPE_CHECKING:
    from readerstudy.accounts.models import User


def ask_emergency(
    study: Study,
    *,
    reader: str,
    case: str,
    period: int,
    reason: str,
    password: str,
    by: "User",
) -> EmergencyUnblinding:
    """Ask that the arm of one read be told before the study is unblinded.

    Parameters
    ----------
    reader, case : str
        Their codes.
    period : int
        From 1: a reader may read a case once in each.
    password : str
        Of who asks.

    Raises
    ------
    Problem
        404 or 403 for who may not ask; 403 for a wrong password; 400 without a reason or for a
        read that there is none of; 409 when it was asked before, or the study is unblinded or
        has not begun.
    """
    study = study_for(by, study.pk, *selectors.GRANTERS)
    if not lifecycle.allows(study.state, "emergency"):
        words = lifecycle.words(study.state, "emergency")
        raise Problem("studies.state", words, state=study.state)
    if not reason.strip():
        raise Invalid("results.no_reason", "Say what the emergency is: the reason is kept.")
    read = Read.objects.filter(
        reader__study=study, reader__code=reader.strip(), case__code=case.strip(), period=period
    ).first()
    if read is None or period == 0:
        words = "No such read was opened: check the codes of reader and case, and the period."
        raise Invalid("results.no_read", words)
    _require_password(password, by)
    try:
        with transaction.atomic():
            asked = EmergencyUnblinding.objects.create(
                reader=read.reader, case=read.case, period=period, reason=reason.strip(),
                asked_by=by, asked_at=timezone.now(),
            )  # fmt: skip
            _record("ask", asked, study, by)
    except IntegrityError:
        words = "It was asked for already: see the list; another person grants it."
        raise Problem("results.asked", words) from None
    return asked


@transaction.atomic
def grant_emergency(asked_id: UUID, *, study: Study, password: str, by: "User") -> str:
    """Grant what another person asked for; answers the arm's name, and marks the reads.

    Raises
    ------
    Problem
        404 or 403 for who may not grant, 403 for who asked and for a wrong password, 409 when it
        was granted before.
    """
    study = study_for(by, study.pk, *selectors.GRANTERS)
    rows = EmergencyUnblinding.objects.select_for_update(of=("self",), no_key=True)
    asked = rows.filter(pk=asked_id, reader__study=study).select_related("reader", "case").first()
    if asked is None:
        raise Unknown
    if asked.granted_at:
        raise Problem("results.granted", "It was granted already: see the list.")
    if asked.asked_by_id == by.pk:
        raise Refused("results.same_person", "Another person than the one who asked must grant.")
    _require_password(password, by)
    asked.granted_by, asked.granted_at = by, timezone.now()
    asked.save(update_fields=["granted_by", "granted_at"])
    _record("grant", asked, study, by)
    return selectors.told_by(asked)


def _require_password(password: str, by: "User") -> None:
    if not by.check_password(password):
        words = "The password is not right. Nothing was unblinded."
        raise Refused("results.wrong_password", words)


def _record(verb: str, asked: EmergencyUnblinding, study: Study, by: "User") -> None:
    """What was done, and never which arm it is: the record is read by who stays blinded."""
    record(
        f"results.{verb}_emergency",
        subject=f"emergency:{asked.id}",
        by=by,
        study=study.pk,
        detail={"reader": asked.reader.code, "case": asked.case.code, "period": asked.period},
        reason=asked.reason,
    )
