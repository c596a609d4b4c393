"""What every page of a study shares: who may see it, the rail of steps, how a refusal is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from readerstudy.accounts.models import User
from readerstudy.studies import readiness
from readerstudy.studies.models import Membership, Study
from readerstudy.studies.readiness import Missing
from readerstudy.studies.selectors import ADMINISTRATOR, DESK_ROLES, roles, study_for
from readerstudy.web.problems import Problem

Role = Membership.Role
COORDINATOR = (Role.COORDINATOR,)
SETTERS = (Role.COORDINATOR, Role.TRUTH_READER)  # of the reference standard
AT_DESK = (*DESK_ROLES, ADMINISTRATOR)

STEPS = (
    ("cases", _("Cases")),
    ("standard", _("Reference standard")),
    ("questions", _("Questions")),
    ("arms", _("Arms and design")),
    ("readers", _("Readers and sites")),
    ("plan", _("Analysis plan")),
)


@dataclass(frozen=True)
class RailStep:
    """One step of the rail: its state and, in one line, what is missing."""

    name: str
    label: Any
    href: str
    look: str
    why: str


def rail(study: Study, held: frozenset[str]) -> list[RailStep]:
    """The steps of making a study that the roles held may open, each with what it still lacks."""
    missing: dict[str, list[Missing]] = {}
    if study.state == Study.State.DRAFT:
        for each in readiness.missing(study):
            missing.setdefault(str(each.step), []).append(each)
    return [
        _rail_step(study, name, label, missing.get(name, []))
        for name, label in STEPS
        if name != "standard" or held.intersection(SETTERS)
    ]


def _rail_step(study: Study, name: str, label: Any, lacking: list[Missing]) -> RailStep:
    why = lacking[0].words if lacking else ""
    if len(lacking) > 1:
        why += f" (+{len(lacking) - 1})"
    return RailStep(
        name, label, reverse(f"desk:{name}", args=[study.pk]), "" if lacking else "is-good", why
    )


def show(
    request: HttpRequest, study: Study, step: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render `desk/<step>.html` with the rail and what the viewer may do."""
    held = roles(request.user, study)
    shared = {
        "study": study,
        "step": step,
        "rail": rail(study, held),
        "is_draft": study.state == Study.State.DRAFT,
        "may_edit": study.state == Study.State.DRAFT and Role.COORDINATOR in held,
        "leads": Role.COORDINATOR in held,
        "states_truth": Role.TRUTH_READER in held,
        "is_statistician": Role.STATISTICIAN in held,
        "sees_results": bool(held & {Role.STATISTICIAN, Role.ANALYST, Role.COORDINATOR}),
    }
    return render(request, f"desk/{step}.html", {**shared, **context}, status=status)


View = Callable[..., HttpResponse]


def study_page(*allowed: str) -> Callable[[View], View]:
    """A page of one study, for the roles `allowed`; to everybody else it does not exist."""

    def decorate(view: View) -> View:
        @login_required
        @wraps(view)
        def page(request: HttpRequest, study_id: UUID, **more: Any) -> HttpResponse:
            study = study_for(cast("User", request.user), study_id, *(allowed or AT_DESK))
            return view(request, study, **more)

        return page

    return decorate


def attempt(request: HttpRequest, act: Callable[[], Any], done: Any) -> Problem | None:
    """Do something; say that it is done, or give back the refusal to be shown with the form."""
    try:
        act()
    except Problem as problem:
        return problem
    messages.success(request, str(done))
    return None


def act_and_return(
    request: HttpRequest, study: Study, step: str, act: Callable[[], Any], done: Any
) -> HttpResponse:
    """Do something and go back to its page, where what happened is said."""
    problem = attempt(request, act, done)
    if problem is not None:
        lines = problem.more.get("problems") or [problem.detail]
        for words in lines:
            messages.error(request, words, extra_tags="danger")
    return redirect(f"desk:{step}", study_id=study.pk)


def actor(request: HttpRequest) -> User:
    """The signed-in user."""
    return cast("User", request.user)
