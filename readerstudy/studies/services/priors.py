"""The prior examination of a case: an earlier one of the same patient, shown beside it."""

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging import selectors as imaging
from readerstudy.imaging.models import Examination
from readerstudy.studies.models import Case
from readerstudy.studies.services.gate import changing
from readerstudy.web.problems import Invalid, Problem, Unknown


def set_prior(case: Case, *, examination: Examination | None, by: User) -> Case:
    """Show an earlier examination beside a draft's case, in every arm alike; None takes it away.

    It is for comparison only: nothing is marked on it, and proposals and reference standard are
    of the case's own examination. How many days lie between is kept where dates were (moved by
    one span for each patient); without dates the coordinator knows which one came first.

    Raises
    ------
    Problem
        404 for an examination of another collection; 400 for one of another patient, the case's
        own, or a later one; 409 for one that is not ready, or is read as a case itself; 409
        `imaging.unreadable` where a file is missing or damaged; 403, 404, 409 as `changing`.
    """
    with changing(case.study, "edit", by=by):
        case.refresh_from_db()
        case.prior = examination
        case.prior_days = None if examination is None else _days(case, examination)
        case.save(update_fields=["prior", "prior_days"])
        record(
            "studies.set_prior",
            subject=f"case:{case.pk}",
            by=by,
            study=case.study_id,
            detail={
                "case": case.code,
                "prior": None if examination is None else str(examination.pk),
                "days": case.prior_days,
            },
        )
    return case


def _days(case: Case, prior: Examination) -> int | None:
    """Days from the prior to the case's examination, once it is found fit; None without dates."""
    _require_fit(case, prior)
    dates = imaging.study_date(prior), imaging.study_date(case.examination)
    if None in dates:
        return None
    days = (dates[1] - dates[0]).days  # type: ignore[operator]  # None is gone
    if days < 1:
        words = "It is not earlier than the case's own examination: a prior comes before."
        raise Invalid("studies.prior_date", words)
    return int(days)


def _require_fit(case: Case, prior: Examination) -> None:
    own = case.examination
    if prior.collection_id != own.collection_id:
        raise Unknown
    if prior.pk == own.pk:
        raise Invalid("studies.prior_same", "This is the case's own examination.")
    if prior.patient != own.patient:
        words = "A prior is an examination of the same patient; this one is of another."
        raise Invalid("studies.prior_patient", words)
    taken = Case.objects.filter(study=case.study_id, examination=prior, withdrawn_at=None).first()
    if taken is not None:
        words = f"It is read as case {taken.code}: readers would meet it twice. Withdraw that case."
        raise Problem("studies.prior_is_case", words)
    if prior.ready_at is None or not imaging.series_for_packet(prior):
        words = "Its images are not ready to be shown yet. Try again in a minute."
        raise Problem("studies.prior_not_ready", words)
