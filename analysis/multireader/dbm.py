"""Dorfman-Berbaum-Metz (DBM) analysis: a three-way ANOVA of jackknife pseudo-values.

Dorfman, Berbaum and Metz, Invest Radiol 27:723-731, 1992, with the less strict reduction of the
model and the degrees of freedom that make it the same analysis as Obuchowski-Rockette with
jackknife covariances (Hillis, Obuchowski, Schartz and Berbaum, Stat Med 24:1579-1607, 2005;
Hillis, Stat Med 26:596-619, 2007). With readers fixed it uses F with (I-1)(K-1) degrees of
freedom where Obuchowski-Rockette uses chi-square.
"""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimates import (
    NO_TEST,
    Comparison,
    EqualityTest,
    Estimate,
    comparison,
    estimate,
    f_test,
    ratio,
)
from analysis.multireader.obuchowski_rockette import Bounds, Inference, Random, hillis_df, rounded
from analysis.tables import DataError

Floats = NDArray[np.float64]
AXES = "TRC"


@dataclass(frozen=True)
class _Error:
    """The mean square that MS(T) is compared with, and its degrees of freedom."""

    mean_square: float
    df: float


def pseudo_values(foms: Floats, leave_one_out: Floats) -> Floats:
    """(I, J, K) pseudo-values K theta - (K - 1) theta(-k), centred on the figures of merit.

    Centring adds to each curve a constant that makes its mean the figure of merit itself, as
    RJafroc does; differences within a curve stay as they are.
    """
    K = leave_one_out.shape[2]
    values = K * foms[:, :, None] - (K - 1) * leave_one_out
    return np.asarray(values + (foms - values.mean(axis=2))[:, :, None])


def mean_squares(values: Floats) -> dict[str, float]:
    """Mean squares T, R, C, TR, TC, RC, TRC of (I, J, K) values; NaN where df is 0."""
    found = {}
    for size in (1, 2, 3):
        for axes in itertools.combinations(range(3), size):
            effect = _effect(values, axes)
            df = math.prod(values.shape[axis] - 1 for axis in axes)
            repeats = values.size / effect.size
            name = "".join(AXES[axis] for axis in axes)
            found[name] = float(repeats * (effect**2).sum() / df) if df else math.nan
    return found


def dbm(
    foms: Floats,
    leave_one_out: Floats,
    *,
    random: Random = "readers+cases",
    alpha: float = 0.05,
    bounds: Bounds | None = None,
) -> Inference:
    """Compare I modalities from (I, J) figures of merit and their (I, J, K) leave-one-outs.

    Raises
    ------
    DataError
        With fewer than two readers or modalities, where there is no three-way ANOVA.
    """
    I, J, _ = leave_one_out.shape
    if I < 2 or J < 2:
        raise DataError(f"DBM needs 2 modalities and 2 readers, not {I} and {J}; use method 'or'")
    values = pseudo_values(foms, leave_one_out)
    squares = mean_squares(values)
    error = _error(squares, values.shape, random)
    return Inference(
        components=_components(squares, values.shape),
        test=_equality(foms, squares, error),
        modalities=tuple(
            _single(values[i], random=random, alpha=alpha, bounds=bounds) for i in range(I)
        ),
        differences=_differences(foms, error, values.size / I, alpha),
        random=random,
        readers=_within_readers(values, alpha) if random == "cases" else {},
        warnings=() if error.mean_square > 0 else (_NO_VARIANCE,),
    )


_NO_VARIANCE = (
    "the pseudo-values' error mean square is 0: the differences do not vary; p is 1 for equal "
    "modalities and 0 otherwise"
)


def _effect(values: Floats, axes: tuple[int, ...]) -> Floats:
    """Interaction deviations of some axes, the others averaged out."""
    effect = values.mean(axis=tuple(set(range(3)) - set(axes)), keepdims=True)
    for axis in axes:
        effect = effect - effect.mean(axis=axis, keepdims=True)
    return np.asarray(effect)


def _error(squares: dict[str, float], shape: tuple[int, ...], random: Random) -> _Error:
    """Readers and cases: MS(TR) + max(MS(TC) - MS(TRC), 0); readers: MS(TR); cases: MS(TC).

    MS(TC) is never negative and is not truncated, so with readers fixed and Cov2 < Cov3 it is
    below what Obuchowski-Rockette (which truncates) uses.
    """
    I, J, K = shape
    df = float((I - 1) * (J - 1))
    if random == "cases":
        return _Error(squares["TC"], float((I - 1) * (K - 1)))
    if random == "readers":
        return _Error(squares["TR"], df)
    value = squares["TR"] + max(squares["TC"] - squares["TRC"], 0.0)
    return _Error(value, hillis_df(value, squares["TR"], df))


def _equality(foms: Floats, squares: dict[str, float], error: _Error) -> EqualityTest:
    if foms.shape[0] == 1:
        return NO_TEST
    return f_test(ratio(squares["T"], error.mean_square), foms.shape[0] - 1, error.df)


def _differences(foms: Floats, error: _Error, reads: float, alpha: float) -> tuple[Comparison, ...]:
    """Every pair of modalities; `reads` is J K, the reads behind one modality's mean."""
    means, std_error = foms.mean(axis=1), math.sqrt(2 / reads * error.mean_square)
    return tuple(
        comparison((a, b), rounded(means[a] - means[b], foms), std_error, error.df, alpha)
        for a, b in itertools.combinations(range(foms.shape[0]), 2)
    )


def _single(values: Floats, *, random: Random, alpha: float, bounds: Bounds | None) -> Estimate:
    """One modality from its own (J, K) pseudo-values."""
    J, K = values.shape
    squares = mean_squares(values[None])
    if random == "cases":
        variance, df = squares["C"], K - 1.0
    elif random == "readers":
        variance, df = squares["R"], J - 1.0
    else:
        variance = squares["R"] + max(squares["C"] - squares["RC"], 0.0)
        df = hillis_df(variance, squares["R"], J - 1.0)
    return estimate(values.mean(), math.sqrt(variance / (J * K)), df, alpha, bounds)


def _within_readers(values: Floats, alpha: float) -> dict[int, tuple[Comparison, ...]]:
    """Differences within each reader: MS(TC) of the reader's own pseudo-values, t with df of it."""
    I, J, K = values.shape
    found = {}
    for j in range(J):
        own = values[:, j : j + 1]
        std_error = math.sqrt(2 / K * mean_squares(own)["TC"])
        means = own.mean(axis=(1, 2))
        found[j] = tuple(
            comparison(
                (a, b), rounded(means[a] - means[b], means), std_error, (I - 1) * (K - 1.0), alpha
            )
            for a, b in itertools.combinations(range(I), 2)
        )
    return found


def _components(squares: dict[str, float], shape: tuple[int, ...]) -> dict[str, float]:
    """Variance components of the DBM model; negative estimates stay as they are."""
    I, J, K = shape
    trc = squares["TRC"]
    return {
        "var_r": (squares["R"] - squares["TR"] - squares["RC"] + trc) / (I * K),
        "var_c": (squares["C"] - squares["TC"] - squares["RC"] + trc) / (I * J),
        "var_tr": (squares["TR"] - trc) / K,
        "var_tc": (squares["TC"] - trc) / J,
        "var_rc": (squares["RC"] - trc) / I,
        "var_error": trc,
    }
