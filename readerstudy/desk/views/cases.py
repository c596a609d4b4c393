"""Cases: upload, quality, which examinations are read, and what for."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from readerstudy.desk.files import spooled
from readerstudy.desk.shell import COORDINATOR, act_and_return, actor, show, study_page
from readerstudy.imaging import selectors as imaging
from readerstudy.imaging import services as images
from readerstudy.imaging import tokens
from readerstudy.imaging.models import Examination
from readerstudy.imaging.refusals import Reason
from readerstudy.proposals import selectors as proposals
from readerstudy.proposals import services as jobs
from readerstudy.studies import selectors, services
from readerstudy.studies.models import Case, Study
from readerstudy.truth import selectors as truth
from readerstudy.web.problems import Problem, Unknown

TOKEN_SECONDS = 3600


@study_page()
@require_GET
def cases(request: HttpRequest, study: Study) -> HttpResponse:
    """Every examination of the study's collection and the case it is, if it is one."""
    return show(request, study, "cases", _context(request, study))


def _context(request: HttpRequest, study: Study) -> dict[str, Any]:
    is_editor = not set(COORDINATOR).isdisjoint(selectors.roles(request.user, study))
    rows = _rows(study, may_choose=study.state == Study.State.DRAFT and is_editor)
    return {
        "rows": rows,
        "new": sum(1 for row in rows if row["is_new"]),
        "uploads": [_upload(each) for each in imaging.uploads_of(study.collection)[:5]],
        "held": study.collection.held.count(),
        "upload_url": reverse("imaging:uploads", args=[study.collection_id]),
        "known_url": reverse("imaging:known", args=[study.collection_id]),
        "result_url": reverse("desk:upload", args=[study.pk, UUID(int=0)]),
        "vendor_detectors": proposals.vendor_detectors(),
        "in_arms": proposals.detectors_of(study),
    }


@study_page(*COORDINATOR)
@require_POST
def deliver(request: HttpRequest, study: Study) -> HttpResponse:
    """Take the results of another maker's AI, and say what became of each file."""
    context: dict[str, Any] = {}
    try:
        with spooled(request.FILES.getlist("results")) as files:
            context["outcomes"] = jobs.deliver(
                study,
                detector=request.POST.get("detector", ""),
                files=list(files),
                names=files,
                by=actor(request),
            )
    except Problem as problem:
        context["problem"] = problem
    status = context["problem"].status if "problem" in context else 200
    return show(request, study, "cases", {**_context(request, study), **context}, status=status)


def _rows(study: Study, *, may_choose: bool) -> list[dict[str, Any]]:
    by_examination = {
        case.examination_id: case for case in study.cases.select_related("examination")
    }
    examinations = list(imaging.examinations_of(study.collection))
    standards = truth.set_cases(study)
    states = _proposal_states(study, [each.pk for each in examinations])
    waiting = proposals.NOT_STARTED if _is_ai_to_come(study) else "no arm has AI"
    # Dates are in the images' files: they are opened only where a prior may be chosen.
    others = imaging.others_of_patient(examinations) if may_choose else {}
    priors = selectors.priors(study)
    return [
        {
            "examination": each,
            "case": (case := by_examination.get(each.pk)),
            "is_new": case is None and each.ready_at and each.pk not in priors,
            "prior_of": priors.get(each.pk),
            "may_be_prior": _may_be_prior(case, others.get(each.pk, []), by_examination),
            "roles": [series.get_role_display() for series in each.series.all()],
            "thumbnail": _thumbnail(each),
            "standard": "set" if case and case.pk in standards else "missing",
            "proposals": states.get(each.pk, waiting),
        }
        for each in examinations
    ]


def _may_be_prior(
    case: Case | None, others: list[Examination], cases: dict[UUID, Case]
) -> list[tuple[Examination, str]]:
    """What may show beside a case: ready examinations of its patient, no cases, none later."""
    free = [each for each in others if each.ready_at and each.pk not in cases]
    if case is None or case.prior_id or not free:
        return []
    own = _date_of(case.examination)
    days = [(each, _days(_date_of(each), own)) for each in free]
    return [(each, _words_of(each, count)) for each, count in days if count is None or count > 0]


