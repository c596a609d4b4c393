"""The report's subgroups: readers by experience and site, cases by scanner, lesions by size."""

from typing import Any

import pandas as pd

from analysis.interactions.result import Subgroups
from analysis.interactions.study import SIZE, subgroups
from analysis.report.plan import Plan
from analysis.report.tables import Material
from analysis.results import finite
from analysis.tables import DataError

FACTORS = ("experience", "site", "scanner")
LESIONS_FOUND = "maxllf"
LEVEL = ("test", "reference", "estimate", "std_error", "df", "ci_low", "ci_high", "p_value")


def groups(data: Material, plan: Plan, control: str, *, of_marks: bool) -> dict[str, Any]:
    """The primary difference at each level of every factor, with a test of interaction each.

    `size` is about the share of lesions found, whatever the primary figure of merit. A factor
    that cannot be analysed has an `error`.
    """
    found = {
        name: _of(data, plan, control, (name, plan.fom), of_marks=of_marks)
        for name in FACTORS
        if name in data.reads and len(data.reads[name].dropna().unique()) > 1
    }
    if data.marks is not None and _has_sizes(data.truth):
        found[SIZE] = _of(data, plan, control, (SIZE, LESIONS_FOUND), of_marks=True)
    return found


def _has_sizes(truth: pd.DataFrame | None) -> bool:
    return truth is not None and "diameter_mm" in truth and bool(truth["diameter_mm"].notna().any())


def _of(
    data: Material, plan: Plan, control: str, what: tuple[str, str], *, of_marks: bool
) -> dict[str, Any]:
    by, fom = what
    try:
        result = subgroups(
            data.reads, by,
            marks=data.marks if of_marks else None,
            truth=data.truth if of_marks else None,
            fom=fom, control=control, random=plan.random, alpha=plan.alpha,
        )  # fmt: skip
    except DataError as error:
        return {"fom": fom, "levels": [], "interaction": [], "error": str(error)}
    return _tree(result)


def _tree(result: Subgroups) -> dict[str, Any]:
    tree = result.to_json()
    names = list(dict.fromkeys(each["level"] for each in tree["levels"]))
    levels = []
    for name in names:
        rows = [each for each in tree["levels"] if each["level"] == name]
        counts = {key: rows[0][key] for key in ("n_readers", "n_cases", "n_lesions")}
        comparisons = [{key: row[key] for key in LEVEL} for row in rows]
        levels.append({"level": name, **counts, "comparisons": comparisons})
    return {
        "kind": result.kind,
        "fom": result.fom,
        "label": result.label,
        "levels": levels,
        "interaction": finite(tree["interactions"]),
        "statement": result.statement(),
        "warnings": list(result.warnings),
    }
