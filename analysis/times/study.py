"""`analysis.reading_time`: the ratio of reading times between modalities."""

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from analysis.tables import (
    DataError,
    check_alpha,
    check_modality,
    check_seed,
    codes,
    need_columns,
    numbers,
)
from analysis.times.accelerated import DISTRIBUTIONS, AcceleratedRatio, accelerated_ratios
from analysis.times.censored import HazardRatio, hazard_ratios
from analysis.times.design import NAMES, Design, design_of
from analysis.times.outliers import NONE
from analysis.times.reml import Contrast, Floats, MixedModel, WaldTest, fit
from analysis.times.result import Interval, TimeRatio, TimeResult

LEAST_REPLICATES = 10
MIN_READS = 8
OTHER_LIMIT = re.compile(r"active_(\d+)_s")
NOTHING = 0.01  # of the error of a level's mean: as good as no variance


def reading_time(  # noqa: PLR0913  the choices of an analysis, all named
    table: pd.DataFrame,
    *,
    reference: str | None = None,
    by: str = "experience",
    outliers: str = NONE,
    alpha: float = 0.05,
    interval: Interval = "satterthwaite",
    replicates: int = 999,
    seed: int = 0,
    progress: bool = False,
) -> TimeResult:
    """Compare reading times between modalities by a mixed model of log active time.

    Parameters
    ----------
    table : DataFrame
        A row a read: reader, modality, case and active_s (or seconds, time, active_ms); where
        known period, sequence, experience and order (place in the reader's own order, from 1).
    reference : str, optional
        The modality that others are divided by; the first in order when left out.
    by : str
        The column whose levels have ratios of their own and a test of interaction: experience,
        or any other (site, scanner) in its place.
    outliers : str
        The rule for times that are left out, fixed beforehand: none, limits:2..1800 (seconds) or
        sd:3 (see `analysis.times.outliers`).
    alpha : float
        Intervals are two-sided 1 - alpha.
    interval : {"satterthwaite", "bootstrap"}
        t with Satterthwaite's degrees of freedom, or the parametric bootstrap of the studentised
        estimate.
    replicates, seed : int
        Of the bootstrap.
    progress : bool
        Show a progress bar for the bootstrap.

    Returns
    -------
    TimeResult

    Raises
    ------
    DataError
        When the table cannot be analysed; the text names the row.

    Notes
    -----
    log(seconds) = arm + period + sequence + experience + arm x experience + log(order)
    + reader + case + reader x arm + error, the last four random and normal; REML. Effects that
    the table does not have are left out and named in `warnings`. The ratio of arms is that at the
    plain average of the experience levels. Reads with a 1 in a column `censored` were cut off:
    the model takes their times as they are and says so, `hazards` compares arms by a Cox model.
    There is no equivalent in the ROC packages; see
    docs/statistics/reading-time.md.
    """
    check_alpha(alpha)
    need_columns(table, NAMES)
    check_modality(reference, codes(table["modality"])[1])
    if by != "experience" and by not in table:
        raise DataError(f"the table has no column {by} to have ratios of its own for")
    if interval == "bootstrap":
        check_seed(seed)
        if replicates < LEAST_REPLICATES:
            raise DataError(f"replicates is {replicates}; at least {LEAST_REPLICATES}")
    design = design_of(table, reference, by=by, outliers=outliers)
    warnings = list(design.dropped)
    hazards = _hazards(table, design, outliers, alpha, warnings)
    _check(design)
    # The blocks are small: sharing them among threads costs more than computing them.
    with threadpool_limits(limits=1):
        model = fit(design.log_s, design.X, design.factors)
        warnings += _cautions(model)
        most = _most_df(design, model)
        rows = _contrasts(design)
        found = {key: model.contrast(row, alpha, most_df=most) for key, row in rows.items()}
        if interval == "bootstrap":
            found = _bootstrap(design, model, rows, found, (alpha, replicates, seed), progress)
        means = _means(design, model, alpha)
        effects = tuple(
            {"effect": label, **asdict(model.contrast(row, alpha))}
            for label, row in zip(design.labels, np.eye(len(design.labels)), strict=True)
        )
        test = _interaction(design, model, most)
    return TimeResult(
        ratios=tuple(_ratio(key, one) for key, one in found.items()),
        means=means,
        effects=effects,
        sd=model.sd,
        interaction=test,
        by=by,
        hazards=hazards,
        accelerated=_accelerated(table, design, outliers, alpha) if hazards else (),
        n_reads=len(design.log_s),
        n_readers=len(design.readers),
        n_cases=len(design.cases),
        alpha=alpha,
        interval=interval,
        warnings=tuple(warnings),
        seconds={
            name: tuple(np.exp(design.log_s[design.modality[0] == i]).tolist())
            for i, name in enumerate(design.modality[1])
        },
    )


