"""Many maximum-likelihood ROC curves at once, for the jackknife and the bootstrap.

Fisher's scoring on all curves of one number of categories together: the unknowns are those of
`likelihood.fit_model`, the information is the expected one, so every step is a small linear system
of each curve and none needs second derivatives. A curve that has not come to rest well inside its
range is left to `fit_model`'s own search.
"""

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

if TYPE_CHECKING:
    from analysis.fits.likelihood import Model

Floats = NDArray[np.float64]
STEPS, REST, WITHIN = 60, 1e-9, 1e-3
TINY = 1e-300


def density(z: Floats) -> Floats:
    """Standard normal density."""
    return np.asarray(np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi))


def fit_many(
    model: "Model", start: Floats, positive: Floats, negative: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """(D, L + 1) unknowns at the maximum of each curve's likelihood, and (D,) where it was found.

    `start` (D, L + 1), counts per category (D, L) with and without disease, highest first; every
    curve must have an interior operating point.
    """
    u = start.copy()
    rested = np.zeros(len(u), dtype=bool)
    value = _value(model, u, positive, negative)
    for _ in range(STEPS):
        on = np.flatnonzero(~rested)
        if not on.size:
            break
        try:
            step = _step(model, u[on], positive[on], negative[on])
        except np.linalg.LinAlgError:
            break
        size = np.ones((on.size, 1))
        for _ in range(12):
            trial = u[on] + size * step
            found = _value(model, trial, positive[on], negative[on])
            worse = ~(found >= value[on] - 1e-10)
            if not worse.any():
                break
            size[worse] /= 2
        better = ~worse
        u[on[better]], value[on[better]] = trial[better], found[better]
        rested[on[better]] = np.abs(step[better]).max(axis=1) < REST
    return u, rested & _inside(model, u)


def _inside(model: "Model", u: Floats) -> NDArray[np.bool_]:
    low, high = np.array(model.bounds).T
    return np.asarray(((u[:, :2] > low + WITHIN) & (u[:, :2] < high - WITHIN)).all(axis=1))


def _cutoffs(u: Floats) -> Floats:
    """(D, L - 1) ascending deviates from the unknowns."""
    return np.cumsum(
        np.concatenate([u[:, 2:3], np.exp(np.minimum(u[:, 3:], 50.0))], axis=1), axis=1
    )


def _shares(cumulative: Floats) -> Floats:
    rows = len(cumulative)
    whole = np.concatenate([np.zeros((rows, 1)), cumulative, np.ones((rows, 1))], axis=1)
    return np.maximum(np.diff(whole, axis=1), TINY)


def _value(model: "Model", u: Floats, positive: Floats, negative: Floats) -> Floats:
    """(D,) log likelihoods; minus infinity outside the parameters' range."""
    z, low_high = _cutoffs(u), np.array(model.bounds).T
    within = ((u[:, :2] >= low_high[0]) & (u[:, :2] <= low_high[1])).all(axis=1)
    theta = np.clip(u[:, :2], *low_high).T[:, :, None]
    tpf = model.tpf(z, theta)[0]
    total = (negative * np.log(_shares(ndtr(z)))).sum(axis=1)
    total += (positive * np.log(_shares(tpf))).sum(axis=1)
    return np.where(within, total, -np.inf)


def _step(model: "Model", u: Floats, positive: Floats, negative: Floats) -> Floats:
    """(D, L + 1) steps of Fisher's scoring."""
    z = _cutoffs(u)
    tpf, slope, by_theta = model.tpf(z, u[:, :2].T[:, :, None])
    rows, inner = z.shape
    by_u = np.broadcast_to(np.tri(inner), (rows, inner, inner)).copy()
    by_u[:, :, 1:] *= np.exp(np.minimum(u[:, None, 3:], 50.0))
    none = np.zeros((rows, inner, 2))
    curves = (
        (negative, ndtr(z), np.concatenate([none, density(z)[:, :, None] * by_u], axis=2)),
        (positive, tpf, np.concatenate([np.moveaxis(by_theta, 0, 2), slope[:, :, None] * by_u], 2)),
    )
    size = inner + 2
    gradient, information = np.zeros((rows, size)), np.zeros((rows, size, size))
    for counts, cumulative, slopes in curves:
        share = _shares(cumulative)
        edge = np.zeros((rows, 1, size))
        jacobian = np.diff(np.concatenate([edge, slopes, edge], axis=1), axis=1)
        gradient += np.einsum("dl,dlu->du", counts / share, jacobian)
        weighted = jacobian * (counts.sum(axis=1)[:, None] / share)[:, :, None]
        information += np.matmul(jacobian.transpose(0, 2, 1), weighted)
    information += 1e-10 * np.eye(size)
    return np.asarray(np.linalg.solve(information, gradient[:, :, None])[:, :, 0])
