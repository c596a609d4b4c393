"""U-statistic analysis of AUCs: any readers, any cases, any reads missing (Gallas' one-shot).

Follows iMRMC 2.1 in what it reports: AUCs weighted by pairs of cases, each pair of modalities by
itself, degrees of freedom "BDG" (Obuchowski, Gallas and Hillis, Acad Radiol 19:1508-1517, 2012),
rounded down for the t distribution and replaced by the normal from 50 on.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.estimates import (
    NO_TEST,
    Comparison,
    EqualityTest,
    Estimate,
    comparison,
    estimate,
    half_width,
    ratio,
    t_tail,
)
from analysis.fom.placements import empirical_auc, placements
from analysis.multireader.influence import Influence
from analysis.multireader.moments import Moments, moments
from analysis.multireader.multiplicity import adjust
from analysis.multireader.obuchowski_rockette import (
    ONE_READER,
    ROUNDING,
    Inference,
    Random,
    rounded,
)
from analysis.tables import DataError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
NORMAL_FROM = 50.0
HALF = 0.5  # the AUC of a reader who guesses
BCK = ("N", "D", "ND", "R", "NR", "DR", "RND")


@dataclass(frozen=True)
class UStatistics:
    """The inference with the moments behind it and their BCK components, (7, I, I)."""

    inference: Inference
    moments: Moments
    components: Floats


def ustatistics(
    ratings: Floats,
    truth: Flags,
    *,
    biased: bool = False,
    random: Random = "readers+cases",
    alpha: float = 0.05,
    names: Sequence[str] | None = None,
) -> UStatistics:
    """Compare modalities by U-statistics of the AUC.

    Parameters
    ----------
    ratings
        (I, J, K); NaN where not read. A reader may be missing from a modality altogether.
    truth
        (K,) bool.
    biased
        Use the V-statistic (MLE) variance, which is not negative unless reads are missing.
    random
        "readers+cases" by the moments, as iMRMC; "cases" (readers fixed) and "readers" (cases
        fixed) by `influence`, for any pattern of reads.
    names
        Of the modalities, for warnings; numbers when None.

    Raises
    ------
    DataError
        With an unknown `random`, or a modality that nobody has read in both classes.
    """
    if random not in get_args(Random):
        raise DataError(f"random is {random!r}; it must be one of {', '.join(get_args(Random))}")
    warnings: list[str] = []
    if ratings.shape[1] < 2 and random != "cases":
        warnings.append(ONE_READER)
        random = "cases"
    found = moments(ratings, truth)
    I = ratings.shape[0]
    influence = Influence.of(ratings, truth)
    complete = not bool(np.isnan(ratings).any())
    spread = _Spread(
        found,
        influence,
        random,
        complete,
        biased,
        warnings,
        names or [str(i + 1) for i in range(I)],
    )
    singles = tuple(_single(found.auc[i], *spread.of(i, i), alpha=alpha) for i in range(I))
    pairs = tuple(
        _pair((a, b), found.auc[a] - found.auc[b], *spread.of(a, b), alpha=alpha)
        for a, b in itertools.combinations(range(I), 2)
    )
    chosen = found.biased if biased else found.unbiased
    components = bck_components(chosen)
    inference = Inference(
        components=_named(components, I),
        test=_overall(pairs),
        modalities=singles,
        differences=pairs,
        random=random,
        readers=_within_readers(ratings, truth, found.by_reader, alpha),
        warnings=tuple(warnings),
    )
    return UStatistics(inference, found, components)


def bck_components(moment: Floats) -> Floats:
    """(7, I, I) components of Barrett, Clarkson and Kupinski from (8, I, I) moments M1 to M8.

    In the order N, D, ND, R, NR, DR, RND: cases without disease, with disease, readers and their
    interactions (Clarkson, Kupinski and Barrett, Acad Radiol 13:1410-1421, 2006).
    """
    m1, m2, m3, m4, m5, m6, m7, m8 = moment
    return np.stack(
        [
            m7 - m8,
            m6 - m8,
            m5 - m6 - m7 + m8,
            m4 - m8,
            m3 - m4 - m7 + m8,
            m2 - m4 - m6 + m8,
            m1 - m2 - m3 + m4 - m5 + m6 + m7 - m8,
        ]
    )


def bdg_df(variance: float, found: Moments, a: int, b: int) -> float:
    """BDG degrees of freedom of the variance of a modality (a = b) or of a difference.

    Satterthwaite over the mean squares of readers, of cases without and of cases with disease,
    which are the biased components N, D and R (Obuchowski, Gallas and Hillis 2012). As in iMRMC
    each has 1 / (share of pairs with the same reader or case) - 1 degrees of freedom, rounded, so
    that missing reads lower them; where the two modalities share no reader or no case they count
    apart; and the result is at least the least of the three, and at least 2.
    """
    spread, least = 0.0, math.inf
    components = bck_components(found.biased)
    for kind, kinds_of_pairs in ((0, (0, 2, 4, 6)), (1, (0, 1, 4, 5)), (3, (0, 1, 2, 3))):
        shares = _share(found, kinds_of_pairs)
        df = np.maximum(np.round(1 / np.diagonal(shares) - 1), 1.0)
        part = components[kind]
        if a == b or shares[a, b] <= 0:
            squares = {at: part[at, at] for at in (a, b)}
        else:
            squares = {min((a, b), key=lambda at: df[at]): contrast(part, a, b)}
        spread += sum((square / df[at]) ** 2 / df[at] for at, square in squares.items())
        least = min(least, df[a], df[b])
    found_df = variance**2 / spread if spread > 0 else math.inf
    return float(max(found_df, least, 2.0))


def contrast(matrix: Floats, a: int, b: int) -> float:
    """Variance of a minus b from a covariance matrix; of a itself when a = b."""
    if a == b:
        return float(matrix[a, a])
    return float(matrix[a, a] + matrix[b, b] - 2 * matrix[a, b])


def _share(found: Moments, kinds_of_pairs: tuple[int, ...]) -> Floats:
    """(I, I) share of all pairs of scores that are of these kinds (of M1 to M8)."""
    return np.asarray(found.coefficients[list(kinds_of_pairs)].sum(axis=0))


@dataclass(frozen=True)
class _Spread:
    """Variance and degrees of freedom of a modality's AUC or of a difference of two."""

    found: Moments
    influence: Influence
    random: Random
    complete: bool
    biased: bool
    warnings: list[str]
    names: Sequence[str]

    def of(self, a: int, b: int) -> tuple[float, float]:
        """(variance, df); a = b means the AUC of modality a itself."""
        if self.random == "cases":
            return self.influence.over_cases(a, b)
        if self.random == "readers":
            return self.influence.over_readers(a, b)
        variance, df = self._with(a, b, biased=self.biased)
        if variance >= 0:
            return variance, df
        negative = f"variance of {self._what(a, b)} is negative ({variance:.3g})"
        second, df = self._with(a, b, biased=True)
        if self.complete and second > 0 and not self.biased:
            self.warnings.append(
                f"the U-statistic {negative}, which an unbiased estimate can be; the V-statistic "
                "(MLE) variance is used in its place"
            )
            return second, df
        self.warnings.append(
            f"the {negative}, as its estimates can be, most of all when reads are missing; the sum "
            "of the variances over readers and over cases, which is too large rather than too "
            "small, is used in its place"
        )
        return self.influence.over_both(a, b)

    def _what(self, a: int, b: int) -> str:
        if a == b:
            return f"modality {self.names[a]}"
        return f"the difference of modalities {self.names[a]} and {self.names[b]}"

    def _with(self, a: int, b: int, *, biased: bool) -> tuple[float, float]:
        covariance = self.found.covariance_mle if biased else self.found.covariance
        variance = contrast(covariance, a, b)
        scale = abs(covariance[a, a]) + abs(covariance[b, b])
        if abs(variance) <= 1e-13 * max(scale, 1e-3):
            variance = 0.0  # what is left of rounding
        return variance, bdg_df(variance, self.found, a, b)


