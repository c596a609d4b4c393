"""Mean squares and variance components of the Obuchowski-Rockette (OR) model.

theta_ij = mu + tau_i + R_j + (tau R)_ij + e_ij with covariances of the errors e: Var(Error) for a
figure of merit with itself, Cov1 for the same reader in two modalities, Cov2 for two readers in
the same modality, Cov3 for two readers in two modalities (Obuchowski and Rockette, Commun Stat
Simul Comput 24:285-308, 1995; Hillis, Stat Med 26:596-619, 2007).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeanSquares:
    """Mean squares of an I x J table of figures of merit; NaN where df is 0."""

    modality: float
    reader: float
    interaction: float


@dataclass(frozen=True, slots=True)
class ErrorCovariances:
    """Averages of the error covariance matrix; NaN where the design has no such pair."""

    var_error: float
    cov1: float
    cov2: float
    cov3: float

    @property
    def cov2_less_cov3(self) -> float:
        """max(Cov2 - Cov3, 0), the truncation of Hillis 2007; absent covariances count 0."""
        return max(or_zero(self.cov2) - or_zero(self.cov3), 0.0)


def mean_squares(foms: Floats) -> MeanSquares:
    """Mean squares of modality, reader and modality x reader of an (I, J) table."""
    I, J = foms.shape
    mean = foms.mean()
    by_modality, by_reader = foms.mean(axis=1) - mean, foms.mean(axis=0) - mean
    rest = foms - mean - by_modality[:, None] - by_reader[None, :]
    scale = float(np.abs(foms).max())
    return MeanSquares(
        modality=_mean_square(J * by_modality**2, I - 1, scale),
        reader=_mean_square(I * by_reader**2, J - 1, scale),
        interaction=_mean_square(rest**2, (I - 1) * (J - 1), scale),
    )


def reader_mean_squares(foms: Floats) -> Floats:
    """(I,) mean square of readers within each modality; NaN for one reader."""
    if foms.shape[1] < 2:
        return np.full(foms.shape[0], math.nan)
    return np.asarray(foms.var(axis=1, ddof=1))


def error_covariances(covariance: Floats) -> ErrorCovariances:
    """Average an (I, J, I, J) covariance of figures of merit over pairs of each kind."""
    I, J = covariance.shape[:2]
    modality = np.eye(I, dtype=bool)[:, None, :, None]
    reader = np.eye(J, dtype=bool)[None, :, None, :]
    kinds = (modality & reader, ~modality & reader, modality & ~reader, ~modality & ~reader)
    # Sums over each kind by itself: zeros of nested cases stay exact zeros.
    means = (float(covariance.mean(where=kind)) if kind.any() else math.nan for kind in kinds)
    return ErrorCovariances(*means)


def variance_components(
    squares: MeanSquares, errors: ErrorCovariances, modalities: int
) -> tuple[float, float]:
    """Variances of readers and of modality x reader; negative estimates stay as they are.

    Var(R) = [MS(R) - MS(TR)] / I - Cov1 + Cov3 and
    Var(TR) = MS(TR) - Var(Error) + Cov1 + max(Cov2 - Cov3, 0). NaN where the design cannot tell.
    """
    var_r = (
        (squares.reader - squares.interaction) / modalities
        - or_zero(errors.cov1)
        + or_zero(errors.cov3)
    )
    var_tr = squares.interaction - errors.var_error + or_zero(errors.cov1) + errors.cov2_less_cov3
    return var_r, var_tr


def parts(foms: Floats, covariance: Floats) -> dict[str, list[dict[str, float]]]:
    """Mean squares and covariances of each modality and each reader by itself.

    As RJafroc's `IndividualTrt` and `IndividualRdr`: of a modality MS(R), Var and Cov2 over its
    readers; of a reader MS(T), Var and Cov1 over the modalities.
    """
    I, J = foms.shape
    by_modality = [error_covariances(covariance[i : i + 1, :, i : i + 1]) for i in range(I)]
    by_reader = [error_covariances(covariance[:, j : j + 1, :, j : j + 1]) for j in range(J)]
    spread = foms.var(axis=0, ddof=1) if I > 1 else np.full(J, math.nan)
    return {
        "modalities": [
            {"ms_r": float(square), "var_error": own.var_error, "cov2": own.cov2}
            for square, own in zip(reader_mean_squares(foms), by_modality, strict=True)
        ],
        "readers": [
            {"ms_t": float(square), "var_error": own.var_error, "cov1": own.cov1}
            for square, own in zip(spread, by_reader, strict=True)
        ],
    }


def named_parts(
    foms: Floats, covariance: Floats, modalities: Sequence[str], readers: Sequence[str]
) -> dict[str, Any]:
    """What the F test is made of, for JSON: mean squares, each modality and reader by itself."""
    squares, own = mean_squares(foms), parts(foms, covariance)
    return {
        "mean_squares": {
            "modality": squares.modality,
            "reader": squares.reader,
            "modality_reader": squares.interaction,
        },
        "parts": {
            "modalities": [
                {"modality": name, **row}
                for name, row in zip(modalities, own["modalities"], strict=True)
            ],
            "readers": [
                {"reader": name, **row} for name, row in zip(readers, own["readers"], strict=True)
            ],
        },
    }


def or_zero(value: float) -> float:
    """The value, or 0 where the design gives none."""
    return 0.0 if math.isnan(value) else value


def _mean_square(squares: Floats, df: int, scale: float) -> float:
    """Sum over df; sums that are rounding noise of the figures of merit are 0."""
    if df == 0:
        return math.nan
    total = float(squares.sum())
    return 0.0 if total <= squares.size * (8 * np.finfo(float).eps * scale) ** 2 else total / df
