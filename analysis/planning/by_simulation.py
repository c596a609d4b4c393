"""Power by simulation: simulate the study as planned many times and analyse each as planned."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats
from tqdm import tqdm

from analysis.dataset import Dataset
from analysis.freeresponse.study import froc
from analysis.multireader.study import mrmc
from analysis.results import MrmcResult
from analysis.simulation.roe_metz import RoeMetz, dataset
from analysis.simulation.study import StudyModel, simulate
from analysis.tables import DataError


@dataclass(frozen=True)
class SimulatedPower:
    """Share of simulated studies that reject equality, with its Clopper-Pearson interval."""

    readers: int
    cases: int
    trials: int
    power: float
    ci_low: float
    ci_high: float
    mean_effect: float
    failed: int

    def to_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return asdict(self)


def roc_power(  # noqa: PLR0913  the choices of a simulation, all named
    model: RoeMetz,
    *,
    readers: int,
    healthy: int,
    diseased: int,
    trials: int = 1000,
    seed: int = 0,
    alpha: float = 0.05,
    analyse: Callable[[Dataset], MrmcResult] = mrmc,
    progress: bool = False,
) -> SimulatedPower:
    """Power of an analysis of ratings (`analysis.mrmc`, or any function of a Dataset).

    Raises
    ------
    DataError
        For fewer than one trial.
    """

    def trial(number: int) -> MrmcResult:
        rng = np.random.default_rng([seed, number])
        data = dataset(model, readers=readers, healthy=healthy, diseased=diseased, rng=rng)
        return analyse(data)

    return _power(trial, (readers, healthy + diseased), trials, alpha, progress=progress)


def froc_power(  # noqa: PLR0913  the choices of a simulation, all named
    model: StudyModel,
    *,
    readers: int,
    healthy: int,
    diseased: int,
    fom: str = "wafroc",
    trials: int = 500,
    seed: int = 0,
    alpha: float = 0.05,
    progress: bool = False,
) -> SimulatedPower:
    """Power of a free-response analysis of search-model marks."""

    def trial(number: int) -> MrmcResult:
        study = simulate(
            model,
            readers=readers,
            healthy=healthy,
            diseased=diseased,
            seed=int(np.random.SeedSequence([seed, number]).generate_state(1)[0]),
        )
        return froc(study.marks, study.truth, fom=fom, alpha=alpha)

    return _power(trial, (readers, healthy + diseased), trials, alpha, progress=progress)


def _power(
    trial: Callable[[int], MrmcResult],
    size: tuple[int, int],
    trials: int,
    alpha: float,
    *,
    progress: bool,
) -> SimulatedPower:
    if trials < 1:
        raise DataError("Simulate one trial at least.")
    hits = failed = 0
    effects = []
    for number in tqdm(range(trials), desc="trials", disable=not progress):
        try:
            result = trial(number)
        except DataError:  # a simulated study that cannot be analysed shows nothing
            failed += 1
            continue
        hits += result.test.p_value < alpha
        effects.append(abs(result.differences[0].estimate))
    low = float(stats.beta.ppf(0.025, hits, trials - hits + 1)) if hits else 0.0
    high = float(stats.beta.isf(0.025, hits + 1, trials - hits)) if hits < trials else 1.0
    mean = float(np.mean(effects)) if effects else math.nan
    return SimulatedPower(*size, trials, hits / trials, low, high, mean, failed)
