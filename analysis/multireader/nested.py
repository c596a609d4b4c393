"""Obuchowski-Rockette analysis of parallel arms: every reader reads in one modality only.

Hillis, Stat Med 33:330-360, 2014, section on readers nested within tests: MS(T) is compared with
MS[R(T)] + J max(Cov2 - Cov3, 0). Arms of unequal size use the harmonic mean of J for the F test
and their own J for each difference; with two arms both are the same test.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimates import (
    Comparison,
    EqualityTest,
    Estimate,
    chi2_test,
    comparison,
    f_test,
    ratio,
)
from analysis.multireader.components import ErrorCovariances, or_zero
from analysis.multireader.obuchowski_rockette import (
    ROUNDING,
    Bounds,
    Inference,
    Random,
    hillis_df,
    no_variance,
    obuchowski_rockette,
    rounded,
)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Arms:
    """What the arms' figures of merit say together."""

    means: Floats
    sizes: NDArray[np.intp]
    within: float  # MS[R(T)], pooled over arms
    errors: ErrorCovariances

    @property
    def df(self) -> float:
        return float((self.sizes - 1).sum())

    @property
    def pairs(self) -> list[tuple[int, int]]:
        return list(itertools.combinations(range(self.means.size), 2))

    def per_reader(self, a: int, b: int) -> float:
        return float(1 / self.sizes[a] + 1 / self.sizes[b])

    def variance(self, per_reader: float, random: Random) -> tuple[float, float]:
        """Variance and df of a contrast of arms whose squared weights over J sum to `per_reader`.

        `per_reader` is the sum of c^2 / J over arms of a contrast with sum c^2 = 2.
        """
        shared = 2 * self.errors.cov2_less_cov3
        if random == "cases":
            own = self.errors.var_error - or_zero(self.errors.cov2)
            return per_reader * own + shared, math.inf
        readers = per_reader * self.within
        if random == "readers":
            return readers, self.df
        return readers + shared, hillis_df(readers + shared, readers, self.df)


def parallel_arms(
    foms: Floats,
    covariance: Floats,
    *,
    random: Random = "readers+cases",
    alpha: float = 0.05,
    bounds: Bounds | None = None,
) -> Inference:
    """Compare I modalities with readers of their own.

    Parameters
    ----------
    foms
        (I, J) over all readers; NaN where a reader does not belong to the modality.
    covariance
        (I, J, I, J); entries of absent figures of merit are ignored.
    random, alpha, bounds
        As in `obuchowski_rockette`.
    """
    present = ~np.isnan(foms)
    arms = _arms(foms, covariance, present)
    least = min(arms.variance(arms.per_reader(a, b), random)[0] for a, b in arms.pairs)
    return Inference(
        components=_components(arms),
        test=_equality(arms, random),
        modalities=tuple(
            _single(i, foms, covariance, random=random, alpha=alpha, bounds=bounds)
            for i in range(foms.shape[0])
        ),
        differences=_differences(arms, random, alpha),
        random=random,
        warnings=(no_variance(least),) if least <= 0 else (),
        negative=least < -ROUNDING,
    )


def _arms(foms: Floats, covariance: Floats, present: Flags) -> _Arms:
    sizes = present.sum(axis=1)
    means = np.array([row[own].mean() for row, own in zip(foms, present, strict=True)])
    squares = sum(
        float(((row[own] - mean) ** 2).sum())
        for row, own, mean in zip(foms, present, means, strict=True)
    )
    df = int((sizes - 1).sum())
    errors = _errors(covariance, present)
    return _Arms(means, sizes, squares / df if df else math.nan, errors)


def _errors(covariance: Floats, present: Flags) -> ErrorCovariances:
    """Average covariances by kind of pair; Cov1 does not exist here."""
    arm, reader = np.nonzero(present)
    own = covariance[arm, reader][:, arm, reader]
    same_arm = arm[:, None] == arm[None, :]
    itself = np.eye(arm.size, dtype=bool)
    kinds = (itself, same_arm & ~itself, ~same_arm)
    var_error, cov2, cov3 = (float(own[kind].mean()) if kind.any() else math.nan for kind in kinds)
    return ErrorCovariances(var_error, math.nan, cov2, cov3)


def _equality(arms: _Arms, random: Random) -> EqualityTest:
    I = arms.means.size
    harmonic = I / float((1 / arms.sizes).sum())
    between = harmonic * float(arms.means.var(ddof=1))
    variance, df = arms.variance(2 / harmonic, random)
    statistic = ratio(between, max(variance, 0.0) * harmonic / 2)
    if random == "cases":
        return chi2_test((I - 1) * statistic, I - 1)
    return f_test(statistic, I - 1, df)


def _differences(arms: _Arms, random: Random, alpha: float) -> tuple[Comparison, ...]:
    found = []
    for a, b in arms.pairs:
        variance, df = arms.variance(arms.per_reader(a, b), random)
        value = rounded(arms.means[a] - arms.means[b], arms.means)
        found.append(comparison((a, b), value, math.sqrt(max(variance, 0.0)), df, alpha))
    return tuple(found)


def _single(
    i: int,
    foms: Floats,
    covariance: Floats,
    *,
    random: Random,
    alpha: float,
    bounds: Bounds | None,
) -> Estimate:
    """One arm alone is a one-modality study of its readers."""
    own = np.flatnonzero(~np.isnan(foms[i]))
    alone = obuchowski_rockette(
        foms[i : i + 1, own],
        covariance[i, own][:, i, own][None, :, None, :],
        random=random,
        alpha=alpha,
        bounds=bounds,
    )
    return alone.modalities[0]


def _components(arms: _Arms) -> dict[str, float]:
    """Readers' variance includes modality x reader, which nested readers cannot tell apart."""
    errors = arms.errors
    return {
        "var_r": arms.within - errors.var_error + or_zero(errors.cov2),
        "var_tr": math.nan,
        "cov1": errors.cov1,
        "cov2": errors.cov2,
        "cov3": errors.cov3,
        "var_error": errors.var_error,
    }