def _within_readers(
    ratings: Floats, truth: Flags, covariance: Floats, alpha: float
) -> dict[int, tuple[Comparison, ...]]:
    """Differences within each reader who read both modalities, cases random; normal.

    A difference with a negative variance estimate has no interval and is left out.
    """
    I, J, K = ratings.shape
    aucs = empirical_auc(placements(ratings.reshape(I * J, K), truth), truth).reshape(I, J)
    found = {}
    for j in range(J):
        own = []
        for a, b in itertools.combinations(range(I), 2):
            variance = contrast(covariance[j], a, b)
            value = rounded(aucs[a, j] - aucs[b, j], aucs[:, j])
            if np.isfinite(value) and variance > -ROUNDING:
                variance = 0.0 if variance < ROUNDING else variance
                own.append(comparison((a, b), value, math.sqrt(variance), math.inf, alpha))
        found[j] = tuple(own)
    return found


def _single(value: float, variance: float, df: float, *, alpha: float) -> Estimate:
    found = estimate(value, math.sqrt(variance), _used_df(df), alpha)
    return replace(found, df=df)


def _pair(
    pair: tuple[int, int], value: float, variance: float, df: float, *, alpha: float
) -> Comparison:
    value = 0.0 if abs(value) < 1e-14 else value
    found = comparison(pair, value, math.sqrt(variance), _used_df(df), alpha)
    return replace(found, df=df)


