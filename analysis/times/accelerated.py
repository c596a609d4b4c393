"""Accelerated failure time: the ratio of reading times when some reads were cut off.

log T = arm + period + log(order) + reader + sigma e, with e normal (T log-normal), of the least
extreme value (Weibull) or logistic (log-logistic); a read that was cut off adds the probability
that it would have taken longer (Kalbfleisch and Prentice, *The Statistical Analysis of Failure
Time Data*, 2nd edition 2002, chapters 2, 3). Readers are fixed effects where they read in several
arms. The standard error is the sandwich clustered by reader and by case (Cameron, Gelbach and
Miller, J Bus Econ Stat 2011; 29:238-249), with t on the degrees of freedom that readers leave:
on complete balanced log-normal times it is the paired t test over readers.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special, stats

from analysis.tables import DataError, check_alpha, check_modality, codes, numbers
from analysis.times.design import design_of, usable
from analysis.times.outliers import NONE

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Distribution = Literal["lognormal", "weibull", "loglogistic"]
DISTRIBUTIONS: tuple[Distribution, ...] = get_args(Distribution)
MOST_STEPS, SMALL = 100, 1e-10
Curvature = tuple[Floats, Floats, Floats]  # log density or survival, and two derivatives by z


@dataclass(frozen=True)
class AcceleratedRatio:
    """Time in modality b over that in modality a; below 1: b is faster.

    `log_estimate` and `std_error` are on the natural log scale; `sigma` is the scale of e;
    `aic` tells the distributions apart (less is better).
    """

    modality_a: str
    modality_b: str
    distribution: str
    ratio: float
    ci_low: float
    ci_high: float
    log_estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    sigma: float
    aic: float
    n_reads: int
    n_censored: int

    def to_json(self) -> dict[str, Any]:
        """The ratio as plain values."""
        return asdict(self)


def accelerated_ratios(
    table: pd.DataFrame,
    *,
    distribution: Distribution = "lognormal",
    reference: str | None = None,
    outliers: str = NONE,
    alpha: float = 0.05,
) -> list[AcceleratedRatio]:
    """Compare every modality with the reference.

    Parameters
    ----------
    table : DataFrame
        As for `analysis.reading_time`; a column censored (1: cut off at that time) where known.
    distribution : {"lognormal", "weibull", "loglogistic"}
    reference : str, optional
        The modality in the denominator; the first in order when left out.
    outliers : str
        As in `analysis.reading_time`.
    alpha : float
        Intervals are two-sided 1 - alpha.

    Raises
    ------
    DataError
        When the table cannot be analysed, no read of a modality was finished, or one reader alone
        is there (clusters need two).
    """
    check_alpha(alpha)
    if distribution not in DISTRIBUTIONS:
        raise DataError(
            f"distribution is {distribution!r}; it must be one of {', '.join(DISTRIBUTIONS)}"
        )
    kept, _ = usable(table, outliers)
    check_modality(reference, codes(table["modality"])[1])
    design = design_of(table, reference, outliers=outliers)
    finished = _finished(kept)
    modality, names = design.modality
    for i, name in enumerate(names):
        if not finished[modality == i].any():
            raise DataError(f"no read in modality {name} was finished")
    reader, case = codes(kept["reader"])[0], codes(kept["case"])[0]
    if len(design.readers) < 2:
        raise DataError("one reader only: the spread of readers cannot be told")
    X = _columns(design.X, design.labels, reader, modality)
    fitted = fit(design.log_s, X, finished, distribution)
    covariance = clustered(fitted, reader, case)
    df = float(max(design.stratum[1], 1)) if design.stratum else float(len(design.readers) - 1)
    counts = len(kept), int((~finished).sum())
    return [
        _ratio((names[0], names[i]), fitted, covariance, df, alpha, i, distribution, counts)
        for i in range(1, len(names))
    ]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A maximum-likelihood fit.

    Attributes
    ----------
    beta : (p,) array
        Effects on the log of time.
    sigma : float
    log_likelihood : float
        Of the times themselves, so that distributions can be compared.
    information : (p + 1, p + 1) array
        Minus the second derivatives by beta and log sigma.
    scores : (n, p + 1) array
        Each read's first derivatives.
    """

    beta: Floats
    sigma: float
    log_likelihood: float
    information: Floats
    scores: Floats

    @property
    def aic(self) -> float:
        """Akaike's criterion."""
        return 2 * (len(self.beta) + 1) - 2 * self.log_likelihood


def fit(log_s: Floats, X: Floats, finished: NDArray[np.bool_], distribution: str) -> Fitted:
    """Newton's method with halved steps on beta and log sigma.

    Raises
    ------
    DataError
        When the times do not vary beyond the effects, or the likelihood has no maximum.
    """
    beta = np.linalg.lstsq(X, log_s, rcond=None)[0]
    spread = float(np.std(log_s - X @ beta))
    if spread < SMALL:
        raise DataError("the times do not vary beyond the effects: there is nothing to fit")
    unknowns = np.append(beta, math.log(spread))
    value, scores, information = _likelihood(unknowns, log_s, X, finished, distribution)
    for _ in range(MOST_STEPS):
        step = np.linalg.lstsq(information, scores.sum(axis=0), rcond=None)[0]
        size = 1.0
        while size > 1e-6:
            found = _likelihood(unknowns + size * step, log_s, X, finished, distribution)
            if found[0] >= value - 1e-12:
                break
            size /= 2
        unknowns = unknowns + size * step
        value, scores, information = found
        if float(np.abs(size * step).max()) < SMALL:
            break
    else:
        raise DataError(f"the {distribution} model of times has no maximum: too few finished reads")
    return Fitted(unknowns[:-1], math.exp(unknowns[-1]), value, information, scores)


