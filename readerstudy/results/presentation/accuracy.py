"""How well readers did: by arm, by reader, in groups, under other assumptions."""

from collections.abc import Iterable, Mapping
from typing import Any

from readerstudy.results.presentation.cells import (
    Cell,
    Table,
    Tree,
    count_words,
    group_name,
    interval,
    p_value,
    pair,
    primary_fom,
    scope,
    value,
)

LABELS = {
    "wafroc": "wAFROC",
    "sensitivity": "Lesion sensitivity",
    "fp_per_case": "False positives per case",
}


def accuracy(numbers: Tree, arms: Mapping[str, str]) -> Table:
    """Each figure of merit by arm, and what the arms differ by."""
    localisation = numbers.get("localisation", {})
    analyses = {"auc": numbers.get("primary", {}), **localisation.get("foms", {})}
    rows = [
        [LABELS.get(name, name), words, *[""] * (len(arms) + 1)]
        for name, words in localisation.get("errors", {}).items()
    ]
    for name, analysis in analyses.items():
        label = analysis.get("label") or LABELS.get(name, name)
        if "error" in analysis:
            rows.append([label, analysis["error"], *[""] * (len(arms) + 1)])
            continue
        by_arm = {each["modality"]: interval(each) for each in analysis.get("modalities", [])}
        comparisons = analysis.get("comparisons", [])
        for each in comparisons:
            arm_cells = [by_arm.get(key, value(None)) for key in arms]
            name_of = label + pair(each, comparisons)
            rows.append([name_of, *arm_cells, interval(each), p_value(each["p_value"])])
    return Table(
        "Accuracy",
        f"Mean over readers. Of the primary analysis: {scope(numbers.get('primary', {}))}.",
        ["Figure of merit", *arms.values(), "Difference", "p"],
        rows,
    )


def readers(numbers: Tree, arms: Mapping[str, str]) -> Table:
    """Each reader's own figures and difference."""
    foms: dict[str, dict[str, float]] = {}
    for each in numbers.get("primary", {}).get("foms", []):
        foms.setdefault(each["reader"], {})[each["modality"]] = each["estimate"]
    rows = []
    found = list(_list(numbers.get("readers", [])))
    for each in found:
        cells = [value(foms.get(each["reader"], {}).get(key)) for key in arms]
        rows.append([each["reader"] + pair(each, found), *cells, *_difference(each)])
    words = (
        f"Each reader's {primary_fom(numbers)}, cases random; a difference for the worse is a "
        "reader harmed."
    )
    return Table("Readers", words, ["Reader", *arms.values(), "Difference", "p"], rows)


def _difference(each: Tree) -> tuple[str, str]:
    """A reader's difference and p; perfect in both arms there is no variance, and no test."""
    if each["ci_low"] is not None and each["ci_low"] == each["ci_high"]:
        words = f"{value(each['estimate'])}, without variance"
        return Cell(words, each["estimate"], None, None), p_value(None)
    return interval(each), p_value(each["p_value"])


def subgroups(numbers: Tree) -> Table:
    """The difference in groups of readers, cases and lesions."""
    rows = []
    for name, group in numbers.get("subgroups", {}).items():
        tests = {each["test"]: each for each in group.get("interaction", [])}
        for level in group.get("levels", []):
            for each in level.get("comparisons", []):
                test = tests.get(each["test"], {})
                count = level.get("n_lesions") if group.get("kind") == "lesion" else None
                many, noun = (
                    (count, "lesion") if count is not None else (level["n_readers"], "reader")
                )
                if group.get("kind") == "case":
                    many, noun = level["n_cases"], "case"
                first = level is group["levels"][0]
                rows.append([
                    name.capitalize() if first else "",
                    group_name(level["level"]) + pair(each, level["comparisons"]),
                    group.get("label", ""), count_words(many, noun), interval(each),
                    p_value(test.get("p_value")) if first else "",
                ])  # fmt: skip
    words = "p tests that the difference is the same at all levels. Such tests have little power."
    head = ["Factor", "Group", "Measure", "Number", "Difference", "p"]
    return Table("Subgroups", words, head, rows, lead=3)


def sensitivity(numbers: Tree) -> Table:
    """The same comparison under other assumptions."""
    rows = [
        [
            each["name"] + pair(comparison, each["comparisons"]),
            interval(comparison), p_value(comparison["p_value"]),
        ]
        for each in _list(numbers.get("sensitivity", []))
        for comparison in each.get("comparisons", [])
    ]  # fmt: skip
    words = "The same comparison under other assumptions: do they agree with the plan's?"
    return Table("Sensitivity analyses", words, ["Analysis", "Difference", "p"], rows)


def _list(found: Any) -> Iterable[Tree]:
    return found if isinstance(found, list) else []