def _check(design: Design) -> None:
    n, p = design.X.shape
    if n < max(MIN_READS, p + 2):
        raise DataError(
            f"{n} reads with a time are too few for a model of {p} effects: add reads or leave "
            "columns out"
        )


def _hazards(
    table: pd.DataFrame, design: Design, outliers: str, alpha: float, warnings: list[str]
) -> tuple[HazardRatio, ...]:
    """A Cox model where some reads were cut off, with a word about it."""
    if "censored" not in table or not (numbers(table["censored"], "censored") == 1).any():
        return ()
    first = design.modality[1][0]
    found = hazard_ratios(table, reference=first, outliers=outliers, alpha=alpha)
    warnings.append(
        f"{found[0].n_censored} of {found[0].n_reads} reads were cut off: the mixed model takes "
        "their times as if they had ended then; the Cox and accelerated models do not."
    )
    return tuple(found)


def _accelerated(
    table: pd.DataFrame, design: Design, outliers: str, alpha: float
) -> tuple[AcceleratedRatio, ...]:
    """Ratios of times that know which reads were cut off, under each distribution that fits."""
    found: list[AcceleratedRatio] = []
    for name in DISTRIBUTIONS:
        try:
            found += accelerated_ratios(
                table,
                distribution=name,
                reference=design.modality[1][0],
                outliers=outliers,
                alpha=alpha,
            )
        except DataError:
            continue  # what cannot be fitted is not there; the Cox model has said what is cut off
    return tuple(found)


def _cautions(model: MixedModel) -> list[str]:
    found = [
        f"The variance of {name} was estimated as 0"
        + ("; its degrees of freedom are kept." if name in ("reader", "reader x arm") else ".")
        for name, theta in zip(model.names, model.theta, strict=True)
        if theta == 0
    ]
    if not model.converged:
        found.append("The fit did not converge to full precision: look at the data's spread.")
    if model.sigma == 0:
        found.append("The times do not vary beyond the effects: intervals are points.")
    return found


def _contrasts(design: Design) -> dict[tuple[str, str, str], Floats]:
    """Rows that give log(b / a): for all, then at each experience level."""
    names, levels = design.modality[1], design.experience[1]
    cells = {
        (name, level): _cell(design, name, level) for name in names for level in ("all", *levels)
    }
    groups = ["all", *(levels if f"arm x {design.by}" in design.terms else ())]
    return {
        (a, b, group): cells[b, group] - cells[a, group]
        for group in groups
        for a, b in itertools.combinations(names, 2)
    }


def _cell(design: Design, modality: str, level: str) -> Floats:
    """The row of X for an arm at an experience level, all else at its average."""
    effects = _level_effects(design, level)
    return np.array(
        [
            0.0 if key is None else float(key[0] in ("", modality)) * effects[key[1]]
            for key in design.keys
        ]
    )


def _level_effects(design: Design, level: str) -> dict[str, float]:
    """Values of the experience columns at a level; 0 is the plain average of the levels."""
    names = design.experience[1]
    if level == names[-1]:
        return {"": 1.0, **dict.fromkeys(names[:-1], -1.0)}
    return {"": 1.0, **{name: float(name == level) for name in names[:-1]}}


def _interaction(design: Design, model: MixedModel, most_df: float) -> WaldTest | None:
    columns = [i for i, key in enumerate(design.keys) if key is not None and all(key)]
    rows = np.eye(len(design.keys))[columns]
    return model.test(rows, most_df=most_df) if columns else None


def _most_df(design: Design, model: MixedModel) -> float:
    """The limit of the degrees of freedom of arms: their stratum's, where that came out as 0.

    Or so near that the search has not told it from 0. With a variance of 0 Satterthwaite's
    formula counts single reads, though the readers are as few as before. As the variance goes to
    0 from above it gives the stratum's; so there is no jump.
    """
    if design.stratum is None or design.stratum[0] not in model.names:
        return math.inf
    name, df = design.stratum[0], max(design.stratum[1], 1)
    reads = len(design.log_s) / (int(design.factors[name].max()) + 1)
    share = float(model.theta[model.names.index(name)]) ** 2 * reads  # against a mean's error
    return df if share < NOTHING else math.inf


