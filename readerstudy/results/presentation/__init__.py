"""Results for people: the answer in a sentence, then in parts with figures, tables, methods."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from readerstudy.results.models import AnalysisRun
from readerstudy.results.presentation import accuracy, lesions, methods, order, reliance
from readerstudy.results.presentation.cells import Table, Tree, as_file
from readerstudy.results.presentation.figures import LEAD, Figure, figures

__all__ = ["Figure", "Part", "Table", "as_file", "present", "tables"]


@dataclass(frozen=True)
class Part:
    """What one tab shows: figures and tables by name, and how they were computed."""

    key: str
    title: str
    figures: tuple[str, ...]
    tables: tuple[str, ...]


PARTS = (
    Part("accuracy", "Accuracy", ("roc", "readers"), ("accuracy",)),
    Part("lesions", "Lesions", ("froc", "sizes"), ("sizes", "delineation")),
    Part("time", "Reading time", ("times",), ("time",)),
    Part("readers", "Readers", (), ("readers", "repeats", "found-again")),
    Part("ai", "Use of the AI", ("decisions",), ("decisions", "reliance")),
    Part("order", "Order", ("order",), ("order",)),
    Part("sensitivity", "Sensitivity and subgroups", (), ("sensitivity", "subgroups")),
    Part("flow", "Flow", ("flow",), ()),
)


def present(run: AnalysisRun, theme: str, *, part: str, files: set[str]) -> dict[str, Any]:
    """What the page shows of a finished run.

    Parameters
    ----------
    part : str
        The key of the part that is open; the first one that has something, for any other word.
    files : set of str
        What is kept with the run: runs of before have no PNG.
    """
    numbers = dict(run.numbers or {})
    arms = _arm_names(run)
    drawn = figures(numbers, theme, files)
    made = tables(run)
    parts = [each for each in PARTS if {*drawn} & {*each.figures} or {*made} & {*each.tables}]
    opened = next((each for each in parts if each.key == part), parts[0] if parts else None)
    return {
        "findings": _findings(numbers, arms),
        "flow": numbers.get("flow", {}).get("statement", ""),
        "lead": next((drawn[name] for name in LEAD if name in drawn), None),
        "parts": parts,
        "part": opened,
        "figures": [drawn[name] for name in opened.figures if name in drawn] if opened else [],
        "tables": {name: made[name] for name in opened.tables if name in made} if opened else {},
        "method": methods.of(opened.key, numbers) if opened else None,
        "warnings": _warnings(numbers),
        "arms": arms,
    }


def tables(run: AnalysisRun) -> dict[str, Table]:
    """The tables of a run that have rows, by their name in addresses."""
    numbers, arms = dict(run.numbers or {}), _arm_names(run)
    made = {
        "accuracy": accuracy.accuracy(numbers, arms),
        "readers": accuracy.readers(numbers, arms),
        "subgroups": accuracy.subgroups(numbers),
        "sensitivity": accuracy.sensitivity(numbers),
        "sizes": lesions.sizes(numbers, arms),
        "delineation": lesions.delineation(numbers, arms),
        "found-again": lesions.found_again(numbers),
        "time": order.time(numbers, arms),
        "order": order.order(numbers),
        "repeats": order.repeats(numbers),
        "decisions": reliance.decisions(numbers, arms),
        "reliance": reliance.reliance(numbers, arms),
    }
    return {name: table for name, table in made.items() if table.rows}


def _arm_names(run: AnalysisRun) -> dict[str, str]:
    return {arm.key: f"{arm.key}: {arm.name}" for arm in run.freeze.study.arms.all()}


def _findings(numbers: Tree, arms: Mapping[str, str]) -> list[str]:
    """The report's sentences; the first says what the arms are called, once each."""
    found = [_with_minus_signs(words) for words in numbers.get("findings", [])]
    return [_naming(found[0], arms), *found[1:]] if found else []


def _naming(words: str, arms: Mapping[str, str]) -> str:
    """The sentence with each arm's name beside its key, where the key stands first."""
    for key, name in arms.items():
        first = re.search(rf"(?<=\bwith ){re.escape(key)}(?!\w)", words)
        if first is not None:
            called = f"{key} ({name.removeprefix(f'{key}: ')})"
            words = f"{words[: first.start()]}{called}{words[first.end() :]}"
    return words


def _warnings(numbers: Tree) -> list[str]:
    """Each warning once; those of the primary analysis first, then of what is said of marks."""
    primary = numbers.get("primary", {})
    said = [*numbers.get("warnings", []), *primary.get("warnings", [])]
    of_marks: dict[str, list[str]] = {}  # what is said of several figures of merit is said once
    for name, each in numbers.get("localisation", {}).get("foms", {}).items():
        label = each.get("label") or accuracy.LABELS.get(name, name)
        for words in each.get("warnings", []):
            of_marks.setdefault(words, []).append(label)
    said += [f"{', '.join(of)}: {words}" for words, of in of_marks.items() if words not in said]
    return list(dict.fromkeys(map(_of_arms, said)))


def _of_arms(words: str) -> str:
    """What statistics call a modality is an arm on screen."""
    return re.sub(r"\bmodalities\b", "arms", re.sub(r"\bmodality\b", "arm", words))


def _with_minus_signs(words: str) -> str:
    return re.sub(r"(?<=[ (])-(?=\d)", "\N{MINUS SIGN}", words)
