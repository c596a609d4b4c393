"""Lesion proposals on brain MRI: phantoms, detectors, explanations, DICOM export.

Usable without the platform (`python -m inference --help`). Importing this package is cheap: torch
and MONAI are imported when a detector is loaded. Coordinates are DICOM patient coordinates (LPS)
in millimetres; arrays are ordered (z, y, x).
"""

from typing import TYPE_CHECKING, Any

from inference.series import read_examination

if TYPE_CHECKING:
    from inference.detector import Detector

__all__ = [
    "default_detector",
    "detector_card",
    "detector_names",
    "load_detector",
    "read_examination",
]


def default_detector() -> str:
    """The detector that the package ships, by value: "name@version"."""
    from inference.detector import DEFAULT

    return DEFAULT


def detector_names() -> list[str]:
    """Every detector that can be loaded, by value; the default first."""
    from inference.detector import cards

    names = list(cards())
    return sorted(names, key=lambda name: name != default_detector())


def detector_card(name_at_version: str) -> dict[str, Any]:
    """A detector's card: banner, training data, measured performance, limits, hash.

    Raises
    ------
    inference.detector.UnknownDetector
        A `KeyError` that names the detectors that are known.
    """
    from inference.detector import card_of

    card = card_of(name_at_version)
    return {
        **card.words,  # first: words never stand for what the card was loaded with
        "name": card.name,
        "version": card.version,
        "family": card.family,
        "weights_sha256": card.weights_sha256,
        "needs": list(card.needs),
        "device": card.device,
        "memory_mib": card.memory_mib,
        "operating_point": dict(card.operating_point),
    }


def load_detector(name_at_version: str, device: str | None = None) -> "Detector":
    """Load a detector (seconds); see `inference.detector.load`."""
    from inference.detector import load

    return load(name_at_version, device)
