"""Power of a study that is planned: by formula, from a pilot, by simulation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from readerstudy.results.bridge.reports import frame
from readerstudy.results.planning import SIMULATED
from readerstudy.web.problems import Invalid

if TYPE_CHECKING:
    from analysis.planning.components import Components
    from analysis.planning.study import PowerResult


@dataclass(frozen=True)
class Planned:
    """Power of the studies that were asked about.

    Attributes
    ----------
    rows : list of (readers, powers, cases)
        For each number of readers the power, 0-1, at each number of cases, and the smallest number
        of cases that reaches the target; None where none does.
    source : str
        Where the variances are from.
    label : str
        The figure of merit that they are of.
    simulated : str
        The power of the one choice that was asked to be simulated, in a sentence.
    may_simulate : bool
        Whether there is a model to simulate from: for the AUC only.
    """

    rows: list[tuple[int, list[tuple[int, float]], int | None]]
    source: str
    warnings: list[str]
    label: str = "AUC"
    simulated: str = ""
    may_simulate: bool = False


def power(asked: Mapping[str, Any]) -> Planned:
    """Power of a study that is planned (`results.planning.asked`).

    Raises
    ------
    Invalid
        400 when the study cannot be, in the words of `analysis`.
    """
    from analysis.planning.study import cases_for

    result = _power(asked)
    found: dict[int, list[tuple[int, float]]] = {}
    for row in result.rows:
        found.setdefault(row.readers, []).append((row.cases, row.power))
    rows = []
    for readers, powers in found.items():
        enough = cases_for(result.components, result.plan, readers=readers, target=asked["target"])
        rows.append((readers, powers, None if enough is None else enough[0]))
    fom = _fom(asked)
    drawn, notes = _simulated(asked, result) if asked["at"] else ("", ())
    return Planned(
        rows,
        result.components.source,
        [*result.warnings, *notes],
        _label(fom),
        drawn,
        may_simulate=fom == "auc",
    )


def published_names() -> dict[str, str]:
    """Names of published variances, with what each stands for."""
    from analysis.planning.published import NAMES, STUDIES

    structures = "Roe and Metz 1997, at the expected AUC"
    return {
        name: STUDIES[name].components.source if name in STUDIES else structures for name in NAMES
    }


def planned_foms() -> dict[str, str]:
    """Figures of merit that a pilot can be analysed by, with their labels; those of marks last."""
    names = ("auc", "pauc:fpf=0..0.3", "wafroc", "afroc", "hrauc", "sensitivity", "fp_per_case")
    return {name: _label(name) for name in names}


def _label(fom: str) -> str:
    from analysis.fom.registry import parse
    from analysis.freeresponse.named import fom_named
    from analysis.interactions.parts import is_of_marks
    from analysis.tables import DataError

    try:
        return fom_named(fom).title if is_of_marks(fom) else parse(fom).label
    except DataError as wrong:
        raise Invalid("results.planning", str(wrong)) from None


def _fom(asked: Mapping[str, Any]) -> str:
    """The figure of merit of the variances: a published study has its own."""
    from analysis.planning.published import STUDIES

    if asked["source"] == "published":
        known = STUDIES.get(asked["published"])
        return "auc" if known is None else known.fom
    return "auc" if asked["source"] == "auc" else str(asked["fom"])


def _simulated(asked: Mapping[str, Any], result: "PowerResult") -> tuple[str, tuple[str, ...]]:
    """One choice again by simulation, from the Roe-Metz model that the variances stand for."""
    from analysis.planning.by_simulation import roc_power
    from analysis.planning.published import STUDIES
    from analysis.planning.roe_metz import to_roe_metz
    from analysis.tables import DataError

    if _fom(asked) != "auc":
        raise Invalid("results.planning", "Simulated are ratings: only for the AUC.")
    readers, cases = asked["at"]
    diseased = round(cases * asked["diseased"])
    known = STUDIES.get(asked["published"]) if asked["source"] == "published" else None
    mean = asked["auc"] if known is None else known.mean
    try:
        model, notes = to_roe_metz(
            result.components,
            mean - result.plan.effect / 2,
            gain=result.plan.effect,
            healthy=cases - diseased,
            diseased=diseased,
        )
        found = roc_power(
            model,
            readers=readers,
            healthy=cases - diseased,
            diseased=diseased,
            plan=result.plan,
            trials=SIMULATED,
        )
    except DataError as wrong:
        raise Invalid("results.planning", str(wrong)) from None
    return found.statement(), notes


def power_figure(asked: Mapping[str, Any], theme: Literal["light", "dark"]) -> bytes:
    """Power against the number of cases, as SVG."""
    from analysis.figures import svg
    from analysis.figures.power import power_figure as draw

    return svg(draw(_power(asked), theme=theme))


def pilot_variances(
    data: bytes, *, fom: str = "auc", truth: bytes | None = None
) -> dict[str, float]:
    """Variances, number of cases and observed difference of a pilot study's table.

    `data` is the table of reads; for a figure of merit of marks that of marks, with the table of
    lesions in `truth`.

    Raises
    ------
    Invalid
        400 for a table that cannot be analysed, with the row and what is wrong with it.
    """
    import analysis
    from analysis.interactions.parts import is_of_marks
    from analysis.planning.components import from_result
    from analysis.tables import DataError

    if is_of_marks(fom) and truth is None:
        raise Invalid(
            "results.pilot", f"{_label(fom)} is of marks: choose the table of lesions too."
        )
    try:
        if is_of_marks(fom) and truth is not None:
            parts = from_result(analysis.froc(frame(data), frame(truth), fom=fom))
        else:
            parts = from_result(analysis.mrmc(frame(data), fom=fom))
    except (
        DataError,
        pd.errors.ParserError,
        pd.errors.EmptyDataError,
        UnicodeDecodeError,
    ) as wrong:
        raise Invalid("results.pilot", f"The pilot's table cannot be used: {wrong}") from None
    names = ("var_r", "var_tr", "var_error", "cov1", "cov2", "cov3", "n_cases", "effect")
    return {name: getattr(parts, name) for name in names}


def _power(asked: Mapping[str, Any]) -> "PowerResult":
    from analysis.planning import study
    from analysis.planning.components import Components, conjectured
    from analysis.tables import DataError

    try:
        if asked["source"] == "auc":
            diseased = round(1000 * asked["diseased"])
            parts = conjectured(
                asked["auc"],
                diseased=diseased,
                healthy=1000 - diseased,
                reader_range=asked["reader_range"],
            )
        elif asked["source"] == "published":
            parts = _published(asked)
        else:
            names = ("var_r", "var_tr", "var_error", "cov1", "cov2", "cov3", "n_cases")
            parts = Components(**{name: asked[name] for name in names}, source="as given")
        names = ("readers", "cases", "effect", "design", "hypothesis", "alpha", "random")
        groups = asked["groups"] if asked["design"] == "split-plot" else 1
        margin = 0.0 if asked["hypothesis"] == "superiority" else asked["margin"]
        chosen = {name: asked[name] for name in names}
        return study.power(parts, **chosen, groups=groups, margin=margin)
    except DataError as wrong:
        raise Invalid("results.planning", str(wrong)) from None


def _published(asked: Mapping[str, Any]) -> "Components":
    """Variances by name; those of Roe and Metz at the expected AUC and share of diseased cases."""
    from analysis.planning.published import STUDIES, published

    diseased = round(1000 * asked["diseased"])
    auc = None if asked["published"] in STUDIES else asked["auc"]
    return published(asked["published"], auc=auc, diseased=diseased, healthy=1000 - diseased)
