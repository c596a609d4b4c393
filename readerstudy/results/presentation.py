"""Results for people: the answer in a sentence, figures with captions, tables with intervals."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from readerstudy.results.models import AnalysisRun

Tree = Mapping[str, Any]
MINUS = "\N{MINUS SIGN}"
SMALL_P = 0.001


@dataclass(frozen=True)
class Figure:
    """A figure of the report, for the screen and for print."""

    caption: str
    file: str
    print: str
    wide: bool = False


@dataclass(frozen=True)
class Table:
    """A table of the report; the first `lead` columns are words, the others numbers."""

    title: str
    words: str
    head: list[str]
    rows: list[list[str]]
    lead: int = 1


FIGURES = {
    "roc": "ROC curves: each reader thin, the average of the readers thick.",
    "readers": "Each reader's AUC in both arms; readers who do worse with AI are marked.",
    "differences": "Difference in AUC for each reader and overall, with intervals.",
    "froc": "Free-response ROC: lesions found against false marks per case; the average "
    "ends where the first reader's curve does.",
    "sizes": "Lesion sensitivity by size, with the number of lesions.",
    "times": "Active reading time in each arm, and its ratio.",
    "order": "Accuracy by period (parallel: no carry-over), and time along each reader's order.",
    "flow": "Flow of readers and reads: allocated, lost and why, analysed.",
}
WIDE = frozenset({"times", "order", "flow"})  # several panels beside each other
LABELS = {
    "wafroc": "wAFROC",
    "sensitivity": "Lesion sensitivity",
    "fp_per_case": "False positives per case",
}


def present(run: AnalysisRun, theme: str) -> dict[str, Any]:
    """What the page shows of a finished run."""
    numbers = dict(run.numbers or {})
    arms = _arm_names(run)
    tables = [
        _accuracy(numbers, arms),
        _readers(numbers, arms),
        _subgroups(numbers),
        _sizes(numbers, arms),
        _delineation(numbers, arms),
        _sensitivity(numbers),
        _time(numbers, arms),
        _order(numbers),
        _repeats(numbers),
        _found_again(numbers),
        _decisions(numbers, arms),
        _reliance(numbers, arms),
    ]
    return {
        "findings": [_with_minus_signs(words) for words in numbers.get("findings", [])],
        "flow": numbers.get("flow", {}).get("statement", ""),
        "figures": [
            Figure(
                FIGURES[name],
                f"figures/{name}-{theme}.svg",
                f"figures/{name}-light.svg",
                wide=name in WIDE,
            )
            for name in FIGURES
            if name in numbers.get("figures", [])
        ],
        "tables": [each for each in tables if each.rows],
        "warnings": _warnings(numbers),
        "arms": arms,
    }


def _arm_names(run: AnalysisRun) -> dict[str, str]:
    return {arm.key: f"{arm.key}: {arm.name}" for arm in run.freeze.study.arms.all()}


def _warnings(numbers: Tree) -> list[str]:
    """Each warning once; those of the primary analysis first."""
    primary = numbers.get("primary", {})
    parts = [numbers.get("warnings", []), primary.get("warnings", [])]
    return list(dict.fromkeys(_of_arms(words) for part in parts for words in part))


def _of_arms(words: str) -> str:
    """What statistics call a modality is an arm on screen."""
    return re.sub(r"\bmodalities\b", "arms", re.sub(r"\bmodality\b", "arm", words))


def _with_minus_signs(words: str) -> str:
    return re.sub(r"(?<=[ (])-(?=\d)", MINUS, words)


def value(number: Any, digits: int = 3) -> str:
    """A number with a true minus sign; a dash for none."""
    if number is None:
        return "\N{EN DASH}"
    text = f"{float(number):.{digits}f}"
    return text.replace("-", MINUS) if float(text) else text.lstrip("-")


def interval(estimate: Tree, digits: int = 3) -> str:
    """An estimate with its interval, as "0.812 (0.766 to 0.858)"."""
    middle = estimate.get("estimate", estimate.get("ratio"))
    low, high = estimate.get("ci_low"), estimate.get("ci_high")
    if low is None or high is None:
        return value(middle, digits)
    return f"{value(middle, digits)} ({value(low, digits)} to {value(high, digits)})"


def count_words(number: int, noun: str) -> str:
    """A number with its noun: "1 reader", "5 readers"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def p_value(number: Any) -> str:
    """A p value as papers print it."""
    if number is None:
        return "\N{EN DASH}"
    return f"< {SMALL_P}" if number < SMALL_P else f"{number:.3f}"


def _accuracy(numbers: Tree, arms: Mapping[str, str]) -> Table:
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
        for each in analysis.get("comparisons", []):
            arm_cells = [by_arm.get(key, value(None)) for key in arms]
            rows.append([label, *arm_cells, interval(each), p_value(each["p_value"])])
    return Table(
        "Accuracy",
        "Mean over readers with 95 % interval; readers and cases random, as the plan says.",
        ["Figure of merit", *arms.values(), "Difference", "p"],
        rows,
    )


