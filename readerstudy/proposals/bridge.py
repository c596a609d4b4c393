"""The one way from the platform to `inference`; torch is imported only when a detector runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import inference


@dataclass(frozen=True)
class Found:
    """A lesion as the platform keeps it."""

    centroid_mm: tuple[float, float, float]
    diameter_mm: float
    volume_mm3: float
    probability: float
    uncertainty: float | None
    contours_mm: list[list[list[float]]]
    explanation: dict[str, Any]


def default_detector() -> str:
    """The detector that comes with the platform, by value: "name@version"."""
    return str(inference.default_detector())


def known_detectors() -> list[str]:
    """Every detector that can run here, by value."""
    return [str(name) for name in inference.detector_names()]


def card(detector: str) -> dict[str, Any]:
    """The detector's model card: banner, training data, measured performance, limits.

    Raises
    ------
    KeyError
        For a detector that is not known here.
    """
    return dict(inference.detector_card(detector))


def _point(values: Sequence[float]) -> tuple[float, float, float]:
    x, y, z = map(float, values)
    return x, y, z


@lru_cache(maxsize=2)
def _loaded(detector: str) -> Any:
    return inference.load_detector(detector)


def detect(detector: str, paths: Mapping[str, Sequence[Path]]) -> tuple[str, list[Found]]:
    """Run a detector on an examination.

    Parameters
    ----------
    detector : str
        "name@version".
    paths : mapping
        Series role -> its DICOM files.

    Returns
    -------
    weights_sha256 : str
        Of the weights that ran.
    found : list of Found
        By falling probability.
    """
    model = _loaded(detector)
    lesions = model.detect(inference.read_examination(paths))
    found = [
        Found(
            centroid_mm=_point(each.centroid_mm),
            diameter_mm=float(each.diameter_mm),
            volume_mm3=float(each.volume_mm3),
            probability=float(each.probability),
            uncertainty=None if each.uncertainty is None else float(each.uncertainty),
            contours_mm=[
                [list(map(float, point)) for point in line] for line in each.contours_mm()
            ],
            explanation=dict(each.explanation),
        )
        for each in lesions
    ]
    found.sort(key=lambda each: -each.probability)
    return str(model.weights_sha256), found
