"""What each reader and each case adds to the pooled AUCs: variances that cannot be negative.

The pooled AUC of a modality is a ratio, the sum of scores over the number of pairs of cases read.
Its linearisation gives every reader and every case an influence, and the sum of their squares is
the variance over readers with cases fixed, or over cases with readers fixed (for a study without
missing reads: the mean square of readers over J, and DeLong's variance of the mean AUC). The sum
of both counts the interaction twice, so it is on the safe side for readers and cases random
(Owen, Ann Appl Stat 1:386-411, 2007, on two-way bootstraps).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.multireader.pairs import case_sums

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Influence:
    """Influences on the pooled AUCs of I modalities, each summing to 0.

    Parameters
    ----------
    readers
        (I, J).
    negative, positive
        (I, n0) and (I, n1), of cases without and with disease.
    """

    readers: Floats
    negative: Floats
    positive: Floats

    @classmethod
    def of(cls, ratings: Floats, truth: Flags) -> "Influence":
        """From (I, J, K) ratings, NaN where not read."""
        I, J, K = ratings.shape
        read = ~np.isnan(ratings)
        negative, positive = (
            sums.reshape(I, J, -1) / 2 for sums in case_sums(ratings.reshape(I * J, K), truth)
        )
        n0, n1 = read[:, :, ~truth].sum(axis=2), read[:, :, truth].sum(axis=2)
        pairs = (n0 * n1).sum(axis=1)
        auc = positive.sum(axis=(1, 2)) / pairs

        def share(scores: Floats, counts: Floats) -> Floats:
            return np.asarray((scores - auc[:, None] * counts) / pairs[:, None])

        return cls(
            share(positive.sum(axis=2), n0 * n1),
            share(negative.sum(axis=1), (read[:, :, ~truth] * n1[:, :, None]).sum(axis=1)),
            share(positive.sum(axis=1), (read[:, :, truth] * n0[:, :, None]).sum(axis=1)),
        )

    def over_readers(self, a: int, b: int) -> tuple[float, float]:
        """Variance, cases fixed, of AUC a minus AUC b (of AUC a for a = b), and its df."""
        return _square(self.readers, a, b), self.readers.shape[1] - 1.0

    def over_cases(self, a: int, b: int) -> tuple[float, float]:
        """Variance with readers fixed; normal."""
        return _square(self.negative, a, b) + _square(self.positive, a, b), math.inf

    def over_both(self, a: int, b: int) -> tuple[float, float]:
        """An upper estimate of the variance, readers and cases random; Satterthwaite df."""
        parts = [_square(each, a, b) for each in (self.readers, self.negative, self.positive)]
        sizes = [each.shape[1] - 1 for each in (self.readers, self.negative, self.positive)]
        spread = sum(part**2 / size for part, size in zip(parts, sizes, strict=True))
        variance = sum(parts)
        return variance, variance**2 / spread if spread > 0 else math.inf


def _square(influence: Floats, a: int, b: int) -> float:
    """N / (n - 1) times the sum of squares of the influences on the contrast."""
    n = influence.shape[1]
    values = influence[a] if a == b else influence[a] - influence[b]
    total = float((values**2).sum())
    return 0.0 if total < 1e-28 else n / (n - 1) * total
