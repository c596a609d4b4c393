"""Queries about freezes and analyses, by viewer."""

from dataclasses import dataclass
from uuid import UUID

from readerstudy.accounts.models import User
from readerstudy.results.models import AnalysisRun, Freeze, InterimLook, InterimMask, Unblinding
from readerstudy.studies.models import Membership, Study
from readerstudy.studies.selectors import ADMINISTRATOR, roles, study_for
from readerstudy.web.problems import Problem, Unknown

Role = Membership.Role
# Who sees results, once the study is unblinded.
READERS_OF_RESULTS = (Role.STATISTICIAN, Role.ANALYST, Role.COORDINATOR, ADMINISTRATOR)
# Who freezes, asks and runs.
STATISTICIAN = (Role.STATISTICIAN,)
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


def looks(study: Study) -> list[InterimLook]:
    """The blinded looks that were taken, the newest first."""
    return list(InterimLook.objects.filter(study=study).select_related("by"))


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