def _ratio(key: tuple[str, str, str], found: Contrast) -> TimeRatio:
    a, b, group = key
    return TimeRatio(
        a, b, group,
        ratio=math.exp(found.estimate),
        ci_low=_exp(found.ci_low),
        ci_high=_exp(found.ci_high),
        log_estimate=found.estimate,
        std_error=found.std_error,
        df=found.df,
        statistic=found.statistic,
        p_value=found.p_value,
    )  # fmt: skip


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _means(design: Design, model: MixedModel, alpha: float) -> tuple[dict[str, Any], ...]:
    rows = []
    for i, name in enumerate(design.modality[1]):
        mean = model.contrast(_cell(design, name, "all"), alpha)
        observed = design.log_s[design.modality[0] == i]
        rows.append(
            {
                "modality": name,
                "reads": len(observed),
                "geometric_mean_s": math.exp(mean.estimate),
                "ci_low": _exp(mean.ci_low),
                "ci_high": _exp(mean.ci_high),
                "median_s": float(np.exp(np.median(observed))),
                "observed_geometric_mean_s": float(np.exp(observed.mean())),
            }
        )
    return tuple(rows)


def _bootstrap(
    design: Design,
    model: MixedModel,
    rows: Mapping[tuple[str, str, str], Floats],
    found: Mapping[tuple[str, str, str], Contrast],
    settings: tuple[float, int, int],
    progress: bool,  # noqa: FBT001  private, passed on from the keyword of `reading_time`
) -> dict[tuple[str, str, str], Contrast]:
    """Studentised intervals and p-values from data simulated under the fitted model."""
    alpha, replicates, seed = settings
    rng = np.random.default_rng(seed)
    weights = np.stack(list(rows.values()))
    truth = weights @ model.fixed
    t = np.empty((replicates, len(weights)))
    for b in tqdm(range(replicates), desc="bootstrap", disable=not progress):
        again = fit(_simulated(design, model, rng), design.X, design.factors)
        error = np.sqrt(np.einsum("ij,jk,ik->i", weights, again.covariance, weights))
        t[b] = (weights @ again.fixed - truth) / np.maximum(error, 1e-300)
    answers = {}
    for column, (key, one) in enumerate(found.items()):
        low, high = np.quantile(t[:, column], [alpha / 2, 1 - alpha / 2])
        beyond = int((np.abs(t[:, column]) >= abs(one.statistic)).sum())
        answers[key] = Contrast(
            one.estimate, one.std_error, one.df, one.statistic,
            p_value=(1 + beyond) / (1 + replicates),
            ci_low=one.estimate - float(high) * one.std_error,
            ci_high=one.estimate - float(low) * one.std_error,
        )  # fmt: skip
    return answers


def _simulated(design: Design, model: MixedModel, rng: np.random.Generator) -> Floats:
    y = design.X @ model.fixed + rng.normal(0, model.sigma, len(design.X))
    for name, theta in zip(model.names, model.theta, strict=True):
        level = design.factors[name]
        y += rng.normal(0, theta * model.sigma, int(level.max()) + 1)[level]
    return np.asarray(y, dtype=float)


def sensitivity(
    tables: Mapping[str, pd.DataFrame],
    *,
    reference: str | None = None,
    by: str = "experience",
    outliers: str = NONE,
    alpha: float = 0.05,
) -> dict[str, TimeResult]:
    """`reading_time` on each of several versions of the times, as under other idle limits.

    The keys name the versions ("idle 30 s"); the tables differ in their times only.
    """
    return {
        name: reading_time(table, reference=reference, by=by, outliers=outliers, alpha=alpha)
        for name, table in tables.items()
    }


def other_limits(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Versions of a table with a column active_30_s, active_120_s, ...: other idle limits.

    The number is the idle limit in seconds that the active time was derived with.
    """
    found = sorted(
        (int(match.group(1)), name)
        for name in table.columns
        if (match := OTHER_LIMIT.fullmatch(str(name))) and table[name].notna().any()
    )
    return {f"idle limit {limit} s": table.assign(active_s=table[name]) for limit, name in found}
