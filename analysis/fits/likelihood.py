"""Maximum-likelihood ROC curves from ratings in ordered categories.

Cases without disease give a standard normal decision variable; category l holds those above the
cutoff -z_l and not above the one before, so that FPF_l = Phi(z_l). A model adds TPF as a function
of z with two parameters. The likelihood is that of the counts in all categories (Dorfman and Alf,
J Math Psychol 6:487-496, 1969). Standard errors come from the observed information.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import ndtr, ndtri

from analysis.fits.many import TINY, density, fit_many

Floats = NDArray[np.float64]
MAX_CATEGORIES = 20


@dataclass(frozen=True)
class Fit:
    """A fitted curve.

    Parameters
    ----------
    parameters
        By the model's names, as a and b.
    z
        (L - 1,) normal deviates of FPF at the cutoffs, ascending.
    auc, std_error
        Area under the fitted curve; its standard error is NaN where the information gives none.
    log_likelihood
        Without the multinomial constant; NaN for a degenerate fit.
    warnings
        What kept the fit from being an ordinary one.
    covariance
        (2, 2) of the parameters, from the observed information with the cutoffs free; NaN for a
        parameter at the end of its range or a fit that gives none.
    """

    parameters: dict[str, float]
    z: Floats
    auc: float
    std_error: float
    log_likelihood: float
    warnings: tuple[str, ...] = ()
    covariance: Floats = field(default_factory=lambda: np.full((2, 2), math.nan))

    @property
    def std_errors(self) -> dict[str, float]:
        """Standard error of each parameter; NaN where there is none."""
        variances = np.diagonal(self.covariance)
        roots = np.sqrt(np.where(variances > 0, variances, math.nan))
        return dict(zip(self.parameters, roots.tolist(), strict=True))


class Model(Protocol):
    """A two-parameter ROC model."""

    @property
    def names(self) -> tuple[str, str]:
        """Names of the parameters."""

    @property
    def bounds(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Range of each parameter."""

    def start(self, fpf: Floats, tpf: Floats) -> Floats:
        """(2,) first guess from interior operating points."""

    def tpf(self, z: Floats, theta: Floats) -> tuple[Floats, Floats, Floats]:
        """TPF at z, its derivative by z, and by the parameters (2, n)."""

    def auc(self, theta: Floats) -> tuple[float, Floats]:
        """Area and its derivative by the parameters (2,)."""


def fit_model(model: Model, positive: Floats, negative: Floats) -> Fit:
    """Fit a model to counts per category, (L,) with and (L,) without disease, highest first.

    The data must have an interior operating point (`is_degenerate` is False).
    """
    problem = _Problem(model, positive, negative)
    start = problem.start()
    bounds = [*model.bounds, *[(-12.0, 12.0)] * (problem.size - 1)]
    scored, rested = fit_many(model, start[None], positive[None], negative[None])
    if rested[0]:
        reached = scored[0]
    else:  # at the end of the range, or where scoring does not settle
        reached = np.asarray(optimize.minimize(
            problem.value, start, jac=True, method="L-BFGS-B", bounds=bounds,
            options={"maxiter": 2000, "ftol": 1e-15, "gtol": 1e-9},
        ).x)  # fmt: skip
    at_bound = _at_bound(reached, model.bounds)
    best = problem.polish(reached, at_bound)
    theta, z = best[:2], problem.cutoffs(best)
    auc, slope = model.auc(theta)
    covariance = problem.covariance(best, at_bound)
    error = _delta(slope, covariance)
    names = [name for name, flag in zip(model.names, at_bound, strict=False) if flag]
    warnings = [f"{name} is at the end of its range" for name in names]
    if math.isnan(error):
        warnings.append("the information matrix gives no standard error")
    parameters = dict(zip(model.names, theta.tolist(), strict=True))
    likelihood = -problem.value(best)[0]
    return Fit(parameters, z, auc, error, likelihood, tuple(warnings), covariance)


def start_of(model: Model, positive: Floats, negative: Floats) -> Floats:
    """(L + 1,) unknowns that a fit starts from: the parameters, z_1, logs of its later steps."""
    return _Problem(model, positive, negative).start()


def is_degenerate(positive: Floats, negative: Floats) -> bool:
    """Whether all operating points lie on the edges of the unit square."""
    fpf, tpf = interior(positive, negative)
    inside = (fpf > 0) & (fpf < 1) & (tpf > 0) & (tpf < 1)
    return not bool(inside.any())


