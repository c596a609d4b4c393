"""A locked study's exceptions: amend, suspend, void a read. Each asks for a reason and keeps it."""

from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from readerstudy.accounts import guesses
from readerstudy.desk import forms
from readerstudy.desk.shell import COORDINATOR, act_and_return, actor, attempt, show, study_page
from readerstudy.reads import progress as reading
from readerstudy.reads import services as reads
from readerstudy.studies import lifecycle, services
from readerstudy.studies.models import Study
from readerstudy.studies.selectors import ADMINISTRATOR, current_version, question_draft
from readerstudy.studies.selectors import questions as questions_now
from readerstudy.web.problems import Invalid

PER_PAGE = 100


@study_page()
@require_GET
def read_list(request: HttpRequest, study: Study) -> HttpResponse:
    """Every read with its state and protocol version; never its arm, its time or an outcome."""
    found = reading.all_reads(study)
    reader = request.GET.get("reader", "")
    if reader:
        found = found.filter(reader__code=reader)
    context = {
        "page": Paginator(found, PER_PAGE).get_page(request.GET.get("page")),
        "reader": reader,
        "codes": study.readers.order_by("code").values_list("code", flat=True),
        "may_void": lifecycle.allows(study.state, "void"),
    }
    return show(request, study, "reads", context)


@study_page(*COORDINATOR)
@require_POST
def void(request: HttpRequest, study: Study, read_id: UUID) -> HttpResponse:
    """Take one read out of the analysis; its row and all it holds stay (C6)."""
    reason = request.POST.get("reason", "")
    return act_and_return(
        request,
        study,
        "reads",
        lambda: reads.void(read_id, reason=reason, by=actor(request)),
        _("The read is void: it stays, and is not analysed."),
    )


@study_page(*COORDINATOR, ADMINISTRATOR)
@require_POST
def suspend(request: HttpRequest, study: Study) -> HttpResponse:
    """Stop serving the study, or serve it again."""
    reason = request.POST.get("reason", "")
    by = actor(request)
    if request.POST.get("act") == "resume":
        return act_and_return(
            request,
            study,
            "progress",
            lambda: services.resume(study, reason=reason, by=by),
            _("Readers can go on."),
        )
    return act_and_return(
        request,
        study,
        "progress",
        lambda: services.halt(study, reason=reason, by=by),
        _("The study is suspended. What readers did is kept."),
    )


@study_page(*COORDINATOR)
@require_http_methods(["GET", "POST"])
def amend(request: HttpRequest, study: Study) -> HttpResponse:
    """A new protocol version with a reason (C2); a refusal shows the form as it was typed."""
    problem = None
    if request.method == "POST":
        problem = attempt(request, lambda: _amend(request, study), _("The amendment is in force."))
        if problem is None:
            return show(request, study, "amend", _amendable(study))
    context = _amendable(study)
    if problem is not None:
        context |= {"problem": problem, "typed": request.POST}
    return show(request, study, "amend", context, status=problem.status if problem else 200)


def _amendable(study: Study) -> dict[str, Any]:
    now = list(questions_now(study))
    return {
        "version": current_version(study),
        "may_amend": lifecycle.allows(study.state, "amend"),
        "why_not": lifecycle.words(study.state, "amend"),
        "questions": now,
        "conditions": forms.conditions([question_draft(each) for each in now]),
        **forms.plan_context(study.analysis_plan),
    }


def _amend(request: HttpRequest, study: Study) -> None:
    form = request.POST
    limit = form.get("idle_limit_s", "").strip()
    if not limit.isdecimal():
        raise Invalid("studies.idle_limit", "The idle limit is a whole number of seconds.")
    now = [question_draft(each) for each in questions_now(study)]
    with guesses.counted(request, actor(request)):
        services.amend(
            study,
            reason=form.get("reason", ""),
            password=form.get("password", ""),
            questions=forms.amended_questions(form, now),
            analysis_plan=forms.plan(form, study.analysis_plan),
            summary=form.get("summary", ""),
            idle_limit_s=int(limit),
            by=actor(request),
        )
