"""What readers are asked about themselves, the room and the study; and the mark of training."""

from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.views.decorators.http import require_http_methods

from readerstudy.desk import forms
from readerstudy.desk.shell import act_and_return, actor, show, study_page
from readerstudy.studies import services
from readerstudy.studies.definition import QuestionnaireDraft
from readerstudy.studies.models import Study
from readerstudy.studies.question_sets import usual_questionnaires
from readerstudy.studies.selectors import questionnaires as now_of
from readerstudy.web.problems import Invalid, Unknown

MOMENTS = {
    "before": _l("once, before the first case"),
    "session": _l("at the start of each session"),
    "after": _l("once, after the last case"),
}


@study_page()
@require_http_methods(["GET", "POST"])
def questionnaires(request: HttpRequest, study: Study) -> HttpResponse:
    """Questionnaires and the pass mark, while the study is a draft; else as they were locked."""
    if request.method == "POST":
        act = _set_pass_mark if request.POST.get("act") == "pass_mark" else _set
        return act_and_return(
            request, study, "questionnaires", lambda: act(request, study), _("Saved.")
        )
    context = {"questionnaires": now_of(study), "moments": MOMENTS}
    return show(request, study, "questionnaires", context)


def _set_pass_mark(request: HttpRequest, study: Study) -> None:
    names = ("percent", "cases", "tests")
    percent, cases, tests = (request.POST.get(name, "").strip() for name in names)
    if not percent.isdecimal():
        raise Invalid("studies.pass_mark", "The pass mark is a whole number of per cent.")
    if not (cases or "0").isdecimal():
        raise Invalid("studies.pass_mark", "An attempt's cases are a whole number; 0: all.")
    if not (tests or "0").isdecimal():
        raise Invalid("studies.pass_mark", "A test's cases are a whole number; 0: no test.")
    numbers = {"percent": int(percent), "cases": int(cases or "0"), "tests": int(tests or "0")}
    services.set_pass_mark(study, **numbers, by=actor(request))


def _set(request: HttpRequest, study: Study) -> None:
    made = _changed(request.POST, list(now_of(study)))
    services.set_questionnaires(study, questionnaires=made, by=actor(request))


def _changed(form: Any, now: list[QuestionnaireDraft]) -> list[QuestionnaireDraft]:
    """The questionnaires after one act: the usual set, one more question, or one less."""
    act, _sep, target = form.get("act", "").partition(":")
    there = {each.key for each in now}
    if act == "template":
        return [*now, *(each for each in usual_questionnaires() if each.key not in there)]
    if act == "add":
        return _with_question(form, now)
    key, _sep, question = target.partition("/")
    if act != "remove" or key not in there:
        raise Unknown
    kept = [
        replace(each, questions=tuple(one for one in each.questions if one.key != question))
        if each.key == key
        else each
        for each in now
    ]
    return [each for each in kept if each.questions]  # the last question takes its title along


def _with_question(form: Any, now: list[QuestionnaireDraft]) -> list[QuestionnaireDraft]:
    """One question more, in a questionnaire that is there or in a new one."""
    title = form.get("title", "").strip()
    if not title:
        raise Invalid("studies.questionnaires", "Give the questionnaire a title.")
    found = next((each for each in now if each.title == title), None)
    if found is None:
        key = slugify(title)[:30].strip("-") or "questionnaire"
        key = key if key[0].isalpha() else f"q-{key}"
        while key in {each.key for each in now}:
            key += "x"
        found = QuestionnaireDraft(key=key, title=title, moment=form.get("moment", ""))
        now = [*now, found]
    question = replace(forms.new_question(form, found.questions), is_primary=False)
    grown = replace(found, questions=(*found.questions, question))
    return [grown if each is found else each for each in now]
