"""Ratings by the Roe-Metz model.

X_ijkt = mu_it + R_jt + C_kt + (tau R)_ijt + (tau C)_ikt + (RC)_jkt + (tau RC)_ijkt, all random
parts normal and independent, t = 0 healthy, 1 diseased (Roe and Metz, Acad Radiol 1997;
4:298-303). With `b` below 1 diseased cases vary more, by 1 / b^2 (Hillis, Acad Radiol 2012;
19:1518-1528); b = 1 is the original model.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from analysis.dataset import Dataset
from analysis.tables import DataError

Floats = NDArray[np.float64]
Structure = Literal["HH", "HL", "LH", "LL"]

# Of Roe and Metz' table 1: case variances by data correlation (first letter), reader variances by
# second letter and separation mu.
_CASES = {"H": (0.3, 0.3, 0.2, 0.2), "L": (0.1, 0.1, 0.2, 0.6)}
_READERS = {
    "L": {0.75: 0.0055, 1.5: 0.0055, 2.5: 0.0055},
    "H": {0.75: 0.011, 1.5: 0.03, 2.5: 0.056},
}


@dataclass(frozen=True)
class RoeMetz:
    """Parameters of the model.

    Attributes
    ----------
    mu : float
        Separation of the classes in the control modality, on the latent scale.
    delta : float
        What the other modality adds to it.
    var_r, var_tr : float
        Reader, and reader x modality, for each truth state.
    var_c, var_tc, var_rc, var_e : float
        Case, case x modality, reader x case, and the rest; they add up to 1 in the original.
    b : float
        Ratio of standard deviations, healthy to diseased.
    """

    mu: float = 1.5
    delta: float = 0.0
    var_r: float = 0.0055
    var_tr: float = 0.0055
    var_c: float = 0.3
    var_tc: float = 0.3
    var_rc: float = 0.2
    var_e: float = 0.2
    b: float = 1.0

    def __post_init__(self) -> None:
        variances = (self.var_r, self.var_tr, self.var_c, self.var_tc, self.var_rc, self.var_e)
        if min(variances) < 0 or sum(variances) <= 0 or self.b <= 0:
            raise DataError("Variances must not be below 0, nor all be 0, and b be above 0.")

    @property
    def spread(self) -> float:
        """Standard deviation of the difference of a diseased and a healthy rating."""
        cases = self.var_c + self.var_tc + self.var_rc + self.var_e
        return math.sqrt(2 * (self.var_r + self.var_tr) + cases * (1 + 1 / self.b**2))

    def auc(self, *, with_ai: bool = False) -> float:
        """Expected AUC of a random reader (Hillis 2018, equation 5)."""
        return float(stats.norm.cdf((self.mu + (self.delta if with_ai else 0.0)) / self.spread))


def structure(name: Structure, mu: float = 1.5, delta: float = 0.0) -> RoeMetz:
    """One of Roe and Metz' structures, as "HL": data correlation, then reader variance.

    Raises
    ------
    DataError
        For a name or a separation (0.75, 1.5, 2.5) that is not in their table.
    """
    if name[:1] not in _CASES or name[1:] not in _READERS or mu not in _READERS["H"]:
        raise DataError("Roe and Metz have HH, HL, LH, LL with mu 0.75, 1.5 or 2.5.")
    c, tc, rc, e = _CASES[name[0]]
    reader = _READERS[name[1]][mu]
    return RoeMetz(mu, delta, reader, reader, c, tc, rc, e)


def with_auc(
    auc: float, name: Structure = "HL", gain: float = 0.0, *, mean_to_sigma: float | None = None
) -> RoeMetz:
    """A structure moved to an expected AUC, and to AUC + gain with AI.

    Reader variances are those of the nearest of the three published separations.

    Parameters
    ----------
    auc, gain : float
    name : str
        See `structure`.
    mean_to_sigma : float, optional
        Hillis' constrained model (2012): the distance of the classes' means is this many times the
        difference of their standard deviations, mu b / (1 - b); many data sets have some 4 to 5.
        Equal variances when left out.

    Raises
    ------
    DataError
        For AUCs outside 0 to 1, or not above one half with a ratio.
    """
    if not (0 < auc < 1 and 0 < auc + gain < 1):
        raise DataError("Give AUCs between 0 and 1.")
    wanted = float(stats.norm.ppf(auc)) * math.sqrt(2)
    nearest = min((0.75, 1.5, 2.5), key=lambda mu: abs(mu - wanted))
    c, tc, rc, e = _CASES[name[0]]
    reader = _READERS[name[1]][nearest]
    plain = RoeMetz(0.0, 0.0, reader, reader, c, tc, rc, e)
    if mean_to_sigma is not None:
        plain = replace(plain, b=_slope(plain, auc, mean_to_sigma))
    mu = float(stats.norm.ppf(auc)) * plain.spread
    delta = float(stats.norm.ppf(auc + gain)) * plain.spread - mu
    return replace(plain, mu=mu, delta=delta)


def _slope(model: RoeMetz, auc: float, mean_to_sigma: float) -> float:
    """The b at which the model's AUC and mean-to-sigma ratio are as wanted."""
    if auc <= 0.5 or mean_to_sigma <= 0:
        raise DataError("A mean-to-sigma ratio needs an AUC above 0.5, and to be above 0 itself.")
    quantile = float(stats.norm.ppf(auc))

    def off(b: float) -> float:
        return quantile * replace(model, b=b).spread - mean_to_sigma * (1 - b) / b

    if off(1e-3) > 0:
        raise DataError("The mean-to-sigma ratio is too small for this AUC.")
    return float(optimize.brentq(off, 1e-3, 1.0, xtol=1e-14))


