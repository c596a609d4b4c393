"""Kinds of trials beyond the crossed study of equal classes with continuous ratings.

Each has the same truth in both modalities, so that every rejection is an error.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

import analysis
from analysis.dataset import Dataset
from analysis.estimates import Estimate
from analysis.multireader.intervals import logit_interval
from analysis.multireader.obuchowski_rockette import Inference
from analysis.simulation.roe_metz import dataset, with_auc
from benchmarks.simulation import trials
from benchmarks.simulation.trials import LEVEL, Answer, Kind, Point, answer, by_placements

DISEASED = 0.2
LEVELS = 5
MISSING = 0.2

Flags = NDArray[np.bool_]


def single(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """One modality by itself: both kinds of interval of the same analysis."""
    model = with_auc(point.auc, point.structure)
    half = point.cases // 2
    data = dataset(model, readers=point.readers, healthy=half, diseased=half, rng=rng)
    found = by_placements(data)
    shown = {"OR jackknife": found["OR jackknife"], "OR DeLong": found["OR DeLong"]}
    answers: dict[str, Answer] = {}
    for name, each in shown.items():
        one = each.modalities[0]
        answers[f"{name}, default interval"] = (None, None, _holds(one, model.auc()))
        ends = logit_interval(one, LEVEL) or (one.ci_low, one.ci_high)
        answers[f"{name}, logit interval"] = (None, None, ends[0] <= model.auc() <= ends[1])
    return answers


def unequal(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """One case of five has disease."""
    model = with_auc(point.auc, point.structure)
    diseased = round(DISEASED * point.cases)
    data = dataset(
        model, readers=point.readers, healthy=point.cases - diseased, diseased=diseased, rng=rng
    )
    return _named(by_placements(data), "20 % diseased", model.auc())


def ordinal(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """Ratings 1 to 5: ties, and an AUC below the latent one (so no coverage of a single one)."""
    model = with_auc(point.auc, point.structure)
    half = point.cases // 2
    data = dataset(
        model, readers=point.readers, healthy=half, diseased=half, rng=rng, levels=LEVELS
    )
    return _named(by_placements(data), "5 levels", None)


def nested(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """Parallel arms: as many readers again in the other modality, all read every case."""
    data = _ratings(point, rng, readers=2 * point.readers)
    read = np.zeros(data.ratings.shape, dtype=bool)
    read[0, : point.readers] = read[1, point.readers :] = True
    return _analysed(data, read, "readers nested in modalities")


def split_plot(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """Two groups of readers, each with half of the cases, in both modalities."""
    data = _ratings(point, rng)
    J, K = data.ratings.shape[1:]
    group, block = np.arange(J) % 2, np.arange(K) % 2
    read = np.broadcast_to(group[:, None] == block[None, :], data.ratings.shape)
    return _analysed(data, np.array(read), "split-plot", ustat=True)


def missing(point: Point, rng: np.random.Generator) -> dict[str, Answer]:
    """A fifth of the reads not made, at random."""
    data = _ratings(point, rng)
    read = rng.random(data.ratings.shape) >= MISSING
    return _analysed(data, read, "20 % of reads missing", ustat=True)


def _ratings(point: Point, rng: np.random.Generator, readers: int | None = None) -> Dataset:
    half = point.cases // 2
    model = with_auc(point.auc, point.structure)
    return dataset(model, readers=readers or point.readers, healthy=half, diseased=half, rng=rng)


def _analysed(data: Dataset, read: Flags, design: str, *, ustat: bool = False) -> dict[str, Answer]:
    """Obuchowski-Rockette, and U-statistics where they are for it, with some reads only."""
    ratings = np.where(read, data.ratings, np.nan)
    some = Dataset(ratings, data.truth, data.modalities, data.readers, data.cases)
    found = {f"OR jackknife, {design}": analysis.mrmc(some)}
    if ustat:
        found[f"U-statistics, {design}"] = analysis.mrmc(some, method="ustat")
    return {name: (*answer(each, 0.0, 0.0)[:2], None) for name, each in found.items()}


def _named(found: Mapping[str, Inference], words: str, auc: float | None) -> dict[str, Answer]:
    names = ("OR jackknife", "OR DeLong")
    answers = {name: answer(found[name], 0.0, auc or 0.0) for name in names}
    return {
        f"{name}, {words}": each if auc is not None else (*each[:2], None)
        for name, each in answers.items()
    }


def _holds(one: Estimate, truth: float) -> bool:
    return one.ci_low <= truth <= one.ci_high


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        **trials.KINDS,
        "single": Kind(single, 1000, 50),
        "unequal": Kind(unequal, 1000, 50),
        "ordinal": Kind(ordinal, 1000, 50),
        "nested": Kind(nested, 400, 10),
        "split_plot": Kind(split_plot, 300, 10),
        "missing": Kind(missing, 300, 10),
    }
)
