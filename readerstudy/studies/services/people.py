"""Readers and roles of a study."""

from collections.abc import Mapping

from django.utils import timezone

from readerstudy.accounts.models import Experience, Site, User
from readerstudy.audit.services import record
from readerstudy.studies import effects
from readerstudy.studies.models import Membership, Reader, Study, WashoutOverride
from readerstudy.studies.services.gate import (
    COORDINATOR_OR_ADMINISTRATOR,
    changing,
    require_reason,
)
from readerstudy.web.problems import Invalid, Problem

Role = Membership.Role
# Whoever knows the truth, an arm or an outcome does not read (A4); a site lead knows none.
UNFIT_TO_READ = frozenset(Role.values) - {Role.READER, Role.SITE_LEAD}


def add_reader(
    study: Study,
    *,
    user: User,
    experience: str = "",
    experience_years: int | None = None,
    site: Site | None = None,
    by: User,
) -> Reader:
    """Take a user into a draft as a reader; experience and site as they are on joining.

    Raises
    ------
    Problem
        409 when the user reads here already or has a role that unblinds (A4), 400 when their
        experience or site is not known.
    """
    experience = experience or user.experience
    site = site or user.site
    if experience not in Experience.values:
        raise Invalid("studies.experience", f"Say how experienced {user} is.")
    if site is None:
        raise Invalid("studies.site", f"Say at which site {user} reads.")
    with changing(study, "edit", by=by):
        _require_fit_to_read(study, user)
        reader = Reader.objects.create(
            study=study,
            user=user,
            code=f"R{study.readers.count() + 1:02d}",
            experience=experience,
            experience_years=(
                user.experience_years if experience_years is None else experience_years
            ),
            site=site,
        )
        Membership.objects.get_or_create(study=study, user=user, role=Role.READER)
        detail = {"reader": reader.code, "experience": experience, "site": site.name}
        _record("studies.add_reader", f"reader:{reader.pk}", study, by, detail)
    return reader


def withdraw_reader(reader: Reader, *, reason: str, by: User) -> Reader:
    """Let a reader leave: their reads are kept, nothing is freed for others (C6).

    Raises
    ------
    Problem
        400 without a reason, 409 when they withdrew before or the study is closed.
    """
    reason = require_reason(reason)
    study = reader.study
    with changing(study, "withdraw_reader", by=by):
        reader.refresh_from_db(fields=["withdrawn_at"])
        if reader.withdrawn_at:
            raise Problem("studies.reader_withdrawn", f"{reader.code} withdrew before.")
        reader.withdrawn_at, reader.withdrawn_reason = timezone.now(), reason
        reader.save(update_fields=["withdrawn_at", "withdrawn_reason"])
        subject = f"reader:{reader.pk}"
        with effects.withdrawal(reader, by=by):
            _record("studies.withdraw_reader", subject, study, by, {"reader": reader.code}, reason)
    return reader


def grant_role(study: Study, *, user: User, role: str, by: User) -> Membership:
    """Give a user a role in the study.

    Raises
    ------
    Problem
        400 for "reader" (`add_reader` takes a reader in) or no such role, 409 when it would
        unblind a reader (A4).
    """
    if role not in Role.values or role == Role.READER:
        named = ", ".join(value for value in Role.values if value != Role.READER)
        raise Invalid("studies.no_role", f"A role is one of {named}; readers are added as readers.")
    with changing(study, "grant_role", by=by, roles=COORDINATOR_OR_ADMINISTRATOR):
        if role in UNFIT_TO_READ and study.readers.filter(user=user).exists():
            words = f"{user} reads in this study and would be unblinded as {Role(role).label}."
            raise Problem("studies.role_conflict", words + " Ask somebody else.")
        membership, _ = Membership.objects.get_or_create(study=study, user=user, role=role)
        detail = {"user": user.username, "role": role}
        _record("studies.grant_role", f"user:{user.pk}", study, by, detail)
    return membership


def revoke_role(study: Study, *, user: User, role: str, by: User) -> None:
    """Take a role from a user; the last coordinator stays.

    Raises
    ------
    Problem
        404-alike never: 409 when the user lacks the role or is the last coordinator, 400 for
        "reader" (`withdraw_reader`).
    """
    if role == Role.READER:
        raise Invalid("studies.no_role", "A reader is withdrawn, with a reason.")
    with changing(study, "grant_role", by=by, roles=COORDINATOR_OR_ADMINISTRATOR):
        held = study.memberships.filter(role=role)
        if not held.filter(user=user).exists():
            raise Problem("studies.role_not_held", f"{user} does not have this role.")
        if role == Role.COORDINATOR and held.count() == 1:
            raise Problem("studies.last_coordinator", "Name another coordinator first.")
        held.filter(user=user).delete()
        detail = {"user": user.username, "role": role}
        _record("studies.revoke_role", f"user:{user.pk}", study, by, detail)


def override_washout(
    reader: Reader, *, period: int, reason: str, confirmation: str, by: User
) -> WashoutOverride:
    """Let one reader begin a period before the washout ends (C5).

    Parameters
    ----------
    confirmation : str
        The reader's code, typed by the coordinator.

    Raises
    ------
    Problem
        400 without a reason or with another confirmation, 409 when it was given before.
    """
    reason = require_reason(reason)
    if confirmation.strip() != reader.code:
        raise Invalid("studies.confirmation", f"Type {reader.code} to confirm.")
    if period < 2:  # noqa: PLR2004 -- the first period follows no washout
        raise Invalid("studies.period", "A washout lies before period 2 and later ones.")
    study = reader.study
    with changing(study, "override_washout", by=by):
        if WashoutOverride.objects.filter(reader=reader, period=period).exists():
            raise Problem("studies.overridden", f"Period {period} of {reader.code} is open.")
        override = WashoutOverride.objects.create(
            reader=reader, period=period, reason=reason, by=by, at=timezone.now()
        )
        detail = {"reader": reader.code, "period": period}
        _record("studies.override_washout", f"reader:{reader.pk}", study, by, detail, reason)
    return override


def _require_fit_to_read(study: Study, user: User) -> None:
    if study.readers.filter(user=user).exists():
        raise Problem("studies.reader_there", f"{user} is a reader of this study already.")
    held = set(study.memberships.filter(user=user).values_list("role", flat=True))
    if unfit := sorted(held & UNFIT_TO_READ):
        label = Role(unfit[0]).label.lower()
        words = f"{user} is {label} of this study and would not read blinded. Choose another."
        raise Problem("studies.role_conflict", words)


def _record(
    action: str,
    subject: str,
    study: Study,
    by: User,
    detail: Mapping[str, object],
    reason: str = "",
) -> None:
    record(action, subject=subject, by=by, study=study.pk, detail=dict(detail), reason=reason)