def clustered(fitted: Fitted, reader: Ints, case: Ints) -> Floats:
    """Sandwich covariance of beta and log sigma, clustered by reader and by case.

    By reader, plus what cases shared by readers add to it where that is not negative.
    """
    bread = np.linalg.pinv(fitted.information)

    def meat(cluster: Ints) -> Floats:
        sums = np.zeros((int(cluster.max()) + 1, fitted.scores.shape[1]))
        np.add.at(sums, cluster, fitted.scores)
        n = len(np.unique(cluster))
        return np.asarray(sums.T @ sums * (n / (n - 1) if n > 1 else 1.0))

    pair = np.unique(np.stack([reader, case]), axis=1, return_inverse=True)[1].ravel()
    shared = bread @ (meat(case) - meat(np.asarray(pair, dtype=np.intp))) @ bread
    found = bread @ meat(reader) @ bread
    add = np.where(np.diagonal(shared) > 0, 1.0, 0.0)
    return np.asarray(found + shared * np.sqrt(np.outer(add, add)))


def _ratio(
    pair: tuple[str, str],
    fitted: Fitted,
    covariance: Floats,
    df: float,
    alpha: float,
    at: int,
    distribution: str,
    counts: tuple[int, int],
) -> AcceleratedRatio:
    """The row of the effect at place `at` (arms follow the intercept)."""
    value, error = float(fitted.beta[at]), math.sqrt(max(float(covariance[at, at]), 0.0))
    half = float(stats.t.isf(alpha / 2, df)) * error
    statistic = value / error if error > 0 else math.copysign(math.inf, value)
    return AcceleratedRatio(
        *pair,
        distribution=distribution,
        ratio=math.exp(value),
        ci_low=math.exp(value - half),
        ci_high=math.exp(value + half),
        log_estimate=value,
        std_error=error,
        df=df,
        statistic=statistic,
        p_value=float(2 * stats.t.sf(abs(statistic), df)),
        sigma=fitted.sigma,
        aic=fitted.aic,
        n_reads=counts[0],
        n_censored=counts[1],
    )


def _finished(kept: pd.DataFrame) -> NDArray[np.bool_]:
    if "censored" not in kept:
        return np.ones(len(kept), dtype=bool)
    censored = numbers(kept["censored"], "censored")
    if not np.isin(censored, (0.0, 1.0)).all():
        raise DataError("censored must be 0 (finished) or 1 (cut off)")
    return np.asarray(censored == 0)


def _columns(X: Floats, labels: tuple[str, ...], reader: Ints, modality: Ints) -> Floats:
    """Intercept, arms, period and order of the mixed model's columns, then readers.

    Where each reader reads in one arm, readers would take the arms' place: they stay out.
    """
    chosen = [
        at
        for at, label in enumerate(labels)
        if label in ("intercept", "log order")
        or (label.startswith(("arm ", "period ")) and " x " not in label)
    ]
    found = X[:, chosen]
    if len(np.unique(np.stack([reader, modality]), axis=1).T) == int(reader.max()) + 1:
        return found
    for j in range(int(reader.max())):
        column = (reader == j).astype(float)[:, None] - (reader == reader.max())[:, None]
        wide = np.hstack([found, column])
        if np.linalg.matrix_rank(wide) > found.shape[1]:
            found = wide
    return found


def _likelihood(
    unknowns: Floats, log_s: Floats, X: Floats, finished: NDArray[np.bool_], distribution: str
) -> tuple[float, Floats, Floats]:
    """Log likelihood of the times, each read's scores, and minus the second derivatives."""
    sigma = math.exp(unknowns[-1])
    z = (log_s - X @ unknowns[:-1]) / sigma
    density, survival = _LAWS[distribution]
    values = [np.where(finished, d, s) for d, s in zip(density(z), survival(z), strict=True)]
    value, first, second = values
    total = float(value.sum() - (math.log(sigma) * finished + log_s * finished).sum())
    scores = np.column_stack([-(first / sigma)[:, None] * X, -first * z - finished])
    corner = X.T @ ((second * z + first) / sigma)
    information = -np.block(
        [
            [X.T @ ((second / sigma**2)[:, None] * X), corner[:, None]],
            [corner[None, :], np.array([[float((second * z**2 + first * z).sum())]])],
        ]
    )
    return total, scores, information


def _normal(z: Floats) -> Curvature:
    return stats.norm.logpdf(z), -z, -np.ones_like(z)


def _normal_above(z: Floats) -> Curvature:
    above = special.log_ndtr(-z)
    hazard = np.exp(stats.norm.logpdf(z) - above)
    return above, -hazard, -hazard * (hazard - z)


def _extreme(z: Floats) -> Curvature:
    power = np.exp(np.minimum(z, 500.0))
    return z - power, 1 - power, -power


def _extreme_above(z: Floats) -> Curvature:
    power = np.exp(np.minimum(z, 500.0))
    return -power, -power, -power


def _logistic(z: Floats) -> Curvature:
    p = special.expit(z)
    return z - 2 * np.logaddexp(0, z), 1 - 2 * p, -2 * p * (1 - p)


def _logistic_above(z: Floats) -> Curvature:
    p = special.expit(z)
    return -np.logaddexp(0, z), -p, -p * (1 - p)


_LAWS: Mapping[str, tuple[Callable[[Floats], Curvature], Callable[[Floats], Curvature]]] = (
    MappingProxyType(
        {
            "lognormal": (_normal, _normal_above),
            "weibull": (_extreme, _extreme_above),
            "loglogistic": (_logistic, _logistic_above),
        }
    )
)
