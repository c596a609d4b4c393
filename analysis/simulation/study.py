"""A whole simulated study: crossover, with ratings, marks, times, periods and experience."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from analysis.simulation.roe_metz import RoeMetz, latent
from analysis.simulation.search import SearchModel, lesions, marks
from analysis.tables import DataError, check_seed

Floats = NDArray[np.float64]
LEVELS = ("resident", "general", "neuroradiologist")


@dataclass(frozen=True)
class TimeModel:
    """Lognormal active time: seconds without AI, the ratio with AI, and spreads (log scale)."""

    median_s: float = 100.0
    ratio: float = 0.8
    reader_sd: float = 0.2
    case_sd: float = 0.2
    reader_arm_sd: float = 0.05
    residual_sd: float = 0.25
    learning: float = -0.04  # of log order
    fatigue: float = 0.0  # of each further read of a sitting
    sitting: int = 20  # reads
    period: float = -0.03  # of the second period

    def __post_init__(self) -> None:
        spreads = (self.reader_sd, self.case_sd, self.reader_arm_sd, self.residual_sd)
        if not (self.median_s > 0 and self.ratio > 0 and min(spreads) >= 0 and self.sitting > 0):
            raise DataError(
                "Times need a median and a ratio above 0, spreads of 0 or more, and sittings of a "
                "read at least."
            )


@dataclass(frozen=True)
class StudyModel:
    """What is true in the simulated world."""

    ratings: RoeMetz = field(default_factory=RoeMetz)
    search: SearchModel = field(default_factory=SearchModel)
    times: TimeModel = field(default_factory=TimeModel)


@dataclass(frozen=True, eq=False)
class SimulatedStudy:
    """Tables of the shapes that the analyses take."""

    reads: pd.DataFrame
    marks: pd.DataFrame
    truth: pd.DataFrame


def simulate(
    model: StudyModel, *, readers: int, healthy: int, diseased: int, seed: int
) -> SimulatedStudy:
    """A two-period crossover; half of the readers start with AI. Every value is made up.

    Ratings are latent values mapped to 0-100 by the normal curve around the middle of the two
    classes, rounded. Marks come from the search model independently of the case ratings.

    Raises
    ------
    DataError
        For fewer than two readers, or fewer than two cases of a class.
    """
    if readers < 2 or min(healthy, diseased) < 2:
        raise DataError("Simulate two readers and two cases of each class at least.")
    check_seed(seed)
    rng = np.random.default_rng(seed)
    x, truth = latent(model.ratings, readers, healthy, diseased, rng)
    rating = np.round(100 * stats.norm.cdf(x - model.ratings.mu / 2))
    cases = [f"C{k + 1:04d}" for k in range(len(truth))]
    table = _reads(model.times, rating, truth, cases, rng)
    reference = lesions(cases, truth, rng)
    return SimulatedStudy(table, marks(model.search, reference, readers, rng), reference)


def _reads(
    model: TimeModel,
    rating: Floats,
    truth: NDArray[np.bool_],
    cases: list[str],
    rng: np.random.Generator,
) -> pd.DataFrame:
    J, K = rating.shape[1:]
    pace = np.asarray(rng.normal(0, model.reader_sd, J))
    size = np.asarray(rng.normal(0, model.case_sd, K))
    frames = []
    for j in range(J):
        sequence = ("AB", "BA")[j % 2]
        own = rng.normal(0, model.reader_arm_sd, 2)
        for period in (1, 2):
            i = int(sequence[period - 1] == "B")
            k = rng.permutation(K)
            order = (period - 1) * K + np.arange(1, K + 1)
            log_s = math.log(model.median_s) + pace[j] + size[k] + own[i]
            log_s += i * math.log(model.ratio) + model.learning * np.log(order)
            log_s += model.fatigue * ((order - 1) % model.sitting)
            log_s += (period - 1) * model.period + rng.normal(0, model.residual_sd, K)
            columns = {
                "reader": f"R{j + 1}",
                "modality": ("control", "ai")[i],
                "case": np.array(cases, dtype=object)[k],
                "truth": truth[k].astype(int),
                "rating": rating[i, j, k],
                "period": period,
                "sequence": sequence,
                "order": order,
                "session": 1 + (order - 1) // model.sitting,
                "site": f"S{j // 2 % 2 + 1}",
                "experience": LEVELS[j * len(LEVELS) // J],
                "active_s": np.round(np.exp(log_s), 1),
            }
            frames.append(pd.DataFrame(columns))
    return pd.concat(frames, ignore_index=True)