def interior(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """(L - 1,) FPF and TPF at the cutoffs between categories."""
    fpf = np.cumsum(negative)[:-1] / negative.sum()
    tpf = np.cumsum(positive)[:-1] / positive.sum()
    return fpf, tpf


def empirical_area(positive: Floats, negative: Floats) -> float:
    """Area under the empirical curve of counts per category, highest first."""
    fpf = np.cumsum(np.concatenate([[0.0], negative])) / negative.sum()
    tpf = np.cumsum(np.concatenate([[0.0], positive])) / positive.sum()
    return float(np.trapezoid(tpf, fpf))


def categories(
    positive: Floats, negative: Floats, most: int = MAX_CATEGORIES
) -> tuple[Floats, Floats]:
    """Join categories without loss to the fit, then to at most `most`.

    Neighbours of one class only are joined (truth runs; Metz, Herman and Shen, Stat Med
    17:1033-1053, 1998): splitting them moves no maximum of the likelihood. What is still more
    than `most` is joined to groups of about equal numbers of cases.
    """
    keep = positive + negative > 0
    positive, negative = positive[keep], negative[keep]
    positive, negative = _runs(positive, negative)
    if positive.size <= most:
        return positive, negative
    middle = np.cumsum(positive + negative) - (positive + negative) / 2
    group = np.minimum((middle / (positive + negative).sum() * most).astype(int), most - 1)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    return np.add.reduceat(positive, first), np.add.reduceat(negative, first)


def _runs(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    only_positive, only_negative = negative == 0, positive == 0
    joins = np.zeros(positive.size, bool)
    joins[1:] = (only_positive[1:] & only_positive[:-1]) | (only_negative[1:] & only_negative[:-1])
    first = np.flatnonzero(~joins)
    return np.add.reduceat(positive, first), np.add.reduceat(negative, first)


@dataclass(frozen=True)
class _Problem:
    """Minus log likelihood in the unknowns (theta 1, theta 2, z_1, log z_2 - z_1, ...)."""

    model: Model
    positive: Floats
    negative: Floats

    @property
    def size(self) -> int:
        """Categories."""
        return self.positive.size

    def start(self) -> Floats:
        fpf, tpf = interior(self.positive, self.negative)
        # Half a case off the edges keeps the deviates finite.
        edge = 0.5 / self.negative.sum()
        z = ndtri(np.clip(fpf, edge, 1 - edge))
        steps = np.maximum(np.diff(z), 0.05)
        inside = (fpf > 0) & (fpf < 1) & (tpf > 0) & (tpf < 1)
        theta = self.model.start(fpf[inside], tpf[inside])
        return np.concatenate([theta, z[:1], np.log(steps)])

    def cutoffs(self, unknowns: Floats) -> Floats:
        return np.cumsum(np.concatenate([unknowns[2:3], np.exp(unknowns[3:])]))

    def value(self, unknowns: Floats) -> tuple[float, Floats]:
        """Minus log likelihood and its gradient."""
        theta, z = unknowns[:2], self.cutoffs(unknowns)
        fpf = ndtr(z)
        tpf, slope, by_theta = self.model.tpf(z, theta)
        value_n, pull_n = _multinomial(self.negative, fpf)
        value_p, pull_p = _multinomial(self.positive, tpf)
        by_z = pull_n * density(z) + pull_p * slope
        # z_l holds every step up to l, so a step's derivative sums those of all later z.
        onward = np.cumsum(by_z[::-1])[::-1]
        gradient = np.concatenate(
            [by_theta @ pull_p, onward[:1], onward[1:] * np.exp(unknowns[3:])]
        )
        return -(value_n + value_p), -gradient

    def polish(self, unknowns: Floats, fixed: NDArray[np.bool_]) -> Floats:
        """Newton steps on the free unknowns, as long as they lower the value."""
        free = np.flatnonzero(~fixed)
        value, gradient = self.value(unknowns)
        for _ in range(20):
            step = np.zeros(unknowns.size)
            try:
                step[free] = np.linalg.solve(self.information(unknowns, free), gradient[free])
            except np.linalg.LinAlgError:
                break
            trial = unknowns - step
            if not self.in_range(trial):
                break
            trial_value, trial_gradient = self.value(trial)
            if not trial_value <= value + 1e-12 or np.abs(step).max() > 1:
                break
            unknowns, value, gradient = trial, trial_value, trial_gradient
            if np.abs(step).max() < 1e-10:
                break
        return unknowns

    def in_range(self, unknowns: Floats) -> bool:
        """Whether the parameters are within the model's bounds."""
        return all(
            low <= value <= high
            for value, (low, high) in zip(unknowns, self.model.bounds, strict=False)
        )

    def information(self, unknowns: Floats, free: NDArray[np.intp]) -> Floats:
        """Second derivatives by central differences of the gradient."""
        h = 1e-5
        rows = []
        for at in free:
            shift = np.zeros(unknowns.size)
            shift[at] = h
            up, down = self.value(unknowns + shift)[1], self.value(unknowns - shift)[1]
            rows.append((up - down)[free] / (2 * h))
        matrix = np.array(rows)
        return (matrix + matrix.T) / 2

    def covariance(self, unknowns: Floats, fixed: NDArray[np.bool_]) -> Floats:
        """(2, 2) covariance of the parameters; NaN in the row of one held at a bound."""
        free = np.flatnonzero(~fixed)
        asked = np.flatnonzero(~fixed[:2])
        found = np.full((2, 2), math.nan)
        try:
            inverse = np.linalg.inv(self.information(unknowns, free))
        except np.linalg.LinAlgError:
            return found
        found[np.ix_(asked, asked)] = inverse[: asked.size, : asked.size]
        return found


def _delta(slope: Floats, covariance: Floats) -> float:
    """Delta-method standard error, a parameter without covariance taken as known."""
    if np.isnan(covariance).all():
        return math.nan
    known = np.nan_to_num(covariance)
    variance = float(slope @ known @ slope)
    return math.sqrt(variance) if variance > 0 else math.nan


def _multinomial(counts: Floats, cumulative: Floats) -> tuple[float, Floats]:
    """Log likelihood of counts under cumulative fractions, and its derivative by each of them."""
    share = np.maximum(np.diff(cumulative, prepend=0.0, append=1.0), TINY)
    weight = counts / share
    return float(np.sum(counts * np.log(share))), weight[:-1] - weight[1:]


def _at_bound(unknowns: Floats, bounds: Sequence[tuple[float, float]]) -> NDArray[np.bool_]:
    found = np.zeros(unknowns.size, bool)
    for at, (low, high) in enumerate(bounds):
        found[at] = min(unknowns[at] - low, high - unknowns[at]) < 1e-7
    return found
