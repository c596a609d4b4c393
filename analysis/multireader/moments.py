"""Moments of the reader-averaged AUC under any pattern of reads and missing reads.

The variance of an average AUC is a sum over pairs of scores, grouped by what the two scores
share: reader or not, and the pair of cases, the case without, the case with disease, or nothing
(moments M1 to M8 of Barrett, Gallas and others). Gallas, Acad Radiol 13:353-362, 2006; Gallas,
Pennello and Myers, J Opt Soc Am A 24:B70-B80, 2007; Gallas, Bandos, Samuelson and Wagner, Commun
Stat Theory Methods 38:2586-2603, 2009.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.multireader.gram import gram
from analysis.multireader.pairs import blocks, case_sums, unbiased_sums

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

# From sums ordered (pair, same negative, same positive, nothing) to the papers' order.
_PAPER_ORDER = (0, 2, 1, 3)


@dataclass(frozen=True)
class Moments:
    """Second moments of the reader-averaged AUCs of I modalities.

    Parameters
    ----------
    auc
        (I,) AUC pooled over readers, each weighted by its pairs of cases.
    unbiased, biased
        (8, I, I) moments M1 to M8: U-statistics and their V-statistic (MLE) counterparts.
    coefficients
        (8, I, I) shares of the pairs of each kind; 1 is taken from the last.
    by_reader
        (J, I, I) unbiased covariance of each reader's own AUCs, cases random.
    """

    auc: Floats
    unbiased: Floats
    biased: Floats
    coefficients: Floats
    by_reader: Floats

    @property
    def covariance(self) -> Floats:
        """(I, I) unbiased covariance of the averages, readers and cases random."""
        return np.asarray(np.sum(self.coefficients * self.unbiased, axis=0))

    @property
    def covariance_mle(self) -> Floats:
        """(I, I) biased (V-statistic, MLE) covariance; not negative unless reads are missing."""
        return np.asarray(np.sum(self.coefficients * self.biased, axis=0))


def moments(ratings: Floats, truth: Flags) -> Moments:
    """Moments from (I, J, K) ratings, NaN where not read."""
    own_scores, all_scores = _score_sums(ratings, truth)
    own_counts, all_counts = _count_sums(ratings, truth)
    scores = np.stack([own_scores.sum(axis=1), all_scores])
    counts = np.stack([own_counts.sum(axis=1), all_counts])
    pairs = np.sqrt(np.einsum("aa->a", counts[1, 3]))
    if not pairs.all():
        raise ZeroDivisionError("a modality has no reader who read cases of both classes")
    numerator, denominator = _by_reader(scores), _by_reader(counts)
    coefficients = denominator / np.outer(pairs, pairs)
    coefficients[7] -= 1
    return Moments(
        auc=np.sqrt(np.einsum("aa->a", scores[1, 3])) / pairs,
        unbiased=_ratio(numerator, denominator),
        biased=_ratio(_paper_order(scores), _paper_order(counts)),
        coefficients=coefficients,
        by_reader=_reader_covariance(own_scores, own_counts),
    )


def _reader_covariance(scores: Floats, counts: Floats) -> Floats:
    """(J, I, I) product of AUCs less the mean product of scores that share no case."""
    unrelated = _ratio(unbiased_sums(scores)[3], unbiased_sums(counts)[3])
    shared = unbiased_sums(counts)[:3].sum(axis=0) > 0
    return np.where(shared, _ratio(scores[3], counts[3]) - unrelated, 0.0)


def _by_reader(sums: Floats) -> Floats:
    """(8, I, I) sums over different cases: same reader, then different readers."""
    own, everyone = unbiased_sums(sums[0]), unbiased_sums(sums[1])
    return _paper_order(np.stack([own, everyone - own]))


def _paper_order(sums: Floats) -> Floats:
    return np.concatenate([half[list(_PAPER_ORDER)] for half in sums])


def _score_sums(ratings: Floats, truth: Flags) -> tuple[Floats, Floats]:
    """Sums of products of scores: (4, J, I, I) within a reader, (4, I, I) over pairs of readers."""
    I, J, K = ratings.shape
    curves = ratings.reshape(I * J, K)
    own, everyone = np.zeros((4, J, I, I)), np.zeros((4, I, I))
    for flat in blocks(curves, truth):
        doubled = flat.reshape(I, J, -1)
        own[0] += _same_pair(doubled)
        everyone[0] += _summed(doubled.sum(axis=1, dtype=np.int32).astype(np.float64))
    for kind, values in enumerate(case_sums(curves, truth), start=1):
        by_reader = values.reshape(I, J, -1)
        own[kind], everyone[kind] = _within(by_reader), _summed(by_reader.sum(axis=1))
    total = by_reader.sum(axis=2)
    own[3], everyone[3] = _within(total[:, :, None]), _summed(total.sum(axis=1)[:, None])
    return own / 4, everyone / 4


def _count_sums(ratings: Floats, truth: Flags) -> tuple[Floats, Floats]:
    """Numbers of products in the sums above."""
    read = (~np.isnan(ratings)).astype(np.float64)
    negative, positive = read[:, :, ~truth], read[:, :, truth]
    n0, n1 = negative.sum(axis=2), positive.sum(axis=2)
    by_negative, by_positive = negative * n1[:, :, None], positive * n0[:, :, None]
    total = n0 * n1
    # Reads of a pair of cases summed over readers: (I, n0, n1) through a product over readers.
    pairs = np.einsum("ajn,ajp->anp", negative, positive)
    own = [
        _within(negative) * _within(positive),
        _within(by_negative),
        _within(by_positive),
        _within(total[:, :, None]),
    ]
    everyone = [
        _summed(pairs.reshape(pairs.shape[0], -1)),
        _summed(by_negative.sum(axis=1)),
        _summed(by_positive.sum(axis=1)),
        _summed(total.sum(axis=1)[:, None]),
    ]
    return np.stack(own), np.stack(everyone)


def _same_pair(doubled: NDArray[np.int8]) -> Floats:
    """(J, I, I) sums of products of (I, J, cells) scores of the same reader and pair, exactly."""
    I, J, _ = doubled.shape
    found = np.zeros((J, I, I))
    for a in range(I):
        for b in range(a, I):
            product = doubled[a] * doubled[b]  # at most 4
            found[:, a, b] = found[:, b, a] = product.sum(axis=1, dtype=np.int64)
    return found


def _within(values: NDArray[np.floating]) -> Floats:
    """(J, I, I) sums over the last axis of products of (I, J, n) values of one reader."""
    return np.stack([gram(values[:, j]) for j in range(values.shape[1])])


def _summed(values: Floats) -> Floats:
    """(I, I) sums over the last axis of products of (I, n) values summed over readers."""
    return np.asarray(gram(values), dtype=np.float64)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0.5)
