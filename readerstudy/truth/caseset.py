"""Whether something that every reader sees of a case tells its truth (fault F8). Pure.

Cases that were collected in two batches, diseased first, can be told by their upload time, their
codes, their number of slices: the study would then measure how well readers notice that. Each
attribute's area under the ROC curve is computed against the standard, in whichever direction it
tells, and tested by permutation.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

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


def tells(attributes: Mapping[str, Sequence[float]], diseased: Sequence[bool]) -> list[Tell]:
    """Test each attribute against the standard.

    Parameters
    ----------
    attributes : mapping of str to sequence of float
        Values by name, one a case, in the order of `diseased`.
    diseased : sequence of bool
        The standard; empty or of one class: nothing can be told.

    Returns
    -------
    list of Tell
        The strongest first. The same input gives the same answer (the draws are seeded).
    """
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
    return _corrected(sorted(found, key=lambda each: (each[2], -each[1], each[0])))


def _areas(ranks: np.ndarray, truths: np.ndarray) -> np.ndarray:
    """The area under the curve for each row of `truths`, by the rank sum (Mann and Whitney)."""
    n_diseased = truths.sum(axis=1)
    n_healthy = truths.shape[1] - n_diseased
    sums = truths.astype(float) @ ranks
    areas: np.ndarray = (sums - n_diseased * (n_diseased + 1) / 2) / (n_diseased * n_healthy)
    return areas


def _corrected(found: Sequence[tuple[str, float, float]]) -> list[Tell]:
    """Holm's step-down: once one holds, all with larger p hold too."""
    made, all_strong = [], True
    for place, (name, auc, p) in enumerate(found):
        all_strong = all_strong and p <= LEVEL / (len(found) - place)
        made.append(Tell(name, round(auc, 3), round(p, 4), all_strong))
    return made
