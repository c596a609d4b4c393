"""The head that is shipped: logistic regressions on radiomics as numbers in a JSON file.

Reading it runs no code. It holds for each question the features' scaling, coefficients and the
temperature that calibrates them, and says what it was taught by and how it did on heads that it had
not seen. `inference.classify.ship` writes it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.classify.questions import QUESTIONS

FILE = Path(__file__).parent / "lesion-kind-1.json"
_FAR = 4.0  # standard deviations: what lies further out than teaching went counts as this far


class CorruptHead(ValueError):
    """The file is not the one that was measured; the text says what to do."""


@dataclass(frozen=True)
class Answering:
    """A question's logistic regression on standardised features.

    `mean`, `scale` (feature,), `coefficients` (class, feature), `intercept` (class,).
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    coefficients: NDArray[np.float64]
    intercept: NDArray[np.float64]
    temperature: float

    def probabilities(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Calibrated probabilities (lesion, class) from features (lesion, feature)."""
        scores = self.scores(features) / self.temperature
        raised = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(raised / raised.sum(1, keepdims=True))

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Scores before the temperature."""
        scaled = np.clip((features - self.mean) / self.scale, -_FAR, _FAR)
        return np.asarray(scaled @ self.coefficients.T + self.intercept)


@dataclass(frozen=True)
class Shipped:
    """The head as it is in the repository."""

    name: str
    version: str
    sha256: str
    smallest_mm: float  # lesions below say too little of their kind
    features: tuple[str, ...]
    answering: Mapping[str, Answering]  # of the questions that it answers better than chance
    card: Mapping[str, Any]  # words, teaching, performance

    @property
    def value(self) -> str:
        """The head by value: "name@version"."""
        return f"{self.name}@{self.version}"

    def probabilities(self, features: Mapping[str, float]) -> dict[str, dict[str, float]]:
        """Question -> class -> calibrated probability, from a lesion's features by name."""
        row = np.array([[features[name] for name in self.features]])
        return {
            name: dict(
                zip(
                    QUESTIONS[name].classes,
                    (round(float(p), 3) for p in each.probabilities(row)[0]),
                    strict=True,
                )
            )
            for name, each in self.answering.items()
        }


@lru_cache(maxsize=1)
def shipped() -> Shipped:
    """The shipped head.

    Raises
    ------
    CorruptHead
        If the file is missing, damaged or no head.
    """
    return read(FILE)


def read(path: Path) -> Shipped:
    """Read a head; see `shipped` for what is refused."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        said = raw.pop("sha256")
        head = Shipped(
            name=raw["name"],
            version=raw["version"],
            sha256=said,
            smallest_mm=float(raw["smallest_mm"]),
            features=tuple(raw["features"]),
            answering={
                name: answering(raw["questions"][name], len(raw["features"]), len(question.classes))
                for name, question in QUESTIONS.items()
                if name in raw["questions"]
            },
            card=raw["card"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as wrong:
        raise CorruptHead(f"{path.name} is no head of this package: {wrong}") from wrong
    if digest(raw) != said:
        raise CorruptHead(f"{path.name} is damaged: fetch the repository's file again")
    return head


def digest(raw: Mapping[str, Any]) -> str:
    """SHA-256 of a head's content without its own `sha256`: sorted members, no spaces."""
    text = json.dumps(raw, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no number of a head")


def answering(raw: Mapping[str, Any], features: int, classes: int) -> Answering:
    """A question's regression from its numbers; ValueError where they do not fit."""

    def values(name: str, *shape: int) -> NDArray[np.float64]:
        found = np.array(raw[name], dtype=np.float64)
        if found.shape != shape:
            raise ValueError(f"{name} does not fit its features and classes")
        if not np.isfinite(found).all():
            raise ValueError(f"{name} holds what is no number")
        return found

    scale, temperature = values("scale", features), values("temperature")
    if (scale <= 0).any() or temperature <= 0:
        raise ValueError("its scale and temperature are not all above 0")
    return Answering(
        values("mean", features), scale,
        values("coefficients", classes, features), values("intercept", classes),
        float(temperature),
    )  # fmt: skip
