"""Bootstrap covariance of figures of merit: cases are drawn again within each class.

Every reader keeps a drawn case with all its reads, so the correlations between readers and
modalities come with it. A draw is a weight per case; a curve's counts per rating level are sums
of weights, so nothing is sorted again. The AUC needs not even the counts: with the cases in order
it is a running sum of weights. The result depends on the seed alone, not on how many threads
share the work.
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from analysis.fom.evaluate import on_counts
from analysis.fom.levels import RatingLevels
from analysis.fom.registry import FigureOfMerit

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
CHUNK = 250


def bootstrap(
    fom: FigureOfMerit,
    ratings: Floats,
    truth: Flags,
    *,
    replicates: int,
    seed: int,
    progress: bool = False,
) -> Floats:
    """(B, R) replicates of the figures of merit of (R, K) ratings.

    Replicates in which some curve has a class without cases (possible with many missing reads)
    are left out, so fewer than `replicates` rows may come back.
    """
    make = (
        (lambda row: _Ranked(row, truth)) if fom.is_auc else (lambda row: _Curve(fom, row, truth))
    )
    curves = [make(row) for row in ratings]
    sizes = [min(CHUNK, replicates - start) for start in range(0, replicates, CHUNK)]
    seeds = np.random.SeedSequence(seed).spawn(len(sizes))

    def work(job: tuple[int, np.random.SeedSequence]) -> Floats:
        weights = np.asfortranarray(_draws(truth, job[0], np.random.default_rng(job[1])))
        return np.stack([curve.replicates(weights) for curve in curves], axis=1)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        parts: Iterable[Floats] = pool.map(work, zip(sizes, seeds, strict=True))
        shown = tqdm(parts, total=len(sizes), desc="bootstrap", disable=not progress)
        found = np.concatenate(list(shown))
    return np.asarray(found[np.isfinite(found).all(axis=1)])


class _Ranked:
    """One curve's cases in order of rating, for the AUC alone.

    `below` and `upto` are, for each case with disease, how many cases without it are rated lower,
    and how many no higher.
    """

    def __init__(self, ratings: Floats, truth: Flags) -> None:
        read = ~np.isnan(ratings)
        self.positive, negative = np.flatnonzero(read & truth), np.flatnonzero(read & ~truth)
        self.negative = negative[np.argsort(ratings[negative], kind="stable")]
        ranked = ratings[self.negative]
        self.below = np.searchsorted(ranked, ratings[self.positive], "left")
        self.upto = np.searchsorted(ranked, ratings[self.positive], "right")

    def replicates(self, weights: Floats) -> Floats:
        """(D,) AUC under (D, K) weights of cases, with the draws along the last axis: rows move."""
        by_case = weights.T
        positive, negative = by_case[self.positive], by_case[self.negative]
        running = np.zeros((negative.shape[0] + 1, weights.shape[0]))
        np.cumsum(negative, axis=0, out=running[1:])
        twice = running[self.below]
        twice += running[self.upto]
        pairs = positive.sum(axis=0) * running[-1]
        below = np.einsum("kd,kd->d", positive, twice)
        return np.asarray(below / np.where(pairs > 0, 2 * pairs, np.nan))


class _Curve:
    """One curve's levels, and where its read cases stand among all cases, sorted by level."""

    def __init__(self, fom: FigureOfMerit, ratings: Floats, truth: Flags) -> None:
        self.fom, self.levels = fom, RatingLevels.of(ratings, truth)
        read = np.flatnonzero(~np.isnan(ratings))
        self.parts = [
            self._sorted(read, self.levels.positive),
            self._sorted(read, ~self.levels.positive),
        ]

    def _sorted(self, read: NDArray[np.intp], group: Flags) -> tuple[NDArray[np.intp], ...]:
        order = np.argsort(self.levels.level[group], kind="stable")
        level = self.levels.level[group][order]
        first = np.flatnonzero(np.diff(level, prepend=-1))
        return read[group][order], first, level[first]

    def replicates(self, weights: Floats) -> Floats:
        """(D,) figure of merit under (D, K) weights of cases."""
        positive, negative = (self._counts(weights, part) for part in self.parts)
        return on_counts(self.fom, self.levels.values, positive, negative)

    def _counts(self, weights: Floats, part: tuple[NDArray[np.intp], ...]) -> Floats:
        cases, first, level = part
        counts = np.zeros((weights.shape[0], self.levels.values.size))
        if cases.size:
            counts[:, level] = np.add.reduceat(weights[:, cases], first, axis=1)
        return counts


def _draws(truth: Flags, size: int, rng: np.random.Generator) -> Floats:
    """(size, K) times that each case is drawn, with replacement within its class."""
    weights = np.zeros((size, truth.size))
    for group in (np.flatnonzero(truth), np.flatnonzero(~truth)):
        drawn = rng.integers(group.size, size=(size, group.size))
        flat = drawn + np.arange(size)[:, None] * group.size
        counts = np.bincount(flat.ravel(), minlength=size * group.size)
        weights[:, group] = counts.reshape(size, group.size)
    return weights
