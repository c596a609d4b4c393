"""Covariances of figures of merit of R curves read on overlapping sets of cases.

All return (R, R). Two curves that share no case have covariance 0, which is what makes designs
with nested cases come out of the same formulas.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.fom.placements import mean_where
from analysis.multireader.gram import gram

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def jackknife(leave_one_out: Floats, read: Flags) -> Floats:
    """Covariance by the jackknife over cases.

    (K - 1)^2 / K times the sample covariance of the (R, K) leave-one-out values, K being all the
    study's cases (Hillis, Obuchowski, Schartz and Berbaum, Stat Med 24:1579-1607, 2005; MRMCaov
    and RJafroc have the same factor). `read` is (R, K): cases of each curve.
    """
    K = leave_one_out.shape[1]
    deviation = leave_one_out - leave_one_out.mean(axis=1, keepdims=True)
    return only_shared(gram(deviation) * ((K - 1) / K), read)


def delong(placed: Floats, truth: Flags, read: Flags) -> Floats:
    """Covariance of AUCs by DeLong's structural components.

    S10 / n1 + S01 / n0 of the (R, K) placement values (DeLong, DeLong and Clarke-Pearson,
    Biometrics 44:837-845, 1988). With missing reads a component is a sum over the cases both
    curves have, each curve scaled by its own n (n - 1): still a Gram matrix, never indefinite.
    """
    total = np.zeros((placed.shape[0], placed.shape[0]))
    for group in (truth, ~truth):
        mean = mean_where(placed, group)
        n = read[:, group].sum(axis=1).astype(np.float64)
        deviation = np.where(read[:, group], placed[:, group] - mean[:, None], 0.0)
        deviation /= np.sqrt(n * np.maximum(n - 1, 1))[:, None]
        total += gram(deviation)
    return only_shared(total, read)


def sample(replicates: Floats, read: Flags) -> Floats:
    """Sample covariance of (B, R) bootstrap replicates."""
    deviation = replicates - replicates.mean(axis=0)
    return only_shared(gram(deviation.T) / (replicates.shape[0] - 1), read)


def only_shared(covariance: Floats, read: Flags) -> Floats:
    """The covariance with exact zeros between curves that share no case."""
    if read.all():
        return covariance
    shared = read.astype(np.float32) @ read.T.astype(np.float32) > 0
    return np.where(shared, covariance, 0.0)
