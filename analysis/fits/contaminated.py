"""The contaminated binormal model, a proper ROC model: some disease is invisible.

TPF = (1 - alpha) Phi(z) + alpha Phi(z + mu) with FPF = Phi(z): a share alpha of diseased cases is
visible and mu higher on average. AUC = (1 - alpha) / 2 + alpha Phi(mu / sqrt 2). Dorfman and
Berbaum, Acad Radiol 7:427-437, 2000. The ranges of mu and alpha are those of RJafroc's FitCbmRoc,
whose fits these are.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.fits.likelihood import Fit, categories, fit_model, interior, is_degenerate
from analysis.fits.many import density

Floats = NDArray[np.float64]
MU_MAX = 6.0


class Contaminated:
    """The model for `fit_model`."""

    names = ("mu", "alpha")
    bounds = ((0.01, MU_MAX - 0.01), (0.01, 0.98))

    def start(self, fpf: Floats, tpf: Floats) -> Floats:
        """Visible share from the last point above chance, mu from the points' mean height."""
        above = np.flatnonzero(tpf > fpf)
        last = above[-1] if above.size else tpf.size - 1
        alpha = min(max(1 - (1 - tpf[last]) / (1 - fpf[last]), 0.1), 0.95)
        return np.array([2.0, alpha])

    def tpf(self, z: Floats, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """TPF and its derivatives."""
        mu, alpha = theta
        unseen, seen = ndtr(z), ndtr(z + mu)
        height = density(z + mu)
        slope = (1 - alpha) * density(z) + alpha * height
        value = (1 - alpha) * unseen + alpha * seen
        return value, slope, np.stack([alpha * height, seen - unseen])

    def auc(self, theta: Floats) -> tuple[float, Floats]:
        """Area and its derivatives."""
        mu, alpha = theta
        seen = float(ndtr(mu / math.sqrt(2)))
        by_mu = alpha * float(density(np.asarray(mu / math.sqrt(2)))) / math.sqrt(2)
        return float((1 - alpha) / 2 + alpha * seen), np.array([by_mu, seen - 0.5])


def fit_contaminated(positive: Floats, negative: Floats) -> Fit:
    """Fit the contaminated binormal model to counts per rating level, (L,) each, highest first.

    Data without an interior operating point: alpha is the highest TPF at a cutoff and mu the end
    of its range (as RJafroc), with a warning and no standard error; alpha and mu are 0 when that
    TPF is not above its FPF.
    """
    joined = categories(np.asarray(positive, float), np.asarray(negative, float))
    if not is_degenerate(*joined):
        return fit_model(Contaminated(), *joined)
    fpf, tpf = interior(*joined)
    useful = bool(tpf.size) and bool(fpf.max() < tpf.max() or (tpf > fpf).any())
    theta = np.array([MU_MAX, float(tpf.max())] if useful else [0.0, 0.0])
    auc, _ = Contaminated().auc(theta)
    return Fit(
        {"mu": float(theta[0]), "alpha": float(theta[1])},
        np.empty(0),
        auc,
        math.nan,
        math.nan,
        ("no operating point inside the unit square: the fit is at the end of its range",),
    )
