"""The list of studies, a new one, and where a study stands."""

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from readerstudy.accounts import guesses
from readerstudy.desk import forms, notices
from readerstudy.desk import services as mails
from readerstudy.desk.shell import COORDINATOR, act_and_return, actor, rail, show, study_page
from readerstudy.reads import live
from readerstudy.reads import progress as reading
from readerstudy.reads import services as reads
from readerstudy.reads.models import Leave
from readerstudy.studies import lifecycle, readiness, services
from readerstudy.studies.models import Study
from readerstudy.studies.selectors import at_desk_of, current_version, definition, roles
from readerstudy.web.problems import Problem, Unknown


@login_required
@require_GET
def studies(request: HttpRequest) -> HttpResponse:
    """The studies in which the user has work at the desk, with progress and what needs them."""
    user = actor(request)
    lines = [_line(study, roles(user, study)) for study in at_desk_of(user).order_by("-created_at")]
    may_create = user.creates_studies or user.is_staff
    return render(request, "desk/studies.html", {"lines": lines, "may_create": may_create})


def _line(study: Study, held: frozenset[str]) -> dict[str, Any]:
    lacking = []
    if study.state == Study.State.DRAFT:
        lacking = [step for step in rail(study, held) if step.why]
    sites = reading.by_site(reading.progress(study)) if study.state != Study.State.DRAFT else []
    return {
        "study": study,
        "lacking": lacking,
        "done": sum(site.done for site in sites),
        "planned": sum(site.planned for site in sites),
        "readers": sum(site.readers for site in sites) or study.readers.count(),
        "cases": study.cases.filter(withdrawn_at=None).count(),
        "notices": notices.notices(study),
    }


@login_required
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a study: by name, or from an exported protocol."""
    context = {"name": request.POST.get("name", ""), "summary": request.POST.get("summary", "")}
    if request.method == "POST":
        try:
            study = _make(request, context)
        except Problem as problem:
            shown = {**context, "problem": problem}
            return render(request, "desk/new.html", shown, status=problem.status)
        return redirect("desk:cases", study_id=study.pk)
    return render(request, "desk/new.html", context)


def _make(request: HttpRequest, typed: dict[str, str]) -> Study:
    file = request.FILES.get("protocol")
    if file is not None:
        text = file.read(1024 * 1024).decode(errors="replace")
        return services.import_protocol(text=text, name=typed["name"], by=actor(request))
    return services.create_study(name=typed["name"], summary=typed["summary"], by=actor(request))


@study_page()
@require_GET
def detail(request: HttpRequest, study: Study) -> HttpResponse:
    """Lead to what is to be done: the first step that lacks something, else the progress."""
    if study.state == Study.State.DRAFT:
        lacking = [step.name for step in rail(study, roles(request.user, study)) if step.why]
        return redirect(f"desk:{lacking[0] if lacking else 'lock'}", study_id=study.pk)
    if study.state == Study.State.READY:
        return redirect("desk:lock", study_id=study.pk)
    return redirect("desk:progress", study_id=study.pk)


@study_page()
@require_GET
def progress(request: HttpRequest, study: Study) -> HttpResponse:
    """Who has read how much; never what, never in which arm (C4)."""
    lines = reading.progress(study)
    context = {
        "lines": lines,
        "sites": reading.by_site(lines),
        "live": live.live(study),
        "notices": notices.notices(study),
        "late": {line.code for line in notices.late(study)},
        "waiting": reading.waiting_for_decision(study),
        "decisions": Leave.Kind.choices,
        "reports": reading.problem_reports(study),
        "done": sum(line.place.done for line in lines),
        "planned": sum(line.place.planned for line in lines),
        "now": timezone.now(),
        "may_suspend": lifecycle.allows(study.state, "halt"),
    }
    return show(request, study, "progress", context)


@study_page(*COORDINATOR)
@require_POST
def open_early(request: HttpRequest, study: Study, reader_id: UUID) -> HttpResponse:
    """Let one reader begin a period before the washout ends, with a reason and their code (C5)."""
    reader = study.readers.filter(pk=reader_id).first()
    if reader is None:
        raise Unknown
    form = request.POST
    period = form.get("period", "")
    return act_and_return(
        request,
        study,
        "progress",
        lambda: services.override_washout(
            reader,
            period=int(period) if period.isdecimal() else 0,
            reason=form.get("reason", ""),
            confirmation=form.get("confirmation", ""),
            by=actor(request),
        ),
        _("%s may begin now; the exception is in the record.") % reader.code,
    )


@study_page()
@require_GET
def live_part(request: HttpRequest, study: Study) -> HttpResponse:
    """The part of the progress page that is fetched anew every few seconds."""
    context = {"live": live.live(study), "study": study, "now": timezone.now()}
    return render(request, "desk/_live.html", context)


@study_page(*COORDINATOR)
@require_POST
def remind(request: HttpRequest, study: Study) -> HttpResponse:
    """Mail one reader that their cases wait."""
    code = request.POST.get("reader", "")
    return act_and_return(
        request,
        study,
        "progress",
        lambda: mails.remind(study, reader_code=code, by=actor(request)),
        _("%s is reminded by mail.") % code,
    )


@study_page(*COORDINATOR)
@require_POST
def decide(request: HttpRequest, study: Study) -> HttpResponse:
    """Let a reader who did not pass training train again, or go on, with a reason."""
    form = request.POST
    code = form.get("reader", "")
    return act_and_return(
        request,
        study,
        "progress",
        lambda: reads.decide_on_training(
            study,
            reader_code=code,
            kind=form.get("kind", ""),
            reason=form.get("reason", ""),
            by=actor(request),
        ),
        _("Decided for %s; it is in the record.") % code,
    )


@study_page()
@require_GET
def protocol(request: HttpRequest, study: Study) -> HttpResponse:
    """The protocol as it stands and the versions that were locked."""
    now = definition(study)
    context = {
        "yaml": services.export_protocol(study, by=actor(request)),
        "versions": study.protocol_versions.select_related("locked_by").order_by("-number"),
        "current": current_version(study),
        **forms.hanging_context(now.hanging),
        **forms.explanations_context(now.explanations),
    }
    return show(request, study, "protocol", context)


@study_page(*COORDINATOR)
@require_POST
def describe(request: HttpRequest, study: Study) -> HttpResponse:
    """A draft's own facts and who is blinded; how images hang; how much is explained."""
    form = request.POST
    if form.get("act") == "hanging":
        wanted = forms.hanging(form)
        act = partial(services.set_hanging, study, hanging=wanted, by=actor(request))
        return act_and_return(request, study, "protocol", act, _("The hanging protocol is saved."))
    if form.get("act") == "explanations":
        told = forms.explanations(form)
        act = partial(services.set_explanations, study, explanations=told, by=actor(request))
        return act_and_return(request, study, "protocol", act, _("Saved."))
    if form.get("act") == "kinds":
        is_told = "lesion_classification" in form
        act = partial(services.set_lesion_classification, study, is_told=is_told, by=actor(request))
        return act_and_return(request, study, "protocol", act, _("Saved."))

    def minutes(name: str, default: int) -> int:
        typed = form.get(name, str(default)).strip()
        return int(typed) if typed.isdecimal() else -1

    limit = form.get("idle_limit_s", "")
    return act_and_return(
        request,
        study,
        "protocol",
        lambda: services.describe(
            study,
            name=form.get("name", ""),
            summary=form.get("summary", ""),
            idle_limit_s=int(limit) if limit.isdecimal() else 0,
            session_limit_min=minutes("session_limit_min", 0),
            rest_min=minutes("rest_min", 15),
            coordinator_blinded="coordinator_blinded" in form,
            by=actor(request),
        ),
        _("Saved."),
    )