def latent(
    model: RoeMetz, readers: int, healthy: int, diseased: int, rng: np.random.Generator
) -> tuple[Floats, NDArray[np.bool_]]:
    """Latent ratings (2, J, K) of the control and the AI modality, and the truth (K,)."""
    truth = np.r_[np.zeros(healthy, bool), np.ones(diseased, bool)]
    K, J = len(truth), readers
    scale = np.where(truth, 1 / model.b, 1.0)
    x: Floats = np.zeros((2, J, K))
    x += np.array([model.mu, model.mu + model.delta])[:, None, None] * truth
    for variance, shape in ((model.var_r, (1, J, 2)), (model.var_tr, (2, J, 2))):
        effect = rng.normal(0, math.sqrt(variance), shape)
        x += effect[..., truth.astype(int)]
    for variance, shape in (
        (model.var_c, (1, 1, K)),
        (model.var_tc, (2, 1, K)),
        (model.var_rc, (1, J, K)),
        (model.var_e, (2, J, K)),
    ):
        x += rng.normal(0, math.sqrt(variance), shape) * scale
    return x, truth


def dataset(
    model: RoeMetz,
    *,
    readers: int,
    healthy: int,
    diseased: int,
    rng: np.random.Generator,
    levels: int | None = None,
) -> Dataset:
    """A crossed study of two modalities; with `levels`, ratings 1 to `levels`.

    Levels are cut at equal steps of the middle 98 % of the latent scale, the same for everybody.
    """
    x, truth = latent(model, readers, healthy, diseased, rng)
    if levels is not None:
        low, high = -2.33, model.mu + max(model.delta, 0) + 2.33
        cuts = np.linspace(low, high, levels + 1)[1:-1]
        x = np.asarray(1 + np.digitize(x, cuts), dtype=float)
    return Dataset(
        ratings=np.ascontiguousarray(x),
        truth=truth,
        modalities=("control", "ai"),
        readers=tuple(f"R{j + 1}" for j in range(readers)),
        cases=tuple(f"C{k + 1}" for k in range(len(truth))),
    )
