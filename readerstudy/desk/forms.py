"""What the desk's forms say, as the values that services take."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _l

from readerstudy.studies import plan as plans
from readerstudy.studies.definition import QuestionDraft
from readerstudy.web.problems import Invalid

HYPOTHESES = {
    "superiority": _l("superiority"),
    "non_inferiority": _l("non-inferiority"),
    "equivalence": _l("equivalence"),
}
COVARIANCES = ("jackknife", "delong", "unbiased")


def new_question(form: Mapping[str, Any], now: Sequence[QuestionDraft]) -> QuestionDraft:
    """The question that the form describes, under a key of its own."""
    text = form.get("text", "").strip()
    key = slugify(text)[:30].strip("-") or "question"
    key = key if key[0].isalpha() else f"q-{key}"
    while key in {each.key for each in now}:
        key += "x"
    lines = [line.strip() for line in form.get("choices", "").splitlines() if line.strip()]
    return QuestionDraft(
        key=key,
        text=text,
        kind=form.get("kind", ""),
        help=form.get("help", "").strip(),
        choices=tuple({"value": slugify(line)[:40] or line[:40], "label": line} for line in lines),
        is_required="is_required" in form,
        is_primary=form.get("kind") == "rating" and not any(each.is_primary for each in now),
    )


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
        if "interim_looks" in form:
            _set_interim(made, form)
    except (KeyError, ValueError):
        raise Invalid("studies.plan", "Margin, alpha and radius are numbers.") from None
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
