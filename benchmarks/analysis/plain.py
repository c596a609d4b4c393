"""The peers' way of computing what `analysis` has in closed form, to be timed beside it.

Each recomputes from its definition, with NumPy and without a loop over single scores, so that what
is compared are the methods and not the languages: a jackknife that ranks every curve again without
each case (RJafroc, MRMCaov), DeLong and unbiased covariances from every pair of cases (MRMCaov), a
bootstrap that ranks every draw again, a FROC jackknife that compares all marks again.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from analysis.dataset import Dataset
from analysis.freeresponse.data import FrocData

Floats = NDArray[np.float64]


def ranked_auc(curves: Floats, truth: NDArray[np.bool_]) -> Floats:
    """(R,) AUCs of complete (R, K) ratings by rank sums."""
    n1, n0 = truth.sum(), (~truth).sum()
    ranks = rankdata(curves, axis=1)[:, truth].sum(axis=1)
    return np.asarray((ranks - n1 * (n1 + 1) / 2) / (n1 * n0))


def jackknife(data: Dataset) -> Floats:
    """(R, R) covariance by ranking all curves again without each case: K x R x N log N."""
    K = len(data.cases)
    curves = data.ratings.reshape(-1, K)
    keep = ~np.eye(K, dtype=bool)
    without = np.array([ranked_auc(curves[:, own], data.truth[own]) for own in keep])
    return np.asarray((K - 1) ** 2 / K * np.cov(without.T))


def scores(data: Dataset) -> Floats:
    """(R, n0, n1) scores of every pair of cases."""
    curves = data.ratings.reshape(-1, len(data.cases))
    low, high = curves[:, ~data.truth, None], curves[:, None, data.truth]
    return np.asarray((high > low) + 0.5 * (high == low))


def delong(data: Dataset) -> Floats:
    """(R, R) DeLong covariance from every pair of cases: R x n0 x n1."""
    every = scores(data)
    n0, n1 = every.shape[1:]
    return np.asarray(np.cov(every.mean(axis=1)) / n1 + np.cov(every.mean(axis=2)) / n0)


def unbiased(data: Dataset) -> Floats:
    """(R, R) unbiased covariance from products of all scores at once: R^2 x n0 x n1."""
    every = scores(data)
    R, n0, n1 = every.shape
    total, by0, by1 = every.sum(axis=(1, 2)), every.sum(axis=2), every.sum(axis=1)
    flat = every.reshape(R, -1)
    same = flat @ flat.T
    unrelated = np.outer(total, total) - by0 @ by0.T - by1 @ by1.T + same
    return np.asarray(
        np.outer(total, total) / (n0 * n1) ** 2 - unrelated / (n0 * n1 * (n0 - 1) * (n1 - 1))
    )


def bootstrap(data: Dataset, replicates: int) -> Floats:
    """(R, R) covariance by ranking every draw again: B x R x N log N."""
    rng = np.random.default_rng(1)
    curves = data.ratings.reshape(-1, len(data.cases))
    classes = [np.flatnonzero(data.truth), np.flatnonzero(~data.truth)]
    found = []
    for _ in range(replicates):
        drawn = np.concatenate([rng.choice(own, own.size) for own in classes])
        found.append(ranked_auc(curves[:, drawn], data.truth[drawn]))
    return np.asarray(np.cov(np.array(found).T))


def wafroc(data: FrocData, kept: NDArray[np.bool_]) -> Floats:
    """(I, J) wAFROC of some of the cases, from every pair of false positive and lesion."""
    lesions = kept[data.lesion_case]
    weight = data.weight[lesions]
    fp = data.nl_max[:, :, kept & ~data.truth]
    ll = data.ll[:, :, lesions]
    psi = (ll[:, :, None] > fp[..., None]) + 0.5 * (ll[:, :, None] == fp[..., None])
    return np.asarray((psi @ weight).mean(axis=2) / weight.sum())


def froc_jackknife(data: FrocData) -> Floats:
    """(R, R) covariance of wAFROC by comparing all marks again without each case."""
    K = len(data.cases)
    keep = ~np.eye(K, dtype=bool)
    without = np.array([wafroc(data, own).ravel() for own in keep])
    return np.asarray((K - 1) ** 2 / K * np.cov(without.T))
