"""Fit, calibrate and measure the head that is shipped, and write it with its card.

Every choice (the strength of the LASSO, the temperature) is made by folds over the teaching
phantoms, so that lesions of one phantom never lie on both sides; the figures are of phantoms that
no choice was made on. Features that a head's surroundings shift are left out: what was learnt from
them alone would be wrong in heads.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from inference import metrics, phantom
from inference.classify import shipped
from inference.classify.measure import FIGURES, estimate
from inference.classify.questions import QUESTIONS, Question
from inference.classify.shipped import Answering
from inference.classify.teaching import Row

SEED, SMALLEST_MM = 0, 5.0
STRENGTHS = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
_FOLDS = 5
_SHIFTED = 1.0  # standard deviations between the means alone and in heads: too far to learn from
_FEW = 10  # phantoms, to resample them
_CHANCE = 0.5  # the AUC of who guesses, whatever the mixture
_PRIMARIES = ("lung", "breast", "melanoma", "other")
_DIGITS = 5  # of a coefficient: more would only make the file longer
BANNER = (
    "Learnt from synthetic lesions whose classes differ by the authors' choice: what it says about"
    " a patient's lesion is not known to be right. Research use; not a medical device."
)

Numbers = NDArray[np.int64]
Features = NDArray[np.float64]


def ship(teaching: Sequence[Row], test: Sequence[Row], path: Path = shipped.FILE) -> Path:
    """Fit on the teaching rows, measure on the test rows, write the head.

    A question that it does not answer better than chance in unseen heads is left out; the card
    keeps its figures.

    Raises
    ------
    ValueError
        If a class of a question has too few lesions to be learnt from, no test row is of a lesion
        in a head, or every question is left out.
    """
    large = [row for row in teaching if row["diameter_mm"] >= SMALLEST_MM]
    unseen = [row for row in test if row["diameter_mm"] >= SMALLEST_MM]
    kept = _unshifted(large)
    large, unseen = _only(kept, large), _only(kept, unseen)
    if not any(row["place"] == "head" for row in unseen):
        raise ValueError("no lesion in an unseen head: what is shipped must have been tried there")
    questions, performance = {}, {}
    for name, question in QUESTIONS.items():
        fitted, strength = _fitted(question, large)
        numbers = _numbers(fitted)
        rounded = shipped.answering(numbers, len(kept), len(question.classes))
        figures = {
            f"{place}, {outline}": _measured(question, rounded, some)
            for (place, outline), some in _by_sight(unseen).items()
        }
        performance[name] = {"strength": strength} | figures
        if is_above_chance(figures):
            questions[name] = numbers
    if not questions:
        raise ValueError("no question is answered better than chance in unseen heads")
    head: dict[str, Any] = {
        "name": "lesion-kind",
        "version": "1",
        "smallest_mm": SMALLEST_MM,
        "features": kept,
        "questions": questions,
        "card": {
            "banner": BANNER,
            "made_by": "python -m inference classify --ship",
            "seed": SEED,
            "phantom": phantom.VERSION,
            "teaching": _counted(large),
            "test": _counted(unseen),
            "performance": performance,
        },
    }
    text = json.dumps({**head, "sha256": shipped.digest(head)}, indent=1, ensure_ascii=False)
    path.write_text(text + "\n")
    shipped.shipped.cache_clear()
    return path


def is_above_chance(figures: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the AUC's interval lies above 1/2 in unseen heads, however their lesions were drawn.

    Without an interval (too few heads, or a class that none of them has) nothing is known.
    """
    heads = [each for sight, each in figures.items() if sight.startswith("head")]
    intervals = [each["auc"][1] if "auc" in each else None for each in heads]
    return bool(heads) and all(each is not None and each[0] > _CHANCE for each in intervals)


def _unshifted(rows: Sequence[Row]) -> list[str]:
    """Features whose mean in heads is near that of lesions alone; all where there is but one."""
    by_place: dict[str, list[list[float]]] = {}
    for row in rows:
        if row["outline"] == "truth":
            by_place.setdefault(row["place"], []).append(list(row["features"].values()))
    names = list(rows[0]["features"])
    if set(by_place) != {"alone", "head"}:
        return names
    alone, head = (np.array(by_place[place]) for place in ("alone", "head"))
    shift = np.abs(head.mean(0) - alone.mean(0)) / np.maximum(alone.std(0), 1e-9)
    return [name for name, far in zip(names, shift, strict=True) if far <= _SHIFTED]


def _only(names: Sequence[str], rows: Sequence[Row]) -> list[Row]:
    return [{**row, "features": {name: row["features"][name] for name in names}} for row in rows]


def class_of(question: Question, kind: str) -> int | None:
    """The number of a kind's class among a question's; None where it is not asked of this kind."""
    named = "metastasis" if question.name == "tumour" and kind in _PRIMARIES else kind
    return question.classes.index(named) if named in question.classes else None


@dataclass(frozen=True)
class Asked:
    """What a question is about: features (lesion, feature); the class and phantom of each."""

    features: Features
    classes: Numbers
    phantoms: Numbers

    def __getitem__(self, some: Numbers) -> "Asked":
        return Asked(self.features[some], self.classes[some], self.phantoms[some])


