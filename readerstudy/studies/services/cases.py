"""The cases of a study: taken from its examinations, coded at random, never deleted."""

import secrets
from collections.abc import Iterable

from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging.models import Examination
from readerstudy.studies import effects, selectors
from readerstudy.studies.models import Case, Study
from readerstudy.studies.services.gate import changing, require_reason
from readerstudy.web.problems import Invalid, Problem, Unknown

FIRST_CODE = 100


def add_case(
    study: Study, *, examination: Examination, kind: str = Case.Kind.MAIN, by: User
) -> Case:
    """Take one examination as a case; see `add_cases`."""
    return add_cases(study, examinations=[examination], kind=kind, by=by)[0]


def add_cases(
    study: Study,
    *,
    examinations: Iterable[Examination],
    kind: str = Case.Kind.MAIN,
    by: User,
) -> list[Case]:
    """Take examinations of the study's collection as cases of a draft.

    Codes are drawn at random from those not used, never in the order of upload, so that neither
    a code nor the order of codes tells anything about a case (F8). A withdrawn case comes back
    under its old code.

    Raises
    ------
    Problem
        400 for a kind that does not exist, 404 for an examination of another collection, 409 for
        one that is a case already, or a case's prior.
    """
    if kind not in Case.Kind.values:
        raise Invalid("studies.case_kind", f"A case is one of {', '.join(Case.Kind.values)}.")
    examinations = list(examinations)
    with changing(study, "edit", by=by):
        if any(each.collection_id != study.collection_id for each in examinations):
            raise Unknown
        cases = [_take(study, examination, kind) for examination in examinations]
        detail = {"kind": kind, "cases": sorted(case.code for case in cases)}
        record(
            "studies.add_cases", subject=f"study:{study.pk}", by=by, study=study.pk, detail=detail
        )
    return cases


def set_case_kind(case: Case, *, kind: str, by: User) -> Case:
    """Make a draft's case a training case, or a main one again."""
    if kind not in Case.Kind.values:
        raise Invalid("studies.case_kind", f"A case is one of {', '.join(Case.Kind.values)}.")
    with changing(case.study, "edit", by=by):
        case.kind = Case.Kind(kind)
        case.save(update_fields=["kind"])
        _record("studies.set_case_kind", case, by, {"kind": kind})
    return case


def withdraw_case(case: Case, *, reason: str, by: User) -> Case:
    """Take a case out of the study; its reads, if any, are kept (C6, D2).

    Raises
    ------
    Problem
        400 without a reason, 409 when it was withdrawn before or the study is closed.
    """
    reason = require_reason(reason)
    with changing(case.study, "withdraw_case", by=by):
        case.refresh_from_db(fields=["withdrawn_at"])
        if case.withdrawn_at:
            raise Problem("studies.case_withdrawn", f"{case.code} was withdrawn before.")
        case.withdrawn_at, case.withdrawn_reason = timezone.now(), reason
        case.save(update_fields=["withdrawn_at", "withdrawn_reason"])
        with effects.withdrawal(case, by=by):
            _record("studies.withdraw_case", case, by, {"case": case.code}, reason)
    return case


def declare_without_proposals(case: Case, *, reason: str, declared: bool = True, by: User) -> Case:
    """Say that a case is read without proposals in every arm, its proposal having failed (C8)."""
    reason = require_reason(reason)
    with changing(case.study, "edit", by=by):
        case.declared_without_proposals = declared
        case.save(update_fields=["declared_without_proposals"])
        detail = {"case": case.code, "declared": declared}
        _record("studies.declare_without_proposals", case, by, detail, reason)
    return case


def _take(study: Study, examination: Examination, kind: str) -> Case:
    if of := selectors.priors(study).get(examination.pk):
        words = f"This examination is the prior of {of}: readers would meet it twice."
        raise Problem("studies.case_is_prior", words)
    case = Case.objects.filter(study=study, examination=examination).first()
    if case is None:
        code = _unused_code(study)
        return Case.objects.create(study=study, examination=examination, code=code, kind=kind)
    if case.withdrawn_at is None:
        raise Problem("studies.case_there", f"This examination is case {case.code} already.")
    case.kind, case.withdrawn_at, case.withdrawn_reason = Case.Kind(kind), None, ""
    case.save(update_fields=["kind", "withdrawn_at", "withdrawn_reason"])
    return case


def _unused_code(study: Study) -> str:
    """A code at random; there are always at least as many free codes as used ones."""
    used = set(Case.objects.filter(study=study).values_list("code", flat=True))
    end = 10 * FIRST_CODE
    while end - FIRST_CODE < 2 * len(used) + 2:
        end *= 10
    free = [number for number in range(FIRST_CODE, end) if f"C-{number}" not in used]
    return f"C-{secrets.choice(free)}"


def _record(action: str, case: Case, by: User, detail: dict[str, object], reason: str = "") -> None:
    record(
        action,
        subject=f"case:{case.pk}",
        by=by,
        study=case.study_id,
        detail=detail,
        reason=reason,
    )
