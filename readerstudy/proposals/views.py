"""Detectors and their runs, for those who set studies up; never what was found."""

from typing import Any, Literal, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from readerstudy.accounts.models import User
from readerstudy.proposals import cards as describing
from readerstudy.proposals import selectors, services
from readerstudy.proposals.models import Run
from readerstudy.studies.selectors import at_desk_of
from readerstudy.web import figures
from readerstudy.web.problems import Problem, Unknown

SHOWN = 200  # runs a page
# What a page may show otherwise soon: one that failed waits for its next time.
BUSY = (Run.State.QUEUED, Run.State.RUNNING, Run.State.FAILED)
FIELDS = ("name", "version", "maker", "statement")


def _keeper(request: HttpRequest) -> User:
    """The user, when they keep detectors: administrators and who creates studies."""
    user = cast("User", request.user)
    if not (user.is_staff or user.creates_studies):
        raise Unknown
    return user


def _runs(user: User) -> QuerySet[Run]:
    """The runs on the user's own studies: those that a person must look at first."""
    collections = at_desk_of(user).values("collection")
    return selectors.troubled_first(Run.objects.filter(examination__collection__in=collections))


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    """The detectors with their cards, and the runs on the user's own studies."""
    part = "_runs" if getattr(request, "htmx", False) else "overview"
    return render(request, f"proposals/{part}.html", _context(request, _keeper(request)))


def _context(request: HttpRequest, user: User) -> dict[str, Any]:
    shown = [(name, selectors.card(name)) for name in selectors.detectors()]
    cards = [
        {
            "name": name,
            "card": card,
            "needs": describing.needs(card),
            "place": describing.place(card),
            "trained": describing.trained(card.get("training") or {}),
            "material": describing.material(card.get("performance") or {}),
            "measured": describing.measured(card.get("performance") or {}),
            "bins": (card.get("performance") or {}).get("reliability"),
        }
        for name, card in shown
    ]
    runs = _runs(user)
    page = Paginator(runs.select_related("examination"), SHOWN).get_page(request.GET.get("page"))
    busy = runs.filter(state__in=BUSY).exists()
    return {"cards": cards, "page": page, "busy": busy, "most": services.MAX_PROPOSALS}


@login_required
@require_GET
def reliability(request: HttpRequest, detector: str) -> HttpResponseBase:
    """The reliability diagram of a detector's card, in the user's theme."""
    user = _keeper(request)
    theme: Literal["light", "dark"] = "light" if user.theme == "light" else "dark"
    drawn = selectors.reliability_figure(detector, theme)
    if drawn is None:
        raise Unknown
    return figures.svg(drawn)


@login_required
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    """Write another maker's AI down; a refusal shows the form as it was typed."""
    user = _keeper(request)
    typed = {name: request.POST.get(name, "") for name in FIELDS}
    try:
        made = services.register(**typed, by=user)
    except Problem as problem:
        more = {"problem": problem, "typed": typed}
        return render(
            request,
            "proposals/overview.html",
            _context(request, user) | more,
            status=problem.status,
        )
    words = gettext("%s is written down: an arm can name it, and its results can be delivered.")
    messages.success(request, words % made)
    return redirect("proposals:list")


@login_required
@require_POST
def retry(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """Try a run that failed once more."""
    user = _keeper(request)
    run = _runs(user).filter(pk=run_id).first()
    if run is None:
        raise Unknown
    services.retry(run, by=user)
    messages.success(request, gettext("The run is queued again."))
    return redirect("proposals:list")
