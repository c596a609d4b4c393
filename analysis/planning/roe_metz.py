"""Obuchowski-Rockette parameters of the Roe-Metz model, exactly, and a model for given parameters.

A product of two empirical AUCs is a mean over two pairs of cases, and its expectation a bivariate
normal probability that depends on what the pairs share: reader, modality, diseased case, healthy
case. Summed over the kinds of pairs this gives every covariance in closed form (Hillis, Stat Med
2018; 37:2067-2093). The way back solves for one variance at a time (Hillis, Smith and Chen, J Med
Imaging 2022; 9:045501): AUC, reader variances and the errors' correlations are met; the errors'
variance follows from the numbers of cases, the AUC and `b`.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import optimize, special, stats

from analysis.planning.components import Components
from analysis.simulation.roe_metz import RoeMetz
from analysis.tables import DataError

CLOSE = 1e-12  # an argument of Owen's T this near 0 divides by itself


def of_roe_metz(model: RoeMetz, *, healthy: int, diseased: int) -> Components:
    """Components of studies drawn from the model; with a gain, averaged over the modalities.

    Raises
    ------
    DataError
        For fewer than two cases of a class.
    """
    if min(healthy, diseased) < 2:
        raise DataError("Give two cases of each class at least.")
    square, b, sizes = model.spread**2, model.b, (healthy, diseased)
    one, two = model.mu / model.spread, (model.mu + model.delta) / model.spread
    var_c, var_tc, var_rc, var_e = model.var_c, model.var_tc, model.var_rc, model.var_e
    own, across = ((one, one), (two, two)), ((one, two),)

    def pairs(points: Points, readers: float, case: float) -> _Pairs:
        return _Pairs(points, readers / square, case / square, b, sizes)

    same = pairs(own, 2 * (model.var_r + model.var_tr), var_c + var_tc + var_rc + var_e)
    same_reader = pairs(across, 2 * model.var_r, var_c + var_rc)
    return Components(
        var_r=same_reader.of_readers(),
        var_tr=same.of_readers() - same_reader.of_readers(),
        var_error=same.of_errors(),
        cov1=same_reader.of_errors(),
        cov2=pairs(own, 0.0, var_c + var_tc).of_errors(),
        cov3=pairs(across, 0.0, var_c).of_errors(),
        n_cases=healthy + diseased,
        effect=abs(model.auc(with_ai=True) - model.auc()),
        source=f"Roe-Metz model with AUC {model.auc():.3f}",
    )


def to_roe_metz(
    parts: Components, auc: float, *, healthy: int, diseased: int, gain: float = 0.0, b: float = 1.0
) -> tuple[RoeMetz, tuple[str, ...]]:
    """The model of an AUC (and AUC + gain with AI) with the components' variances and correlations.

    Met are the reader variances and the errors' correlations, at the middle of the two AUCs.

    Negative variances count as 0 and correlations are put in order (cov3 <= cov2, cov1), with a
    word about it.

    Returns
    -------
    model : RoeMetz
    warnings : tuple of str
        What had to be changed, and how the model's error variance compares.

    Raises
    ------
    DataError
        When no such model exists (reader variances too large for the AUC).
    """
    if not (0 < auc < 1 and 0 < auc + gain < 1) or parts.var_error <= 0:
        raise DataError("Give AUCs between 0 and 1 and an error variance above 0.")
    a = float(stats.norm.ppf(auc + gain / 2))
    of_reader = _correlation(a, max(parts.var_r, 0.0))
    of_both = _correlation(a, max(parts.var_r, 0.0) + max(parts.var_tr, 0.0))
    square = (1 + 1 / b**2) / (1 - of_both)  # the four case variances add up to 1

    def errors(readers: float, case: float) -> float:
        return _Pairs(((a, a),), readers, case / square, b, (healthy, diseased)).of_errors()

    error = errors(of_both, 1.0)
    (r1, r2, r3), warnings = _ordered(parts)
    var_c = _solve(lambda case: errors(0.0, case), r3 * error)
    var_tc = _solve(lambda case: errors(0.0, case), r2 * error) - var_c
    var_rc = _solve(lambda case: errors(of_reader, case), r1 * error) - var_c
    var_tc, var_rc = max(var_tc, 0.0), max(var_rc, 0.0)
    if var_c + var_tc + var_rc > 1:
        scale = (1 - var_c) / (var_tc + var_rc)
        var_tc, var_rc = var_tc * scale, var_rc * scale
        warnings += ("Cov1 + Cov2 - Cov3 exceeds the error variance: Cov1, Cov2 were lowered.",)
    ratio = error * (healthy + diseased) / (parts.var_error * parts.n_cases)
    warnings += (f"The model's error variance is {ratio:.2f} times that of the components.",)
    mu, with_ai = (float(stats.norm.ppf(x)) * math.sqrt(square) for x in (auc, auc + gain))
    model = RoeMetz(
        mu=mu,
        delta=with_ai - mu,
        var_r=of_reader * square / 2,
        var_tr=(of_both - of_reader) * square / 2,
        var_c=var_c,
        var_tc=var_tc,
        var_rc=var_rc,
        var_e=max(1 - var_c - var_tc - var_rc, 0.0),
        b=b,
    )
    return model, warnings


Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class _Pairs:
    """Two AUCs, each a mean over pairs of a diseased and a healthy case.

    Attributes
    ----------
    points : tuple of (float, float)
        The two AUCs' normal quantiles; several are averaged over.
    readers, case : float
        What the reader effects that both have, and one healthy case that both have, add to the
        correlation of two differences of ratings; a diseased case adds case / b^2.
    sizes : (int, int)
        Healthy and diseased cases.
    """

    points: Points
    readers: float
    case: float
    b: float
    sizes: tuple[int, int]

    def _joint(self, *, diseased: bool, healthy: bool) -> float:
        """Probability that both pairs are ranked rightly."""
        rho = min(self.readers + self.case * (diseased / self.b**2 + healthy), 1.0)
        return sum(_both_below(h, k, rho) for h, k in self.points) / len(self.points)

    def of_readers(self) -> float:
        """Covariance of the readers' true AUCs."""
        apart = [float(stats.norm.cdf(h) * stats.norm.cdf(k)) for h, k in self.points]
        return self._joint(diseased=False, healthy=False) - sum(apart) / len(apart)

    def of_errors(self) -> float:
        """Covariance of the AUCs given the readers."""
        n0, n1 = self.sizes
        nothing = self._joint(diseased=False, healthy=False)
        total = self._joint(diseased=True, healthy=True)
        total += (n1 - 1) * self._joint(diseased=False, healthy=True)
        total += (n0 - 1) * self._joint(diseased=True, healthy=False)
        total += (n1 - 1) * (n0 - 1) * nothing
        return total / (n0 * n1) - nothing


