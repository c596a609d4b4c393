"""Sums of products of two curves' scores over all pairs of cases, without going through the pairs.

A product of doubled scores counts how often a case with disease beats one without on both curves,
ties half: four counts of dominance in the plane (below or up to on either curve). With few levels
of ratings they are running sums of a table of counts, N + L^2. Otherwise the cases in order of the
second curve are halved by their place on the first, again and again, and at each level every case
with disease of an upper half counts the cases without of its lower half that come before it:
log N levels, so N log N for a pair of curves (counting by divide and conquer; Bentley, Commun ACM
1980; 23:214-229). All sums are of whole numbers and exact.
"""

import itertools

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]
CELLS = 1_000_000  # of a block of curves; what a step keeps in memory
FEW = 20_000  # cells of a table that costs less than the halving of any study


def product_sums(ratings: Floats, truth: Flags) -> Floats:
    """(R, R) sums over pairs of cases of products of doubled scores; (R, K) ratings, NaN unread.

    A pair counts for two curves where both have read both cases.
    """
    R = ratings.shape[0]
    ranks, levels = _dense_ranks(ratings)
    read = ~np.isnan(ratings)
    found = np.zeros((R, R))
    for r in range(R):
        others = np.arange(r, R)
        few = levels[r] * levels[others] <= max(FEW, 16 * ratings.shape[1])
        for s in others[few]:
            found[r, s] = _by_table(ranks[[r, s]], read[r] & read[s], truth, levels[[r, s]])
        many = others[~few]
        step = max(1, CELLS // ratings.shape[1])
        for start in range(0, many.size, step):
            chosen = many[start : start + step]
            found[r, chosen] = _by_halves(ranks[r], ranks[chosen], read[r] & read[chosen], truth)
    return found + np.triu(found, 1).T


def _dense_ranks(ratings: Floats) -> tuple[Ints, Ints]:
    """(R, K) ranks from 0 without gaps (ties the same), and (R,) how many there are."""
    order = np.argsort(ratings, axis=1)  # NaN comes last
    ranked = np.take_along_axis(ratings, order, axis=1)
    steps = np.zeros(ratings.shape, dtype=np.int64)
    np.cumsum(ranked[:, 1:] != ranked[:, :-1], axis=1, out=steps[:, 1:])
    ranks = np.empty_like(steps)
    np.put_along_axis(ranks, order, steps, axis=1)
    return ranks, steps[:, -1] + 1


def _by_table(ranks: Ints, read: Flags, truth: Flags, levels: Ints) -> float:
    """The sum for one pair of curves, from the table of their levels."""
    place = ranks[0] * levels[1] + ranks[1]
    size = int(levels[0] * levels[1])
    shape = (int(levels[0]), int(levels[1]))
    negative, positive = (
        np.bincount(place[read & group], minlength=size).reshape(shape).astype(np.float64)
        for group in (~truth, truth)
    )
    for axis in (0, 1):
        upto = np.cumsum(negative, axis=axis)
        negative = 2 * upto - negative  # below, and up to
    return float((positive * negative).sum())


def _by_halves(first: Ints, others: Ints, read: Flags, truth: Flags) -> Floats:
    """(S,) sums of one curve with S others; the four ways to place ties, as orders of the cases."""
    total = np.zeros(len(others))
    tied = _has_ties(first[None], truth)[0], _has_ties(others, truth).any()
    sides = [(False, True) if each else (True,) for each in tied]
    weight = 4 / (len(sides[0]) * len(sides[1]))
    for upto_first, upto_other in itertools.product(*sides):
        # A case with disease after its ties counts them, before its ties it does not.
        order = np.lexsort((truth == upto_first, first))
        place = np.empty(first.size, dtype=np.int64)
        place[order] = np.arange(first.size)
        key = 2 * others + (truth == upto_other)
        sequence = np.argsort(key, axis=1, kind="stable")
        total += weight * _dominated(place[sequence], read, truth, sequence)
    return total


def _has_ties(ranks: Ints, truth: Flags) -> Flags:
    """(S,) whether a case with and one without disease have the same rank."""
    ordered = np.sort(2 * ranks + truth, axis=1)
    return np.asarray(((np.diff(ordered, axis=1) == 1) & (ordered[:, :-1] % 2 == 0)).any(axis=1))


def _dominated(place: Ints, read: Flags, truth: Flags, sequence: Ints) -> Floats:
    """(S,) pairs of a case without disease before one with it, in place and in sequence.

    `place` (S, K): places on the first curve of the cases in order of the other.
    """
    S, K = place.shape
    used = np.take_along_axis(read, sequence, axis=1)
    diseased = truth[sequence]
    # One word a case: its place, then whether it counts as without, then as with disease.
    word = (place << 2 | (used & ~diseased) << 1 | (used & diseased)).astype(np.int32).ravel()
    column = np.tile(np.arange(K, dtype=np.int32), S)
    offset = np.repeat(np.arange(S, dtype=np.int64) * (K + 1), K)  # into sums with a leading 0
    total = np.zeros(S)
    for level in range(max(1, int(K - 1).bit_length()) - 1, -1, -1):
        lower = (word >> (level + 2)) & 1 == 0
        start = np.minimum(word >> (level + 3) << (level + 1), K)
        at = offset + start
        among, healthy = _running(lower, S), _running(lower & (word & 2 == 2), S)
        # Running counts within a block of the level: less what stood at the block's start.
        counted = healthy[offset + column + 1] - healthy[at]
        total += (counted * (~lower & (word & 1 == 1))).reshape(S, K).sum(axis=1)
        # Lower halves first within each block, both in their order.
        before = among[offset + column + 1] - among[at]
        target = np.where(lower, start + before - 1, column + (1 << level) - before)
        moved = np.empty_like(word)
        moved[target + (offset - offset // (K + 1))] = word
        word = moved
    return total


def _running(flags: Flags, rows: int) -> NDArray[np.int32]:
    """Running counts of each row, a 0 before the first; flat."""
    sums = np.zeros((rows, flags.size // rows + 1), dtype=np.int32)
    np.cumsum(flags.reshape(rows, -1), axis=1, out=sums[:, 1:])
    return sums.ravel()
