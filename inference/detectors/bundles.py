"""MONAI bundles: the network with its weights and, where the card says so, its own transforms.

A bundle's configuration is code: `$` expressions run with our rights.
"""

import io
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
import yaml
from torch import Tensor, nn

from inference.detector import Card, Detector
from inference.detectors.archive import Archive, UnusableModel
from inference.detectors.brought import Brought
from inference.detectors.voxelwise import VoxelwiseDetector, chosen_device
from inference.explain.heat import Sight
from inference.preprocess import ROLES, SERIES, Prepared, inputs_for, on_reference
from inference.volume import Volume

_HEAT_WORDS = "integrated gradients against zeros of the bundle's own normalisation"
_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # MONAI's millimetres are RAS
_READERS = {"loadimage", "ensurechannelfirst"}
Inferer = Callable[[Tensor, Callable[[Tensor], Tensor]], Any]


def load(card: Card, weights: bytes, device: str | None) -> Detector:
    """Load a bundle's folder, or a zip file of it.

    Options of the card: `configuration` ("configs/inference.json"), `network` ("network_def"),
    `checkpoint` ("models/model.pt"), those of `Brought`; and `transforms`, the configuration's
    key of the bundle's transforms before the network (mostly "preprocessing"), with `roles`, the
    series that they expect as channels, and `inferer` (its key, "inferer" where it is there).
    Without `transforms` the network is given what this package prepares.

    Raises
    ------
    UnusableModel
        With what is missing or not understood.
    """
    options = card.options
    named = options.get("configuration", "configs/inference.json")
    archive = Archive(weights, named)
    bundle = Bundle(_configuration(archive.read(named), named))
    network = _network(bundle, archive, options, named)
    key = options.get("transforms")
    if key is None:
        return VoxelwiseDetector(
            card,
            Brought(network, options),
            chosen_device(device),
            window=options.get("window"),
            opinions=options.get("opinions", "mirror"),
            inputs=tuple(options.get("roles", ROLES)),
        )
    return BundleDetector(card, network, bundle, key, chosen_device(device))


def _configuration(content: bytes, named: str) -> dict[str, Any]:
    try:
        text = content.decode()
        config = json.loads(text) if named.endswith(".json") else yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError) as wrong:
        raise UnusableModel(f"{named} cannot be read: {str(wrong)[:200]}") from wrong
    if not isinstance(config, dict):
        raise UnusableModel(f"{named} is a {type(config).__name__}, not a configuration")
    return config


