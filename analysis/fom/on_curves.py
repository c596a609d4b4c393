"""Figures of merit read off empirical ROC curves (points joined by straight lines).

Every function takes false-positive fractions `fpf` and true-positive fractions `tpf` of D curves,
(D, L + 1) from (0, 0) to (1, 1), and returns (D,).
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def area(fpf: Floats, tpf: Floats) -> Floats:
    """Trapezoidal area under each curve, the Wilcoxon AUC with ties one half."""
    return np.asarray(np.sum(np.diff(fpf) * (tpf[:, 1:] + tpf[:, :-1]) / 2, axis=1))


def partial_area(fpf: Floats, tpf: Floats, low: float, high: float) -> Floats:
    """Area under each curve between two false-positive fractions, not normalised.

    McClish, Med Decis Making 9:190-195, 1989; `empirical_auc(partial = "specificity")` of MRMCaov
    with specificities 1 - high to 1 - low.
    """
    x0, x1, y0, y1 = fpf[:, :-1], fpf[:, 1:], tpf[:, :-1], tpf[:, 1:]
    width = x1 - x0
    slope = np.divide(y1 - y0, width, out=np.zeros_like(width), where=width > 0)
    left, right = np.clip(x0, low, high), np.clip(x1, low, high)
    middle = y0 + slope * ((left + right) / 2 - x0)
    return np.asarray(np.sum((right - left) * middle, axis=1))


def partial_area_right(fpf: Floats, tpf: Floats, low: float, high: float) -> Floats:
    """Area to the right of each curve between two true-positive fractions, not normalised.

    Jiang, Metz and Nishikawa, Radiology 201:745-750, 1996 (before division by the range).
    """
    turned_x, turned_y = 1 - tpf[:, ::-1], 1 - fpf[:, ::-1]
    return partial_area(turned_x, turned_y, 1 - high, 1 - low)


def sensitivity_at(fpf: Floats, tpf: Floats, specificity: float) -> Floats:
    """Highest sensitivity of each curve at a specificity, interpolated along the curve."""
    return height_at(fpf, tpf, 1 - specificity)


def specificity_at(fpf: Floats, tpf: Floats, sensitivity: float) -> Floats:
    """Highest specificity of each curve at a sensitivity, interpolated along the curve."""
    return height_at(1 - tpf[:, ::-1], 1 - fpf[:, ::-1], 1 - sensitivity)


def sensitivity_between(fpf: Floats, tpf: Floats, specificity: float) -> Floats:
    """Sensitivity at a specificity as `empirical_sens` of MRMCaov 0.3 has it.

    Points with one FPF are first reduced to the highest TPF, so that between two points the line
    goes to the top of the next rise and not to its foot.
    """
    return _between_highest(fpf, tpf, 1 - specificity)


def specificity_between(fpf: Floats, tpf: Floats, sensitivity: float) -> Floats:
    """Specificity at a sensitivity as `empirical_spec` of MRMCaov 0.3 has it.

    Points with one TPF are first reduced to the highest FPF, which is the lowest specificity.
    """
    return 1 - _between_highest(tpf, fpf, sensitivity)


def expected_utility(fpf: Floats, tpf: Floats, slope: float = 1.0) -> Floats:
    """Relative expected utility max(TPF - slope x FPF) at an iso-utility slope.

    Abbey, Eckstein and Boone, Med Phys 36, 2009; Abbey, Samuelson and Gallas, Acad Radiol
    20:798-806, 2013. With slope 1 it is Youden's index.
    """
    return np.asarray(np.max(tpf - slope * fpf, axis=1))


def net_benefit(tpf: Floats, fpf: Floats, prevalence: float, probability: float) -> Floats:
    """Net benefit of operating points at a prevalence and a threshold probability.

    TPF x prevalence - FPF x (1 - prevalence) x odds(probability); Vickers and Elkin, Med Decis
    Making 26:565-574, 2006.
    """
    odds = probability / (1 - probability)
    return tpf * prevalence - fpf * (1 - prevalence) * odds


def height_at(x: Floats, y: Floats, at: float) -> Floats:
    """Highest y of each polyline (x from 0 and y non-decreasing) at x = `at`, linear in between.

    Beyond the last point it is the last height.
    """
    # Rounding of 1 - specificity must not miss a vertical rise.
    last = _last_at(x, np.full(x.shape[0], at + 1e-12))
    after = np.minimum(last + 1, x.shape[1] - 1)
    return _interpolate(x, y, last, after, at)


def _between_highest(x: Floats, y: Floats, at: float) -> Floats:
    """Interpolated y at x = `at` after points with one x are reduced to the highest y."""
    rows = np.arange(x.shape[0])
    last = _last_at(x, np.full(x.shape[0], at))
    following = x[rows, np.minimum(last + 1, x.shape[1] - 1)]
    return _interpolate(x, y, last, _last_at(x, following), at)


def _last_at(x: Floats, at: Floats) -> NDArray[np.intp]:
    """Index of the last point of each row with x <= at (x starts at 0)."""
    inside = x <= at[:, None]
    return np.asarray(x.shape[1] - 1 - np.argmax(inside[:, ::-1], axis=1))


def _interpolate(
    x: Floats, y: Floats, last: NDArray[np.intp], after: NDArray[np.intp], at: float
) -> Floats:
    rows = np.arange(x.shape[0])
    width = x[rows, after] - x[rows, last]
    rise = np.maximum(at - x[rows, last], 0)
    share = np.divide(rise, width, out=np.zeros_like(width), where=width > 0)
    return y[rows, last] + share * (y[rows, after] - y[rows, last])
