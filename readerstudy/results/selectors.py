"""Queries about freezes and analyses, by viewer."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Case, When

from readerstudy.accounts.models import User
from readerstudy.imaging.models import Destination, Parcel
from readerstudy.reads.models import Read
from readerstudy.results.models import (
    AnalysisRun,
    EmergencyUnblinding,
    Freeze,
    InterimLook,
    InterimMask,
    Sending,
    Unblinding,
)
from readerstudy.studies import lifecycle
from readerstudy.studies.models import Membership, Study
from readerstudy.studies.scales import middle_of
from readerstudy.studies.selectors import ADMINISTRATOR, questions, roles, study_for
from readerstudy.web.problems import Problem, Unknown

Role = Membership.Role
# Who sees results, once the study is unblinded.
READERS_OF_RESULTS = (Role.STATISTICIAN, Role.ANALYST, Role.COORDINATOR, ADMINISTRATOR)
# Who freezes, asks and runs.
STATISTICIAN = (Role.STATISTICIAN,)
SHOWN = 500
GRANTERS = (Role.COORDINATOR, Role.STATISTICIAN, ADMINISTRATOR)


@dataclass(frozen=True)
class Standing:
    """Where a study's results stand, and what this viewer may do next."""

    study: Study
    freeze: Freeze | None
    unblinding: Unblinding | None
    run: AnalysisRun | None
    may_freeze: bool
    may_grant: bool

    @property
    def is_unblinded(self) -> bool:
        """Whether outcomes may be shown."""
        return self.unblinding is not None and self.unblinding.granted_at is not None


def standing(user: User, study_id: UUID) -> Standing:
    """Where the study's results stand, for a member who sees results.

    Raises
    ------
    Problem
        404 for who has no part in the study, 403 for another role.
    """
    study = study_for(user, study_id, *READERS_OF_RESULTS)
    held = roles(user, study)
    freeze = Freeze.objects.filter(study=study).select_related("by").order_by("-at").first()
    asked = Unblinding.objects.filter(freeze=freeze).select_related("asked_by", "granted_by")
    unblinding = asked.first()
    asker = unblinding.asked_by_id if unblinding else None
    return Standing(
        study=study,
        freeze=freeze,
        unblinding=unblinding,
        run=AnalysisRun.objects.filter(freeze=freeze).first() if freeze else None,
        may_freeze=bool(held & set(STATISTICIAN)),
        may_grant=bool(held & set(GRANTERS)) and asker is not None and asker != user.id,
    )


def unblinded_run(user: User, study_id: UUID, run_id: UUID) -> AnalysisRun:
    """A finished run of the study, for a member who sees results.

    Raises
    ------
    Unknown
        404 when there is none.
    Problem
        409 while the study is blinded.
    """
    where = standing(user, study_id)
    if not where.is_unblinded:
        raise Problem("results.blinded", "The study is still blinded.")
    run = AnalysisRun.objects.filter(
        pk=run_id, freeze__study=where.study, state=AnalysisRun.State.DONE
    ).select_related("freeze__study")
    found = run.first()
    if found is None:
        raise Unknown
    return found


def destinations() -> list[Destination]:
    """Where results can be sent."""
    return list(Destination.objects.filter(ended_at=None))


def parcels(study: Study) -> list[Parcel]:
    """The study's objects on their way, what needs a person first, then the newest."""
    rank = Case(When(state=Parcel.State.FAILED, then=0), default=1)
    found = Parcel.objects.filter(collection=study.collection_id).select_related("destination")
    return list(found.order_by(rank, "-created_at", "name")[:SHOWN])


def sendings(study: Study) -> list[Sending]:
    """How often results were sent, and what became of it."""
    return list(Sending.objects.filter(study=study).select_related("destination", "by")[:5])


def looks(study: Study) -> list[InterimLook]:
    """The blinded looks that were taken, the newest first."""
    return list(InterimLook.objects.filter(study=study).select_related("by"))


@dataclass(frozen=True)
class Emergency:
    """One emergency unblinding and, once it is granted, what it told."""

    asked: EmergencyUnblinding
    arm: str  # its name; empty while it waits
    may_grant: bool


def emergencies(user: User, study: Study) -> list[Emergency]:
    """The study's emergency unblindings, for who may grant them; the newest first."""
    rows = EmergencyUnblinding.objects.filter(reader__study=study)
    return [
        Emergency(
            each,
            told_by(each) if each.granted_at else "",
            each.granted_at is None and each.asked_by_id != user.id,
        )
        for each in rows.select_related("reader", "case", "asked_by", "granted_by")
    ]


def may_unblind_one(user: User, study: Study) -> bool:
    """Whether the viewer may ask for a read to be unblinded in an emergency."""
    return lifecycle.allows(study.state, "emergency") and bool(roles(user, study) & set(GRANTERS))


def told_by(asked: EmergencyUnblinding) -> str:
    """The name of the arm in which the case was read."""
    return str(reads_of(asked)[0].arm.name)


def reads_of(asked: EmergencyUnblinding) -> list[Read]:
    """The reads that an emergency unblinding concerns: a second reader's two stages are two."""
    rows = Read.objects.filter(reader=asked.reader_id, case=asked.case_id, period=asked.period)
    return list(rows.select_related("arm").order_by("opened_at"))


def letters(study: Study) -> list[tuple[str, str]]:
    """Letter and name of each masked arm, for after the unblinding."""
    mask = InterimMask.objects.filter(study=study).first()
    drawn = mask.letters if mask else {}
    names = dict(study.arms.values_list("key", "name"))
    return sorted((letter, names.get(key, key)) for key, letter in drawn.items())


def unblinded_freeze(user: User, study_id: UUID) -> Freeze:
    """The study's frozen data, for its statistician only.

    Raises
    ------
    Problem
        404 for who has no part in the study, 403 for another role, 409 while it is blinded.
    """
    study_for(user, study_id, *STATISTICIAN)
    where = standing(user, study_id)
    if not where.is_unblinded or where.freeze is None:
        raise Problem("results.blinded", "The study is still blinded.")
    return where.freeze


def plan_of(study: Study) -> dict[str, Any]:
    """The study's analysis plan, with what it leaves to the questions said outright.

    Whoever computes the figures again has the plan alone: from which rating on a call is positive.
    """
    return {"call_threshold": middle_of(questions(study)), **study.analysis_plan}
