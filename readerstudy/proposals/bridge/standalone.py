"""What a detector did by itself, counted where the truth is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from inference.metrics import CaseScore, Statistic


@dataclass(frozen=True)
class Counted:
    """A detector on one case with a reference standard.

    `hits`: of each true lesion its diameter in mm and the probability of the proposal that found
    it (None: not found); `false`: probabilities of the proposals that found nothing.
    """

    hits: Sequence[tuple[float, float | None]]
    false: Sequence[float]


def stand_alone(cases: Sequence[Counted], *, has_probabilities: bool) -> dict[str, Any]:
    """What a detector did by itself: found by size, false positives, FROC, calibration.

    Returns
    -------
    dict
        `sensitivity`: size -> (lesions, value, interval); `false_positives`: (value, interval);
        with probabilities also `froc` (rate -> sensitivity), `calibration_error` and
        `reliability` (rows of proposals, mean probability, share that was right). Intervals are
        bootstraps over cases; None where there is nothing to count.
    """
    from inference import metrics

    scores = [_scored(each) for each in cases]
    sizes = ((0.0, float("inf")), *metrics.SIZES_MM)
    found: dict[str, Any] = {
        "sensitivity": {
            size: (
                sum(int(((c.diameters_mm >= size[0]) & (c.diameters_mm < size[1])).sum())
                    for c in scores),
                *_estimate(scores, partial(_share_found, low=size[0], high=size[1])),
            )
            for size in sizes
        },
        "false_positives": _estimate(
            scores, lambda some: metrics.false_positives_per_case(some, 0.0)
        ),
    }  # fmt: skip
    if has_probabilities:
        rates = (0.125, 0.25, 0.5, 1, 2)
        found["froc"] = {
            rate: metrics.sensitivity(
                scores, max(metrics.threshold_at(scores, rate), 0.0), 0, float("inf")
            )
            for rate in rates
        }
        found |= _calibration(scores)
    return found


def _scored(case: Counted) -> "CaseScore":
    from inference.metrics import CaseScore

    diameters = np.array([diameter for diameter, _ in case.hits], dtype=np.float64)
    hits = [-np.inf if p is None else p for _, p in case.hits]
    return CaseScore(
        diameters,
        np.array(hits, dtype=np.float64),
        np.zeros(len(hits)),
        np.array(case.false, dtype=np.float64),
    )


def _share_found(cases: "Sequence[CaseScore]", low: float, high: float) -> float:
    from inference import metrics

    return metrics.sensitivity(cases, 0.0, low, high)


def _estimate(
    cases: "Sequence[CaseScore]", statistic: "Statistic"
) -> tuple[float | None, tuple[float, float] | None]:
    from inference import metrics

    value = statistic(cases)
    if not np.isfinite(value):
        return None, None
    return value, metrics.interval(cases, statistic, draws=500)


def _calibration(cases: "Sequence[CaseScore]") -> dict[str, Any]:
    """Calibration error over ten bins, and the bins themselves."""
    from inference import metrics

    true = np.concatenate([c.hits[np.isfinite(c.hits)] for c in cases])
    false = np.concatenate([c.false_scores for c in cases])
    p = np.concatenate([true, false])
    is_right = np.arange(len(p)) < len(true)
    error = metrics.calibration_error(p, is_right) if len(p) else None
    return {"calibration_error": error, "reliability": metrics.reliability(p, is_right)}
