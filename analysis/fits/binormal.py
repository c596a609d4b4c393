"""The conventional binormal model: TPF = Phi(a + b z) with FPF = Phi(z).

Diseased ratings are normal with mean a / b and standard deviation 1 / b where non-diseased are
standard normal; AUC = Phi(a / sqrt(1 + b^2)). Dorfman and Alf, J Math Psychol 6:487-496, 1969. The
curve is improper: unless b = 1 it has a hook at one end.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.fits.likelihood import (
    Fit,
    categories,
    empirical_area,
    fit_model,
    is_degenerate,
)
from analysis.fits.many import density

Floats = NDArray[np.float64]


class Binormal:
    """The model for `fit_model`."""

    names = ("a", "b")
    bounds = ((-8.0, 12.0), (0.01, 10.0))

    def start(self, fpf: Floats, tpf: Floats) -> Floats:
        """A line through the points in normal deviates."""
        x, y = ndtri(fpf), ndtri(tpf)
        spread = float(np.sum((x - x.mean()) ** 2))
        slope = float(np.sum((x - x.mean()) * (y - y.mean()))) / spread if spread > 0 else 1.0
        slope = min(max(slope, 0.2), 3.0)
        return np.array([float(y.mean()) - slope * float(x.mean()), slope])

    def tpf(self, z: Floats, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """TPF and its derivatives."""
        a, b = theta
        height = density(a + b * z)
        return ndtr(a + b * z), b * height, np.stack([height, z * height])

    def auc(self, theta: Floats) -> tuple[float, Floats]:
        """Area and its derivatives."""
        a, b = theta
        scale = math.sqrt(1 + b**2)
        slope = density(a / scale) * np.array([1 / scale, -a * b / scale**3])
        return float(ndtr(a / scale)), slope


def fit_binormal(positive: Floats, negative: Floats) -> Fit:
    """Fit the binormal model to counts per rating level, (L,) each, highest level first.

    Data without an interior operating point have no binormal fit: the empirical AUC is given,
    with a warning and NaN for a, b and the standard error.
    """
    joined = categories(np.asarray(positive, float), np.asarray(negative, float))
    if is_degenerate(*joined):
        return Fit(
            {"a": math.nan, "b": math.nan},
            np.empty(0),
            empirical_area(*joined),
            math.nan,
            math.nan,
            ("no operating point inside the unit square: no binormal fit, empirical AUC given",),
        )
    return fit_model(Binormal(), *joined)