def _days(earlier: date | None, later: date | None) -> int | None:
    return None if earlier is None or later is None else (later - earlier).days


def _date_of(examination: Examination) -> date | None:
    """Its date; None as well where its file is missing or damaged: the page is there all the same.

    `services.set_prior` reads it again, and refuses one whose file it cannot read.
    """
    try:
        return imaging.study_date(examination)
    except Problem:
        return None


def _words_of(prior: Examination, days: int | None) -> str:
    """When an examination was made, as far as dates were kept, and what is in it."""
    roles = ", ".join(series.get_role_display() for series in prior.series.all())
    if days is None:
        return roles
    return _("%(days)d days earlier: %(roles)s") % {"days": days, "roles": roles}


def _prior(study: Study, examination_id: str) -> Examination | None:
    """The examination that a form names as a prior; an empty field takes the prior away."""
    if not examination_id:
        return None
    try:
        found = study.collection.examinations.filter(pk=UUID(examination_id)).first()
    except ValueError:
        raise Unknown from None
    if found is None:
        raise Unknown
    return found


def _is_ai_to_come(study: Study) -> bool:
    """Whether proposals are made: for an arm that names a detector, or before there are arms."""
    return bool(proposals.detectors_of(study)) or not study.arms.exists()


def _proposal_states(study: Study, ids: list[UUID]) -> dict[UUID, str]:
    named = proposals.detectors_of(study)
    return proposals.states(ids, named[0] if named else proposals.default_detector())


def _thumbnail(examination: Examination) -> str:
    packed = [each for each in examination.series.all() if each.pack_sha256]
    packed.sort(key=lambda each: each.role != "t1c")
    if not packed:
        return ""
    token = tokens.issue([str(packed[0].pk)], seconds=TOKEN_SECONDS)
    return reverse("imaging:thumbnail", args=[token, packed[0].pk])


def _upload(upload: Any) -> dict[str, Any]:
    refused = upload.report.get("refused", {})
    return {
        "upload": upload,
        "reasons": [(str(Reason[name]), count) for name, count in sorted(refused.items())],
        "problems": upload.report.get("problems", []),
    }


@study_page(*COORDINATOR)
@require_POST
def take(request: HttpRequest, study: Study) -> HttpResponse:
    """Make cases of all ready examinations that are none yet."""
    known = study.cases.values("examination")
    fresh = Examination.objects.filter(collection=study.collection).exclude(pk__in=known)
    ready = list(fresh.exclude(ready_at=None).exclude(pk__in=list(selectors.priors(study))))
    return act_and_return(
        request,
        study,
        "cases",
        lambda: services.add_cases(study, examinations=ready, by=actor(request)),
        _("%d examinations are cases now.") % len(ready),
    )


@study_page(*COORDINATOR)
@require_POST
def change(request: HttpRequest, study: Study, case_id: UUID) -> HttpResponse:
    """Change one case: kind, prior, withdrawal, proposals that will not come, quality accepted."""
    case = Case.objects.filter(study=study, pk=case_id).select_related("study").first()
    if case is None:
        raise Unknown
    by, reason = actor(request), request.POST.get("reason", "")
    acts: dict[str, Any] = {
        "main": lambda: services.set_case_kind(case, kind="main", by=by),
        "training": lambda: services.set_case_kind(case, kind="training", by=by),
        "withdraw": lambda: services.withdraw_case(case, reason=reason, by=by),
        "declare": lambda: services.declare_without_proposals(case, reason=reason, by=by),
        "accept": lambda: images.accept_quality(case.examination, note=reason, by=by),
        "prior": lambda: services.set_prior(
            case, examination=_prior(study, request.POST.get("prior", "")), by=by
        ),
    }
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Unknown
    return act_and_return(request, study, "cases", act, _("%s is changed.") % case.code)
