"""What the desk's forms say, as the values that services take."""

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from readerstudy.accounts.models import Experience
from readerstudy.studies import plan as plans
from readerstudy.studies.definition import RATED, QuestionDraft
from readerstudy.studies.explanations import EXPERIENCES, LEVELS, Explanations
from readerstudy.studies.hanging import LAYOUTS, LINKS, PLACES, ROLES, WINDOWS, Hanging
from readerstudy.studies.scales import MarkScale
from readerstudy.web.problems import Invalid

HYPOTHESES = {
    "superiority": _l("superiority"),
    "non_inferiority": _l("non-inferiority"),
    "equivalence": _l("equivalence"),
}
COVARIANCES = ("jackknife", "delong", "unbiased")

LAYOUT_WORDS = {
    "auto": _l("one large, three beside it"),
    "one": _l("one"),
    "two": _l("two beside each other"),
    "four": _l("two by two"),
    "main": _l("one large, three beside it, whatever there is"),
    "planes": _l("three planes of the first series"),
    "prior": _l("current and prior examination side by side"),
    "prior_four": _l("current and prior side by side, two series of each"),
}
ROLE_WORDS = {
    "t1c": _l("T1 with contrast"), "flair": "FLAIR", "t2": "T2", "t1": "T1", "ct": "CT",
    "other": _l("others"),
}  # fmt: skip
WINDOW_WORDS = {
    "auto": _l("automatic: by percentiles, of CT the brain's"),
    "bright": _l("bright"),
    "narrow": _l("narrow"),
    "wide": _l("wide"),
    "brain": _l("brain (CT)"),
    "subdural": _l("subdural (CT)"),
    "bone": _l("bone (CT)"),
}
EXPLANATION_WORDS = {
    "none": _l("nothing"),
    "short": _l("one line"),
    "full": _l("the whole text and heat maps"),
}
PLACE_WORDS = {"below": _l("below the images"), "beside": _l("beside them, below the marks")}
LINK_WORDS = {"position": _l("slice"), "zoom": _l("zoom"), "pan": _l("pan")}


def new_question(form: Mapping[str, Any], now: Sequence[QuestionDraft]) -> QuestionDraft:
    """The question that the form describes, under a key of its own."""
    text = form.get("text", "").strip()
    key = slugify(text)[:30].strip("-") or "question"
    key = key if key[0].isalpha() else f"q-{key}"
    while key in {each.key for each in now}:
        key += "x"
    kind, lines = form.get("kind", ""), _lines(form.get("choices", ""))
    return QuestionDraft(
        key=key,
        text=text,
        kind=kind,
        help=form.get("help", "").strip(),
        choices=tuple(
            {"value": str(n) if kind == "scale" else slugify(line)[:40] or line[:40], "label": line}
            for n, line in enumerate(lines, start=1)
        ),
        is_required="is_required" in form,
        is_primary=kind in RATED and not any(each.is_primary for each in now),
        low_label=form.get("low_label", "").strip(),
        high_label=form.get("high_label", "").strip(),
        minimum=_limit(form.get("minimum", "")),
        maximum=_limit(form.get("maximum", "")),
        shown_if=_condition(form.get("shown_if", ""), now),
    )


def mark_scale(form: Mapping[str, Any]) -> MarkScale:
    """What marks are rated on, as a submitted form says it."""
    if form.get("scale") == "levels":
        return MarkScale(levels=tuple(_lines(form.get("levels", ""))) or ("",))
    low, high = (form.get(f"mark_{end}", "").strip() for end in ("low", "high"))
    return MarkScale(low_label=low, high_label=high)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _limit(typed: str) -> float | None:
    try:
        limit = float(typed) if typed.strip() else None
    except ValueError:
        limit = math.nan
    if limit is not None and not math.isfinite(limit):
        raise Invalid("studies.limit", "Lowest and highest are numbers, as 0 or 12.5.")
    return limit


def _condition(chosen: str, now: Sequence[QuestionDraft]) -> dict[str, Any]:
    """What a question hangs on: the form says it as "key:value"; empty for one always asked."""
    question, _sep, value = chosen.partition(":")
    if not question:
        return {}
    is_level = any(each.key == question and each.kind == "scale" for each in now)
    return {
        "question": question,
        "equals": int(value) if is_level and value.isdecimal() else value,
    }


