"""The truth readers' own pages: what is to be stated, one case, two opinions that differ."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from readerstudy.audit.services import record_view
from readerstudy.desk.shell import (
    COORDINATOR,
    Role,
    act_and_return,
    actor,
    attempt,
    show,
    study_page,
)
from readerstudy.desk.views.standard import lesions_of, typed_lesions
from readerstudy.imaging import slices
from readerstudy.studies.models import Case, Study
from readerstudy.truth import selectors, services
from readerstudy.truth.models import Evidence, Panel
from readerstudy.web.problems import Invalid, Unknown

BLANK_ROWS = 1
PRIVATE = "private, no-store"


@study_page(Role.TRUTH_READER)
@require_GET
def worklist(request: HttpRequest, study: Study) -> HttpResponse:
    """The cases and what this truth reader has to do of each."""
    lines = selectors.standings(study, actor(request))
    lines.sort(key=lambda each: (not each.task, each.case.code))
    context = {
        "lines": lines,
        "panel": selectors.panel(study),
        "todo": sum(bool(each.task) for each in lines),
        "stated": sum(each.is_mine_given for each in lines),
    }
    return show(request, study, "truth", context)


def _case(study: Study, case_id: UUID) -> Case:
    cases = Case.objects.filter(study=study, pk=case_id, withdrawn_at=None)
    found = cases.select_related("study", "examination", "prior").first()
    if found is None:
        raise Unknown
    return found


@study_page(Role.TRUTH_READER)
@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, study: Study, case_id: UUID) -> HttpResponse:
    """State a case; or see both opinions and decide, where that is this person's to do."""
    found, by, problem = _case(study, case_id), actor(request), None
    if request.method == "POST":
        acts: dict[str, tuple[Callable[..., Any], Any]] = {
            "state": (_state, _("Your opinion of %s is kept.")),
            "withdraw": (_withdraw, _("Your opinion of %s is withdrawn.")),
            "adjudicate": (_adjudicate, _("Your decision on %s is kept.")),
            "confirm": (_confirm, _("You agreed on %s: it is the standard.")),
        }
        act, done = acts.get(request.POST.get("act", ""), (None, ""))
        if act is None:
            raise Unknown
        problem = attempt(request, lambda: act(found, request.POST, by), done % found.code)
        if problem is None:
            return _onward(study, by)
    context = {**_shown(found, by), "problem": problem}
    if problem is not None:
        context |= {
            "typed": request.POST,
            "lesions": [*typed_lesions(request.POST), {}],
        }
    if context["standing"].task in ("adjudicate", "confirm"):
        record_view("truth.see_opinions", subject=f"case:{found.pk}", by=by, study=study.pk)
    return show(request, study, "truth_case", context, status=problem.status if problem else 200)


def _onward(study: Study, by: Any) -> HttpResponse:
    """The next case that waits for this person, else the list."""
    waiting = sorted(each.case.code for each in selectors.standings(study, by) if each.task)
    if not waiting:
        return redirect("desk:truth", study_id=study.pk)
    following = study.cases.get(code=waiting[0])
    return redirect("desk:truth-case", study_id=study.pk, case_id=following.pk)


def _shown(found: Case, by: Any) -> dict[str, Any]:
    return {
        "case": found,
        "standing": selectors.standing(found, by),
        "opinions": selectors.opinions_for(found, by),
        "proposed": selectors.proposed_consensus(found),
        "panel": selectors.panel(found.study),
        "evidence": Evidence.choices,
        "stacks": _stacks(found),
        "lesions": [{} for _ in range(BLANK_ROWS)],
    }


def _stacks(found: Case) -> list[dict[str, Any]]:
    """The case's series, then its prior's, named as such: what readers compare with, too."""
    own = [{**each, "prior": ""} for each in slices.stacks(found.examination)]
    if found.prior is None:
        return own
    words = _("prior")
    if found.prior_days is not None:
        words = ngettext("prior, %d day earlier", "prior, %d days earlier", found.prior_days)
        words %= found.prior_days
    return own + [{**each, "prior": words} for each in slices.stacks(found.prior)]


def _stated(form: Any) -> dict[str, Any]:
    return {
        "status": form.get("status", ""),
        "lesions": lesions_of(form),
        "evidence": form.get("evidence", ""),
    }


def _state(found: Case, form: Any, by: Any) -> None:
    services.state_opinion(found, **_stated(form), note=form.get("note", ""), by=by)


def _adjudicate(found: Case, form: Any, by: Any) -> None:
    services.adjudicate(found, **_stated(form), reason=form.get("reason", ""), by=by)


def _withdraw(found: Case, form: Any, by: Any) -> None:
    mine = next((each for each in selectors.opinions(found) if each.by_id == by.pk), None)
    if mine is None:
        raise Unknown
    services.withdraw_opinion(mine, reason=form.get("reason", ""), by=by)


def _confirm(found: Case, form: Any, by: Any) -> None:
    proposed = selectors.proposed_consensus(found)
    if proposed is None or str(proposed.pk) != form.get("proposal", ""):
        words = _("There is a newer proposal: look at that one.")
        raise Invalid("truth.other_proposal", words)
    services.confirm_consensus(proposed, by=by)


@study_page(Role.TRUTH_READER)
@require_GET
def picture(
    request: HttpRequest, study: Study, case_id: UUID, series_id: UUID, number: int
) -> HttpResponse:
    """One slice of the case or of its prior, as the page asks for it."""
    found = _case(study, case_id)
    window = None
    if "c" in request.GET:
        try:
            window = (float(request.GET["c"]), float(request.GET.get("w", "")))
        except ValueError:
            raise Unknown from None
    shown = {each for each in (found.examination_id, found.prior_id) if each}
    data = slices.picture(shown, series_id, number, window)
    return HttpResponse(data, content_type="image/png", headers={"Cache-Control": PRIVATE})


@study_page(*COORDINATOR)
@require_POST
def panel(request: HttpRequest, study: Study) -> HttpResponse:
    """Say how the standard comes about, while no opinion was stated."""
    typed = request.POST.get("opinions", "")
    return act_and_return(
        request,
        study,
        "standard",
        lambda: services.set_panel(
            study,
            opinions=int(typed) if typed in ("1", "2") else 0,
            adjudication=request.POST.get("adjudication", Panel.Adjudication.THIRD),
            by=actor(request),
        ),
        _("How the standard comes about is saved."),
    )


@study_page(Role.STATISTICIAN)
@require_GET
def agreement(request: HttpRequest, study: Study) -> HttpResponse:
    """How far the two opinions agree, for the study's statistician; the view is recorded."""
    record_view("truth.see_agreement", subject=f"study:{study.pk}", by=actor(request),
                study=study.pk)  # fmt: skip
    lines = selectors.standings(study)
    context = {
        "agreement": selectors.agreement(study),
        "panel": selectors.panel(study),
        "rule": selectors.matching_rule(study),
        "disputed": sum(each.is_disputed for each in lines),
        "settled": sum(each.is_settled for each in lines),
        "cases": len(lines),
        "ways": selectors.ways(study),
    }
    return show(request, study, "truth_agreement", context)
