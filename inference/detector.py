"""What a detector is: the protocol, its card, and loading one by value ("name@version")."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from inference.lesions import Lesion
from inference.volume import Volume

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT = "space-to-depth@1"

# family -> module with `load(card, weights, device) -> Detector`. A new family is a line here, a
# file, and a card with weights.
FAMILIES = {"space-to-depth": "inference.detectors.space_to_depth"}


class UnknownDetector(KeyError):
    """No card for this name and version."""


class CorruptWeights(ValueError):
    """The weights on disk are not those that the card was measured with."""


class Detector(Protocol):
    """Finds lesions in an examination."""

    name: str
    version: str
    weights_sha256: str
    needs: tuple[str, ...]  # roles without which it refuses

    def detect(self, examination: Mapping[str, Volume]) -> list[Lesion]:
        """Return lesions by falling probability, on the grid of T1c."""
        ...


@dataclass(frozen=True)
class Card:
    """A detector's model card with its operating point, as stored beside the weights."""

    name: str
    version: str
    family: str
    weights: str  # file name
    weights_sha256: str
    needs: tuple[str, ...]
    operating_point: dict[str, float]  # segmentation, temperature, bias, probability
    words: dict[str, Any]  # banner, training, performance, limits

    @property
    def value(self) -> str:
        """The detector by value."""
        return f"{self.name}@{self.version}"


def read_card(path: Path) -> Card:
    """Read a card from its JSON file."""
    raw = json.loads(path.read_text())
    return Card(**{**raw, "needs": tuple(raw["needs"])})


@lru_cache(maxsize=1)
def cards() -> dict[str, Card]:
    """Every card in the package, by value."""
    found = [read_card(path) for path in sorted(WEIGHTS.glob("*.json"))]
    return {card.value: card for card in found}


def card_of(name_at_version: str) -> Card:
    """The card of a detector.

    Raises
    ------
    UnknownDetector
        Naming those that are known.
    """
    known = cards()
    if name_at_version not in known:
        names = ", ".join(known) or "none"
        raise UnknownDetector(f"no detector {name_at_version!r}; known here: {names}")
    return known[name_at_version]


def load(name_at_version: str, device: str | None = None) -> Detector:
    """Load a detector with checked weights; torch is imported here and not before.

    Parameters
    ----------
    device
        "cpu", "cuda", ...; None takes CUDA where there is one.

    Raises
    ------
    UnknownDetector, CorruptWeights
    """
    card = card_of(name_at_version)
    weights = checked_weights(card, WEIGHTS / card.weights)
    family = import_module(FAMILIES[card.family])
    detector: Detector = family.load(card, weights, device)
    return detector


def checked_weights(card: Card, path: Path) -> bytes:
    """The weights' bytes, if their SHA-256 is the card's.

    Raises
    ------
    CorruptWeights
    """
    if not path.exists():
        raise CorruptWeights(f"{path.name} is missing: fetch the repository's weights again")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.weights_sha256:
        raise CorruptWeights(
            f"{path.name} is damaged or was replaced: its SHA-256 is {digest[:12]}..., the card"
            f" says {card.weights_sha256[:12]}...; fetch the repository's weights again"
        )
    return content
