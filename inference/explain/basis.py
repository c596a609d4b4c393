"""What a detector's probability and its uncertainty rest on: of its card and of its opinions."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Basis:
    """What words may say of a probability and of the spread that is the uncertainty.

    Attributes
    ----------
    is_calibrated
        Whether a temperature or a bias was fitted; without, it is what the network says.
    opinions
        What differs: "mirror" (the images mirrored), "dropout", or "once" (nothing, or the
        networks alone).
    networks
        How many answer.
    are_folds
        Whether these are folds of one training (nnU-Net), not members of an ensemble.
    """

    is_calibrated: bool = False
    opinions: str = "mirror"
    networks: int = 1
    are_folds: bool = False


def is_fitted(operating_point: Mapping[str, float]) -> bool:
    """Whether a card's probability was calibrated: temperature 1 and bias 0 leave it as it is."""
    return operating_point["temperature"] != 1 or operating_point["bias"] != 0