def _readers(numbers: Tree, arms: Mapping[str, str]) -> Table:
    foms: dict[str, dict[str, float]] = {}
    for each in numbers.get("primary", {}).get("foms", []):
        foms.setdefault(each["reader"], {})[each["modality"]] = each["estimate"]
    rows = []
    for each in _list(numbers.get("readers", [])):
        cells = [value(foms.get(each["reader"], {}).get(key)) for key in arms]
        rows.append([each["reader"], *cells, interval(each), p_value(each["p_value"])])
    words = "The AUC of each reader beside the average; a difference below 0 is a reader harmed."
    return Table("Readers", words, ["Reader", *arms.values(), "Difference", "p"], rows)


def _subgroups(numbers: Tree) -> Table:
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
                    name.capitalize() if first else "", level["level"], group.get("label", ""),
                    count_words(many, noun), interval(each),
                    p_value(test.get("p_value")) if first else "",
                ])  # fmt: skip
    words = "p tests that the difference is the same at all levels. Such tests have little power."
    head = ["Factor", "Group", "Measure", "Number", "Difference", "p"]
    return Table("Subgroups", words, head, rows, lead=3)


def _list(found: Any) -> Iterable[Tree]:
    return found if isinstance(found, list) else []


def _sizes(numbers: Tree, arms: Mapping[str, str]) -> Table:
    localisation = numbers.get("localisation", {})
    bins: dict[str, dict[str, Tree]] = {}
    for each in localisation.get("by_size", []):
        bins.setdefault(each["label"], {})[each["modality"]] = each
    differences = {each["label"]: each for each in localisation.get("differences_by_size", [])}
    rows = []
    for label, by_arm in bins.items():
        lesions = max(each["lesions"] for each in by_arm.values())
        if lesions:
            cells = [interval(by_arm[key]) if key in by_arm else value(None) for key in arms]
            between = differences.get(label, {})
            rows.append([label, str(lesions), *cells, interval(between),
                         p_value(between.get("p_value"))])  # fmt: skip
    words = "Share of lesions that were marked, over readers; intervals allow for cases."
    return Table("Lesions found by size", words,
                 ["Diameter", "Lesions", *arms.values(), "Difference", "p"], rows)  # fmt: skip


def _delineation(numbers: Tree, arms: Mapping[str, str]) -> Table:
    found = numbers.get("delineation", {}).get("modalities", {})
    rows = [
        [
            arms.get(key, key), str(each["readers"]), str(each["lesions"]), str(each["spheres"]),
            str(each.get("too_small", 0)), value(each["dice"]), value(each["dice_median"]),
            value(each["hd95_mm"], 1), value(each["volume_ratio"], 2),
        ]
        for key, each in found.items()
    ]  # fmt: skip
    words = (
        "Marks that were drawn and lie on a lesion, against that lesion; means of each reader's"
        " lesions, then over readers. Where the standard has no voxels, its sphere stands for it."
        " Lesions too small to have a voxel on the grid that was drawn on are in no mean."
    )
    if changed := sum(each.get("grid_changed", 0) for each in found.values()):
        words += f" {changed} spheres stand for voxels whose series changed after they were drawn."
    head = ["Arm", "Readers", "Lesions", "Of these spheres", "Too small", "Dice", "Median",
            "HD95, mm", "Volume"]  # fmt: skip
    return Table("What was drawn", words, head, rows)


def _sensitivity(numbers: Tree) -> Table:
    rows = [
        [each["name"], interval(comparison), p_value(comparison["p_value"])]
        for each in _list(numbers.get("sensitivity", []))
        for comparison in each.get("comparisons", [])
    ]
    words = "The same comparison under other assumptions: do they agree with the plan's?"
    return Table("Sensitivity analyses", words, ["Analysis", "Difference", "p"], rows)


def _time(numbers: Tree, arms: Mapping[str, str]) -> Table:
    time = numbers.get("time", {})
    rows = [
        [
            each["group"] if each["group"] != "all" else "All readers",
            " / ".join(arms.get(each[side], each[side]) for side in ("modality_b", "modality_a")),
            interval(each),
            p_value(each["p_value"]),
        ]
        for each in time.get("ratios", [])
    ]
    means = ", ".join(
        f"{arms.get(each['modality'], each['modality'])} {value(each['geometric_mean_s'], 1)} s"
        for each in time.get("means", [])
    )
    words = f"Ratio of geometric means of active time (below 1: faster). Geometric means: {means}."
    rows += [
        [
            f"All readers, reads cut off counted as longer ({each['distribution']})",
            " / ".join(arms.get(each[side], each[side]) for side in ("modality_b", "modality_a")),
            interval(each),
            p_value(each["p_value"]),
        ]
        for each in time.get("accelerated", [])
    ]
    return Table("Reading time", words, ["Readers", "Arms", "Ratio", "p"], rows, lead=2)


