"""The statistician's pages: where the study stands, the results, and what can be downloaded."""

import mimetypes
from pathlib import Path
from typing import Any, Literal, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from readerstudy.accounts import guesses
from readerstudy.accounts.models import User
from readerstudy.audit.services import record_view
from readerstudy.proposals.selectors import detectors_of
from readerstudy.results import (
    exports,
    planning,
    presentation,
    selectors,
    services,
    standalone,
    store,
)
from readerstudy.results.models import AnalysisRun, Unblinding
from readerstudy.studies import lifecycle
from readerstudy.studies.models import Study
from readerstudy.studies.selectors import study_for
from readerstudy.studies.services import close
from readerstudy.web import figures
from readerstudy.web.problems import Invalid, Problem, Refused, Unknown

MAX_PILOT_BYTES = 20_000_000


@login_required
@require_GET
def detail(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """Where the study stands and, once unblinded and analysed, its answer."""
    return _detail(request, study_id)


def _detail(request: HttpRequest, study_id: UUID, problem: Problem | None = None) -> HttpResponse:
    """The page; with what a step was refused for, where it was."""
    user = cast("User", request.user)
    where = selectors.standing(user, study_id)
    context: dict[str, Any] = {
        "standing": where,
        "study": where.study,
        "run": where.run,
        "may_emergency": selectors.may_unblind_one(user, where.study),
        "problem": problem,
    }
    if where.run is not None and where.is_unblinded and where.run.numbers:
        record_view("results.view", subject=f"analysis:{where.run.id}", by=user,
                    study=where.study.id)  # fmt: skip
        context["results"] = presentation.present(
            where.run, user.theme,
            part=request.GET.get("part", ""), files=store.names(_folder(where.run)),
        )  # fmt: skip
    part = "_body" if getattr(request, "htmx", False) else ""
    status = problem.status if problem else 200
    response = render(request, f"results/detail{part}.html", context, status=status)
    if part and (where.run is None or where.run.done_at is not None):
        response["HX-Refresh"] = "true"  # the whole page changes when a run is done
    return response


@login_required
@require_POST
def act(request: HttpRequest, study_id: UUID, action: str) -> HttpResponse:
    """One step towards the answer; what refuses it is said on the page where it was asked for."""
    try:
        _act(request, study_id, action)
    except Problem as problem:
        if isinstance(problem, Unknown) or problem.code == "studies.role":
            raise
        return _detail(request, study_id, problem)
    return redirect("results:detail", study_id=study_id)


def _act(request: HttpRequest, study_id: UUID, action: str) -> None:
    """Close, freeze, ask, grant or analyse."""
    user = cast("User", request.user)
    where = selectors.standing(user, study_id)
    if action == "close":
        close(where.study, reason=request.POST.get("reason", ""), by=user)
    elif action == "freeze":
        study_for(user, study_id, *selectors.STATISTICIAN)
        services.freeze(where.study, by=user)
    elif where.freeze is None:
        raise Problem("results.not_frozen", "Freeze the data first.")
    elif action == "ask":
        study_for(user, study_id, *selectors.STATISTICIAN)
        services.ask_unblinding(where.freeze, reason=request.POST.get("reason", ""), by=user)
    elif action == "grant":
        _grant(request, study_id, where.unblinding)
    elif action == "analyse":
        study_for(user, study_id, *selectors.STATISTICIAN)
        services.queue(where.freeze, by=user)
    else:
        raise Unknown


def _grant(request: HttpRequest, study_id: UUID, asked: Unblinding | None) -> None:
    user = cast("User", request.user)
    study_for(user, study_id, *selectors.GRANTERS)
    if asked is None:
        raise Problem("results.not_asked", "Nobody has asked for unblinding yet.")
    with guesses.counted(request, user):
        services.grant_unblinding(asked, password=request.POST.get("password", ""), by=user)


@login_required
@require_http_methods(["GET", "POST"])
def interim(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """Blinded interim looks: those that were taken, and the next one where the plan has it."""
    user = cast("User", request.user)
    where = selectors.standing(user, study_id)
    services.require_seer(user, where.study)
    context: dict[str, Any] = {}
    if request.method == "POST":
        try:
            services.look(where.study, reason=request.POST.get("reason", ""), by=user)
        except Problem as problem:
            context["problem"] = problem
        else:
            return redirect("results:interim", study_id=study_id)
    looks = selectors.looks(where.study)
    if looks:
        record_view("results.view_interim", subject=f"study:{study_id}", by=user,
                    study=where.study.id)  # fmt: skip
    context |= {
        "study": where.study,
        "foreseen": where.study.analysis_plan.get("interim"),
        "looks": looks,
        "may_look": where.may_freeze and where.study.state in ("running", "closed"),
        "letters": selectors.letters(where.study) if where.is_unblinded else None,
    }
    status = context["problem"].status if "problem" in context else 200
    return render(request, "results/interim.html", context, status=status)


@login_required
@require_http_methods(["GET", "POST"])
def emergency(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """Emergency unblinding of single reads: those asked for, and a form to ask; audited."""
    user = cast("User", request.user)
    study = study_for(user, study_id, *selectors.GRANTERS)
    typed = {name: request.POST.get(name, "") for name in ("reader", "case", "period", "reason")}
    context: dict[str, Any] = {"study": study, "typed": typed}
    if request.method == "POST":
        try:
            with guesses.counted(request, user):
                services.ask_emergency(
                    study, reader=typed["reader"], case=typed["case"], reason=typed["reason"],
                    period=int(typed["period"]) if typed["period"].isdecimal() else 0,
                    password=request.POST.get("password", ""), by=user,
                )  # fmt: skip
        except Problem as problem:
            context["problem"] = problem
        else:
            return redirect("results:emergency", study_id=study_id)
    return _emergencies(request, study, context)


@login_required
@require_POST
def grant_emergency(request: HttpRequest, study_id: UUID, asked_id: UUID) -> HttpResponse:
    """Grant what another person asked for."""
    user = cast("User", request.user)
    study = study_for(user, study_id, *selectors.GRANTERS)
    try:
        with guesses.counted(request, user):
            services.grant_emergency(
                asked_id, study=study, password=request.POST.get("password", ""), by=user
            )
    except Refused as problem:
        return _emergencies(request, study, {"study": study, "problem": problem})
    return redirect("results:emergency", study_id=study_id)


def _emergencies(request: HttpRequest, study: Study, context: dict[str, Any]) -> HttpResponse:
    """The page; that somebody sees an arm on it is recorded."""
    user = cast("User", request.user)
    found = selectors.emergencies(user, study)
    if any(each.arm for each in found):
        record_view("results.view_emergency", subject=f"study:{study.pk}", by=user, study=study.pk)
    status = context["problem"].status if "problem" in context else 200
    context |= {"emergencies": found, "may_ask": lifecycle.allows(study.state, "emergency")}
    return render(request, "results/emergency.html", context, status=status)


@login_required
@require_GET
def figure(request: HttpRequest, study_id: UUID, run_id: UUID, name: str) -> HttpResponseBase:
    """One figure of a run, as SVG or PNG, or what was drawn as CSV."""
    user = cast("User", request.user)
    run = selectors.unblinded_run(user, study_id, run_id)
    folder = _folder(run)
    if name not in store.names(folder):
        raise Unknown
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    response = FileResponse((folder / name).open("rb"), content_type=kind)
    figures.confined(response)
    if request.GET.get("download"):
        response["Content-Disposition"] = f'attachment; filename="{name.replace("/", "-")}"'
    return response


@login_required
@require_GET
def table(request: HttpRequest, study_id: UUID, run_id: UUID, name: str) -> HttpResponse:
    """One table of a run as CSV."""
    user = cast("User", request.user)
    run = selectors.unblinded_run(user, study_id, run_id)
    found = presentation.tables(run).get(name)
    if found is None:
        raise Unknown
    record_view("results.export", subject=f"analysis:{run.id}", by=user, study=study_id)
    response = HttpResponse(presentation.as_file(name, found), "text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _folder(run: AnalysisRun) -> Path:
    return store.run_folder(run.id) / str(run.fence)


@login_required
@require_GET
def detectors(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """What the study's detectors did by themselves; the statistician's view is audited."""
    user = cast("User", request.user)
    frozen = selectors.unblinded_freeze(user, study_id)
    files = store.read(store.freeze_folder(frozen.id), frozen.sha256)
    found = standalone.tables(files, detectors_of(frozen.study))
    record_view("results.detectors", subject=f"freeze:{frozen.id}", by=user, study=study_id)
    context = {"study": frozen.study, "detectors": found}
    return render(request, "results/detectors.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def sending(request: HttpRequest, study_id: UUID) -> HttpResponse:
    """Results on their way to a PACS; the statistician has them sent, once all is unblinded."""
    user = cast("User", request.user)
    study = selectors.unblinded_freeze(user, study_id).study
    there = selectors.destinations()
    if request.method == "POST":
        chosen = next((each for each in there if str(each.pk) == request.POST.get("to")), None)
        if chosen is None:
            raise Invalid("results.destination", "Choose one of the destinations.")
        services.send_results(study, to=chosen, by=user)
        return redirect("results:sending", study_id=study_id)
    jobs, parcels = selectors.sendings(study), selectors.parcels(study)
    context = {
        "study": study, "destinations": there, "jobs": jobs, "parcels": parcels,
        "busy": any(job.done_at is None for job in jobs)
        or any(each.done_at is None for each in parcels),
    }  # fmt: skip
    part = "_sending" if getattr(request, "htmx", False) else "sending"
    return render(request, f"results/{part}.html", context)


@login_required
@require_POST
def send_again(request: HttpRequest, study_id: UUID, parcel_id: UUID) -> HttpResponse:
    """Try an object that did not arrive once more."""
    user = cast("User", request.user)
    study = selectors.unblinded_freeze(user, study_id).study
    parcel = next((each for each in selectors.parcels(study) if each.pk == parcel_id), None)
    if parcel is None:
        raise Unknown
    services.send_again(study, parcel, by=user)
    return redirect("results:sending", study_id=study_id)


@login_required
@require_GET
def bundle(request: HttpRequest, study_id: UUID, run_id: UUID) -> HttpResponse:
    """Everything that recomputes the results elsewhere, in one file; the download is audited."""
    user = cast("User", request.user)
    run = selectors.unblinded_run(user, study_id, run_id)
    data = exports.bundle(run)
    record_view("results.export", subject=f"analysis:{run.id}", by=user,
                study=run.freeze.study_id)  # fmt: skip
    response = HttpResponse(data, content_type="application/zip")
    name = f"readerstudy-{run.freeze.sha256[:8]}.zip"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@login_required
@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """Readers and cases that a study needs (S12); its address holds all that was asked."""
    from readerstudy.results import bridge  # the web process needs no statistics to start

    if request.method == "POST":
        return _from_pilot(request)
    typed = planning.DEFAULTS | request.GET.dict()
    context = _plan_context(typed)
    try:
        asked = planning.asked(request.GET.dict())
        context |= {
            "asked": asked,
            "planned": bridge.power(asked),
            "query": urlencode({name: typed[name] for name in planning.DEFAULTS if name != "at"}),
        }
    except Problem as problem:
        context["problem"] = problem
    status = context["problem"].status if "problem" in context else 200
    return render(request, "results/plan.html", context, status=status)


def _plan_context(typed: dict[str, str]) -> dict[str, Any]:
    """What the form needs: what was typed, and the names that can be chosen."""
    from readerstudy.results import bridge

    return {
        "typed": typed,
        "published": bridge.published_names(),
        "foms": bridge.planned_foms(),
    }


def _from_pilot(request: HttpRequest) -> HttpResponse:
    """Take the variances from a pilot's reads into the address; the table is not kept."""
    from readerstudy.results import bridge

    sent = request.FILES.get("pilot")
    lesions = request.FILES.get("lesions")
    fom = request.POST.get("fom", "auc")
    context = _plan_context({**planning.DEFAULTS, "fom": fom})
    try:
        sizes = [each.size or 0 for each in (sent, lesions) if each is not None]
        if sent is None or max(sizes) > MAX_PILOT_BYTES:
            raise Invalid("results.pilot", "Choose a table of reads (CSV) of at most 20 MB.")
        truth = None if lesions is None else lesions.read()
        found = bridge.pilot_variances(sent.read(), fom=fom, truth=truth)
    except Problem as problem:
        context["problem"] = problem
        return render(request, "results/plan.html", context, status=problem.status)
    values = {name: f"{value:.6g}" for name, value in found.items()}
    return redirect(f"{request.path}?{urlencode({'source': 'variances', 'fom': fom, **values})}")


@login_required
@require_GET
def plan_figure(request: HttpRequest) -> HttpResponseBase:
    """Power against the number of cases, in the user's theme."""
    from readerstudy.results import bridge

    user = cast("User", request.user)
    theme: Literal["light", "dark"] = "light" if user.theme == "light" else "dark"
    return figures.svg(bridge.power_figure(planning.asked(request.GET.dict()), theme))
