"""From a locked analysis plan and the frozen tables to a tree of numbers, figures, a statement.

The same plan, data and version give the same numbers to the byte: nothing here draws at random
or looks at a clock, rows are put in one order first, and floats keep 12 significant digits (6 for
the mixed model of times, whose optimum is found by iteration).
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import pandas as pd
from matplotlib.figure import Figure

from analysis.dataset import Dataset
from analysis.figures import (
    ForestRow,
    Theme,
    decisions_figure,
    flow_figure,
    forest_figure,
    froc_figure,
    order_figure,
    roc_figure,
    size_figure,
    slope_figure,
    time_figure,
)
from analysis.flow import flow
from analysis.interactions.parts import is_of_marks
from analysis.report import accuracy, sections, words
from analysis.report.groups import groups
from analysis.report.order import order
from analysis.report.plan import Plan
from analysis.report.tables import Tables, contents, material, rated, tables_of
from analysis.results import MrmcResult, finite
from analysis.tables import DataError
from analysis.version import VERSION
from analysis.words import group_text

__all__ = ["Plan", "Report", "canonical", "run"]

DIGITS, TIME_DIGITS = 12, 6


class FigureFactory(Protocol):
    """Draws a figure in a theme, light when none is named."""

    def __call__(self, *, theme: Theme = "light") -> Figure:
        """Draw it."""


@dataclass(frozen=True)
class Report:
    """What an analysis plan comes to.

    Attributes
    ----------
    numbers : dict
        JSON-able: version, plan, data, flow, primary, sensitivity, readers, subgroups,
        localisation, delineation, time, order, decisions, warnings.
    figures : mapping of str to factory
        flow, roc, differences, readers, froc, sizes, decisions, times, order: those that the data
        allow.
    statement : str
    tables : mapping of str to DataFrame
        delineation: a row a drawn lesion, where readers drew any.
    """

    numbers: dict[str, Any]
    figures: Mapping[str, FigureFactory]
    statement: str
    tables: Mapping[str, pd.DataFrame]

    @property
    def sha256(self) -> str:
        """Hash of the numbers' canonical bytes."""
        return hashlib.sha256(canonical(self.numbers)).hexdigest()


def canonical(numbers: Mapping[str, Any]) -> bytes:
    """The numbers as the same bytes for the same numbers: sorted keys, no spaces, UTF-8."""
    text = json.dumps(
        numbers, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False
    )
    return text.encode()


def run(  # noqa: PLR0913 -- a parameter a frozen table
    plan: Mapping[str, Any],
    *,
    reads: pd.DataFrame,
    marks: pd.DataFrame | None = None,
    truth: pd.DataFrame | None = None,
    decisions: pd.DataFrame | None = None,
    allocation: pd.DataFrame | None = None,
    readers: pd.DataFrame | None = None,
    grids: pd.DataFrame | None = None,
    control: str | None = None,
) -> Report:
    """Carry out an analysis plan on frozen tables.

    Parameters
    ----------
    plan : mapping
        The protocol's plan (see `analysis.report.plan.Plan`).
    reads : DataFrame
        reader, modality, case, truth, rating; where known period, sequence, order, site,
        experience, active_s. A read without a rating is left out of the accuracy analysis.
    marks : DataFrame, optional
        reader, modality, case, lesion (0: non-lesion localisation), rating.
    truth : DataFrame, optional
        case, truth, lesion, weight, diameter_mm.
    decisions : DataFrame, optional
        reader, modality, case, decision, lesion: a row a proposal shown.
    allocation : DataFrame, optional
        reader, case, arm, period, status: a row an allocated read (see `analysis.flow`).
    readers : DataFrame, optional
        reader, withdrawn.
    grids : DataFrame, optional
        Geometry of the series that were drawn on (see `analysis.agreement.drawn`).
    control : str, optional
        The control arm; the plan's `control`, else the first modality in order.

    Returns
    -------
    Report

    Raises
    ------
    DataError
        When plan or reads cannot be used at all. A part that cannot be computed has an `error`
        instead of numbers.
    """
    asked = Plan.from_dict(plan)
    tables = tables_of(reads, marks, truth, decisions, control or asked.control)
    main, problem = _primary(tables, asked)
    found = sections.localisation(tables, asked)
    times = sections.time(tables, asked)
    ordered = order(tables, asked, main)
    drawn = sections.delineation(tables, grids)
    arm = tables.control
    of_marks = is_of_marks(asked.fom)
    data = material(tables, of_marks=of_marks)
    moved = None if allocation is None else flow(allocation, readers, tables.modalities)
    tree: dict[str, Any] = {
        "version": VERSION,
        "plan": dict(plan),
        "data": contents(tables),
        "flow": {} if moved is None else {**moved.to_json(), "statement": moved.statement()},
        "primary": _primary_json(main, problem, asked, arm),
        "sensitivity": accuracy.sensitivity(data, asked, arm),
        "readers": accuracy.by_reader(data, asked, arm),
        "subgroups": groups(data, asked, arm, of_marks=of_marks),
        "localisation": found.to_json(arm),
        "delineation": drawn.to_json(),
        "time": rounded(times.to_json(), TIME_DIGITS),
        "order": rounded(ordered.to_json(), TIME_DIGITS),
        "decisions": sections.decisions(tables, asked),
        "warnings": list(tables.warnings),
    }
    said = words.findings(main, tree, (found, times), asked)
    said += [words for words in (ordered.statement(), drawn.statement()) if words]
    text = " ".join(said)
    numbers = rounded(finite({**tree, "statement": text, "findings": said}), DIGITS)
    figures = _figures(tables, asked, tree, main, (found, times))
    if ordered.accuracy is not None or ordered.learning or ordered.fatigue:
        label = "" if main is None else main.label
        figures["order"] = partial(order_figure, ordered, control=arm, words=label)
    if moved is not None:
        figures["flow"] = partial(flow_figure, moved)
    return Report(numbers, figures, text, drawn.tables())


