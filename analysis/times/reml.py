"""Linear mixed models with a few crossed variance components, by restricted maximum likelihood.

y = X b + sum_m Z_m u_m + e with u_m ~ N(0, sigma^2 theta_m^2 I), e ~ N(0, sigma^2 I), where each
Z_m says to which level of factor m a row belongs. The criterion and its profiling over sigma are
those of Bates, Maechler, Bolker and Walker, J Stat Softw 2015; 67(1), section 3 (theta relative
standard deviations, so that the boundary theta = 0 is an ordinary point); it is evaluated from
Henderson's mixed model equations, where the largest factor's block is diagonal and is eliminated
first: a step costs O(K s^2) for K cases and s other levels, however many reads there are. Degrees
of freedom: Satterthwaite as in Kuznetsova, Brockhoff and Christensen, J Stat Softw 2017; 82(13).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, stats

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

ROUNDING = 1e-18  # a residual sum of squares this small, relative to y'y, is rounding
STEP = 1e-3  # of numerical derivatives, relative to the parameter's scale


@dataclass(frozen=True)
class Contrast:
    """A linear combination of fixed effects with its t test and interval."""

    estimate: float
    std_error: float
    df: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class WaldTest:
    """Joint test that several contrasts are 0: F with df1 and df2."""

    statistic: float
    df1: float
    df2: float
    p_value: float


class Equations:
    """Cross products of a mixed model, made once; `criterion` evaluates the REML deviance.

    Parameters
    ----------
    y : (n,) array
    X : (n, p) array
        Of full column rank.
    factors : mapping of str to (n,) array of int
        The level, from 0, that each row has in each random factor.
    """

    def __init__(self, y: Floats, X: Floats, factors: Mapping[str, Ints]) -> None:
        sizes = {name: int(level.max()) + 1 for name, level in factors.items()}
        names = sorted(sizes, key=lambda name: -sizes[name])
        self.names = tuple(names)
        self.sizes = np.array([sizes[name] for name in names], dtype=int)
        self.n, self.p = X.shape
        big = factors[names[0]]
        rest = np.hstack([_indicator(factors[name], sizes[name]) for name in names[1:]] + [X])
        self.counts = np.bincount(big, minlength=sizes[names[0]]).astype(float)
        self.cross = _sum_by(big, rest, sizes[names[0]])
        self.inner = rest.T @ rest
        self.big_y = np.bincount(big, y, sizes[names[0]])
        self.rest_y = rest.T @ y
        self.yy = float(y @ y)

    def scales(self, theta: Floats) -> Floats:
        """The scale of each column after the largest factor: theta of its factor, 1 for X."""
        return np.concatenate([np.repeat(theta[1:], self.sizes[1:]), np.ones(self.p)])

    def solve(self, theta: Floats) -> tuple[float, float, Floats, Floats]:
        """Solve the equations at relative standard deviations `theta`.

        Returns
        -------
        log_det : float
            log|V/sigma^2| + log|X' (V/sigma^2)^-1 X|.
        rss : float
            Penalised residual sum of squares, y'Py sigma^2.
        fixed : (p,) array
            Estimates of b.
        inverse : (p, p) array
            Cov(b) / sigma^2.
        """
        scale = self.scales(theta)
        diagonal = theta[0] ** 2 * self.counts + 1.0
        left = theta[0] * self.cross * scale
        prior = np.concatenate([np.ones(len(scale) - self.p), np.zeros(self.p)])
        schur = self.inner * scale[:, None] * scale + np.diag(prior)
        schur -= left.T @ (left / diagonal[:, None])
        top = theta[0] * self.big_y
        right = self.rest_y * scale - left.T @ (top / diagonal)
        factor = linalg.cholesky(schur, lower=True, check_finite=False)
        half = linalg.solve_triangular(factor, right, lower=True, check_finite=False)
        log_det = float(np.log(diagonal).sum() + 2 * np.log(np.diag(factor)).sum())
        rss = self.yy - float(top @ (top / diagonal)) - float(half @ half)
        own = factor[-self.p :, -self.p :]  # the last block of the Cholesky factor is that of b
        inverse = np.asarray(linalg.cho_solve((own, True), np.eye(self.p)), dtype=float)
        fixed = linalg.solve_triangular(own, half[-self.p :], lower=True, trans=1)
        return log_det, max(rss, 0.0), np.asarray(fixed, dtype=float), inverse

    def criterion(self, theta: Floats) -> float:
        """REML deviance profiled over sigma, without its constant."""
        log_det, rss, _, _ = self.solve(theta)
        return float(log_det + (self.n - self.p) * math.log(max(rss, 1e-300)))

    def deviance(self, values: Floats) -> float:
        """REML deviance at (theta, sigma), without its constant."""
        theta, sigma = values[:-1], float(values[-1])
        log_det, rss, _, _ = self.solve(theta)
        return float(log_det + 2 * (self.n - self.p) * math.log(abs(sigma)) + rss / sigma**2)


@dataclass(frozen=True, eq=False)
class MixedModel:
    """A fitted model.

    Attributes
    ----------
    fixed : (p,) array
        Estimates of the fixed effects.
    covariance : (p, p) array
        Of the fixed effects.
    theta : (M,) array
        Standard deviations of the random factors relative to sigma.
    sigma : float
        Residual standard deviation.
    names : tuple of str
        Of the random factors, in the order of theta.
    converged : bool
    """

    equations: Equations
    fixed: Floats
    covariance: Floats
    theta: Floats
    sigma: float
    names: tuple[str, ...]
    converged: bool

    @property
    def sd(self) -> dict[str, float]:
        """Standard deviations of the random factors and of the residual."""
        found = {
            name: float(t * self.sigma) for name, t in zip(self.names, self.theta, strict=True)
        }
        return {**found, "residual": self.sigma}

    @cached_property
    def _parameter_covariance(self) -> Floats:
        """Asymptotic covariance of (theta, sigma): twice the inverse Hessian of the deviance.

        Directions in which the deviance is flat or falls (a boundary) carry no information and
        are left out, as lmerTest does.
        """
        values = np.append(self.theta, self.sigma)
        steps = STEP * np.append(np.maximum(self.theta, 0.1), self.sigma)
        hessian = _hessian(self.equations.deviance, values, steps)
        roots, vectors = linalg.eigh(hessian)
        keep = roots > 1e-8 * max(float(roots[-1]), 1e-300)
        kept = vectors[:, keep]
        return np.asarray(2 * (kept / roots[keep]) @ kept.T, dtype=float)

    def variance_of(self, weights: Floats, values: Floats) -> float:
        """Var(weights' b) at other variance parameters (theta, sigma)."""
        _, _, _, inverse = self.equations.solve(values[:-1])
        return float(weights @ inverse @ weights * values[-1] ** 2)

    def satterthwaite(self, weights: Floats) -> float:
        """Degrees of freedom 2 v^2 / Var(v) of the variance v of weights' b."""
        limit = float(self.equations.n - self.equations.p)
        if self.sigma == 0:
            return limit
        values = np.append(self.theta, self.sigma)
        steps = STEP * np.append(np.maximum(self.theta, 0.1), self.sigma)
        gradient = np.array(
            [
                (self.variance_of(weights, values + e) - self.variance_of(weights, values - e))
                / (2 * float(e.sum()))
                for e in np.diag(steps)
            ]
        )
        spread = float(gradient @ self._parameter_covariance @ gradient)
        variance = self.variance_of(weights, values)
        if spread <= 0 or variance <= 0:
            return limit
        return float(np.clip(2 * variance**2 / spread, 1.0, limit))

    def contrast(
        self, weights: Floats, alpha: float = 0.05, *, most_df: float = math.inf
    ) -> Contrast:
        """Estimate, t test of 0 and 1 - alpha interval of weights' b.

        `most_df` is a limit of the degrees of freedom.
        """
        value = float(weights @ self.fixed)
        value = 0.0 if self.sigma == 0 and abs(value) < 1e-9 else value
        error = math.sqrt(max(float(weights @ self.covariance @ weights), 0.0))
        df = min(self.satterthwaite(weights), most_df)
        if error == 0:
            statistic = 0.0 if value == 0 else float(np.copysign(np.inf, value))
            return Contrast(value, 0.0, df, statistic, float(value == 0), value, value)
        t, half = value / error, float(stats.t.isf(alpha / 2, df)) * error
        p = float(2 * stats.t.sf(abs(t), df))
        return Contrast(value, error, df, t, p, value - half, value + half)

    def test(self, rows: Floats, *, most_df: float = math.inf) -> WaldTest:
        """Joint F test of contrasts (q, p), degrees of freedom after Fai and Cornelius (1996)."""
        if self.sigma == 0:
            different = bool((np.abs(rows @ self.fixed) > 1e-9).any())
            statistic = math.inf if different else 0.0
            return WaldTest(statistic, float(len(rows)), math.inf, float(not different))
        middle = rows @ self.covariance @ rows.T
        roots, vectors = linalg.eigh(middle)
        keep = roots > 1e-12 * max(float(roots[-1]), 1e-300)
        turned = vectors[:, keep].T @ rows
        squares = (turned @ self.fixed) ** 2 / roots[keep]
        q = int(keep.sum())
        df = np.array([self.satterthwaite(row) for row in turned])
        if q == 1:
            df2 = float(df[0])
        else:
            total = float(np.sum(df[df > 2] / (df[df > 2] - 2)))
            df2 = 2 * total / (total - q) if total > q else 1.0
        df2 = min(df2, most_df)
        statistic = float(squares.mean())
        return WaldTest(statistic, float(q), df2, float(stats.f.sf(statistic, q, df2)))


def fit(y: Floats, X: Floats, factors: Mapping[str, Ints]) -> MixedModel:
    """Fit by REML: bounded quasi-Newton from two starts, then Nelder-Mead from the better."""
    equations = Equations(y, X, factors)
    number = len(equations.names)
    if equations.solve(np.zeros(number))[1] <= ROUNDING * equations.yy:
        _, _, fixed, inverse = equations.solve(np.zeros(number))
        nothing = np.zeros(number)
        return MixedModel(
            equations, fixed, inverse * 0.0, nothing, 0.0, equations.names, converged=True
        )
    bounds = [(0.0, 1e4)] * number
    starts = (np.full(number, 0.7), np.full(number, 0.1))
    rough = [
        optimize.minimize(equations.criterion, start, method="L-BFGS-B", bounds=bounds)
        for start in starts
    ]
    best = np.clip(rough[int(np.argmin([each.fun for each in rough]))].x, 0.0, 1e4)
    found = optimize.minimize(
        equations.criterion,
        best,
        method="Nelder-Mead",
        bounds=bounds,
        options={
            "xatol": 1e-6,
            "fatol": 1e-7,
            "maxiter": 1000,
            "initial_simplex": _simplex(best),
        },
    )
    theta = np.where(found.x < 1e-6, 0.0, found.x)
    _, rss, fixed, inverse = equations.solve(theta)
    sigma = float(np.sqrt(rss / (equations.n - equations.p)))
    return MixedModel(
        equations=equations,
        fixed=fixed,
        covariance=inverse * sigma**2,
        theta=theta,
        sigma=sigma,
        names=equations.names,
        converged=bool(found.success),
    )


def _simplex(centre: Floats) -> Floats:
    """A small simplex around the rough optimum, inside the bounds."""
    step = 0.05 + 0.02 * np.abs(centre)
    return np.vstack([centre, *(centre + row for row in np.diag(step))])


def _indicator(level: Ints, size: int) -> Floats:
    found = np.zeros((len(level), size))
    found[np.arange(len(level)), level] = 1.0
    return found


def _sum_by(level: Ints, values: Floats, size: int) -> Floats:
    found = np.zeros((size, values.shape[1]))
    np.add.at(found, level, values)
    return found


def _hessian(function: Callable[[Floats], float], values: Floats, steps: Floats) -> Floats:
    """Central second differences."""
    number = len(values)
    moves = np.diag(steps)
    middle = float(function(values))
    found = np.empty((number, number))
    for a in range(number):
        up, down = float(function(values + moves[a])), float(function(values - moves[a]))
        found[a, a] = (up - 2 * middle + down) / steps[a] ** 2
        for b in range(a):
            corners = [
                float(function(values + s * moves[a] + t * moves[b]))
                for s, t in ((1, 1), (1, -1), (-1, 1), (-1, -1))
            ]
            mixed = (corners[0] - corners[1] - corners[2] + corners[3]) / 4
            found[a, b] = found[b, a] = mixed / (steps[a] * steps[b])
    return found
