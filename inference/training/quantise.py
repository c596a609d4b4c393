"""A network in 8-bit integers, for CPUs: quantised after its training, by NNCF.

Each layer's weights and inputs become integers with a scale of their own (Jacob et al. 2018,
equations 1 to 12), the inputs' by what the layers are given on some patches of training phantoms.
"""

import hashlib
import shutil
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from inference.detector import Card, checked_weights, content_of, write_card
from inference.detectors import families
from inference.detectors.compiled import openvino_runtime, saved, traced
from inference.detectors.layout import folded
from inference.detectors.space_to_depth import SpaceToDepth
from inference.training import cases, patches
from inference.training.cases import TrainingCase

SEED = 5
_SIZE, _OF_EACH = 64, 12  # voxels a side; patches of each phantom, every second around a lesion
_NOTHING = "{} is not run by OpenVINO: there is nothing to quantise"
_LACKS = "quantising needs NNCF: pip install -r requirements-dev.lock"


def quantise(card: Card, version: str, folders: Iterable[Path]) -> Path:
    """Write a card of a new version: the same weights, and the network in 8-bit integers beside.

    The operating point is kept; what was measured is not, as it is to be measured anew.

    Parameters
    ----------
    folders
        Of training phantoms (`cases.path_of`): asked for once it is sure that they are of use.

    Raises
    ------
    ValueError
        If the detector's network is none that OpenVINO runs; where NNCF is not installed.
    """
    target = Path(card.folder) / f"{card.name}-{version}"
    if target.exists():
        raise ValueError(
            f"there is a folder {target.name} already: remove it, or give another version"
        )
    _nncf()
    weights = _weights(card)
    network = _network(card, weights)
    channels = len(families.family_of(card.family).inputs)
    rng = np.random.default_rng(SEED)
    paths = list(folders)
    seen = [each for path in paths for each in drawn(cases.load(path), rng)]
    model = in_integers(traced(network, channels), seen)
    part = target.with_name(f"{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)  # of a try that was ended
    part.mkdir()
    (part / families.NETWORK).write_bytes(weights)
    saved(model, part)
    part.replace(target)
    words = {name: each for name, each in card.words.items() if name != "performance"}
    words["training"] = {**words.get("training", {}), "int8": _told(paths, len(seen))}
    digest = hashlib.sha256(content_of(target)).hexdigest()
    made = replace(card, version=version, words=words, weights=target.name, weights_sha256=digest)
    return write_card(made, Path(card.folder))


def _weights(card: Card) -> bytes:
    """A card's safetensors."""
    if card.family not in families.FAMILIES:
        raise ValueError(_NOTHING.format(card.value))
    content = checked_weights(card, Path(card.folder) / card.weights)
    return families.parts(content)[0]


def _network(card: Card, weights: bytes) -> nn.Module:
    """A card's network as a CPU runs it, in single precision."""
    network = folded(families.filled(card.family, weights))
    if isinstance(network, SpaceToDepth):
        return network
    raise ValueError(_NOTHING.format(card.value))


def in_integers(model: Any, seen: Sequence[NDArray[np.float32]]) -> Any:
    """OpenVINO's model with its layers in 8-bit integers.

    Parameters
    ----------
    seen
        Patches of shape (1, channels, s, s, s), as the network is given them.

    Raises
    ------
    ValueError
        Where NNCF is not installed.
    """
    nncf = _nncf()
    # Weights of 7 bits: processors with AVX2 alone add pairs of products in 16 bits, which could
    # overflow. Inputs with a zero point: half of what a leaky unit gives is close to nothing.
    return nncf.quantize(
        model,
        nncf.Dataset(list(seen)),
        subset_size=len(seen),
        preset=nncf.QuantizationPreset.MIXED,
        target_device=nncf.TargetDevice.CPU,
        advanced_parameters=nncf.AdvancedQuantizationParameters(
            overflow_fix=nncf.OverflowFix.ENABLE
        ),
    )


def _nncf() -> Any:
    openvino_runtime()  # without its telemetry, which NNCF would load
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import nncf
    except ImportError as missing:
        raise ValueError(_LACKS) from missing
    return nncf


def drawn(case: TrainingCase, rng: np.random.Generator) -> list[NDArray[np.float32]]:
    """Patches of a phantom, (1, channels, s, s, s), as a detection sees it: nothing is varied."""
    found = []
    for number in range(_OF_EACH):
        centre: NDArray[np.floating] = rng.uniform(0, case.labels.shape)
        if number % 2 and len(case.lesions):
            centre = case.lesions[rng.integers(len(case.lesions)), 2:5]
        z, y, x = patches.box(case.labels.shape, centre, _SIZE)
        found.append(cases.decode(np.asarray(case.voxels[:, z, y, x]))[None])
    return found


def _told(folders: Sequence[Path], count: int) -> dict[str, Any]:
    """What a card says of it."""
    from importlib.metadata import version

    return {
        "by": f"NNCF {version('nncf')}, after the training",
        "phantoms": [folder.name for folder in folders],
        "patches": count,
        "seed": SEED,
        "script": "python -m inference quantise",
    }
