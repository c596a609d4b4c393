"""Agreement on categories, corrected for chance; standard errors by the jackknife over cases.

Cohen, Educ Psychol Meas 1960; 20:37-46 and Psychol Bull 1968; 70:213-220 (weights). Fleiss,
Psychol Bull 1971; 76:378-382. Gwet, Br J Math Stat Psychol 2008; 61:29-48. Krippendorff, *Content
Analysis* (2004), chapter 11. NaN marks a case that a reader did not rate; Cohen's and Fleiss'
coefficients use the cases that all rated, the others all cases with two ratings or more.
"""

from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.agreement.result import Agreement, complete, enough, jackknifed
from analysis.tables import DataError, check_alpha

Floats = NDArray[np.float64]
Weights = Literal["none", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval", "ratio"]


def cohen_kappa(ratings: ArrayLike, *, weights: Weights = "none", alpha: float = 0.05) -> Agreement:
    """Kappa of two readers; weights by the distance of the categories' values.

    Parameters
    ----------
    ratings : (cases, 2) array
    weights : {"none", "linear", "quadratic"}
    """
    check_alpha(alpha)
    matrix, warnings = complete(enough(np.asarray(ratings, dtype=float)))
    if matrix.shape[1] != 2:
        raise DataError("Cohen's kappa is of two readers: use Fleiss' kappa for more.")
    values = np.unique(enough(matrix))
    cost = _cost(values, weights)
    name = _named("Cohen's kappa", weights)
    found = jackknifed(name, matrix, lambda part: _kappa(part, values, cost), alpha)
    return replace(found, warnings=(*warnings, *found.warnings))


def fleiss_kappa(
    ratings: ArrayLike, *, weights: Weights = "none", alpha: float = 0.05
) -> Agreement:
    """Kappa of any number of readers, of whom each is a draw from the same pool.

    Parameters
    ----------
    ratings : (cases, readers) array
    weights : {"none", "linear", "quadratic"}
        By the distance of the categories' values; in Gwet's *Handbook of Inter-Rater Reliability*
        (2014), chapter 3.
    """
    check_alpha(alpha)
    matrix, warnings = complete(enough(np.asarray(ratings, dtype=float)))
    values = np.unique(enough(matrix))
    weight = _agreement_weights(values, weights)
    name = _named("Fleiss' kappa", weights)
    found = jackknifed(name, matrix, lambda part: _fleiss(part, values, weight), alpha)
    return replace(found, warnings=(*warnings, *found.warnings))


def gwet_ac1(ratings: ArrayLike, *, weights: Weights = "none", alpha: float = 0.05) -> Agreement:
    """Gwet's AC1: not thrown by a rare category, as kappa is; AC2 with weights.

    Parameters
    ----------
    ratings : (cases, readers) array; NaN where not rated
    weights : {"none", "linear", "quadratic"}
    """
    check_alpha(alpha)
    matrix = enough(np.asarray(ratings, dtype=float))
    values = np.unique(matrix[~np.isnan(matrix)])
    weight = _agreement_weights(values, weights)
    name = "Gwet's AC1" if weights == "none" else _named("Gwet's AC2", weights)
    return jackknifed(name, matrix, lambda part: _ac1(part, values, weight), alpha)


def krippendorff_alpha(
    ratings: ArrayLike, *, level: Level = "nominal", alpha: float = 0.05
) -> Agreement:
    """Krippendorff's alpha for any number of readers and missing ratings.

    Parameters
    ----------
    ratings : (cases, readers) array; NaN where not rated
    level : {"nominal", "ordinal", "interval", "ratio"}
        Of measurement, which decides how far apart two values are.
    """
    check_alpha(alpha)
    matrix = enough(np.asarray(ratings, dtype=float))
    values = np.unique(matrix[~np.isnan(matrix)])
    return jackknifed(
        f"Krippendorff's alpha ({level})", matrix, lambda part: _alpha(part, values, level), alpha
    )


def _cost(values: Floats, weights: Weights) -> Floats:
    distance = np.abs(values[:, None] - values[None, :])
    if weights == "none":
        return (distance > 0).astype(float)
    return np.asarray(distance if weights == "linear" else distance**2, dtype=float)


def _agreement_weights(values: Floats, weights: Weights) -> Floats:
    """1 for the same category, less the further two are apart, 0 for the ends of the scale."""
    cost = _cost(values, weights)
    most = float(cost.max())
    return np.asarray(1 - cost / most if most > 0 else np.ones_like(cost), dtype=float)


def _named(name: str, weights: Weights) -> str:
    return name if weights == "none" else f"{name} ({weights} weights)"


def _kappa(ratings: Floats, values: Floats, cost: Floats) -> float:
    a, b = (np.searchsorted(values, column) for column in ratings.T)
    seen = np.zeros_like(cost)
    np.add.at(seen, (a, b), 1 / len(ratings))
    chance = seen.sum(axis=1)[:, None] * seen.sum(axis=0)[None, :]
    expected = float((cost * chance).sum())
    return 1 - float((cost * seen).sum()) / expected if expected > 0 else float("nan")


def _counts(ratings: Floats, values: Floats) -> Floats:
    """How many readers gave each case each category, (cases, categories)."""
    return np.asarray((ratings[:, :, None] == values).sum(axis=1), dtype=float)


def _fleiss(ratings: Floats, values: Floats, weight: Floats) -> float:
    counts, n = _counts(ratings, values), ratings.shape[1]
    agreed = float((counts * (counts @ weight - 1)).sum(axis=1).mean() / (n * (n - 1)))
    share = counts.sum(axis=0) / counts.sum()
    chance = float(share @ weight @ share)
    return (agreed - chance) / (1 - chance) if chance < 1 else float("nan")


def _ac1(ratings: Floats, values: Floats, weight: Floats) -> float:
    counts = _counts(ratings, values)
    n = counts.sum(axis=1)
    paired = n > 1
    if not paired.any() or len(values) < 2:
        return float("nan")
    pairs = (counts * (counts @ weight - 1)).sum(axis=1)[paired] / (n * (n - 1))[paired]
    share = (counts[n > 0] / n[n > 0, None]).mean(axis=0)
    scale = float(weight.sum()) / (len(values) * (len(values) - 1))
    chance = float((share * (1 - share)).sum()) * scale
    return (float(pairs.mean()) - chance) / (1 - chance)


def _alpha(ratings: Floats, values: Floats, level: Level) -> float:
    counts = _counts(ratings, values)
    n = counts.sum(axis=1)
    counts, n = counts[n > 1], n[n > 1]
    if not len(n):
        return float("nan")
    both = np.einsum("ka,kb,k->ab", counts, counts, 1 / (n - 1))
    both -= np.diag((counts / (n - 1)[:, None]).sum(axis=0))
    total = both.sum(axis=0)
    apart = _apart(values, total, level)
    expected = float((np.outer(total, total) * apart).sum()) / float(total.sum() - 1)
    return 1 - float((both * apart).sum()) / expected if expected > 0 else float("nan")


def _apart(values: Floats, total: Floats, level: Level) -> Floats:
    """Squared distance of each pair of values at a level of measurement."""
    if level == "nominal":
        return np.asarray(values[:, None] != values[None, :], dtype=float)
    if level == "interval":
        return np.asarray((values[:, None] - values[None, :]) ** 2, dtype=float)
    if level == "ratio":
        size = values[:, None] + values[None, :]
        safe = np.where(size == 0, 1.0, size)
        return np.asarray(((values[:, None] - values[None, :]) / safe) ** 2, dtype=float)
    middle = np.cumsum(total) - total / 2  # ordinal: ranks between the two, ends half
    return np.asarray((middle[:, None] - middle[None, :]) ** 2, dtype=float)
