"""Obuchowski-Rockette analysis of figures of merit, with the degrees of freedom of Hillis.

Numbers in, numbers out: any figure of merit and any estimate of the covariances will do.

Sources: Obuchowski and Rockette, Commun Stat Simul Comput 24:285-308, 1995; Hillis, Stat Med
26:596-619, 2007 (degrees of freedom, truncation); Hillis, Stat Med 33:330-360, 2014 (formulas of
each design).
"""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from analysis.estimates import (
    NO_TEST,
    Comparison,
    EqualityTest,
    Estimate,
    chi2_test,
    comparison,
    estimate,
    f_test,
    ratio,
)
from analysis.multireader.components import (
    ErrorCovariances,
    MeanSquares,
    error_covariances,
    mean_squares,
    or_zero,
    reader_mean_squares,
    variance_components,
)
from analysis.tables import DataError

Floats = NDArray[np.float64]
Random = Literal["readers+cases", "readers", "cases"]
Bounds = tuple[float, float]
ROUNDING = 1e-15  # of a variance
ONE_READER = (
    "one reader: readers cannot be random; analysed with cases random, so the conclusion is about "
    "this reader only"
)


@dataclass(frozen=True)
class Inference:
    """What an MRMC analysis concludes, modalities and readers by index.

    `readers` holds, for cases random and readers fixed, the comparisons within each reader.
    `negative` says that a variance came out below 0 (and was set to 0), which covariances that are
    no covariance matrix can do.
    """

    components: Mapping[str, float]
    test: EqualityTest
    modalities: tuple[Estimate, ...]
    differences: tuple[Comparison, ...]
    random: Random
    readers: Mapping[int, tuple[Comparison, ...]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    negative: bool = False


@dataclass(frozen=True)
class _Error:
    """The mean square that the modalities' mean square is compared with, and its df."""

    mean_square: float
    df: float


def obuchowski_rockette(
    foms: Floats,
    covariance: Floats,
    *,
    random: Random = "readers+cases",
    alpha: float = 0.05,
    bounds: Bounds | None = None,
) -> Inference:
    """Compare I modalities from J readers' figures of merit.

    Parameters
    ----------
    foms
        (I, J) figures of merit, modality i by reader j, complete.
    covariance
        (I, J, I, J) covariances of the figures of merit given the readers; 0 between two that
        share no case. (Cases nested in readers or modalities are analysed by these zeros.)
    random
        What the conclusion is about: "readers+cases" (both are samples; RRRC), "readers" (these
        cases; RRFC) or "cases" (these readers; FRRC).
    alpha
        Intervals are two-sided 1 - alpha.
    bounds
        Cut single-modality intervals to the figure of merit's range (MRMCaov does, RJafroc does
        not). Intervals of differences are never cut.

    Raises
    ------
    DataError
        For shapes that do not fit, an unknown `random`, or figures of merit that are not finite.
    """
    _check(foms, covariance, random, alpha)
    squares, errors = mean_squares(foms), error_covariances(covariance)
    warnings: list[str] = []
    random = _possible(random, foms.shape, warnings)
    error = _error(squares, errors, foms.shape, random)
    negative = foms.shape[0] > 1 and error.mean_square < -ROUNDING
    if error.mean_square <= 0 and foms.shape[0] > 1:
        warnings.append(no_variance(error.mean_square))
        error = _Error(0.0, error.df)
    return Inference(
        components=_components(squares, errors, foms.shape[0]),
        test=_equality(squares, error, foms.shape[0], random),
        modalities=_modalities(foms, covariance, random, alpha, bounds),
        differences=_differences(foms, error, alpha),
        random=random,
        readers=_within_readers(foms, covariance, alpha, warnings) if random == "cases" else {},
        warnings=tuple(warnings),
        negative=negative,
    )


def _check(foms: Floats, covariance: Floats, random: str, alpha: float) -> None:
    if random not in get_args(Random):
        raise DataError(f"random is {random!r}; it must be one of {', '.join(get_args(Random))}")
    if not 0 < alpha < 1:
        raise DataError(f"alpha is {alpha}; it must lie between 0 and 1")
    if foms.ndim != 2 or covariance.shape != foms.shape * 2:
        raise DataError(
            f"figures of merit of shape {foms.shape} need a covariance of shape "
            f"{foms.shape * 2}, not {covariance.shape}"
        )
    if not (np.isfinite(foms).all() and np.isfinite(covariance).all()):
        raise DataError("figures of merit and covariances must be finite numbers")


def _possible(random: Random, shape: tuple[int, ...], warnings: list[str]) -> Random:
    """One reader is no sample of readers: fall back to readers fixed, and say so."""
    I, J = shape
    if I == 1:
        warnings.append("one modality: nothing to compare; only its estimate is given")
    if J == 1 and random != "cases":
        warnings.append(ONE_READER)
        return "cases"
    return random


def _error(
    squares: MeanSquares, errors: ErrorCovariances, shape: tuple[int, ...], random: Random
) -> _Error:
    """Estimate E[MS(T)] under equality, with its degrees of freedom (Hillis 2007, eq. 7-9).

    RRRC: MS(TR) + J max(Cov2 - Cov3, 0), df its square over MS(TR)^2 / [(I-1)(J-1)].
    RRFC: MS(TR), df (I-1)(J-1).
    FRRC: Var(Error) - Cov1 + (J-1) max(Cov2 - Cov3, 0), df infinite (chi-square).
    """
    I, J = shape
    if random == "cases":
        value = errors.var_error - or_zero(errors.cov1) + (J - 1) * errors.cov2_less_cov3
        return _Error(value, math.inf)
    df = float((I - 1) * (J - 1))
    if random == "readers":
        return _Error(squares.interaction, df)
    value = squares.interaction + J * errors.cov2_less_cov3
    return _Error(value, hillis_df(value, squares.interaction, df))


def hillis_df(denominator: float, mean_square: float, df: float) -> float:
    """Hillis' degrees of freedom, denominator^2 / (mean_square^2 / df).

    Infinite when the mean square is 0 but the covariances are not: then all that varies are the
    cases. With both 0 there is no variance at all, and `df` itself is kept.
    """
    if mean_square == 0:
        return math.inf if denominator > 0 else df
    return (denominator / mean_square) ** 2 * df


def _equality(squares: MeanSquares, error: _Error, I: int, random: Random) -> EqualityTest:
    if I == 1:
        return NO_TEST
    statistic = ratio(squares.modality, error.mean_square)
    if random == "cases":
        return chi2_test((I - 1) * statistic, I - 1)
    return f_test(statistic, I - 1, error.df)


def _differences(foms: Floats, error: _Error, alpha: float) -> tuple[Comparison, ...]:
    """Every pair of modalities, with the one standard error sqrt(2 / J x error)."""
    I, J = foms.shape
    if I == 1:
        return ()
    means, std_error = foms.mean(axis=1), math.sqrt(2 / J * error.mean_square)
    return tuple(
        comparison((a, b), rounded(means[a] - means[b], foms), std_error, error.df, alpha)
        for a, b in itertools.combinations(range(I), 2)
    )


def _modalities(
    foms: Floats, covariance: Floats, random: Random, alpha: float, bounds: Bounds | None
) -> tuple[Estimate, ...]:
    """Each modality from its own data alone (Hillis 2007, section 4)."""
    J = foms.shape[1]
    found = []
    for i, square in enumerate(reader_mean_squares(foms)):
        own = error_covariances(covariance[i : i + 1, :, i : i + 1, :])
        cov2 = max(or_zero(own.cov2), 0.0)
        if random == "cases":
            variance, df = (own.var_error + (J - 1) * cov2) / J, math.inf
        elif random == "readers":
            variance, df = square / J, J - 1.0
        else:
            variance = (square + J * cov2) / J
            df = hillis_df(square + J * cov2, square, J - 1.0)
        std_error = math.sqrt(max(variance, 0.0))
        found.append(estimate(foms[i].mean(), std_error, df, alpha, bounds))
    return tuple(found)


def _within_readers(
    foms: Floats, covariance: Floats, alpha: float, warnings: list[str]
) -> dict[int, tuple[Comparison, ...]]:
    """Differences within each reader, cases random, with the reader's own covariances.

    A reader whose variance is estimated below 0 has no interval and is left out.
    """
    I, J = foms.shape
    if I == 1:
        return {}
    found = {}
    for j in range(J):
        own = error_covariances(covariance[:, j : j + 1, :, j : j + 1])
        variance = 2 * (own.var_error - or_zero(own.cov1))
        if variance < -ROUNDING:
            warnings.append(
                f"the variance of the differences within the reader of place {j + 1} is negative "
                f"({variance:.3g}): they are left out"
            )
            continue
        std_error = math.sqrt(max(variance, 0.0))
        found[j] = tuple(
            comparison((a, b), rounded(foms[a, j] - foms[b, j], foms), std_error, math.inf, alpha)
            for a, b in itertools.combinations(range(I), 2)
        )
    return found


def _components(squares: MeanSquares, errors: ErrorCovariances, I: int) -> dict[str, float]:
    var_r, var_tr = variance_components(squares, errors, I)
    return {
        "var_r": var_r,
        "var_tr": var_tr,
        "cov1": errors.cov1,
        "cov2": errors.cov2,
        "cov3": errors.cov3,
        "var_error": errors.var_error,
    }


def rounded(difference: float, foms: Floats) -> float:
    """Return the difference, or 0 where it is no more than rounding noise."""
    noise = 8 * np.finfo(float).eps * float(np.abs(foms).max())
    return 0.0 if abs(difference) <= noise else float(difference)


def no_variance(value: float) -> str:
    """What to say of a variance of the differences that is 0 or below."""
    if value < 0:
        return (
            f"the estimated variance of the differences is negative ({value:.3g}) and was set to "
            "0: the covariance estimates do not fit this analysis; p-values are 0 or 1"
        )
    return (
        "the differences do not vary at all (standard error 0): p is 1 for equal modalities and "
        "0 otherwise, and intervals are points"
    )
