"""One simulated study of each kind, and which analyses were wrong about it.

Every trial returns, for each analysis, whether it rejected a true hypothesis of equality, whether
the interval of the difference (or ratio) held the truth, and whether the interval of one
modality's figure of merit did; None where a question does not apply.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd

import analysis
from analysis.dataset import Dataset
from analysis.fom import placements
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.study import froc_of
from analysis.multireader import covariance as covariances
from analysis.multireader.dbm import dbm
from analysis.multireader.estimation import Options
from analysis.multireader.obuchowski_rockette import Inference, Random, obuchowski_rockette
from analysis.multireader.unbiased import unbiased
from analysis.multireader.ustatistics import ustatistics
from analysis.simulation.roe_metz import RoeMetz, Structure, dataset, with_auc
from analysis.simulation.search import SearchModel, lesions, marks
from analysis.simulation.study import StudyModel, TimeModel, simulate

LEVEL = 0.05
GAIN = MappingProxyType({0.70: 0.05, 0.85: 0.04, 0.95: 0.02})
RATIO = 0.8
BOOTSTRAP_REPLICATES = 200
# Search models whose wAFROC is about the AUC they stand beside.
SEARCH = MappingProxyType(
    {
        0.70: SearchModel(mu=1.7, nu=0.60, false_rate=0.70, reader_arm_sd=0.1),
        0.85: SearchModel(mu=2.25, nu=0.76, false_rate=0.38, reader_arm_sd=0.1),
        0.95: SearchModel(mu=3.0, nu=0.93, false_rate=0.14, zeta=0.5, reader_arm_sd=0.1),
    }
)

Answer = tuple[bool | None, bool | None, bool | None]


@dataclass(frozen=True)
class Point:
    """A place in the grid."""

    readers: int
    cases: int
    auc: float
    structure: Structure = "HL"


def crossed(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """Readers and cases random, no difference: the methods made of placements."""
    model = with_auc(point.auc, point.structure)
    return {
        name: answer(found, 0.0, model.auc())
        for name, found in by_placements(_ratings(model, point, rng)).items()
    }


def paired(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """The same for the methods made of all pairs of cases."""
    model = with_auc(point.auc, point.structure)
    return {
        name: answer(found, 0.0, model.auc())
        for name, found in by_pairs(_ratings(model, point, rng)).items()
    }


def gain(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """The same with a true difference: coverage of its interval."""
    added = GAIN[point.auc]
    model = with_auc(point.auc, point.structure, added)
    found = by_placements(_ratings(model, point, rng))
    return {
        f"{name}, true gain": (None, answer(each, -added, 0.0)[1], None)
        for name, each in found.items()
    }


def bootstrap(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """Obuchowski-Rockette with bootstrap covariances."""
    model = with_auc(point.auc, point.structure)
    options = Options(replicates=BOOTSTRAP_REPLICATES, seed=int(rng.integers(2**31)))
    result = analysis.mrmc(_ratings(model, point, rng), covariance="bootstrap", options=options)
    return {"OR bootstrap": answer(result, 0.0, model.auc())}


def fixed(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """Readers fixed (no reader x modality variance), and cases fixed (no case x modality)."""
    model = with_auc(point.auc, point.structure)
    readers_fixed = by_placements(_ratings(replace(model, var_tr=0.0), point, rng), "cases")
    cases_fixed = by_placements(_ratings(replace(model, var_tc=0.0), point, rng), "readers")
    found = {f"{name}, readers fixed": each for name, each in readers_fixed.items()}
    found |= {
        f"{name}, cases fixed": each
        for name, each in cases_fixed.items()
        if name != "OR DeLong"  # covariances do not enter with cases fixed
    }
    return {name: (*answer(each, 0.0, 0.0)[:2], None) for name, each in found.items()}


def froc(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """Marks by a search model, the same in both modalities but for the readers' own leanings."""
    names = [f"C{k}" for k in range(point.cases)]
    truth = lesions(names, np.arange(point.cases) >= point.cases // 2, rng)
    shown = marks(SEARCH[point.auc], truth, point.readers, rng)
    readers = [f"R{j + 1}" for j in range(point.readers)]
    data = FrocData.from_tables(shown, truth, crossing(readers, names))
    foms = {"wafroc": "wAFROC", "hrauc": "inferred ROC", "sensitivity": "lesion sensitivity",
            "fp_per_case": "false positives per case"}  # fmt: skip
    return {f"FROC {words}": (*answer(froc_of(data, key), 0.0, 0.0)[:2], None)
            for key, words in foms.items()}  # fmt: skip


def time(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """A crossover with a true ratio of times whose readers differ in it."""
    study = simulate(
        StudyModel(times=TimeModel(ratio=RATIO)),
        readers=point.readers,
        healthy=point.cases // 2,
        diseased=point.cases // 2,
        seed=int(rng.integers(2**31)),
    )
    ratio = analysis.reading_time(study.reads, reference="control").ratios[0]
    held = ratio.ci_low <= RATIO <= ratio.ci_high
    return {"time ratio": (not held, held, None)}


@dataclass(frozen=True)
class Kind:
    """A kind of trial: how many at a point, how many at a time, and whether the AUC matters."""

    run: Callable[[Point, np.random.Generator], dict[str, Answer]]
    trials: int
    chunk: int
    by_auc: bool = True


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "crossed": Kind(crossed, 2000, 50),
        "paired": Kind(paired, 600, 15),
        "bootstrap": Kind(bootstrap, 200, 5),
        "gain": Kind(gain, 1000, 25),
        "fixed": Kind(fixed, 1000, 25),
        "froc": Kind(froc, 200, 5),
        "time": Kind(time, 200, 5, by_auc=False),
    }
)


