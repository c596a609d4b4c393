"""Unbiased covariance of empirical AUCs, the one-shot estimate of Gallas.

Gallas, Acad Radiol 13:353-362, 2006. For two AUCs the covariance is E[A B] - E[A] E[B]; the first
term is A B, the second is estimated from pairs of cases that share none. In each product of
scores the four kinds of pairs (same pair, same case without, same case with disease, no case in
common) have their own mean; see `analysis.multireader.pairs`.
"""

import numpy as np
from numpy.typing import NDArray

from analysis.multireader.dominance import product_sums
from analysis.multireader.pairs import case_sums, unbiased_sums

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def unbiased(ratings: Floats, truth: Flags) -> Floats:
    """(R, R) covariance of the AUCs of (R, K) ratings (NaN: not read), for any missing reads.

    Estimates can be negative. Curves that share no case have covariance 0.
    """
    scores, counts = _score_sums(ratings, truth), _count_sums(ratings, truth)
    numerator, denominator = unbiased_sums(scores), unbiased_sums(counts)
    unrelated = _ratio(numerator[3], denominator[3])
    covariance = scores[3] / counts[3] - unrelated
    nothing_shared = denominator[:3].sum(axis=0) == 0
    return np.where(nothing_shared, 0.0, covariance)


def _score_sums(ratings: Floats, truth: Flags) -> Floats:
    """(4, R, R) sums of products of scores, for each pair of curves."""
    same_pair = product_sums(ratings, truth)
    negative, positive = case_sums(ratings, truth)
    total = positive.sum(axis=1)
    sums = (same_pair, negative @ negative.T, positive @ positive.T, np.outer(total, total))
    return np.stack(sums) / 4


def _count_sums(ratings: Floats, truth: Flags) -> Floats:
    """(4, R, R) numbers of products in the sums above."""
    read = (~np.isnan(ratings)).astype(np.float64)
    negative, positive = read[:, ~truth], read[:, truth]
    both_negative, both_positive = negative @ negative.T, positive @ positive.T
    all_negative = np.outer(negative.sum(axis=1), negative.sum(axis=1))
    all_positive = np.outer(positive.sum(axis=1), positive.sum(axis=1))
    return np.stack(
        [
            both_negative * both_positive,
            both_negative * all_positive,
            all_negative * both_positive,
            all_negative * all_positive,
        ]
    )


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)