def _asked(question: Question, rows: Sequence[Row]) -> Asked:
    """The rows that a question is about."""
    some = [row for row in rows if class_of(question, row["kind"]) is not None]
    return Asked(
        np.array([list(row["features"].values()) for row in some], dtype=np.float64),
        np.array([class_of(question, row["kind"]) for row in some], dtype=np.int64),
        np.array([row["seed"] for row in some], dtype=np.int64),
    )


def _fitted(question: Question, rows: Sequence[Row]) -> tuple[Answering, float]:
    """The regression of the strength and temperature that predict other phantoms' lesions best."""
    known = _asked(question, rows)
    counts = np.bincount(known.classes, minlength=len(question.classes))
    if counts.min() < _FOLDS:
        raise ValueError(f"too few lesions for the question {question.name!r}: make more of them")
    best = (np.inf, STRENGTHS[0], 1.0)
    for strength in STRENGTHS:
        scores = _of_other_phantoms(known, strength)
        temperature, loss = _temperature(scores, known.classes)
        best = min(best, (loss, strength, temperature))
    _, strength, temperature = best
    return _regression(known, strength, temperature), strength


def _of_other_phantoms(known: Asked, strength: float) -> Features:
    """Scores of every lesion by a regression that saw no lesion of its phantom."""
    scores = np.zeros((len(known.classes), int(known.classes.max()) + 1))
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=SEED)
    for learn, rest in folds.split(known.features, known.classes, known.phantoms):
        fitted = _regression(known[learn], strength, 1.0)
        scores[rest] = fitted.scores(known.features[rest])
    return scores


def _regression(known: Asked, strength: float, temperature: float) -> Answering:
    """A logistic LASSO on standardised features; two classes get a score each, the first 0."""
    scaler = StandardScaler().fit(known.features)
    model = LogisticRegression(
        l1_ratio=1.0, solver="saga", C=strength, max_iter=2000, tol=1e-3, random_state=SEED
    ).fit(scaler.transform(known.features), known.classes)
    coefficients, intercept = model.coef_, model.intercept_
    if len(coefficients) == 1:
        coefficients = np.vstack([np.zeros_like(coefficients), coefficients])
        intercept = np.concatenate([[0.0], intercept])
    return Answering(scaler.mean_, scaler.scale_, coefficients, intercept, temperature)


def _temperature(scores: Features, classes: Numbers) -> tuple[float, float]:
    """What scores are divided by for the least cross entropy (Guo et al. 2017), and that."""
    candidates = np.geomspace(0.2, 5, 65)
    losses = [_cross_entropy(scores / each, classes) for each in candidates]
    return float(candidates[int(np.argmin(losses))]), float(min(losses))


def _cross_entropy(scores: Features, classes: Numbers) -> float:
    top = scores.max(1)
    logs = top + np.log(np.exp(scores - top[:, None]).sum(1))
    return float((logs - scores[np.arange(len(classes)), classes]).mean())


def _measured(question: Question, fitted: Answering, rows: Sequence[Row]) -> dict[str, Any]:
    """Figures with intervals of 95 % by bootstrap over phantoms, and the reliability diagram.

    Fewer than ten phantoms give no interval: their lesions are not independent of each other.
    """
    known = _asked(question, rows)
    truth = known.classes
    if len(np.unique(truth)) < len(question.classes):
        return {"lesions": len(truth)}
    found = fitted.probabilities(known.features)
    phantoms = len(np.unique(known.phantoms))
    figures: dict[str, tuple[float, list[float] | None]] = {}
    for name, each in FIGURES.items():
        value, interval = estimate(each, found, truth, known.phantoms)
        figures[name] = (value, interval if phantoms >= _FEW else None)
    return {
        "lesions": len(truth),
        "phantoms": phantoms,
        "chance": round(float(np.bincount(truth).max() / len(truth)), 3),
        **figures,
        "reliability": [
            [count, round(p, 3), round(share, 3)]
            for count, p, share in metrics.reliability(found.max(1), found.argmax(1) == truth)
        ],
    }


def _numbers(fitted: Answering) -> dict[str, Any]:
    def short(values: Features) -> Any:
        return np.vectorize(lambda v: float(f"{v:.{_DIGITS}g}"))(values).tolist()

    return {
        "mean": short(fitted.mean),
        "scale": short(fitted.scale),
        "coefficients": short(fitted.coefficients),
        "intercept": short(fitted.intercept),
        "temperature": round(fitted.temperature, 3),
    }


def _counted(rows: Sequence[Row]) -> Mapping[str, Any]:
    """Of each sight of lesions: phantoms, their first and last seed, lesions by kind."""
    return {
        f"{place}, {outline}": {
            "phantoms": len({row["seed"] for row in some}),
            "seeds": [min(row["seed"] for row in some), max(row["seed"] for row in some)],
            "lesions": dict(sorted(Counter(row["kind"] for row in some).items())),
        }
        for (place, outline), some in _by_sight(rows).items()
    }


def _by_sight(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Rows by place and outline: alone or in a head, as it is or as the detector drew it."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row["place"], row["outline"])):
        found.setdefault((row["place"], row["outline"]), []).append(row)
    return found
