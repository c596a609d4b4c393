"""Questions, arms and design, readers, analysis plan: a draft's definition."""

from string import ascii_uppercase

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from readerstudy.accounts import selectors as accounts
from readerstudy.accounts import services as people
from readerstudy.accounts.models import Experience, Site, User
from readerstudy.desk import drawing, forms
from readerstudy.desk.shell import COORDINATOR, act_and_return, actor, show, study_page
from readerstudy.proposals import selectors as proposals
from readerstudy.studies import definition, services
from readerstudy.studies.definition import (
    ArmDraft,
    DesignDraft,
    QuestionDraft,
    brain_metastasis_questions,
)
from readerstudy.studies.models import Arm, Membership, Study
from readerstudy.studies.scales import MarkScale
from readerstudy.studies.selectors import question_draft
from readerstudy.studies.selectors import questions as questions_now
from readerstudy.web.problems import Invalid, Unknown


@study_page()
@require_http_methods(["GET", "POST"])
def questions(request: HttpRequest, study: Study) -> HttpResponse:
    """The form, beside what a reader will see of it."""
    if request.method == "POST":
        is_scale = request.POST.get("act") == "marks"
        said = _("What marks are rated on is saved.") if is_scale else _("The questions are saved.")
        return act_and_return(request, study, "questions", lambda: _ask(request, study), said)
    rows = list(questions_now(study))
    drafts = [question_draft(each) for each in rows]
    asked_if = {each.key: forms.condition_words(each, drafts) for each in drafts}
    context = {
        "questions": rows,
        "asked_if": asked_if,
        "conditions": forms.conditions(drafts),
        "mark_scale": MarkScale.from_dict(study.mark_scale),
    }
    return show(request, study, "questions", context)


def _ask(request: HttpRequest, study: Study) -> Study:
    """Change the questions, or what marks are rated on."""
    by = actor(request)
    if request.POST.get("act") == "marks":
        return services.set_mark_scale(study, scale=forms.mark_scale(request.POST), by=by)
    return services.set_questions(study, questions=_questions(request, study), by=by)


def _questions(request: HttpRequest, study: Study) -> list[QuestionDraft]:
    """The questions after one act: the template set, one more, one less, moved, or edited."""
    now = [question_draft(each) for each in questions_now(study)]
    act, _sep, key = request.POST.get("act", "").partition(":")
    place = next((number for number, each in enumerate(now) if each.key == key), None)
    if act == "template":
        return [
            *now,
            *(
                each
                for each in brain_metastasis_questions()
                if each.key not in {q.key for q in now}
            ),
        ]
    if act == "add":
        return [*now, forms.new_question(request.POST, now)]
    if place is None:
        raise Unknown
    if act == "remove":
        return now[:place] + now[place + 1 :]
    if act == "up" and place:
        now[place - 1], now[place] = now[place], now[place - 1]
    return now


@study_page()
@require_http_methods(["GET", "POST"])
def arms(request: HttpRequest, study: Study) -> HttpResponse:
    """Arms and design, with the way of each group drawn."""
    if request.method == "POST":
        return act_and_return(
            request, study, "arms", lambda: _set_arms(request, study), _("The design is saved.")
        )
    context = {
        "modes": Arm.Mode.choices,
        "designs": Study.Design.choices,
        "detectors": proposals.detectors(),
        "arms": _arms_to_edit(study),
        "timeline": drawing.timeline(study),
        "balance": drawing.balance(study),
        "block_sizes": ", ".join(map(str, study.block_sizes or (2, 4))),
        "strata": definition.STRATA,
    }
    return show(request, study, "arms", context)


def _arms_to_edit(study: Study) -> list[Arm]:
    """The arms, and in a draft an empty row for a further one: an arm is there once it is named."""
    arms = list(study.arms.all()) or _default_arms(study)
    if study.state == Study.State.DRAFT and len(arms) < definition.MAX_ARMS:
        key = next(each for each in ascii_uppercase if each not in {arm.key for arm in arms})
        detector = proposals.default_detector()
        arms.append(Arm(study=study, key=key, mode=Arm.Mode.CONCURRENT, detector=detector))
    return arms


def _default_arms(study: Study) -> list[Arm]:
    """What most studies have, offered until it is saved."""
    return [
        Arm(study=study, key="A", name="Without AI", mode=Arm.Mode.CONTROL),
        Arm(
            study=study,
            key="B",
            name="With AI",
            mode=Arm.Mode.CONCURRENT,
            detector=proposals.default_detector(),
        ),
    ]


