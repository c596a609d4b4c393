"""Success scores of pairs of cases, the kernel of the U-statistics of the AUC.

s(i, j) of a case i without and a case j with disease is 1 when j is rated higher, 1/2 for a tie
and 0 otherwise; 0 also where the reader has not read both. All are held as 2 s in {0, 1, 2}: small
whole numbers, so that every sum is exact. Ratings are compared by their rank on the curve, which
is the same and takes a quarter of the memory traffic.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.fom.placements import placements

Floats = NDArray[np.float64]
Bytes = NDArray[np.int8]
Flags = NDArray[np.bool_]

EXACT = 2**24 // 4  # products of two scores of at most 2, summed exactly in single precision
MAX_CELLS = 8_000_000


def blocks(ratings: Floats, truth: Flags) -> Iterator[Bytes]:
    """Doubled scores of (R, K) ratings, (R, rows n1) for blocks of cases without disease."""
    low, high = _ranks(ratings, truth)
    curves, n0, n1 = ratings.shape[0], low.shape[1], high.shape[1]
    rows = max(1, min(EXACT // n1, MAX_CELLS // (curves * n1)))
    for start in range(0, n0, rows):
        below, above = low[:, start : start + rows, None], high[:, None, :]
        score = np.greater(above, below).view(np.int8)
        score += np.greater_equal(above, below).view(np.int8)
        yield score.reshape(curves, -1)


def case_sums(ratings: Floats, truth: Flags) -> tuple[Floats, Floats]:
    """Doubled scores summed over the other class: (R, n0) and (R, n1), 0 where not read.

    They are the placements times twice the number of the other class.
    """
    placed, read = placements(ratings, truth), ~np.isnan(ratings)
    n1, n0 = read[:, truth].sum(axis=1), read[:, ~truth].sum(axis=1)
    negative = np.rint(placed[:, ~truth] * 2 * n1[:, None])
    positive = np.rint(placed[:, truth] * 2 * n0[:, None])
    return np.nan_to_num(negative), np.nan_to_num(positive)


def unbiased_sums(sums: Floats) -> Floats:
    """Sums over pairs of different cases from sums over all pairs.

    `sums` is (4, ...): sums over the same pair, same case without disease (any with), same case
    with disease, any cases. Returned in the same order with the case that is not the same in fact
    different (Gallas, Bandos, Samuelson and Wagner, Commun Stat Theory Methods 38:2586-2603,
    2009).
    """
    pair, negative, positive, anything = sums
    return np.stack([pair, negative - pair, positive - pair, anything - negative - positive + pair])


def _ranks(ratings: Floats, truth: Flags) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Dense ranks (R, n0) and (R, n1); unread cases without above, with below everything."""
    order = np.argsort(ratings, axis=1)  # NaN comes last
    ranked = np.take_along_axis(ratings, order, axis=1)
    steps = np.zeros(ratings.shape, dtype=np.int32)
    np.cumsum(ranked[:, 1:] != ranked[:, :-1], axis=1, out=steps[:, 1:])
    kind = np.int16 if ratings.shape[1] < np.iinfo(np.int16).max else np.int32
    ranks = np.empty(ratings.shape, dtype=kind)
    np.put_along_axis(ranks, order, steps.astype(kind), axis=1)
    unread = np.isnan(ratings)
    low = np.where(unread, np.iinfo(kind).max, ranks)[:, ~truth]
    high = np.where(unread, kind(-1), ranks)[:, truth]
    return low, high