def rounded(tree: Any, digits: int) -> Any:
    """The tree with every float kept to that many significant digits."""
    if isinstance(tree, Mapping):
        return {str(key): rounded(value, digits) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [rounded(value, digits) for value in tree]
    return float(f"{tree:.{digits}g}") if isinstance(tree, float) else tree


def _primary(tables: Tables, plan: Plan) -> tuple[MrmcResult | None, str]:
    try:
        data = material(tables, of_marks=is_of_marks(plan.fom))
        return accuracy.primary(data, plan), ""
    except DataError as error:
        return None, str(error)


def _primary_json(
    result: MrmcResult | None, problem: str, plan: Plan, control: str
) -> dict[str, Any]:
    if result is None:
        return {"error": problem}
    return {
        **result.to_json(),
        "label": result.label,
        "statement": result.statement(),
        "comparisons": accuracy.comparisons(result, control),
        "conclusions": accuracy.conclusions(result, plan, control),
    }


def _figures(
    tables: Tables,
    plan: Plan,
    tree: dict[str, Any],
    main: MrmcResult | None,
    parts: tuple[sections.Localisation, sections.Section],
) -> dict[str, FigureFactory]:
    found, times = parts
    arm = tables.control
    figures: dict[str, Callable[..., Figure]] = {}
    if main is not None:
        if not is_of_marks(plan.fom):
            figures["roc"] = partial(_roc, rated(tables), arm)
        figures["differences"] = partial(
            forest_figure,
            _forest_rows(tree),
            margin=plan.margin or None,
            words=f"Difference in {main.label}",
        )
        pairs = _slopes(main)
        if pairs:
            figures["readers"] = partial(
                slope_figure,
                pairs,
                (arm, main.modality_names[1]),
                words=main.label,
                higher_is_better=main.extra.get("higher_is_better") is not False,
            )
    if found.data is not None:
        figures["froc"] = partial(froc_figure, found.data, control=arm)
    if found.sizes:
        figures["sizes"] = partial(size_figure, found.sizes, control=arm)
    proposals = tree["decisions"].get("proposals", {})
    if proposals and "error" not in proposals:
        figures["decisions"] = partial(decisions_figure, proposals)
    if times.result is not None:
        figures["times"] = partial(time_figure, times.result)
    return dict(figures)


def _roc(reads: pd.DataFrame, control: str, *, theme: Theme = "light") -> Figure:
    return roc_figure(Dataset.from_table(reads), control=control, theme=theme)


def _forest_rows(tree: dict[str, Any]) -> list[ForestRow]:
    """All readers, then each reader, then groups of readers."""
    several = len(tree["primary"]["comparisons"]) > 1

    def row(name: str, each: dict[str, Any], *, weight: bool = False) -> ForestRow:
        words = f"{name}, {each['test']}" if several else name
        return ForestRow(words, each["estimate"], each["ci_low"], each["ci_high"], weight)

    rows = [row("All readers", each, weight=True) for each in tree["primary"]["comparisons"]]
    rows += [row(each["reader"], each) for each in tree["readers"]]
    for factor, group in tree["subgroups"].items():
        if group["fom"] != tree["primary"]["fom"]:
            continue
        for level in group["levels"]:
            name = group_text(factor, level["level"])
            rows += [row(name, each) for each in level.get("comparisons", [])]
    return [each for each in rows if None not in (each.estimate, each.ci_low, each.ci_high)]


def _slopes(result: MrmcResult) -> list[tuple[str, float, float]]:
    """Readers with both of the first two modalities."""
    value = {(each.reader, each.modality): each.estimate for each in result.foms}
    if result.n_modalities < 2:
        return []
    a, b = result.modality_names[:2]
    return [
        (name, value[name, a], value[name, b])
        for name in result.readers
        if (name, a) in value and (name, b) in value
    ]
