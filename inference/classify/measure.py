"""Train a head on synthetic lesions and measure it on others, with intervals over lesions."""

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from inference import metrics
from inference.classify import appearances
from inference.classify.heads import Numbers, Probabilities, head_of
from inference.classify.questions import question_of

TRAINING_SEED, TEST_SEED = 100_000, 200_000
_DRAWS = 500
NOTE = (
    "Synthetic lesions, whose classes differ by our choice: nothing is known about patients."
    " Research use; not a medical device."
)


def measured(
    question: str, head: str, *, training: int = 300, test: int = 300, seed: int = 0
) -> dict[str, Any]:
    """A head's figures on lesions that it has not seen.

    Returns
    -------
    dict
        `accuracy`, `auc` (of several classes the mean of each against the rest), `brier` (sum
        over classes, 0-2) and `calibration_error` (of the class that is called) as (value,
        interval of 95 % by bootstrap over lesions); `chance`: accuracy of the commonest class.
    """
    asked = question_of(question)
    patches, classes = _drawn(question, TRAINING_SEED, training)
    learner = head_of(head, seed)
    learner.fit(patches, classes)
    unseen, truth = _drawn(question, TEST_SEED, test)
    found = learner.probabilities(unseen)
    return {
        "question": question,
        "classes": list(asked.classes),
        "head": head,
        "note": NOTE,
        "training": training,
        "test": test,
        "chance": round(float(np.bincount(truth).max() / len(truth)), 3),
        **{name: estimate(figure, found, truth) for name, figure in FIGURES.items()},
    }


def _drawn(question: str, first: int, count: int) -> tuple[list[Any], Numbers]:
    made = [appearances.make(question, first + n) for n in range(count)]
    return [patch for patch, _ in made], np.array([number for _, number in made])


Figure = Callable[[Probabilities, Numbers], float]


def estimate(
    figure: Figure, found: Probabilities, truth: Numbers, groups: Numbers | None = None
) -> tuple[float, list[float]]:
    """A figure and its interval of 95 % by bootstrap over groups (None: over lesions).

    Draws in which a class does not occur are left out.
    """
    groups = np.arange(len(truth)) if groups is None else groups
    members = [np.flatnonzero(groups == each) for each in np.unique(groups)]
    rng = np.random.default_rng(7)
    draws = []
    for _ in range(_DRAWS):
        chosen = rng.integers(len(members), size=len(members))
        some = np.concatenate([members[each] for each in chosen])
        if len(np.unique(truth[some])) == found.shape[1]:
            draws.append(figure(found[some], truth[some]))
    low, high = np.percentile(draws, (2.5, 97.5))
    return round(figure(found, truth), 3), [round(float(low), 3), round(float(high), 3)]


def _accuracy(found: Probabilities, truth: Numbers) -> float:
    return float((found.argmax(1) == truth).mean())


def _auc(found: Probabilities, truth: Numbers) -> float:
    scores = found[:, 1] if found.shape[1] == 2 else found
    return float(roc_auc_score(truth, scores, multi_class="ovr"))


def _brier(found: Probabilities, truth: Numbers) -> float:
    return float(((found - np.eye(found.shape[1])[truth]) ** 2).sum(1).mean())


def _error(found: Probabilities, truth: Numbers) -> float:
    return float(metrics.calibration_error(found.max(1), found.argmax(1) == truth))


FIGURES: dict[str, Figure] = {
    "accuracy": _accuracy,
    "auc": _auc,
    "brier": _brier,
    "calibration_error": _error,
}