class Bundle:
    """A bundle's configuration, whose parts are made when they are asked for."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config

    def made(self, key: str) -> Any:
        """The part of a key, with all that it refers to."""
        from monai.bundle.config_parser import ConfigParser

        return ConfigParser(self.config).get_parsed_content(key)


class BundleDetector(VoxelwiseDetector):
    """A voxelwise detector whose images come in by the bundle's transforms and windows.

    Of the transforms those that load files and put channels first are left out: the series are
    read already and lie on the grid of T1c (of CT alone, on CT's). What follows the network in the
    bundle is not run: candidates, thresholds and probabilities are those of every detector here.
    """

    def __init__(
        self, card: Card, network: nn.Module, bundle: Bundle, key: str, device: str
    ) -> None:
        options = card.options
        self.roles = tuple(options.get("roles", ()))
        if not self.roles or set(self.roles) - set(SERIES):
            raise UnusableModel(
                f"say by the option roles which series the bundle takes, of {', '.join(SERIES)}"
            )
        channels = list(range(len(self.roles)))
        super().__init__(
            card,
            Brought(network, {**options, "channels": channels}),
            device,
            window=options.get("window"),
            opinions=options.get("opinions", "mirror"),
            inputs=inputs_for(self.roles),
        )
        self.sight = Sight(self.roles, words=_HEAT_WORDS)
        self.transforms = _before_the_network(bundle, key)
        self.inferer: Inferer | None = None
        wanted = options.get("inferer", "inferer")
        if wanted in bundle.config:
            self.inferer = bundle.made(wanted)
        elif "inferer" in options:
            raise UnusableModel(f"the configuration has no {wanted}")

    def given(self, examination: Mapping[str, Volume], _ready: Prepared) -> Prepared:
        """The examination as the bundle's transforms make it."""
        from monai.data.meta_tensor import MetaTensor

        reference, images = on_reference(examination, self.roles)
        # MONAI's axes are x, y, z, as files have them.
        stacked = torch.from_numpy(images.transpose(0, 3, 2, 1).copy())
        affine = _FROM_LPS @ reference.affine[:, [2, 1, 0, 3]]
        # Transforms run on the CPU, and with randomness of their own where a bundle has some.
        data: Any = {"image": MetaTensor(stacked, affine=torch.from_numpy(affine))}
        with _old_names():
            for each in self.transforms:
                data = each(data)
        made = data["image"]
        if not isinstance(made, MetaTensor) or made.ndim != 4 or len(made) != len(self.roles):
            raise UnusableModel(
                f"the transforms made no image of {len(self.roles)} channels with its place:"
                " load the bundle by a Python entry point"
            )
        back = _FROM_LPS @ np.asarray(made.affine.cpu().numpy(), dtype=np.float64)
        voxels = np.ascontiguousarray(made.as_tensor().cpu().numpy(), dtype=np.float32)
        return Prepared(voxels, back, ())

    def _pass(self, network: nn.Module, voxels: Tensor) -> Tensor:
        # Once memory lacked, `window` is set and smaller than the bundle's own windows.
        if self.inferer is None or self.window is not None:
            return super()._pass(network, voxels)
        found = self.inferer(voxels, partial(self.run, network))
        if not isinstance(found, Tensor):
            raise UnusableModel(f"the inferer answered with a {type(found).__name__}")
        return found


def _network(bundle: Bundle, archive: Archive, options: Mapping[str, Any], named: str) -> nn.Module:
    """The network with its weights."""
    key = options.get("network", "network_def")
    if key not in bundle.config:
        raise UnusableModel(f"{named} has no {key}: name the network by the option network")
    network = bundle.made(key)
    if not isinstance(network, nn.Module):
        raise UnusableModel(f"{key} of {named} is a {type(network).__name__}, not a network")
    path = options.get("checkpoint", "models/model.pt")
    try:
        state = torch.load(io.BytesIO(archive.read(path)), map_location="cpu", weights_only=True)
        for inner in ("state_dict", "model", "network"):
            state = state.get(inner, state)
        network.load_state_dict(state)
    except (RuntimeError, ValueError, AttributeError, UnpicklingError) as wrong:
        raise UnusableModel(f"{path} does not fit {key}: {str(wrong)[:300]}") from wrong
    return network.eval()


def _before_the_network(bundle: Bundle, key: str) -> Sequence[Callable[[Any], Any]]:
    """The bundle's transforms, less those that read files."""
    from monai.transforms.compose import Compose

    if key not in bundle.config:
        raise UnusableModel(f"the configuration has no {key}: name the transforms of the images")
    named = bundle.config[key]
    if not isinstance(named, dict) or not isinstance(named.get("transforms"), list):
        raise UnusableModel(f"{key} is not a Compose of transforms")
    # Left out before they are made: readers want packages that we have no use for.
    kept = [each for each in named["transforms"] if not _reads_files(each)]
    slim = Bundle({**bundle.config, key: {**named, "transforms": kept}})
    try:
        with _old_names():
            made = slim.made(key)
    except (RuntimeError, ValueError, KeyError, ImportError) as wrong:
        raise UnusableModel(f"{key} cannot be made: {str(wrong)[:300]}") from wrong
    if not isinstance(made, Compose):
        raise UnusableModel(f"{key} is a {type(made).__name__}, not a Compose of transforms")
    flat: Any = made.flatten()  # type: ignore[no-untyped-call]
    return list(flat.transforms)


@contextmanager
def _old_names() -> Iterator[None]:
    """Bundles are as old as they are: what MONAI will change some day is not ours to mend."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _reads_files(transform: Any) -> bool:
    name = transform.get("_target_", "") if isinstance(transform, dict) else ""
    return name.rpartition(".")[2].lower().removesuffix("dict").removesuffix("d") in _READERS
