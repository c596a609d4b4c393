"""ROC curves from counts per rating level, many at a time.

A jackknife or a bootstrap needs the curve again with a case less or with cases repeated. With the
ratings of a curve reduced to their L distinct levels that is a change of counts, and D curves are
two (D, L) arrays. Deleting any of several cases with one truth and one rating gives one and the
same curve, so a jackknife needs at most 2 L curves and not K.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
MAX_CELLS = 2_000_000


@dataclass(frozen=True)
class RatingLevels:
    """The ratings of one reader in one modality, by level from the highest down.

    Parameters
    ----------
    values
        (L,) distinct ratings, descending.
    level
        (n,) index of each read case's rating in `values`.
    positive
        (n,) bool, truth of each read case.
    """

    values: Floats
    level: NDArray[np.intp]
    positive: Flags

    @classmethod
    def of(cls, ratings: Floats, truth: Flags) -> "RatingLevels":
        """Reduce (K,) ratings (NaN: not read) to levels."""
        read = ~np.isnan(ratings)
        values, level = np.unique(-ratings[read], return_inverse=True)
        return cls(-values, level.astype(np.intp), truth[read])

    def counts(self) -> tuple[Floats, Floats]:
        """(L,) cases with and (L,) cases without disease at each level."""
        size = self.values.size
        return (
            np.bincount(self.level[self.positive], minlength=size).astype(np.float64),
            np.bincount(self.level[~self.positive], minlength=size).astype(np.float64),
        )

    def deletions(self) -> Iterator[tuple[NDArray[np.intp], Floats, Floats]]:
        """Curves with one case less, each distinct one once, in chunks.

        Yields keys (D,) = level of a deleted case with disease, or L + level of one without, and
        the counts (D, L) with and without disease.
        """
        positive, negative = self.counts()
        size = self.values.size
        keys = np.concatenate([np.flatnonzero(positive), size + np.flatnonzero(negative)])
        step = max(1, MAX_CELLS // size)
        for start in range(0, keys.size, step):
            chunk = keys[start : start + step]
            less = np.zeros((chunk.size, 2 * size))
            less[np.arange(chunk.size), chunk] = 1.0
            yield chunk, positive - less[:, :size], negative - less[:, size:]

    def keys(self) -> NDArray[np.intp]:
        """(n,) the key in `deletions` of each read case."""
        return np.where(self.positive, self.level, self.values.size + self.level)


def roc_points(positive: Floats, negative: Floats) -> tuple[Floats, Floats]:
    """False- and true-positive fractions (D, L + 1) from counts (D, L), from (0, 0) to (1, 1).

    Point l is the fraction rated at the l highest levels. NaN where a curve has one class only.
    """
    return _fractions(negative), _fractions(positive)


def _fractions(counts: Floats) -> Floats:
    counts = np.atleast_2d(counts)
    total = counts.sum(axis=1, keepdims=True)
    found = np.zeros((counts.shape[0], counts.shape[1] + 1))
    np.cumsum(counts, axis=1, out=found[:, 1:])
    found /= np.where(total > 0, total, np.nan)
    found[:, -1:] = np.where(total > 0, 1.0, np.nan)
    return found