@study_page()
@require_GET
def protocol_file(request: HttpRequest, study: Study) -> HttpResponse:
    """The protocol as one YAML file (C11)."""
    text = services.export_protocol(study, by=actor(request))
    response = HttpResponse(text, content_type="application/yaml")
    response["Content-Disposition"] = 'attachment; filename="protocol.yaml"'
    return response


@study_page()
@require_POST
def copy(request: HttpRequest, study: Study) -> HttpResponse:
    """A new draft with this protocol."""
    name = request.POST.get("name", "").strip() or _("Copy of %s") % study.name
    try:
        made = services.copy_study(study, name=name, by=actor(request))
    except Problem as problem:
        messages.error(request, problem.detail, extra_tags="danger")
        return redirect("desk:protocol", study_id=study.pk)
    return redirect("desk:detail", study_id=made.pk)


@study_page()
@require_http_methods(["GET", "POST"])
def lock(request: HttpRequest, study: Study) -> HttpResponse:
    """All that is missing, in one list; then the signature that locks."""
    if request.method == "POST":
        password = request.POST.get("password", "")
        return act_and_return(
            request,
            study,
            "lock",
            guesses.counted(request, actor(request))(
                lambda: services.lock(study, password=password, by=actor(request))
            ),
            _("The protocol is locked and the allocation is made."),
        )
    found = readiness.missing(study) if study.state == Study.State.DRAFT else []
    context = {"missing": found, "version": current_version(study)}
    return show(request, study, "lock", context)


@study_page()
@require_POST
def start(request: HttpRequest, study: Study) -> HttpResponse:
    """Open a locked study for reading."""
    return act_and_return(
        request,
        study,
        "lock",
        lambda: services.start(study, by=actor(request)),
        _("The study is open: readers can begin."),
    )
