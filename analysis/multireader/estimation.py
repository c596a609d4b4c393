"""Figures of merit of a study's curves with their covariance, by whichever estimate was asked."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.dataset import Dataset
from analysis.fom import evaluate, placements
from analysis.fom.registry import FigureOfMerit
from analysis.multireader import covariance as covariances
from analysis.multireader.bootstrap import bootstrap
from analysis.multireader.obuchowski_rockette import Random
from analysis.multireader.unbiased import unbiased
from analysis.tables import DataError

Floats = NDArray[np.float64]
LEAST_REPLICATES = 10
Covariance = Literal["jackknife", "delong", "unbiased", "bootstrap", "mle"]


@dataclass(frozen=True)
class Options:
    """What seldom needs changing.

    Parameters
    ----------
    reference
        The modality that the others are compared with in tests of a margin; both directions of
        every pair when None.
    adjustment
        Of p-values over pairs of modalities, in `p_adjusted`; see `multiplicity.adjust`.
    missing
        ``use``: each curve uses the cases it has; ``complete-cases``: cases not read by every
        reader in every modality are left out. The result's warnings say which and how many.
    replicates, seed, progress
        Of the bootstrap: draws, seed, and whether to show a bar.
    clip
        Cut single-modality intervals to the figure of merit's range (OR and DBM).
    interval
        Of one modality by itself: ``wald``, as the peers, or ``logit``, which holds the truth more
        often near the end of the range with few cases. Both stand in `extra["intervals"]`.
    """

    reference: str | None = None
    adjustment: str = "holm"
    missing: Literal["use", "complete-cases"] = "use"
    replicates: int = 2000
    seed: int = 20240229
    progress: bool = False
    clip: bool = True
    interval: Literal["wald", "logit"] = "wald"

    def __post_init__(self) -> None:
        if self.replicates < LEAST_REPLICATES:
            raise DataError(f"replicates is {self.replicates}; at least {LEAST_REPLICATES}")
        if self.seed < 0:
            raise DataError(f"seed is {self.seed}; it must be 0 or above")


@dataclass(frozen=True)
class Job:
    """One analysis to do."""

    dataset: Dataset
    fom: FigureOfMerit
    covariance: Covariance
    random: Random
    alpha: float
    options: Options
    warnings: list[str]

    @property
    def curves(self) -> Floats:
        """(I J, K) ratings, a row a curve."""
        return self.dataset.ratings.reshape(-1, len(self.dataset.cases))

    @property
    def shape(self) -> tuple[int, int]:
        """(I, J)."""
        return len(self.dataset.modalities), len(self.dataset.readers)

    @property
    def bounds(self) -> tuple[float, float] | None:
        """What intervals of one modality are cut to."""
        return self.fom.bounds if self.options.clip else None


def estimates(job: Job) -> tuple[Floats, Floats]:
    """(R,) figures of merit and their (R, R) covariance; NaN for curves that do not exist."""
    present = job.dataset.read.any(axis=2).ravel()
    read = job.dataset.read.reshape(present.size, -1)[present]
    values = np.full(present.size, np.nan)
    matrix = np.full((present.size, present.size), np.nan)
    values[present], found = _presentestimates(job, job.curves[present], read)
    matrix[np.ix_(present, present)] = found
    _check_finite(values[present], job)
    return values, matrix


def _presentestimates(job: Job, curves: Floats, read: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    truth = job.dataset.truth
    if job.covariance in ("delong", "unbiased"):
        placed = placements.placements(curves, truth)
        values = placements.empirical_auc(placed, truth)
        if job.covariance == "delong":
            return values, covariances.delong(placed, truth, read)
        return values, unbiased(curves, truth)
    if job.covariance == "jackknife":
        values, without = left_out(job, curves)
        return values, covariances.jackknife(without, read)
    values = evaluate.estimates(job.fom, curves, truth)
    _check_finite(values, job)
    replicates = bootstrap(
        job.fom,
        curves,
        truth,
        replicates=job.options.replicates,
        seed=job.options.seed,
        progress=job.options.progress,
    )
    _check_replicates(replicates.shape[0], job)
    return values, covariances.sample(replicates, read)


def left_out(job: Job, curves: Floats | None = None) -> tuple[Floats, Floats]:
    """(R,) figures of merit and (R, K) without each case."""
    curves, truth = job.curves if curves is None else curves, job.dataset.truth
    if job.fom.is_auc:
        placed = placements.placements(curves, truth)
        values = placements.empirical_auc(placed, truth)
        return values, placements.leave_one_out(placed, truth)
    values = evaluate.estimates(job.fom, curves, truth)
    _check_finite(values, job)
    without = evaluate.leave_one_out(job.fom, curves, truth)
    _check_finite(without.sum(axis=1), job)
    return values, without


class NotFiniteError(DataError):
    """A figure of merit, or one without some case, that is not a finite number."""


def _check_finite(values: Floats, job: Job) -> None:
    if not np.isfinite(values).all():
        raise NotFiniteError(
            f"{job.fom.label} is not a finite number for some reader (a fraction is 0, or a curve "
            "cannot be fitted); take another threshold or figure of merit"
        )


def _check_replicates(left: int, job: Job) -> None:
    asked = job.options.replicates
    if left < max(2, asked // 2):
        raise DataError(
            f"only {left} of {asked} bootstrap replicates could be computed; use covariance "
            "'jackknife'"
        )
    if left < asked:
        job.warnings.append(f"{asked - left} of {asked} bootstrap replicates could not be computed")
