"""Detectors whose second opinions are an ensemble's or dropout's, for `uncertainty`.

    python -m benchmarks.detectors.uncertainty --opinions members --cases 20

The default has one network without dropout, so these are made for the question whether such
opinions know more of errors than mirrored images do:

generations
    The weights of the default's versions 1, 3 and 4 answer together. Each was trained on from the
    one before: they are of one line, not independent.
members
    Three networks of the default's kind, each from nothing for so many CPU seconds on the same
    phantoms, other seeds (Lakshminarayanan et al. 2017).
dropout
    The default's weights, trained on for half as many CPU seconds with a tenth of all features
    dropped, and eight passes with dropout (Gal, Ghahramani 2016).

Networks and operating points are kept in `--work`: a run that was stopped goes on. Their
probabilities are calibrated on the first validation phantoms.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn
from tqdm import tqdm

from inference.detector import WEIGHTS, Card
from inference.detectors import families, space_to_depth
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.training import calibrate, cases, evaluate, fit

FAMILY = "space-to-depth"
GENERATIONS = (1, 3, 4)
MEMBERS = 3
DROPOUT = 0.1
TRAINING_SEEDS = cases.TRAINING_SEEDS[:6]
SEGMENTATION = 0.4
FALSE_POSITIVES_PER_CASE = 0.5
_RATE_ON = 5e-4  # of what goes on from weights that have learnt
_RAW = {"segmentation": SEGMENTATION, "temperature": 1.0, "bias": 0.0, "probability": 0.5}


@dataclass(frozen=True)
class Places:
    """Where phantoms and trainings lie; CPU seconds of each training."""

    cache: Path
    work: Path
    seconds: float


def networks(kind: str, places: Places) -> tuple[list[nn.Module], str]:
    """The networks of a kind, trained where they are to be, and how they give opinions.

    Raises
    ------
    ValueError
        For a kind that is not known.
    """
    if kind not in _KINDS:
        raise ValueError(f"no opinions {kind!r}; there are: {', '.join(_KINDS)}")
    return _KINDS[kind](places)


def _generations(_places: Places) -> tuple[list[nn.Module], str]:
    return [_weights_of(each) for each in GENERATIONS], "once"


def _members(places: Places) -> tuple[list[nn.Module], str]:
    seeds = [fit.Recipe.seed + n for n in range(MEMBERS)]
    return [_trained(f"member-{s}", families.build(FAMILY), places, seed=s) for s in seeds], "once"


def _dropping(places: Places) -> tuple[list[nn.Module], str]:
    network = space_to_depth.build(dropout=DROPOUT)
    network.load_state_dict(_weights_of(GENERATIONS[-1]).state_dict())
    less = replace(places, seconds=places.seconds / 2)  # it has learnt already
    return [_trained("dropout", network, less, rate=_RATE_ON)], "dropout"


_KINDS: dict[str, Callable[[Places], tuple[list[nn.Module], str]]] = {
    "generations": _generations,
    "members": _members,
    "dropout": _dropping,
}
KINDS = tuple(_KINDS)


def _weights_of(version: int) -> nn.Module:
    content = (WEIGHTS / f"{FAMILY}-{version}.safetensors").read_bytes()
    return fit.mended(families.filled(FAMILY, content))


def _trained(
    name: str,
    network: nn.Module,
    places: Places,
    *,
    seed: int = fit.Recipe.seed,
    rate: float = fit.Recipe.rate,
) -> nn.Module:
    """The averaged network of a training, begun, continued or as it ended."""
    checkpoint = places.work / f"{name}-{places.seconds:g}s.pt"
    recipe = fit.Recipe(
        seed=seed, rate=rate, cpu_seconds=places.seconds, batch=1, warm_up=10, save_every=20
    )
    torch.manual_seed(seed)
    for each in TRAINING_SEEDS:
        cases.make(each, places.cache)
    return fit.fit(network, places.cache, checkpoint, recipe, "cpu", TRAINING_SEEDS).average


def detector(kind: str, places: Places, validation: Sequence[int]) -> VoxelwiseDetector:
    """A detector with opinions of a kind, calibrated on validation phantoms of these seeds."""
    places.work.mkdir(parents=True, exist_ok=True)
    given, opinions = networks(kind, places)
    made = _detector(kind, given, opinions, _RAW)
    path = places.work / f"{kind}-{_digest(given)}-{len(validation)}.json"
    if not path.exists():
        point = _operating_point(made, validation, places.cache)
        path.write_text(json.dumps(point) + "\n")
    return _detector(kind, given, opinions, json.loads(path.read_text()))


def _detector(
    kind: str, given: Sequence[nn.Module], opinions: str, point: dict[str, float]
) -> VoxelwiseDetector:
    card = Card(kind, "1", FAMILY, "", "", ("t1c", "flair"), point, {})
    return VoxelwiseDetector(card, given[0], "cpu", others=given[1:], opinions=opinions)


def _digest(given: Sequence[nn.Module]) -> str:
    found = hashlib.sha256()
    for network in given:
        for tensor in network.state_dict().values():
            found.update(tensor.detach().contiguous().numpy().tobytes())
    return found.hexdigest()[:12]


def _operating_point(
    made: VoxelwiseDetector, seeds: Sequence[int], cache: Path
) -> dict[str, float]:
    folders = [cases.make_examination(seed, cache) for seed in seeds]
    timed = tqdm(evaluate.evaluate(made, folders, SEGMENTATION), total=len(folders), unit="case")
    return calibrate.operating_point(
        [each.score for each in timed], SEGMENTATION, FALSE_POSITIVES_PER_CASE
    )


def at_every_level(made: VoxelwiseDetector, probability: float) -> VoxelwiseDetector:
    """The same detector, which proposes from another probability on."""
    point = {**made.card.operating_point, "probability": probability}
    made.card = replace(made.card, operating_point=point)
    return made
