"""Power by simulation: simulate the study as planned many times and analyse each as planned."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from tqdm import tqdm

from analysis.dataset import Dataset
from analysis.freeresponse.study import froc
from analysis.multireader.study import mrmc
from analysis.planning.study import Plan
from analysis.results import MrmcResult
from analysis.simulation.roe_metz import RoeMetz, dataset
from analysis.simulation.study import StudyModel, simulate
from analysis.tables import DataError


@dataclass(frozen=True)
class SimulatedPower:
    """Share of simulated studies that show what was to be shown, with its Clopper-Pearson interval.

    A study that could not be analysed shows nothing; `failed` says how many there were.
    """

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

    def statement(self) -> str:
        """The result in a sentence."""
        return (
            f"By simulation of {self.trials} studies of {self.readers} readers and {self.cases} "
            f"cases the power is {100 * self.power:.1f} % (95 % CI {100 * self.ci_low:.1f} to "
            f"{100 * self.ci_high:.1f})."
        )


def roc_power(  # noqa: PLR0913  the choices of a simulation, all named
    model: RoeMetz,
    *,
    readers: int,
    healthy: int,
    diseased: int,
    plan: Plan | None = None,
    trials: int = 1000,
    seed: int = 0,
    alpha: float = 0.05,
    analyse: Callable[[Dataset], MrmcResult] | None = None,
    progress: bool = False,
) -> SimulatedPower:
    """Power of an analysis of ratings.

    Parameters
    ----------
    model : RoeMetz
        With its gain (`delta`); the plan's effect plays no part.
    readers, healthy, diseased : int
        All of the study, over its arms and groups.
    plan : Plan, optional
        Design, groups, hypothesis, margin, alpha and what is random; superiority in a crossed
        study when left out.
    trials, seed : int
    alpha : float
        Without a plan.
    analyse : callable, optional
        Another analysis of a Dataset, instead of `analysis.mrmc` with the plan's `random`.
    progress : bool

    Raises
    ------
    DataError
        For fewer than one trial, or numbers that the design cannot share out.
    """
    asked = Plan(effect=0.0, alpha=alpha) if plan is None else plan
    truth = np.r_[np.zeros(healthy, bool), np.ones(diseased, bool)]
    read = reads_of(asked, readers, truth)
    default = _analysis(asked) if analyse is None else analyse

    def trial(number: int) -> MrmcResult:
        rng = np.random.default_rng([seed, number])
        data = dataset(model, readers=readers, healthy=healthy, diseased=diseased, rng=rng)
        if not read.all():
            data = replace(data, ratings=np.where(read, data.ratings, np.nan))
        return default(data)

    return _power(trial, (readers, healthy + diseased), asked, trials, progress=progress)


def reads_of(plan: Plan, readers: int, truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(2, J, K) who reads what in a design: modality, reader, case.

    Split-plot groups get their blocks of both classes in turn.

    Raises
    ------
    DataError
        For numbers that the design cannot share out.
    """
    K = truth.size
    read = np.ones((2, readers, K), dtype=bool)
    if plan.design == "parallel":
        if readers % 2:
            raise DataError(f"{readers} readers cannot be shared evenly over 2 arms.")
        read[0, readers // 2 :] = False
        read[1, : readers // 2] = False
    if plan.design == "split-plot":
        if readers % plan.groups or min(truth.sum(), (~truth).sum()) < 2 * plan.groups:
            raise DataError(
                f"{readers} readers and {K} cases cannot be shared out over {plan.groups} groups."
            )
        block = np.empty(K, dtype=int)
        for group in (truth, ~truth):
            block[group] = np.arange(int(group.sum())) % plan.groups
        mine = np.arange(readers) * plan.groups // readers
        read &= (mine[:, None] == block[None, :])[None]
    return read


def _analysis(plan: Plan) -> Callable[[Dataset], MrmcResult]:
    margin = plan.margin if plan.hypothesis != "superiority" else None

    def analyse(data: Dataset) -> MrmcResult:
        return mrmc(data, random=plan.random, alpha=plan.alpha, margin=margin)

    return analyse


def froc_power(  # noqa: PLR0913  the choices of a simulation, all named
    model: StudyModel,
    *,
    readers: int,
    healthy: int,
    diseased: int,
    fom: str = "wafroc",
    plan: Plan | None = None,
    trials: int = 500,
    seed: int = 0,
    alpha: float = 0.05,
    progress: bool = False,
) -> SimulatedPower:
    """Power of a free-response analysis of search-model marks.

    Parameters
    ----------
    model : StudyModel
        With what AI adds in its search model; the plan's effect plays no part.
    readers, healthy, diseased : int
        All of the study, over its arms and groups.
    fom : str
        As in `analysis.froc`.
    plan : Plan, optional
        As in `roc_power`.
    trials, seed : int
    alpha : float
        Without a plan.
    progress : bool

    Raises
    ------
    DataError
        For fewer than one trial, or numbers that the design cannot share out.
    """
    asked = Plan(effect=0.0, alpha=alpha) if plan is None else plan
    read = reads_of(asked, readers, np.r_[np.zeros(healthy, bool), np.ones(diseased, bool)])
    margin = asked.margin if asked.hypothesis != "superiority" else None

    def trial(number: int) -> MrmcResult:
        study = simulate(
            model,
            readers=readers,
            healthy=healthy,
            diseased=diseased,
            seed=int(np.random.SeedSequence([seed, number]).generate_state(1)[0]),
        )
        marks, reads = study.marks, None
        if not read.all():
            reads = _read_rows(read)
            marks = marks.merge(reads, on=["reader", "modality", "case"])
        return froc(
            marks,
            study.truth,
            fom=fom,
            reads=reads,
            random=asked.random,
            alpha=asked.alpha,
            margin=margin,
        )

    return _power(trial, (readers, healthy + diseased), asked, trials, progress=progress)


def _read_rows(read: NDArray[np.bool_]) -> pd.DataFrame:
    """The reads of `reads_of` as a table, by the names that `simulate` gives."""
    modality, reader, case = np.nonzero(read)
    return pd.DataFrame(
        {
            "reader": [f"R{number + 1}" for number in reader],
            "modality": np.array(["control", "ai"], dtype=object)[modality],
            "case": [f"C{number + 1:04d}" for number in case],
        }
    )


def _power(
    trial: Callable[[int], MrmcResult],
    size: tuple[int, int],
    plan: Plan,
    trials: int,
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
        hits += _shown(result, plan)
        effects.append(ai_minus_control(result))
    low = float(stats.beta.ppf(0.025, hits, trials - hits + 1)) if hits else 0.0
    high = float(stats.beta.isf(0.025, hits + 1, trials - hits)) if hits < trials else 1.0
    mean = float(np.mean(effects)) if effects else math.nan
    return SimulatedPower(*size, trials, hits / trials, low, high, mean, failed)


def ai_minus_control(result: MrmcResult) -> float:
    """The difference of a simulated study's two modalities."""
    each = result.differences[0]
    return each.estimate if result.modality_names[each.a] == "ai" else -each.estimate


def _shown(result: MrmcResult, plan: Plan) -> bool:
    if plan.hypothesis == "superiority":
        return result.test.p_value < plan.alpha
    answer = next(each for each in result.margins if each.test == "ai")
    return answer.noninferior if plan.hypothesis == "non_inferiority" else answer.equivalent
