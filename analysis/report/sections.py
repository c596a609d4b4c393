"""The report's sections on lesions, reading time and decisions; each says why it is empty."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analysis.agreement.drawn import Drawn, drawn_lesions
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.lesions import SizeBin, by_size, differences_by_size
from analysis.freeresponse.study import Options, froc_of
from analysis.report.accuracy import comparisons
from analysis.report.plan import Plan
from analysis.report.reliance import reliance
from analysis.report.tables import Tables, rated
from analysis.results import MrmcResult
from analysis.tables import DataError
from analysis.times.decisions import changed_calls, decision_effects
from analysis.times.outliers import NONE
from analysis.times.result import TimeResult
from analysis.times.study import other_limits, reading_time

NAMES = ("reader", "modality", "case")


@dataclass(frozen=True, eq=False)
class Delineation:
    """What was drawn against the standard; empty where nothing was."""

    result: Drawn | None = None
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        """Means by modality, or why there are none; empty where nothing was drawn."""
        if self.error:
            return {"error": self.error}
        return {} if self.result is None else self.result.to_json()

    def statement(self) -> str:
        """The means in words, or why there are none."""
        if self.error:
            return f"What was drawn could not be compared: {self.error}."
        return "" if self.result is None else self.result.statement()

    def tables(self) -> dict[str, pd.DataFrame]:
        """The rows behind the means."""
        return {} if self.result is None else {"delineation": self.result.rows}


def delineation(tables: Tables, grids: pd.DataFrame | None) -> Delineation:
    """Overlap of what readers drew with the lesions that they found."""
    if tables.marks is None or tables.truth is None or grids is None or grids.empty:
        return Delineation()
    try:
        found = drawn_lesions(tables.marks, tables.truth, grids)
    except DataError as error:
        return Delineation(error=str(error))
    return Delineation(found if len(found.rows) else None)


@dataclass(frozen=True, eq=False)
class Localisation:
    """Results on marks: by figure of merit, and sensitivity by lesion size."""

    data: FrocData | None = None
    results: dict[str, MrmcResult] = field(default_factory=dict)
    sizes: tuple[SizeBin, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)

    def to_json(self, control: str) -> dict[str, Any]:
        """The section's numbers: `foms`, `by_size`, `differences_by_size`, `errors`."""
        foms = {
            name: {**result.to_json(), "comparisons": comparisons(result, control)}
            for name, result in self.results.items()
        }
        rows = differences_by_size(self.data, control) if self.data and self.sizes else []
        return {
            "foms": foms,
            "by_size": [each.to_json() for each in self.sizes],
            "differences_by_size": [each.to_json() for each in rows],
            "errors": self.errors,
        }


def localisation(tables: Tables, plan: Plan) -> Localisation:
    """Free-response figures of merit that the plan names."""
    if tables.marks is None or tables.truth is None:
        return Localisation(errors={"all": "no marks or no lesions were given"})
    try:
        data = FrocData.from_tables(
            tables.marks, tables.truth, tables.reads[list(NAMES)].drop_duplicates()
        )
    except DataError as error:
        return Localisation(errors={"all": str(error)})
    results, errors = {}, {}
    options = Options(random=plan.random, alpha=plan.alpha)
    for name in plan.localisation:
        try:
            results[name] = froc_of(data, name, options)
        except DataError as error:
            errors[name] = str(error)
    sizes = by_size(data, alpha=plan.alpha) if pd.notna(data.diameter_mm).any() else []
    return Localisation(data, results, tuple(sizes), errors)


@dataclass(frozen=True)
class Section:
    """A section that has a result, or the reason why it has none.

    `others` are the ratios under other idle limits and, where the plan leaves times out, with
    every time.
    """

    result: TimeResult | None = None
    error: str = ""
    others: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The section's numbers."""
        if self.result is None:
            return {"error": self.error}
        return {**self.result.to_json(), "sensitivity": list(self.others)}


def time(tables: Tables, plan: Plan) -> Section:
    """Reading time, unless the plan leaves it out."""
    if not plan.time:
        return Section(error="not in the plan")

    def ratios(reads: pd.DataFrame, outliers: str) -> TimeResult:
        return reading_time(reads, reference=tables.control, outliers=outliers, alpha=plan.alpha)

    try:
        result = ratios(tables.reads, plan.outliers)
    except DataError as error:
        return Section(error=str(error))
    versions = {name: (each, plan.outliers) for name, each in other_limits(tables.reads).items()}
    if plan.outliers != NONE:
        versions["every time"] = (tables.reads, NONE)
    others = []
    for name, (reads, rule) in versions.items():
        try:
            found = ratios(reads, rule).to_json()["ratios"]
            others.append({"name": name, "ratios": [r for r in found if r["group"] == "all"]})
        except DataError as error:
            others.append({"name": name, "error": str(error)})
    return Section(result, others=tuple(others))


def decisions(tables: Tables, plan: Plan) -> dict[str, Any]:
    """How proposals were taken, and calls that changed with AI."""
    found: dict[str, Any] = {}
    if tables.decisions is not None:
        found["proposals"] = _said(lambda: decision_effects(_decisions(tables), plan.alpha))
    reads = rated(tables)
    found["calls"] = {
        arm: _calls(reads, tables.control, arm, plan) for arm in tables.modalities[1:]
    }
    found["reliance"] = reliance(tables, plan)
    return found


def _calls(reads: pd.DataFrame, control: str, arm: str, plan: Plan) -> dict[str, Any]:
    threshold, alpha = plan.call_threshold, plan.alpha
    return _said(lambda: changed_calls(reads, control, arm, threshold=threshold, alpha=alpha))


def _decisions(tables: Tables) -> pd.DataFrame:
    assert tables.decisions is not None  # noqa: S101  the caller asked first
    return tables.decisions


def _said(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return work()
    except DataError as error:
        return {"error": str(error)}
