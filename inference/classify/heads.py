"""Heads: radiomics with LASSO, SVM or forest (scikit-learn), and small 3-D networks (MONAI)."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from inference.classify import radiomics
from inference.classify.patches import Patch

Probabilities = NDArray[np.float64]  # (patch, class), rows add up to 1
Numbers = NDArray[np.int64]  # of the classes
_FOLDS = 3  # for the calibration of a fitted score


class Head(Protocol):
    """Answers a question about lesions with probabilities."""

    def fit(self, patches: Sequence[Patch], classes: Numbers) -> None:
        """Learn from patches and the numbers of their classes, calibration included."""
        ...

    def probabilities(self, patches: Sequence[Patch]) -> Probabilities:
        """Calibrated probabilities of the classes."""
        ...


class Radiomics:
    """Features and a classifier of scikit-learn, calibrated by Platt's way over folds."""

    def __init__(self, classifier: Any) -> None:
        scaled = make_pipeline(StandardScaler(), classifier)
        self._model = CalibratedClassifierCV(scaled, method="sigmoid", cv=_FOLDS)

    def fit(self, patches: Sequence[Patch], classes: Numbers) -> None:
        """As the protocol says."""
        self._model.fit(radiomics.table(list(patches)), classes)

    def probabilities(self, patches: Sequence[Patch]) -> Probabilities:
        """As the protocol says."""
        return np.asarray(self._model.predict_proba(radiomics.table(list(patches))))


def _resnet(seed: int) -> Head:
    from inference.classify import convolutional

    return convolutional.ConvolutionalHead(convolutional.resnet, seed)


def _densenet(seed: int) -> Head:
    from inference.classify import convolutional

    return convolutional.ConvolutionalHead(convolutional.densenet, seed)


HEADS: dict[str, Callable[[int], Head]] = {
    "logistic-lasso": lambda seed: Radiomics(
        LogisticRegression(l1_ratio=1.0, solver="saga", C=0.3, max_iter=3000, random_state=seed)
    ),
    "svm": lambda seed: Radiomics(SVC(C=1.0, random_state=seed)),
    "random-forest": lambda seed: Radiomics(
        RandomForestClassifier(300, min_samples_leaf=3, random_state=seed)
    ),
    "resnet": _resnet,
    "densenet": _densenet,
}


def head_of(name: str, seed: int = 0) -> Head:
    """An untrained head; a `ValueError` names those there are."""
    if name not in HEADS:
        raise ValueError(f"no head {name!r}; there are: {', '.join(HEADS)}")
    return HEADS[name](seed)