def _used_df(df: float) -> float:
    """What the t distribution is given: rounded down, normal from 50 on, as in iMRMC."""
    return math.inf if df >= NORMAL_FROM else float(math.floor(df))


def _overall(pairs: tuple[Comparison, ...]) -> EqualityTest:
    """Two modalities: F = t^2. More: the least Holm-adjusted p of the pairs, no statistic."""
    if not pairs:
        return NO_TEST
    if len(pairs) == 1:
        only = pairs[0]
        return EqualityTest(only.statistic**2, 1.0, only.df, only.p_value)
    p = min(adjust([pair.p_value for pair in pairs], "holm"))
    return EqualityTest(math.nan, None, None, p)


def by_normal(inference: Inference, names: Sequence[str], alpha: float) -> dict[str, list[Any]]:
    """The rest of iMRMC's columns: normal p-values and intervals, and each AUC against 0.5.

    `p_value` of a modality has the degrees of freedom of its interval, `p_normal` the normal.
    """
    modalities = []
    for name, each in zip(names, inference.modalities, strict=True):
        statistic = ratio(each.estimate - HALF, each.std_error)
        half = half_width(each.std_error, math.inf, alpha)
        modalities.append(
            {
                "modality": name,
                "p_value": t_tail(abs(statistic), _used_df(each.df), two_sided=True),
                "p_normal": t_tail(abs(statistic), math.inf, two_sided=True),
                "ci_low": each.estimate - half,
                "ci_high": each.estimate + half,
            }
        )
    differences = []
    for pair in inference.differences:
        half = half_width(pair.std_error, math.inf, alpha)
        differences.append(
            {
                "modality_a": names[pair.a],
                "modality_b": names[pair.b],
                "p_normal": t_tail(abs(pair.statistic), math.inf, two_sided=True),
                "ci_low": pair.estimate - half,
                "ci_high": pair.estimate + half,
            }
        )
    return {"modalities": modalities, "differences": differences}


def _named(components: Floats, I: int) -> dict[str, float]:
    """Components of the difference of the first two modalities, or of the only one."""
    parts = (
        components[:, 0, 0]
        if I == 1
        else components[:, 0, 0] + components[:, 1, 1] - 2 * components[:, 0, 1]
    )
    return {name: float(part) for name, part in zip(BCK, parts, strict=True)}
