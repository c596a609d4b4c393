"""The reader's own pages, and the page that hosts the reading room.

As the reading room's API, every one of them runs with the tripwire armed.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from readerstudy.accounts.models import User
from readerstudy.imaging import selectors as imaging
from readerstudy.reads import home as own
from readerstudy.reads import questionnaires, selectors, services, tripwire, worklist
from readerstudy.studies.definition import QuestionnaireDraft
from readerstudy.studies.models import Reader
from readerstudy.web.problems import Problem, Unknown

View = Callable[..., HttpResponse]


def reader_page(view: View) -> View:
    """A page of one reader in one study; to everybody else it does not exist."""

    @login_required
    @wraps(view)
    def page(request: HttpRequest, study_id: UUID, **more: Any) -> HttpResponse:
        with tripwire.armed():
            reader = selectors.reader_for(cast("User", request.user), study_id)
            return view(request, reader, **more)

    return page


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """What the reader does next."""
    with tripwire.armed():
        return render(request, "reads/home.html", {"homes": own.homes(cast("User", request.user))})


@reader_page
@require_GET
def room(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The reading room: an empty page for the browser's program, the same in every arm."""
    packs = " ".join(imaging.pack_encodings())
    context = {"study_id": reader.study_id, "language": get_language(), "packs": packs}
    return render(request, "reads/room.html", context)


@reader_page
@require_http_methods(["GET", "POST"])
def start(request: HttpRequest, reader: Reader) -> HttpResponse:
    """Before a session: room, rest, how long; and what the protocol asks each time."""
    mine = worklist.worklist(reader.user)
    entry = next((each for each in mine if each["id"] == str(reader.study_id)), None)
    if entry is None or entry["next"]["action"] not in ("start", "training"):
        return redirect("reads:home")
    asked = questionnaires.due(reader)
    context = {"reader": reader, "study": reader.study, "entry": entry, "asked": asked}
    context["test"] = own.test_of(reader)
    if request.method == "GET":
        return render(request, "reads/start.html", context)
    if asked is not None:
        refused = _keep(request, reader, asked)
        if refused is not None:
            shown = {**context, **refused}
            return render(request, "reads/start.html", shown, status=refused["problem"].status)
    return redirect("reads:room", study_id=reader.study_id)


@reader_page
@require_http_methods(["GET", "POST"])
def questions(request: HttpRequest, reader: Reader, key: str) -> HttpResponse:
    """A questionnaire about the reader or the study."""
    asked = questionnaires.find(reader.study, key)
    if asked is None:
        raise Unknown
    may_skip = not any(each.is_required for each in asked.questions)
    context = {"reader": reader, "study": reader.study, "asked": asked, "may_skip": may_skip}
    if request.method == "GET" and not questionnaires.is_due(reader, asked):
        messages.info(request, _("These questions are answered already, or come later."))
        return redirect("reads:home")
    if request.method == "POST":
        refused = _keep(request, reader, asked)
        if refused is None:
            skipped = may_skip and "skip" in request.POST
            words = _("Skipped.") if skipped else _("Thank you. Your answers are kept.")
            messages.success(request, words)
            return redirect("reads:home")
        shown = {**context, **refused}
        return render(request, "reads/questions.html", shown, status=refused["problem"].status)
    return render(request, "reads/questions.html", context)


def _keep(request: HttpRequest, reader: Reader, asked: QuestionnaireDraft) -> dict[str, Any] | None:
    """Keep the form's answers; else what the page needs to show the form as it was filled in."""
    filled_in = QueryDict() if "skip" in request.POST else request.POST
    answers = questionnaires.from_form(asked, filled_in)
    try:
        services.answer_questionnaire(
            reader.study, key=asked.key, answers=answers, by=cast("User", request.user)
        )
    except Problem as problem:
        return {"problem": problem, "answers": answers}
    return None


@reader_page
@require_GET
def training(request: HttpRequest, reader: Reader) -> HttpResponse:
    """How training went: each signed training case beside its truth, and whether it was passed."""
    context = {"reader": reader, "study": reader.study, "training": own.training(reader)}
    return render(request, "reads/training.html", context)


@reader_page
@require_GET
def history(request: HttpRequest, reader: Reader) -> HttpResponse:
    """The reader's signed reads and answers to questionnaires: what and when, never how well."""
    context = {
        "reader": reader,
        "study": reader.study,
        "reads": selectors.history(reader.user, reader.study_id),
        "answered": own.answered(reader),
    }
    return render(request, "reads/history.html", context)


@reader_page
@require_GET
def certificate(request: HttpRequest, reader: Reader) -> HttpResponse:
    """A certificate of participation, to print; before the last case, of a training passed."""
    context = {
        "reader": reader,
        "study": reader.study,
        "taken": own.participation(reader),
        "trained": own.trained(reader),
    }
    return render(request, "reads/certificate.html", context)