def _set_arms(request: HttpRequest, study: Study) -> None:
    form = request.POST
    drafts = [
        ArmDraft(key=key, name=name, mode=mode, detector="" if mode == "control" else detector)
        for key, name, mode, detector in zip(
            form.getlist("key"),
            form.getlist("name"),
            form.getlist("mode"),
            form.getlist("detector"),
            strict=True,
        )
        if name.strip()
    ]
    try:
        sizes = tuple(int(each) for each in form.get("block_sizes", "").split(",") if each.strip())
        design = DesignDraft(
            kind=form.get("design", ""),
            washout_days=int(form.get("washout_days") or 0),
            block_sizes=sizes,
            strata=tuple(form.getlist("strata")),
            reader_blocks=int(form.get("reader_blocks") or 2),
            repeats=int(form.get("repeats") or 0),
        )
    except ValueError:
        words = "Washout, block sizes, blocks and repeats are whole numbers."
        raise Invalid("studies.design", words) from None
    services.set_arms(study, arms=drafts, by=actor(request))
    services.set_design(study, design=design, by=actor(request))


@study_page()
@require_GET
def readers(request: HttpRequest, study: Study) -> HttpResponse:
    """Who reads, where, how experienced; and who has which role at the desk."""
    held = study.readers.values("user")
    context = {
        "readers": study.readers.select_related("user", "site"),
        "people": accounts.people().exclude(pk__in=held),
        "sites": accounts.sites(),
        "levels": Experience.choices,
        "members": study.memberships.exclude(role=Membership.Role.READER).select_related("user"),
        "roles": [each for each in Membership.Role.choices if each[0] != Membership.Role.READER],
    }
    return show(request, study, "readers", context)


@study_page(*COORDINATOR)
@require_POST
def change_people(request: HttpRequest, study: Study) -> HttpResponse:
    """Add a reader, a new person who reads, a role; or let a reader leave."""
    acts = {"add": _add_reader, "create": _create_reader, "role": _grant, "withdraw": _withdraw}
    act = acts.get(request.POST.get("act", ""))
    if act is None:
        raise Unknown
    return act_and_return(request, study, "readers", lambda: act(request, study), _("Saved."))


def _add_reader(request: HttpRequest, study: Study) -> None:
    user = _person(request.POST.get("user", ""))
    services.add_reader(
        study,
        user=user,
        experience=user.experience or request.POST.get("experience", ""),
        site=user.site or _site(request),
        by=actor(request),
    )


def _create_reader(request: HttpRequest, study: Study) -> None:
    form = request.POST
    years = form.get("experience_years", "").strip()
    if years and not years.isdecimal():
        raise Invalid("accounts.years", "Years of experience are a whole number.")
    user = people.create_user(
        username=form.get("username", ""),
        password=form.get("password", ""),
        display_name=form.get("display_name", ""),
        email=form.get("email", ""),
        site=_site(request),
        experience=form.get("experience", ""),
        experience_years=int(years) if years else None,
        by=actor(request),
    )
    services.add_reader(study, user=user, by=actor(request))


def _site(request: HttpRequest) -> Site:
    name = request.POST.get("site", "").strip()
    found = Site.objects.filter(name=name).first()
    return found or people.create_site(name=name, by=actor(request))


def _grant(request: HttpRequest, study: Study) -> None:
    services.grant_role(
        study,
        user=_person(request.POST.get("user", "")),
        role=request.POST.get("role", ""),
        by=actor(request),
    )


def _withdraw(request: HttpRequest, study: Study) -> None:
    reader = study.readers.filter(code=request.POST.get("reader", "")).first()
    if reader is None:
        raise Unknown
    services.withdraw_reader(reader, reason=request.POST.get("reason", ""), by=actor(request))


def _person(username: str) -> User:
    found = accounts.people().filter(username=username).first()
    if found is None:
        raise Invalid("accounts.nobody", "Choose a person from the list.")
    return found


@study_page()
@require_http_methods(["GET", "POST"])
def plan_page(request: HttpRequest, study: Study) -> HttpResponse:
    """The statistical analysis plan: locked with the protocol, before any result is seen."""
    if request.method == "POST":
        return act_and_return(
            request,
            study,
            "plan",
            lambda: services.set_analysis_plan(
                study, plan=forms.plan(request.POST, study.analysis_plan), by=actor(request)
            ),
            _("The analysis plan is saved."),
        )
    return show(request, study, "plan", forms.plan_context(study.analysis_plan))
