"""Small frozen records of numbers that every analysis returns, and the tests that fill them.

A degenerate case has a defined answer here, once: with a standard error of 0 the interval is the
point itself, and the p-value is 1 where the estimate is 0 and 0 where it is not.
"""

import math
from dataclasses import dataclass

from scipy import stats


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate with its interval; `df` is infinite where the normal distribution is used."""

    estimate: float
    std_error: float
    df: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference a minus b of two modalities (by index), its two-sided test and interval."""

    a: int
    b: int
    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class EqualityTest:
    """Test that all modalities are equal: F with df1 and df2, or chi-square when df2 is None."""

    statistic: float
    df1: float | None
    df2: float | None
    p_value: float


NO_TEST = EqualityTest(math.nan, None, None, math.nan)


def estimate(
    value: float,
    std_error: float,
    df: float,
    alpha: float,
    bounds: tuple[float, float] | None = None,
) -> Estimate:
    """Estimate with its two-sided 1 - alpha t interval, cut to `bounds` when given."""
    half = half_width(std_error, df, alpha)
    low, high = value - half, value + half
    if bounds is not None:
        low, high = max(low, bounds[0]), min(high, bounds[1])
    return Estimate(float(value), float(std_error), float(df), float(low), float(high))


def comparison(
    pair: tuple[int, int], value: float, std_error: float, df: float, alpha: float
) -> Comparison:
    """Difference of a pair of modalities with its two-sided t test of 0 and 1 - alpha interval."""
    statistic = ratio(value, std_error)
    half = half_width(std_error, df, alpha)
    return Comparison(
        *pair,
        estimate=float(value),
        std_error=float(std_error),
        df=float(df),
        statistic=statistic,
        p_value=t_tail(abs(statistic), df, two_sided=True),
        ci_low=float(value - half),
        ci_high=float(value + half),
    )


def f_test(statistic: float, df1: float, df2: float) -> EqualityTest:
    """F test; an infinite `df2` gives the chi-square test it tends to."""
    if math.isinf(df2):
        return EqualityTest(statistic, df1, df2, float(stats.chi2.sf(statistic * df1, df1)))
    return EqualityTest(statistic, df1, df2, float(stats.f.sf(statistic, df1, df2)))


def chi2_test(statistic: float, df1: float) -> EqualityTest:
    """Chi-square test."""
    return EqualityTest(statistic, df1, None, float(stats.chi2.sf(statistic, df1)))


def ratio(value: float, scale: float) -> float:
    """Value / scale; over a scale of 0 it is 0 for 0 and infinite with the value's sign else."""
    if scale > 0:
        return float(value / scale)
    return 0.0 if value == 0 else math.copysign(math.inf, value)


def half_width(std_error: float, df: float, alpha: float) -> float:
    """Half of a two-sided 1 - alpha interval: t quantile (normal for infinite df) x error."""
    if std_error == 0:
        return 0.0
    quantile = stats.norm.isf(alpha / 2) if math.isinf(df) else stats.t.isf(alpha / 2, df)
    return float(quantile * std_error)


def t_tail(statistic: float, df: float, *, two_sided: bool = False) -> float:
    """Upper tail of t (normal for infinite df), twice that when two-sided."""
    tail = stats.norm.sf(statistic) if math.isinf(df) else stats.t.sf(statistic, df)
    return float(2 * tail) if two_sided else float(tail)
