"""From logits to probabilities, and the operating point."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from inference.metrics import CaseScore, threshold_at


def temperature_and_bias(cases: Sequence[CaseScore]) -> tuple[float, float]:
    """Fit probability = sigmoid(score / temperature + bias) to candidates (Platt 1999).

    Uses Platt's softened targets, so that separable candidates keep a finite slope.

    Raises
    ------
    ValueError
        If there are no true or no false candidates.
    """
    true = np.concatenate([c.hits[np.isfinite(c.hits)] for c in cases])
    false = np.concatenate([c.false_scores for c in cases])
    if not len(true) or not len(false):
        raise ValueError(
            "calibration needs true and false candidates: lower the segmentation level"
        )
    scores = np.concatenate([true, false])
    high, low = (len(true) + 1) / (len(true) + 2), 1 / (len(false) + 2)
    target = np.concatenate([np.full(len(true), high), np.full(len(false), low)])

    def loss(x: NDArray[np.float64]) -> float:
        z = scores * np.exp(x[0]) + x[1]
        return float(np.mean(np.logaddexp(0, z) - target * z))

    slope, bias = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.exp(-slope)), float(bias)


def probability(score: float, temperature: float, bias: float) -> float:
    """Calibrated probability of a score."""
    return float(1 / (1 + np.exp(-(score / temperature + bias))))


def logit(p: float) -> float:
    """Log-odds of a probability."""
    return float(np.log(p / (1 - p)))


def operating_point(
    cases: Sequence[CaseScore], segmentation: float, false_per_case: float
) -> dict[str, float]:
    """The card's operating point: at most `false_per_case` false positives on these cases."""
    temperature, bias = temperature_and_bias(cases)
    threshold = threshold_at(cases, false_per_case)
    return {
        "segmentation": segmentation,
        "temperature": round(temperature, 4),
        "bias": round(bias, 4),
        "probability": round(probability(threshold, temperature, bias), 4),
    }