_ORDER = {
    "modality": "arms, free of the period",
    "period": "second period \N{MINUS SIGN} first",
    "carry_over": "carry-over (sum of one sequence \N{MINUS SIGN} the other)",
}


def _order(numbers: Tree) -> Table:
    found = numbers.get("order", {})
    rows = [
        [label, words, interval(each), p_value(each["p_value"])]
        for part, label in (("accuracy", "Accuracy"), ("time", "Log time"))
        if found.get(part)
        for name, words in _ORDER.items()
        for each in [found[part][name]]
    ]
    words = "Readers as units. A test of carry-over has little power with few readers."
    return Table("Order of reading", words, ["Of", "Effect", "Estimate", "p"], rows, lead=2)


def _repeats(numbers: Tree) -> Table:
    rows = []
    for each in numbers.get("repeats", {}).get("readers", []):
        who = "All readers" if each["reader"] == "all" else each["reader"]
        if "error" in each:
            rows.append([who, str(each["pairs"]), each["error"], ""])
            continue
        limits = each["difference"]["extra"]
        between = f"{value(limits['lower'], 1)} to {value(limits['upper'], 1)}"
        rows.append([who, str(each["pairs"]), interval(each["icc"]),
                     f"{value(each['difference']['estimate'], 1)} ({between})"])  # fmt: skip
    words = (
        "The same cases read again in the same arm. Intraclass correlation of the rating; second "
        f"rating {MINUS} first, with the limits that hold 95 % of differences. "
        "Pairs of all readers are taken as independent."
    )
    return Table("Readers' agreement with themselves", words,
                 ["Reader", "Pairs", "ICC(2,1)", "Difference (limits)"], rows)  # fmt: skip


def _found_again(numbers: Tree) -> Table:
    rows = [
        [
            "All readers" if each["reader"] == "all" else each["reader"],
            *(str(each[name]) for name in ("lesions", "both", "first_only", "again_only")),
            f"{each['false_first']} / {each['false_again']}",
            interval(each["kappa"]) if "kappa" in each else each["error"],
        ]
        for each in numbers.get("repeats", {}).get("lesions", {}).get("readers", [])
    ]
    words = (
        "The same cases read again in the same arm: which lesions of the reference standard were "
        "marked both times, and how many marks hit none (first / second read). Kappa of found "
        "or not; lesions and readers are taken as independent."
    )
    heads = ["Reader", "Lesions", "Both times", "First only", "Second only", "False marks", "Kappa"]
    return Table("The same lesions found again", words, heads, rows)


_DECISIONS = {
    "true_taken": "Right proposals taken",
    "true_rejected": "Right proposals rejected",
    "false_taken": "False proposals taken (automation bias)",
    "false_rejected": "False proposals rejected",
    "undecided": "Proposals without a decision",
}


def _decisions(numbers: Tree, arms: Mapping[str, str]) -> Table:
    proposals = numbers.get("decisions", {}).get("proposals", {})
    rows = [
        [label, arms.get(arm, arm), f"{part[name]['events']} of {part[name]['units']}",
         interval(part[name])]
        for arm, part in proposals.items()
        for name, label in _DECISIONS.items()
        if name in part and part[name]["units"]
    ]  # fmt: skip
    words = "What readers did with the machine's proposals; intervals allow for cases."
    return Table("Proposals", words, ["Decision", "Arm", "Count", "Share"], rows, lead=2)


_RELIANCE = {
    "calls": "Right calls",
    "lesions": "Lesions found",
}
_LEVELS = {
    "AI right": "cases the AI had right",
    "AI wrong": "cases the AI had wrong",
    "yes": "lesions the AI proposed",
    "no": "lesions the AI did not propose",
}


def _reliance(numbers: Tree, arms: Mapping[str, str]) -> Table:
    rows = []
    for arm, parts in numbers.get("decisions", {}).get("reliance", {}).items():
        for name, label in _RELIANCE.items():
            found = parts.get(name, {})
            if "error" in found:
                rows.append([label, arms.get(arm, arm), found["error"], "", "", ""])
            tests = found.get("interactions", [{}])
            for place, each in enumerate(found.get("levels", [])):
                level = _LEVELS.get(each["level"], each["level"])
                count = each["n_cases"] if name == "calls" else each["n_lesions"]
                shown = p_value(tests[0].get("p_value")) if place == 0 else ""
                rows.append([label, arms.get(arm, arm), level, str(count), interval(each), shown])
    words = (
        "What AI changed where it was right and where it was wrong: a difference below 0 where it "
        "was wrong is automation bias. p tests that the difference is the same in both."
    )
    head = ["Measure", "Arm", "Where", "Number", "Difference", "p"]
    return Table("Reliance on the AI", words, head, rows, lead=3)