def _both_below(h: float, k: float, rho: float) -> float:
    """Bivariate normal probability P(X < h, Y < k) by Owen's T (Owen, Ann Math Stat 1956)."""
    if rho >= 1:
        return float(stats.norm.cdf(min(h, k)))
    half = (float(stats.norm.cdf(h)) + float(stats.norm.cdf(k))) / 2
    if abs(h - k) < CLOSE:
        return half - 2 * float(special.owens_t(h, math.sqrt((1 - rho) / (1 + rho))))
    h, k = (math.copysign(CLOSE, x) if abs(x) < CLOSE else x for x in (h, k))
    root = math.sqrt(1 - rho**2)
    first = special.owens_t(h, (k - rho * h) / (h * root))
    second = special.owens_t(k, (h - rho * k) / (k * root))
    return half - float(first + second) - (0.5 if h * k < 0 else 0.0)


def _correlation(a: float, variance: float) -> float:
    """The correlation at which P(X < a, Y < a) exceeds that of independence by `variance`."""
    square = float(stats.norm.cdf(a)) ** 2

    def excess(rho: float) -> float:
        return _both_below(a, a, rho) - square - variance

    if variance <= 0:
        return 0.0
    if excess(1 - 1e-9) < 0:
        raise DataError("The reader variances are too large for an AUC of this size.")
    return float(optimize.brentq(excess, 0.0, 1 - 1e-9, xtol=1e-14))


def _ordered(parts: Components) -> tuple[tuple[float, float, float], tuple[str, ...]]:
    """Correlations r1, r2, r3 between 0 and 1 with r3 the least."""
    r1, r2, r3 = (value / parts.var_error for value in (parts.cov1, parts.cov2, parts.cov3))
    least = min(max(r3, 0.0), 1.0)
    found = (min(max(r1, least), 1.0), min(max(r2, least), 1.0), least)
    if found == (r1, r2, r3):
        return found, ()
    return found, ("Correlations of the errors were put in order (r3 <= r1, r2; none below 0).",)


def _solve(covariance: Callable[[float], float], wanted: float) -> float:
    """The variance shared by a case, within 0 to 1, at which a covariance is as wanted."""
    if covariance(0.0) >= wanted:
        return 0.0
    if covariance(1.0) <= wanted:
        return 1.0
    return float(optimize.brentq(lambda v: covariance(v) - wanted, 0.0, 1.0, xtol=1e-14))
