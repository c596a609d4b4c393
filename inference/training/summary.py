"""The figures of a detector, from its raw outcomes, with bootstrap intervals over cases."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binomtest

from inference import metrics
from inference.distances import DistanceRule
from inference.metrics import CaseScore
from inference.training.records import Timed

Case = TypeVar("Case")


def summary(
    results: Sequence[Timed],
    threshold: float,
    temperature: float,
    bias: float,
    distance: DistanceRule | None = None,
) -> dict[str, object]:
    """The table of the card: sensitivity by size with intervals, false positives, calibration.

    By overlap (`inference.metrics`); `by_distance` counts the same candidates by `distance` (the
    default rule when left out), where their places were kept.
    """
    cases = [each.score for each in results]
    probabilities, correct = _judged(cases, temperature, bias)
    found = np.concatenate([c.dice[c.hits >= threshold] for c in cases])
    return {
        "cases": len(cases),
        "cases_without_lesions": sum(not len(c.hits) for c in cases),
        "lesions": int(sum(len(c.hits) for c in cases)),
        **_counted(cases, threshold),
        "dice_of_found": round(float(found.mean()), 3) if len(found) else None,
        "calibration_error": round(metrics.calibration_error(probabilities, correct), 3),
        "reliability": reliability(cases, threshold, temperature, bias),
        "seconds_median": round(float(np.median([each.seconds for each in results])), 1),
        **_outlines(results, threshold),
        **_by_distance(results, threshold, distance or DistanceRule()),
    }


def reliability(
    cases: Sequence[CaseScore], threshold: float, temperature: float, bias: float
) -> list[dict[str, Any]]:
    """The reliability diagram of what is shown: candidates of the threshold's score and more.

    Returns
    -------
    list
        Of each of ten bins of equal width that is not empty `n`, the mean `probability`, the
        `share` that were lesions and its `interval` (95 %, Wilson 1927, of proposals as if each
        stood alone: a bootstrap has no width where all of a bin are right).
    """
    probabilities, correct = _judged(cases, temperature, bias)
    shown = probabilities >= expit(threshold / temperature + bias)
    found: list[dict[str, Any]] = []
    for count, mean, share in metrics.reliability(probabilities[shown], correct[shown]):
        ci = binomtest(round(share * count), count).proportion_ci(method="wilson")
        found.append(
            {
                "n": count,
                "probability": round(mean, 3),
                "share": round(share, 3),
                "interval": [round(float(ci.low), 3), round(float(ci.high), 3)],
            }
        )
    return found


def _judged(
    cases: Sequence[CaseScore], temperature: float, bias: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The probability of every candidate, and whether it is a lesion."""
    true = np.concatenate([c.hits[np.isfinite(c.hits)] for c in cases])
    scores = np.concatenate([true, *(c.false_scores for c in cases)])
    probabilities = expit(scores / temperature + bias)  # a fitted temperature may be tiny
    return probabilities, np.arange(len(scores)) < len(true)


def _counted(cases: Sequence[CaseScore], threshold: float) -> dict[str, object]:
    """What any counting rule gives: lesions found, by size too, false positives, FROC."""
    return {
        "sensitivity": {
            _name(low, high): _sensitivity(cases, threshold, low, high)
            for low, high in ((0.0, np.inf), *metrics.SIZES_MM)
        },
        "false_positives_per_case": _estimate(
            cases, lambda some: metrics.false_positives_per_case(some, threshold)
        ),
        "predictive_value": _estimate(
            cases, lambda some: metrics.predictive_value(some, threshold)
        ),
        "froc_score": _estimate(cases, metrics.froc_score, draws=200),
        "sensitivity_at_false_positives": {
            f"{rate:g}": round(
                metrics.sensitivity(cases, metrics.threshold_at(cases, rate), 0, np.inf), 3
            )
            for rate in (0.25, 0.5, 1, 2)
        },
    }


def _by_distance(
    results: Sequence[Timed], threshold: float, rule: DistanceRule
) -> dict[str, object]:
    """The same candidates counted by the centroids' distance; {} where places were not kept."""
    cases = [
        rule.count(each.places, each.score.diameters_mm)
        for each in results
        if each.places is not None
    ]
    if len(cases) < len(results):
        return {}
    return {"by_distance": {**asdict(rule), **_counted(cases, threshold)}}


def _name(low: float, high: float) -> str:
    if np.isinf(high):
        return f">={low:g} mm" if low else "all"
    return f"{low:g}-{high:g} mm"


def _sensitivity(
    cases: Sequence[CaseScore], threshold: float, low: float, high: float
) -> dict[str, object]:
    count = int(sum(((c.diameters_mm >= low) & (c.diameters_mm < high)).sum() for c in cases))
    part = _estimate(cases, lambda some: metrics.sensitivity(some, threshold, low, high))
    return {"n": count, **part}


def _estimate(
    cases: Sequence[CaseScore], statistic: metrics.Statistic, draws: int = 1000
) -> dict[str, object]:
    return _with_interval(cases, statistic, draws)


def _outlines(results: Sequence[Timed], threshold: float) -> dict[str, object]:
    """Borders and volumes of what was found, and BraTS-METS' counting; {} where not kept."""
    if any(each.brats is None for each in results):
        return {}
    return {
        "hd95_mm_of_found": _of_cases(results, lambda c: _mean(c, threshold, "hd95_mm")),
        "surface_dice_of_found": _of_cases(results, lambda c: _mean(c, threshold, "surface_dice")),
        "volume_error_of_found": _of_cases(results, lambda c: _mean(c, threshold, "volume_error")),
        "lesion_wise_dice": _of_cases(results, lambda c: _lesion_wise(c, threshold)),
        "brats_dice": _of_cases(results, lambda c: _brats(c, "lesion_wise_dice")),
        "brats_hd95_mm": _of_cases(results, lambda c: _brats(c, "lesion_wise_hd95_mm")),
        "network_seconds_median": round(float(np.median([r.network_seconds for r in results])), 2),
    }


def _mean(results: Sequence[Timed], threshold: float, name: str) -> float:
    """Mean of a measure over found lesions; of the volume error its size, not its sign."""
    found = [
        abs(getattr(outline, name))
        for each in results
        for outline, hit in zip(each.outlines, each.score.hits, strict=True)
        if outline is not None and hit >= threshold
    ]
    return float(np.mean(found)) if found else float("nan")


def _lesion_wise(results: Sequence[Timed], threshold: float) -> float:
    """Mean Dice over true lesions and false positives by our rule; both count 0 when missed."""
    cases = [each.score for each in results]
    dice = np.concatenate([np.where(c.hits >= threshold, c.dice, 0.0) for c in cases])
    false = sum(int((c.false_scores >= threshold).sum()) for c in cases)
    return float(dice.sum() / (len(dice) + false)) if len(dice) + false else float("nan")


def _brats(results: Sequence[Timed], name: str) -> float:
    """Mean over cases, as the challenge averages."""
    return float(np.mean([getattr(each.brats, name) for each in results]))


def _of_cases(
    results: Sequence[Timed], statistic: Callable[[Sequence[Timed]], float]
) -> dict[str, object]:
    return _with_interval(results, statistic, 500)


def _with_interval(
    cases: Sequence[Case], statistic: Callable[[Sequence[Case]], float], draws: int
) -> dict[str, object]:
    """A statistic with its bootstrap interval over cases."""
    value = statistic(cases)
    if not np.isfinite(value):
        return {"value": None, "interval": None}
    low, high = metrics.interval(cases, statistic, draws=draws)
    return {"value": round(value, 3), "interval": [round(low, 3), round(high, 3)]}