def conditions(now: Sequence[QuestionDraft]) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a further question may hang on: of each choice question its text and its answers."""
    return [
        (each.text, [(f"{each.key}:{one['value']}", one["label"]) for one in each.choices])
        for each in now
        if each.kind in ("choice", "scale")
    ]


def condition_words(question: QuestionDraft, now: Sequence[QuestionDraft]) -> str:
    """When a question is asked; empty for one that always is."""
    parent = next((each for each in now if each.key == question.shown_if.get("question")), None)
    if parent is None:
        return ""
    labels = {one["value"]: one["label"] for one in parent.choices}
    value = str(question.shown_if.get("equals", ""))
    words = _("asked if “{question}” is “{answer}”")
    return words.format(question=parent.text, answer=labels.get(value, value))


def amended_questions(form: Mapping[str, Any], now: Sequence[QuestionDraft]) -> list[QuestionDraft]:
    """The questions after an amendment: reworded, no longer asked, and perhaps one more."""
    kept = [
        replace(
            each,
            text=form.get(f"text:{each.key}", each.text).strip(),
            help=form.get(f"help:{each.key}", each.help).strip(),
        )
        for each in now
        if each.is_primary or f"ask:{each.key}" in form
    ]
    if form.get("text", "").strip():
        # A key once used stays with its old question, asked or not.
        kept.append(new_question(form, now))
    return kept


def plan_context(saved: Mapping[str, Any]) -> dict[str, Any]:
    """What the plan's fields need to be drawn."""
    return {
        "plan": saved or plans.default(),
        "is_set": bool(saved),
        "hypotheses": HYPOTHESES,
        "covariances": COVARIANCES,
    }


def plan(form: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """The analysis plan with the form's values; what the form does not show stays as it was.

    Raises
    ------
    Invalid
        When a value is missing or not a number.
    """
    made = copy.deepcopy(dict(saved)) if saved else plans.default()
    try:
        made["primary"] |= {
            "hypothesis": form["hypothesis"],
            "margin": float(form["margin"] or 0),
            "alpha": float(form["alpha"] or 0.05),
            "covariance": form["covariance"],
            "random": form["random"],
        }
        made["matching"] |= {"radius_mm": float(form["radius_mm"] or 10)}
        if "call_threshold" in form:
            made.pop("call_threshold", None)
        if form.get("call_threshold", "").strip():
            made["call_threshold"] = float(form["call_threshold"])
        if "interim_looks" in form:
            _set_interim(made, form)
    except (KeyError, ValueError):
        raise Invalid(
            "studies.plan", "Margin, alpha, radius, positive calls and looks are numbers."
        ) from None
    return made


def _set_interim(made: dict[str, Any], form: Mapping[str, Any]) -> None:
    """Blinded interim looks, or none."""
    made.pop("interim", None)
    if looks := int(form["interim_looks"] or 0):
        made["interim"] = {
            "looks": looks,
            "form": form.get("interim_form", "pooled"),
            "after_percent": int(form.get("interim_after") or 0),
            "seen_by_analysts": "interim_analysts" in form,
        }


def hanging(form: Mapping[str, Any]) -> Hanging:
    """The hanging protocol of a submitted form: roles by the place that each was given."""
    placed = [(form.get(f"place-{role}", ""), role) for role in ROLES]
    named = sorted((int(place), role) for place, role in placed if place.isdecimal())
    return Hanging(
        layout=form.get("layout", ""),
        roles=tuple(role for _place, role in named),
        window=form.get("window", ""),
        linked=tuple(link for link in LINKS if f"link-{link}" in form),
        questions=form.get("questions", ""),
    )


def explanations(form: Mapping[str, Any]) -> Explanations:
    """How much readers are told of proposals, as a submitted form says it."""
    return Explanations(**{each: form.get(f"explanation-{each}", "") for each in EXPERIENCES})


def explanations_context(now: Explanations) -> dict[str, Any]:
    """What the form of the explanations shows: each experience with its levels."""
    return {
        "explanations": [
            (
                each,
                Experience(each).label,
                [
                    (level, EXPLANATION_WORDS[level], level == getattr(now, each))
                    for level in LEVELS
                ],
            )
            for each in EXPERIENCES
        ]
    }


def hanging_context(now: Hanging) -> dict[str, Any]:
    """What the form of the hanging protocol shows."""
    return {
        "layouts": [(value, LAYOUT_WORDS[value], value == now.layout) for value in LAYOUTS],
        "roles": [
            (place + 1, role, ROLE_WORDS[role])
            for place, role in enumerate((*now.roles, *(r for r in ROLES if r not in now.roles)))
        ],
        "windows": [(value, WINDOW_WORDS[value], value == now.window) for value in WINDOWS],
        "places": [(value, PLACE_WORDS[value], value == now.questions) for value in PLACES],
        "links": [(value, LINK_WORDS[value], value in now.linked) for value in LINKS],
    }
