"""Whether something that every reader sees of a case tells its truth (fault F8). Pure.

Cases that were collected in two batches, diseased first, can be told by their upload time, their
codes, their number of slices: the study would then measure how well readers notice that. Each
attribute's area under the ROC curve is computed against the standard, in whichever direction it
tells, and tested by permutation.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.05
DRAWS = 4999
SEED = 20260301


@dataclass(frozen=True, slots=True)
class Tell:
    """How well one attribute tells the classes apart; 0.5 is not at all, 1 is perfectly."""

    attribute: str
    auc: float  # never below 0.5: the direction would tell who reads it the truth
    p: float  # of the permutation test, two-sided
    is_strong: bool  # below the level, after Holm's correction over the attributes


def tells(
    attributes: Mapping[str, Sequence[float]],
    diseased: Sequence[bool],
    *,
    drawn: Collection[str] = (),
) -> list[Tell]:
    """Test each attribute against the standard.

    Parameters
    ----------
    attributes : mapping of str to sequence of float
        Values by name, one a case, in the order of `diseased`.
    diseased : sequence of bool
        The standard; empty or of one class: nothing can be told.
    drawn : collection of str
        Attributes that were drawn at random: what they tell is chance by construction, so they
        are shown, and are neither strong nor counted in the correction.

    Returns
    -------
    list of Tell
        The strongest first. The same input gives the same answer (the draws are seeded).
    """
    from scipy import stats  # slow to load, and only a coordinator's page asks

    truth = np.asarray(diseased, dtype=bool)
    if truth.all() or not truth.any():
        return []
    rng = np.random.default_rng(SEED)
    shuffled = rng.permuted(np.tile(truth, (DRAWS, 1)), axis=1)
    found = []
    for name, values in attributes.items():
        ranks = stats.rankdata(np.asarray(values, dtype=float))
        distance = abs(_areas(ranks, truth[None, :]) - 0.5)[0]
        as_far = np.abs(_areas(ranks, shuffled) - 0.5) >= distance - 1e-12
        found.append((name, 0.5 + float(distance), (1 + int(as_far.sum())) / (1 + DRAWS)))
    found.sort(key=lambda each: (each[2], -each[1], each[0]))
    strong = _strong([(name, p) for name, _, p in found if name not in drawn])
    return [Tell(name, round(auc, 3), round(p, 4), name in strong) for name, auc, p in found]


def _areas(ranks: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """The area under the curve for each row of `truths`, by the rank sum (Mann and Whitney)."""
    n_diseased = truths.sum(axis=1)
    n_healthy = truths.shape[1] - n_diseased
    sums = truths.astype(float) @ ranks
    areas: np.ndarray = (sums - n_diseased * (n_diseased + 1) / 2) / (n_diseased * n_healthy)
    return areas


def _strong(found: Sequence[tuple[str, float]]) -> set[str]:
    """The names below the level by Holm's step-down, from the smallest p on."""
    strong: set[str] = set()
    for place, (name, p) in enumerate(found):
        if p > LEVEL / (len(found) - place):
            break
        strong.add(name)
    return strong
