"""What truth says to "ready to lock?" (C1)."""

from collections.abc import Sequence
from typing import Any

from readerstudy.studies.assembly import register_case_strata
from readerstudy.studies.models import Study
from readerstudy.studies.readiness import Missing, Step, check
from readerstudy.truth import selectors
from readerstudy.truth.models import ReferenceStandard

SHOWN = 5  # codes named in one line
MIN_PER_CLASS = 2  # the jackknife leaves one out
WORDS = {
    ReferenceStandard.Status.DISEASED: "with metastases",
    ReferenceStandard.Status.NON_DISEASED: "without metastasis",
}


@register_case_strata
def case_strata(study: Study) -> dict[Any, str]:
    """The status divides the cases of a split-plot design, so that each block has both."""
    rows = ReferenceStandard.objects.filter(case__study=study)
    return dict(rows.values_list("case_id", "status"))


@check
def standards(study: Study) -> list[Missing]:
    """Every case has its standard, and both classes are there."""
    standings = [each for each in selectors.standings(study) if not each.is_settled]
    found = []
    if selectors.panel(study).opinions == 1:
        found += _lacking("truth.not_set", "No reference standard: {}. Set it.", standings)
    else:
        words = "Fewer than two opinions: {}. Truth readers state them, each apart."
        found += _lacking(
            "truth.opinions", words, [each for each in standings if not each.is_disputed]
        )
        words = "Two opinions differ: {}. They wait for adjudication."
        found += _lacking(
            "truth.adjudication", words, [each for each in standings if each.is_disputed]
        )
    for status, count in selectors.counts(study).items():
        if count < MIN_PER_CLASS:
            there = "There is 1 case" if count == 1 else f"There are {count} cases"
            words = f"{there} {WORDS[ReferenceStandard.Status(status)]}; "
            words += f"the analysis needs at least {MIN_PER_CLASS}."
            found.append(Missing("truth.one_class", words, Step.STANDARD))
    return found


def _lacking(code: str, words: str, standings: Sequence[selectors.Standing]) -> list[Missing]:
    if not standings:
        return []
    named = _named([each.case.code for each in standings])
    return [Missing(code, words.format(named), Step.STANDARD)]


def _named(codes: Sequence[str]) -> str:
    more = f" and {len(codes) - SHOWN} more" if len(codes) > SHOWN else ""
    return ", ".join(codes[:SHOWN]) + more


@check
def grids(study: Study) -> list[Missing]:
    """What was drawn for the standard lies where it was drawn: a late slice shifts all voxels."""
    codes = selectors.displaced(study)
    if not codes:
        return []
    words = f"Images came after the standard was drawn on them, or went: {_named(codes)}."
    return [Missing("truth.grid_changed", f"{words} Set it again.", Step.STANDARD)]


@check
def case_set(study: Study) -> list[Missing]:
    """Nothing that readers see beside the images tells the standard, or it is accepted (F8)."""
    tells = selectors.case_set(study)
    strong = [each for each in tells if each.is_strong]
    if not strong or selectors.review_of(study, tells):
        return []
    named = ", ".join(f"{each.attribute} (AUC {each.auc:.2f})" for each in strong)
    words = f"Readers could tell cases with metastases by: {named}. Balance the cases, or accept it"
    words += " with a reason."
    return [Missing("truth.case_set_tells", words, Step.STANDARD)]
