"""Unblinding takes two persons: one asks with a reason, another grants."""

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from readerstudy.audit.services import record
from readerstudy.results.models import Freeze, Unblinding
from readerstudy.studies.services import move
from readerstudy.web.problems import Invalid, Problem, Refused

if TYPE_CHECKING:
    from readerstudy.accounts.models import User


@transaction.atomic
def ask_unblinding(freeze: Freeze, *, reason: str, by: "User") -> Unblinding:
    """Ask for the frozen data to be unblinded.

    Raises
    ------
    Invalid
        400 without a reason.
    Problem
        409 when it was asked before.
    """
    if not reason.strip():
        raise Invalid("results.no_reason", "Say why the study is to be unblinded.")
    if Unblinding.objects.filter(freeze=freeze).exists():
        raise Problem("results.asked", "It was asked for already; now another person grants it.")
    asked = Unblinding.objects.create(
        freeze=freeze, reason=reason.strip(), asked_by=by, asked_at=timezone.now()
    )
    record(
        "results.ask_unblinding",
        subject=f"freeze:{freeze.id}",
        by=by,
        study=freeze.study_id,
        reason=asked.reason,
    )
    return asked


@transaction.atomic
def grant_unblinding(unblinding: Unblinding, *, password: str, by: "User") -> Unblinding:
    """Grant what another person asked for; the study is unblinded from now on.

    Raises
    ------
    Refused
        403 to the person who asked, and for a wrong password.
    Problem
        409 when it was granted before.
    """
    unblinding = Unblinding.objects.select_for_update().get(pk=unblinding.pk)
    if unblinding.granted_at:
        raise Problem("results.granted", "The study is unblinded already.")
    if unblinding.asked_by_id == by.id:
        raise Refused("results.same_person", "Another person than the one who asked must grant.")
    if not by.check_password(password):
        raise Refused("results.wrong_password", "The password is not right. Nothing was unblinded.")
    unblinding.granted_by, unblinding.granted_at = by, timezone.now()
    unblinding.save(update_fields=["granted_by", "granted_at"])
    study = move(unblinding.freeze.study, "unblind", by=by)
    record(
        "results.grant_unblinding",
        subject=f"freeze:{unblinding.freeze_id}",
        by=by,
        study=study.id,
        detail={"asked_by": unblinding.asked_by.get_username()},
        reason=unblinding.reason,
    )
    return unblinding