def by_placements(data: Dataset, random: Random = "readers+cases") -> dict[str, Inference]:
    """Obuchowski-Rockette (jackknife, DeLong) and DBM from one set of placements.

    The functions that `analysis.mrmc` calls, without its table and its checks; a test holds that
    both give the same p-values.
    """
    arms, J, K = data.ratings.shape
    curves, read = data.ratings.reshape(arms * J, K), data.read.reshape(arms * J, K)
    placed = placements.placements(curves, data.truth)
    foms = placements.empirical_auc(placed, data.truth).reshape(arms, J)
    without = placements.leave_one_out(placed, data.truth)
    matrices = {
        "OR jackknife": covariances.jackknife(without, read),
        "OR DeLong": covariances.delong(placed, data.truth, read),
    }
    found = {
        name: obuchowski_rockette(
            foms, matrix.reshape(arms, J, arms, J), random=random, bounds=(0, 1)
        )
        for name, matrix in matrices.items()
    }
    found["DBM"] = dbm(foms, without.reshape(arms, J, K), random=random, alpha=LEVEL, bounds=(0, 1))
    return found


def by_pairs(data: Dataset) -> dict[str, Inference]:
    """Obuchowski-Rockette with unbiased covariances, and U-statistics."""
    arms, J, K = data.ratings.shape
    curves = data.ratings.reshape(arms * J, K)
    placed = placements.placements(curves, data.truth)
    foms = placements.empirical_auc(placed, data.truth).reshape(arms, J)
    matrix = unbiased(curves, data.truth).reshape(arms, J, arms, J)
    return {
        "OR unbiased": obuchowski_rockette(foms, matrix, bounds=(0, 1)),
        "U-statistics": ustatistics(data.ratings, data.truth).inference,
    }


def answer(result: Inference | analysis.MrmcResult, difference: float, single: float) -> Answer:
    """How the analysis of two modalities did: control minus AI, and control alone."""
    pair, one = result.differences[0], result.modalities[0]
    return (
        result.test.p_value < LEVEL,
        pair.ci_low <= difference <= pair.ci_high,
        one.ci_low <= single <= one.ci_high,
    )


def crossing(readers: list[str], cases: list[str]) -> pd.DataFrame:
    """Every reader reads every case in both modalities, marked or not."""
    grid = pd.MultiIndex.from_product([readers, ["control", "ai"], cases])
    return grid.to_frame(index=False, name=["reader", "modality", "case"])


def _ratings(model: RoeMetz, point: Point, rng: np.random.Generator) -> Dataset:
    half = point.cases // 2
    return dataset(model, readers=point.readers, healthy=half, diseased=point.cases - half, rng=rng)
