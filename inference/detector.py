"""What a detector is: the protocol, its card, and loading one by value ("name@version")."""

import hashlib
import json
import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from inference.card_faults import faults
from inference.detectors.archive import UnusableModel
from inference.lesions import Lesion
from inference.volume import Volume

WEIGHTS = Path(__file__).parent / "weights"
DEFAULT = "space-to-depth@5"

FOLDER = "READERSTUDY_DETECTORS"  # environment: cards and weights that were brought here
# Formats of models made elsewhere -> module with `load(card, weights, device) -> Detector`; any
# other family is one of `inference.detectors.families`. See docs/own-detectors.md.
FORMATS = {
    "torchscript": "inference.detectors.brought",
    "onnx": "inference.detectors.brought",
    "python": "inference.detectors.brought",
    "monai-bundle": "inference.detectors.bundles",
    "nnunet": "inference.detectors.nnunet",
    "ensemble": "inference.detectors.ensemble",
}
_FAMILIES = "inference.detectors.families"
# What code raises that meets files or options it was not written for.
_BROKEN = (
    ArithmeticError, AttributeError, ImportError, LookupError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


class UnknownDetector(KeyError):
    """No card for this name and version."""


class NoSuchDevice(RuntimeError):
    """The detector needs a device that this machine has not; the text says what to do."""


class CorruptWeights(ValueError):
    """The weights on disk are not those that the card was measured with."""


class Detector(Protocol):
    """Finds lesions in an examination."""

    name: str
    version: str
    weights_sha256: str
    needs: tuple[str, ...]  # roles without which it refuses

    def detect(self, examination: Mapping[str, Volume]) -> list[Lesion]:
        """Return lesions by falling probability, on the grid of T1c (of CT alone, CT)."""
        ...


class Stage(StrEnum):
    """What a detector is at; reading the files comes before, writing what it found after."""

    NETWORK = "network"
    EXPLAINING = "explaining"


Note = Callable[[Stage], None]  # told at the beginning of each stage


def unheard(_stage: Stage) -> None:
    """Nobody waits to hear how far it is."""


@dataclass(frozen=True)
class Used:
    """What an examination was computed with.

    Attributes
    ----------
    device
        "cpu" or "cuda".
    window
        Voxels along each axis that the network saw at once; None: the whole head, or what a model
        that was brought here does by itself.
    is_reduced
        Whether that is less than the detector is made for: memory lacked, or had before.
    found
        How many lesions it found, where that is more than it answers with; None: no more.
    """

    device: str
    window: int | None = None
    is_reduced: bool = False
    found: int | None = None


@runtime_checkable
class Windowed(Protocol):
    """A detector that can do with smaller windows and says what it used."""

    used: Used | None

    def detect(
        self, examination: Mapping[str, Volume], *, halvings: int = 0, note: Note = unheard
    ) -> list[Lesion]:
        """As any detector, with windows that were halved so often before it begins."""
        ...


def detect(
    detector: Detector,
    examination: Mapping[str, Volume],
    *,
    halvings: int = 0,
    note: Note = unheard,
) -> tuple[list[Lesion], Used | None]:
    """The lesions that a detector finds, and what it used; `note` hears what it is at.

    A site's own entry point, which may know of no windows, is asked as it always was.

    Raises
    ------
    UnusableModel
        For lesions whose probability or place is no number that it can be.
    """
    if isinstance(detector, Windowed):
        return _sound(detector.detect(examination, halvings=halvings, note=note)), detector.used
    note(Stage.NETWORK)
    return _sound(detector.detect(examination)), None


def _sound(lesions: list[Lesion]) -> list[Lesion]:
    """The lesions, once each is one that can be kept and shown.

    Words say of none how many there are: a failed run's are read by who must not know.
    """
    for each in lesions:
        doubt = 0.0 if each.uncertainty is None else each.uncertainty
        if not (0 <= each.probability <= 1 and 0 <= doubt < math.inf):
            raise UnusableModel(
                f"a lesion has the probability {each.probability} and the uncertainty"
                f" {each.uncertainty}: give 0 to 1, and 0 or more or none"
            )
        if not all(map(math.isfinite, each.centroid_mm)):
            raise UnusableModel("a lesion has no place: its mask or its affine is damaged")
    return lesions


@runtime_checkable
class Batched(Protocol):
    """A detector that gains from several examinations at once."""

    def detect_batch(self, examinations: Sequence[Mapping[str, Volume]]) -> list[list[Lesion]]:
        """As `detect`, for each."""
        ...


def detect_batch(
    detector: Detector, examinations: Sequence[Mapping[str, Volume]]
) -> list[list[Lesion]]:
    """The lesions of each examination, by any detector: together where it can, else in turn."""
    if isinstance(detector, Batched):
        return detector.detect_batch(examinations)
    return [detector.detect(each) for each in examinations]


@dataclass(frozen=True)
class Card:
    """A detector's model card with its operating point, as stored beside the weights."""

    name: str
    version: str
    family: str
    weights: str  # file or folder beside the card
    weights_sha256: str
    needs: tuple[str, ...]
    operating_point: dict[str, float]  # segmentation, temperature, bias, probability
    words: dict[str, Any]  # banner, training, performance, limits
    options: dict[str, Any] = field(default_factory=dict)  # of a model brought here
    folder: str = str(WEIGHTS)  # where card and weights lie
    device: str = "any"  # or "cuda": it is not run on a CPU at all
    memory_mib: int | None = None  # what an examination takes at most on a CPU, as measured

    @property
    def value(self) -> str:
        """The detector by value."""
        return f"{self.name}@{self.version}"


def read_card(path: Path) -> Card:
    """Read a card from its JSON file.

    Raises
    ------
    ValueError
        Naming the file and what is wrong, when it is no card or cannot be read.
    """
    try:
        raw = json.loads(path.read_text())
        wrong = "; ".join(faults(raw))
        if not wrong:
            return Card(**{**raw, "needs": tuple(raw["needs"]), "folder": str(path.parent)})
    except (OSError, ValueError, TypeError, RecursionError, OverflowError) as problem:
        wrong = str(problem)
    raise ValueError(f"{path.name} is no detector's card: {wrong}")


def write_card(card: Card, folder: Path) -> Path:
    """Write a card beside its weights."""
    path = folder / f"{card.name}-{card.version}.json"
    unsaid: dict[str, Any] = {"options": {}, "device": "any", "memory_mib": None}
    kept = {
        name: value
        for name, value in asdict(card).items()
        if name != "folder" and (name not in unsaid or value != unsaid[name])
    }
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    cards.cache_clear()
    return path


@lru_cache(maxsize=1)
def cards() -> dict[str, Card]:
    """Every card of the package, then of the folder that was brought here, by value.

    A card that cannot be read, or that has the name of another, costs itself alone.
    """
    found = {card.value: card for card in map(read_card, sorted(WEIGHTS.glob("*.json")))}
    if brought := os.environ.get(FOLDER):
        for path in sorted(Path(brought).glob("*.json")):
            try:
                card = read_card(path)
            except ValueError as wrong:
                warnings.warn(str(wrong), stacklevel=2)
                continue
            if card.value in found:
                warnings.warn(f"{path.name}: there is a {card.value} already", stacklevel=2)
            found.setdefault(card.value, card)
    return found


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
    UnknownDetector, CorruptWeights, NoSuchDevice
    """
    return load_card(card_of(name_at_version), device)


def load_card(card: Card, device: str | None = None) -> Detector:
    """Load the detector of a card with checked weights.

    Raises
    ------
    CorruptWeights, NoSuchDevice
    UnusableModel
        A `ValueError`, for files and options that are not understood.
    """
    require_device(device)
    if card.device == "cuda" and device != "cpu" and not _has_gpu():
        raise NoSuchDevice(
            f"{card.value} needs a GPU and there is none here: start a worker on a machine that has"
            " one (docs/deployment.md)"
        )
    weights = checked_weights(card, Path(card.folder) / card.weights)
    module = import_module(FORMATS.get(card.family, _FAMILIES))
    try:
        detector: Detector = module.load(card, weights, device)
    except UnusableModel:
        raise
    except _BROKEN as wrong:
        words = f"{card.value} cannot be loaded: {type(wrong).__name__}: {str(wrong)[:300]}"
        raise UnusableModel(words) from wrong
    return detector


def require_device(device: str | None) -> None:
    """A GPU that was asked for is there.

    Raises
    ------
    NoSuchDevice
    """
    if device is not None and device.startswith("cuda") and not _has_gpu():
        raise NoSuchDevice("there is no GPU here that torch can use: ask for cpu")


def grid_role(detector: Detector) -> str:
    """The role of the series that a detector's lesions lie on.

    Of a site's own entry point, which may not say what it takes, by its needs.
    """
    from inference.preprocess import reference_of

    if inputs := getattr(detector, "inputs", ()):
        return reference_of(tuple(inputs))
    return "ct" if "ct" in detector.needs and "t1c" not in detector.needs else "t1c"


def _has_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def content_of(path: Path) -> bytes:
    """A file's bytes; of a folder the bytes of one zip file, equal for equal folders."""
    from inference.detectors.archive import zipped

    return zipped(path) if path.is_dir() else path.read_bytes()


def checked_weights(card: Card, path: Path) -> bytes:
    """The weights' bytes, if their SHA-256 is the card's.

    Raises
    ------
    CorruptWeights
    """
    if not path.exists():
        raise CorruptWeights(f"{path.name} is missing: fetch the repository's weights again")
    content = content_of(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.weights_sha256:
        raise CorruptWeights(
            f"{path.name} is damaged or was replaced: its SHA-256 is {digest[:12]}..., the card"
            f" says {card.weights_sha256[:12]}...; fetch the repository's weights again"
        )
    return content
