"""The report's numbers on reliance: calls and lesions by what the AI had said about them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pandas as pd

from analysis.interactions.result import Subgroups
from analysis.interactions.study import subgroups
from analysis.report.groups import LESIONS_FOUND
from analysis.report.plan import Plan
from analysis.report.tables import Tables, rated
from analysis.tables import DataError, numbers
from analysis.times.automation import automation_bias

PROPOSED = "proposed by the AI"


def reliance(tables: Tables, plan: Plan) -> dict[str, Any]:
    """By arm: calls where the AI was right and wrong, lesions that it proposed and did not.

    The AI's call of a case is positive when it proposed anything in it, as the table of decisions
    says; empty without that table.
    """
    if tables.decisions is None:
        return {}
    shown = tables.decisions.assign(modality=tables.decisions["modality"].astype(str))
    return {
        arm: {
            "calls": _said(partial(_calls, tables, plan, arm, shown)),
            "lesions": _said(partial(_lesions, tables, plan, arm, shown)),
        }
        for arm in tables.modalities[1:]
        if (shown["modality"] == arm).any()
    }


def _calls(tables: Tables, plan: Plan, arm: str, shown: pd.DataFrame) -> Subgroups:
    reads = rated(tables)
    reads = reads[reads["modality"].isin([tables.control, arm])]
    proposed = set(shown.loc[shown["modality"] == arm, "case"].astype(str))
    cases = pd.Series(reads["case"].astype(str).unique())
    ai = pd.DataFrame({"case": cases, "call": cases.isin(proposed).astype(int)})
    return automation_bias(
        reads, ai, control=tables.control, threshold=plan.call_threshold, random=plan.random,
        alpha=plan.alpha,
    )  # fmt: skip


def _lesions(tables: Tables, plan: Plan, arm: str, shown: pd.DataFrame) -> Subgroups:
    if tables.marks is None or tables.truth is None:
        raise DataError("no marks or no lesions were given")
    mine = shown[shown["modality"] == arm]
    lesion = numbers(mine["lesion"], "lesion").astype(int)
    hit = set(zip(mine["case"].astype(str), lesion, strict=True))
    truth = tables.truth
    number = numbers(truth["lesion"], "lesion").astype(int)
    keys = zip(truth["case"].astype(str), number, strict=True)
    said = ["yes" if key in hit else "no" for key in keys]
    both = [tables.control, arm]
    return subgroups(
        tables.reads[tables.reads["modality"].isin(both)],
        PROPOSED,
        marks=tables.marks[tables.marks["modality"].isin(both)],
        truth=truth.assign(**{PROPOSED: said}),
        fom=LESIONS_FOUND,
        control=tables.control,
        random=plan.random,
        alpha=plan.alpha,
    )


def _said(work: Callable[[], Subgroups]) -> dict[str, Any]:
    try:
        result = work()
    except DataError as error:
        return {"error": str(error)}
    return {**result.to_json(), "statement": result.statement()}
