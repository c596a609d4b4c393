"""Agreement on quantities: intraclass correlation and limits of agreement."""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from analysis.agreement.result import Agreement, complete, enough
from analysis.tables import DataError, check_alpha

Floats = NDArray[np.float64]
Model = Literal["2,1", "3,1"]


def icc(ratings: ArrayLike, *, model: Model = "2,1", alpha: float = 0.05) -> Agreement:
    """Intraclass correlation of single ratings (Shrout and Fleiss, Psychol Bull 1979; 86:420-428).

    Parameters
    ----------
    ratings : (cases, readers) array
        Cases that not every reader rated are left out.
    model : {"2,1", "3,1"}
        2,1: readers are a sample and must agree absolutely; 3,1: these readers, consistency.

    Notes
    -----
    Intervals by McGraw and Wong, Psychol Methods 1996; 1:30-46, table 7. The standard error is
    a quarter of the 95 % interval's width, for orientation only.
    """
    check_alpha(alpha)
    matrix, warnings = complete(enough(np.asarray(ratings, dtype=float)))
    n, k = enough(matrix).shape
    rows, columns, error = _mean_squares(matrix)
    if rows <= error and rows + error == 0:
        words = "All ratings are the same: the correlation is not defined and given as 1."
        return Agreement(f"ICC({model})", 1.0, 0.0, 1.0, 1.0, n, k, alpha, (*warnings, words))
    if model == "3,1":
        value = (rows - error) / (rows + (k - 1) * error)
        low, high = _consistency(rows / error if error > 0 else np.inf, n, k, alpha)
    else:
        value = (rows - error) / (rows + (k - 1) * error + k / n * (columns - error))
        low, high = _absolute((rows, columns, error), value, n, k, alpha)
    wide = stats.norm.isf(alpha / 2) * 2
    return Agreement(
        f"ICC({model})", float(value), float((high - low) / wide), low, high, n, k, alpha, warnings,
        {"ms_cases": rows, "ms_readers": columns, "ms_error": error},
    )  # fmt: skip


def bland_altman(first: ArrayLike, second: ArrayLike, *, alpha: float = 0.05) -> Agreement:
    """Mean difference second minus first, and the limits that hold 1 - alpha of differences.

    Bland and Altman, Lancet 1986; 327:307-310; Stat Methods Med Res 1999; 8:135-160 for the
    intervals of the limits. `extra` has lower and upper limits with their intervals.

    Raises
    ------
    DataError
        For vectors of unequal length or fewer than three pairs.
    """
    check_alpha(alpha)
    a, b = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    if a.shape != b.shape or a.ndim != 1:
        raise DataError(f"Pairs need two vectors of one length, not {a.shape} and {b.shape}.")
    whole = np.isfinite(a) & np.isfinite(b)
    difference = (b - a)[whole]
    n = len(difference)
    if n < 3:
        raise DataError(f"{n} pairs are too few for limits of agreement: give three at least.")
    mean, sd = float(difference.mean()), float(difference.std(ddof=1))
    z, t = float(stats.norm.isf(alpha / 2)), float(stats.t.isf(alpha / 2, n - 1))
    error = sd / np.sqrt(n)
    limit_error = sd * np.sqrt(1 / n + z**2 / (2 * (n - 1)))
    limits = {"lower": mean - z * sd, "upper": mean + z * sd}
    extra = {
        **limits,
        "sd": sd,
        **{f"{name}_ci_low": each - t * limit_error for name, each in limits.items()},
        **{f"{name}_ci_high": each + t * limit_error for name, each in limits.items()},
    }
    out = int((~whole).sum())
    warnings = (f"{out} pairs with a missing value were left out.",) if out else ()
    return Agreement(
        "Mean difference", mean, float(error), mean - t * error, mean + t * error, n, 2, alpha,
        warnings, {key: float(value) for key, value in extra.items()},
        pairs=tuple(zip(((a + b) / 2)[whole].tolist(), difference.tolist(), strict=True)),
    )  # fmt: skip


def _mean_squares(x: Floats) -> tuple[float, float, float]:
    """Between cases, between readers, and the rest."""
    n, k = x.shape
    rows, columns, mean = x.mean(axis=1), x.mean(axis=0), x.mean()
    rest = x - rows[:, None] - columns[None, :] + mean
    return (
        float(k * ((rows - mean) ** 2).sum() / (n - 1)),
        float(n * ((columns - mean) ** 2).sum() / (k - 1)),
        float((rest**2).sum() / ((n - 1) * (k - 1))),
    )


def _consistency(f: float, n: int, k: int, alpha: float) -> tuple[float, float]:
    df = (n - 1) * (k - 1)
    low = f / float(stats.f.isf(alpha / 2, n - 1, df))
    high = f * float(stats.f.isf(alpha / 2, df, n - 1))
    if np.isinf(f):
        return 1.0, 1.0
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _absolute(
    squares: tuple[float, float, float], value: float, n: int, k: int, alpha: float
) -> tuple[float, float]:
    rows, columns, error = squares
    if error == 0 and columns == 0:
        return 1.0, 1.0
    a = k * value / (n * (1 - value))
    b = 1 + k * value * (n - 1) / (n * (1 - value))
    top = (a * columns + b * error) ** 2
    df = top / ((a * columns) ** 2 / (k - 1) + (b * error) ** 2 / ((n - 1) * (k - 1)))
    df = max(df, 1e-6)
    upper = float(stats.f.isf(alpha / 2, n - 1, df))
    lower = float(stats.f.isf(alpha / 2, df, n - 1))
    spare = k * columns + (k * n - k - n) * error
    low = n * (rows - upper * error) / (upper * spare + n * rows)
    high = n * (lower * rows - error) / (spare + n * lower * rows)
    return float(low), float(high)
