"""Intervals of one modality by itself: on the figure of merit's own scale, or on the logit's.

The default is t x standard error on the scale of the figure of merit, as the peers have it, which
is too short near the end of the range with few cases. On the logit scale the same standard error
(delta method: over A (1 - A)) and degrees of freedom give an interval that stays within the range
and is longer on the side of one half: Pepe, *The Statistical Evaluation of Medical Tests for
Classification and Prediction* (Oxford 2003), section 5.2; Qin and Hotilovac, Stat Methods Med Res
2008; 17:207-221. What both cover is in docs/statistics/simulation.md.
"""

import math
from dataclasses import replace
from typing import Any, Literal, get_args

from scipy.special import expit

from analysis.estimates import Estimate, half_width
from analysis.results import MrmcResult
from analysis.tables import DataError

Interval = Literal["wald", "logit"]
Bounds = tuple[float, float]


def check_interval(interval: str) -> None:
    """Raise DataError for an interval that does not exist."""
    if interval not in get_args(Interval):
        known = ", ".join(get_args(Interval))
        raise DataError(f"interval is {interval!r}; it must be one of {known}")


def logit_interval(one: Estimate, alpha: float, bounds: Bounds = (0.0, 1.0)) -> Bounds | None:
    """The two-sided 1 - alpha interval on the logit scale of `bounds`.

    None where there is none: an estimate at an end of its range, bounds that are not finite, or a
    standard error that is not a number.
    """
    low, high = bounds
    width = high - low
    if not (math.isfinite(width) and low < one.estimate < high and math.isfinite(one.std_error)):
        return None
    share = (one.estimate - low) / width
    middle = math.log(share / (1 - share))
    half = half_width(one.std_error / width / (share * (1 - share)), one.df, alpha)
    if half == 0:
        return one.estimate, one.estimate
    ends = expit(middle - half), expit(middle + half)
    return float(low + width * ends[0]), float(low + width * ends[1])


def with_intervals(result: MrmcResult, interval: str, bounds: Bounds | None) -> MrmcResult:
    """The result with both kinds of interval in `extra`, and the chosen kind in `modalities`.

    Raises
    ------
    DataError
        For an interval that does not exist, or on the logit scale of an unbounded figure of merit.
    """
    check_interval(interval)
    if bounds is None or not all(math.isfinite(end) for end in bounds):
        if interval == "logit":
            raise DataError(
                f"{result.label} has no upper and lower end: the logit interval does not exist"
            )
        return result
    found = [logit_interval(one, result.alpha, bounds) for one in result.modalities]
    rows: list[dict[str, Any]] = []
    for name, one, logit in zip(result.modality_names, result.modalities, found, strict=True):
        low, high = logit or (math.nan, math.nan)
        rows += [
            {"modality": name, "interval": "wald", "ci_low": one.ci_low, "ci_high": one.ci_high},
            {"modality": name, "interval": "logit", "ci_low": low, "ci_high": high},
        ]
    result = replace(result, extra={**result.extra, "interval": interval, "intervals": rows})
    return _by_logit(result, found) if interval == "logit" else result


def _by_logit(result: MrmcResult, found: list[Bounds | None]) -> MrmcResult:
    """The logit intervals as the modalities' own; where there is none the default stays, said."""
    changed = tuple(
        one if ends is None else replace(one, ci_low=ends[0], ci_high=ends[1])
        for one, ends in zip(result.modalities, found, strict=True)
    )
    without = [
        name for name, ends in zip(result.modality_names, found, strict=True) if ends is None
    ]
    words = (
        f"{result.label} with {name} is at the end of its range: there is no logit interval, and "
        "the default one is given"
        for name in without
    )
    return replace(result, modalities=changed, warnings=(*result.warnings, *words))
