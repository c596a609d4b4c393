"""The primary analysis, its sensitivity analyses and each reader's own difference."""

from dataclasses import replace
from typing import Any

from analysis.freeresponse.study import froc
from analysis.interactions.parts import is_of_marks
from analysis.multireader.study import mrmc
from analysis.report.plan import Plan, Variant, default_variants
from analysis.report.tables import NAMES, Material
from analysis.results import MrmcResult, finite
from analysis.tables import DataError


def primary(data: Material, plan: Plan) -> MrmcResult:
    """The analysis that answers the study's question."""
    return _analyse(data, plan, Variant("primary"))


def _analyse(data: Material, plan: Plan, variant: Variant) -> MrmcResult:
    settings = {
        name: getattr(plan, name) for name in ("fom", "method", "covariance", "random", "alpha")
    }
    settings |= dict(variant.changes)
    settings["margin"] = plan.margin if plan.margin > 0 else None
    if is_of_marks(settings["fom"]):
        return _of_marks(data, settings)
    if settings["method"] == "ustat" and settings["covariance"] != "mle":
        settings["covariance"] = "unbiased"
    return mrmc(data.reads, **settings)


def _of_marks(data: Material, settings: dict[str, Any]) -> MrmcResult:
    if data.marks is None or data.truth is None:
        raise DataError(f"{settings['fom']} is of marks, and no marks or no lesions were given")
    if settings.pop("covariance") != "jackknife":
        raise DataError(f"{settings['fom']} is of marks: its covariance is the jackknife's")
    reads = data.reads[list(NAMES)].drop_duplicates()
    return froc(data.marks, data.truth, reads=reads, **settings)


def comparisons(result: MrmcResult, control: str) -> list[dict[str, Any]]:
    """Differences of every arm minus the control arm."""
    found = []
    for each in result.differences:
        a, b = result.modality_names[each.a], result.modality_names[each.b]
        if control not in (a, b):
            continue
        sign = -1.0 if a == control else 1.0
        low, high = sorted((sign * each.ci_low, sign * each.ci_high))
        row = {
            "test": b if a == control else a,
            "reference": control,
            "estimate": sign * each.estimate + 0.0,  # no -0.0
            "std_error": each.std_error,
            "df": each.df,
            "ci_low": low + 0.0,
            "ci_high": high + 0.0,
            "p_value": each.p_value,
        }
        found.append({key: finite(value) for key, value in row.items()})
    return found


def conclusions(result: MrmcResult, plan: Plan, control: str) -> list[dict[str, Any]]:
    """What the plan's hypothesis comes to, for every arm against the control arm."""
    better = -1.0 if result.extra.get("higher_is_better") is False else 1.0
    sides = {(each.test, each.reference): each for each in result.margins}
    margins = {name: sides.get((name, control)) for name in result.modality_names}
    answers = []
    for row in comparisons(result, control):
        margin = margins[row["test"]]
        if plan.hypothesis == "superiority" or margin is None:
            shown = row["p_value"] < plan.alpha and better * row["estimate"] > 0
            p_value = row["p_value"]
        elif plan.hypothesis == "non_inferiority":
            shown, p_value = margin.noninferior, margin.p_noninferior
        else:
            shown, p_value = margin.equivalent, margin.p_equivalent
        answers.append(
            {
                "test": row["test"],
                "reference": control,
                "hypothesis": plan.hypothesis,
                "margin": plan.margin,
                "p_value": p_value,
                "shown": bool(shown),
                "harm": bool(row["p_value"] < plan.alpha and better * row["estimate"] < 0),
            }
        )
    return answers


def sensitivity(data: Material, plan: Plan, control: str) -> list[dict[str, Any]]:
    """The primary comparison under other choices; a choice that cannot be made says why."""
    variants = default_variants(plan) if plan.variants is None else plan.variants
    rows = [_variant(variant, data, plan, control) for variant in variants]
    reads = data.reads
    if "period" in reads and len(reads["period"].unique()) > 1:
        first = data.where(reads["period"] == reads["period"].min())
        rows.append(_variant(Variant("first period only"), first, plan, control))
    return rows


def _variant(variant: Variant, data: Material, plan: Plan, control: str) -> dict[str, Any]:
    try:
        result = _analyse(data, plan, variant)
    except DataError as error:
        return {"name": variant.name, "error": str(error)}
    return {
        "name": variant.name,
        "changes": dict(variant.changes),
        "comparisons": comparisons(result, control),
        "warnings": list(result.warnings),
    }


def by_reader(data: Material, plan: Plan, control: str) -> list[dict[str, Any]]:
    """Each reader's own difference, cases random; empty where readers read in one arm only."""
    try:
        result = _analyse(data, plan, Variant("readers", {"random": "cases", "method": "or"}))
    except DataError:
        return []
    return [
        {"reader": result.readers[j], **row}
        for j, pairs in sorted(result.within_readers.items())
        for row in comparisons(_with(result, pairs), control)
    ]


def _with(result: MrmcResult, pairs: tuple[Any, ...]) -> MrmcResult:
    """The result with other differences, to be turned round the same way."""
    return replace(result, differences=pairs, adjusted=())
