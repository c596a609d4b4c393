"""Models that nnU-Net v2 trained (Isensee et al. 2021): its folder is read, nnU-Net is not needed.

Plans, data set and checkpoints are nnU-Net's own files. What its `DefaultPreprocessor` does to the
images and its predictor to the windows is done here with the parts of this package: images on the
grid of T1c, cropped to what is not zero, normalised by the plans' schemes, resampled to the plans'
spacing; windows of the plans' size, overlapping by half, weighted by a Gaussian; each label's
logits resampled to the images' own grid; folds averaged.
Its answers are held against nnU-Net's own predictor's (tests, decision 0032).
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pickle import UnpicklingError
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from inference.detector import Card, Detector
from inference.detectors.archive import Archive, UnusableModel
from inference.detectors.networks.plain_conv import PlainConvUNet
from inference.detectors.networks.residual_encoder import ResidualEncoderUNet
from inference.detectors.voxelwise import VoxelwiseDetector, chosen_device
from inference.detectors.zoom import zoomed
from inference.explain.heat import Sight
from inference.preprocess import (
    SERIES,
    Prepared,
    UnusableExamination,
    inputs_for,
    on_reference,
)
from inference.volume import Volume

_OVERLAP = 0.5
_HEAT_WORDS = "integrated gradients against each image's mean, of the first fold"
_PLAIN = "PlainConvUNet"
_OURS = {_PLAIN: PlainConvUNet, "ResidualEncoderUNet": ResidualEncoderUNet}
# What channels are called in data sets of others -> our roles.
_NAMES = {
    "t1c": "t1c", "t1gd": "t1c", "t1ce": "t1c", "t1post": "t1c", "t1n": "t1", "t1": "t1",
    "t1pre": "t1", "t2": "t2", "t2w": "t2", "flair": "flair", "t2f": "flair", "t2flair": "flair",
    "ct": "ct", "cect": "ct",
}  # fmt: skip
# numpy scalars that nnU-Net's checkpoints hold beside the weights; nothing else is unpickled.
_SCALAR = np.float64(0).__reduce__()[0]
_SAFE: list[Any] = [
    _SCALAR, (_SCALAR, "numpy.core.multiarray.scalar"), np.dtype,
    *(type(np.dtype(each)) for each in (np.float64, np.float32, np.int64, np.bool_)),
]  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """What of nnU-Net's plans and data set decides how images come in and what comes out."""

    roles: tuple[str, ...]  # of the channels
    spacing_mm: tuple[float, ...]  # along the axes as the network has them
    axes: tuple[int, ...]  # transpose_forward: of (z, y, x)
    patch: tuple[int, ...]
    schemes: tuple[str, ...]
    masked: tuple[bool, ...]  # whether a channel is normalised by what is not zero alone
    intensities: tuple[Mapping[str, float], ...]  # of the training's foreground, for CT
    lesion: tuple[int, ...]  # channels of the answer that are lesion
    outputs: int
    is_by_regions: bool  # sigmoid instead of softmax
    architecture: Mapping[str, Any]


def load(card: Card, weights: bytes, device: str | None) -> Detector:
    """Load a folder `nnUNetTrainer__nnUNetPlans__3d_fullres`, or nnU-Net's export of it.

    Options of the card: `configuration` (where the folder's name does not say it), `folds` (all),
    `checkpoint` ("checkpoint_final.pth"), `roles` (where the channels' names do not say them),
    `lesion` (names of the labels that are lesion; all but background).

    Raises
    ------
    UnusableModel
        With what is missing or not understood.
    """
    archive = Archive(weights, "plans.json")
    plan = plan_of(archive, card.options)
    named = card.options.get("checkpoint", "checkpoint_final.pth")
    found = [n for n in archive.names() if re.fullmatch(rf"fold_\w+/{re.escape(named)}", n)]
    if wanted := card.options.get("folds"):
        found = [n for n in found if n.split("/")[0].removeprefix("fold_") in map(str, wanted)]
    if not found:
        raise UnusableModel(f"no fold_*/{named} in the model: name one by the option checkpoint")
    networks = [_network(plan, archive.read(name)) for name in found]
    return NnUNetDetector(card, plan, networks, chosen_device(device))


@dataclass(frozen=True)
class Planned(Prepared):
    """Channels at the plans' spacing, and the images' grid, where the answers belong.

    `shape` and `spacing_mm` of it are along the axes as the network has them.
    """

    shape: tuple[int, ...] = ()
    spacing_mm: tuple[float, ...] = ()


class NnUNetDetector(VoxelwiseDetector):
    """A voxelwise detector that gives its networks what nnU-Net would."""

    are_folds = True

    def __init__(self, card: Card, plan: Plan, networks: list[nn.Module], device: str) -> None:
        first, *others = (Lesions(each, plan) for each in networks)
        # Mirroring is the uncertainty's second opinion; averaging folds gives one as well.
        super().__init__(card, first, device, opinions="once" if others else "mirror",
                         others=others, inputs=inputs_for(plan.roles))  # fmt: skip
        self.plan = plan
        self.sight = Sight(plan.roles, _strides(plan.architecture), _HEAT_WORDS)
        self.patch: tuple[int, ...] = plan.patch
        self._images: Planned  # those that `logits` is asked about

    def given(self, examination: Mapping[str, Volume], _ready: Prepared) -> Prepared:
        """The examination as nnU-Net's preprocessing makes it."""
        return prepared(examination, self.plan)

    def logits(self, ready: Prepared, halvings: int = 0) -> NDArray[np.float32]:
        """On the images' own grid, as nnU-Net brings its answers back."""
        assert isinstance(ready, Planned)  # noqa: S101 -- `given` makes no other
        self._images = ready
        return super().logits(ready, halvings)

    def _precision(self) -> torch.autocast:
        """As nnU-Net: single on a CPU, where bfloat16 moved borders of what it finds."""
        on_cpu = self.device.type == "cpu"
        return torch.autocast("cpu", enabled=False) if on_cpu else super()._precision()

    def seen(self, length: int) -> int:
        """Of its patch, or of what memory left of that."""
        return min(super().seen(length), max(self.patch))

    def _pass(self, network: nn.Module, voxels: Tensor) -> Tensor:
        size = [min(each, self.window or each) for each in self.patch]
        assert isinstance(network, Lesions)  # noqa: S101 -- as all that were given
        answers = self.windows(network.network, voxels, size, _OVERLAP)[0].cpu().numpy()
        factors = np.array(self._images.shape) / answers.shape[1:]
        way = self.plan.spacing_mm, self._images.spacing_mm
        back = np.stack([zoomed(each, factors, *way, order=1) for each in answers])
        return network.lesion(torch.from_numpy(back)[None])


def _strides(architecture: Mapping[str, Any]) -> tuple[int, int, int]:
    """How far apart the coarsest features are along each axis: windows are multiples of it."""
    steps = np.array(architecture["arch_kwargs"]["strides"])
    if steps.ndim == 1:  # one number a stage, for all axes
        steps = np.repeat(steps[:, None], 3, 1)
    z, y, x = (int(n) for n in steps.prod(0))
    return z, y, x


class Lesions(nn.Module):
    """The logit of "some lesion label" from the answers for all labels."""

    def __init__(self, network: nn.Module, plan: Plan) -> None:
        super().__init__()
        self.network, self.plan = network, plan

    def forward(self, x: Tensor) -> Tensor:
        """Logits (B, 1, D, H, W) in the order of (z, y, x)."""
        return self.lesion(self.network(x).float())

    def lesion(self, answer: Tensor) -> Tensor:
        """Logits (B, 1, D, H, W) of those for each label."""
        lesion = answer[:, list(self.plan.lesion)]
        if self.plan.is_by_regions:
            return lesion.max(1, keepdim=True).values
        rest = [n for n in range(self.plan.outputs) if n not in self.plan.lesion]
        whole = answer[:, rest].logsumexp(1, keepdim=True)
        return lesion.logsumexp(1, keepdim=True) - whole


def plan_of(archive: Archive, options: Mapping[str, Any]) -> Plan:
    """What the plans, the data set and the card say together.

    Raises
    ------
    UnusableModel
        For channels without a role, labels that there are not, and normalisations that we lack.
    """
    plans, dataset = (json.loads(archive.read(n)) for n in ("plans.json", "dataset.json"))
    name = options.get("configuration") or archive.folder.rpartition("__")[2]
    settings = _configuration(plans["configurations"], name)
    channels = dataset.get("channel_names") or dataset.get("modality", {})
    count = len(channels)
    intensities = plans.get("foreground_intensity_properties_per_channel", {})
    lesion, outputs, is_by_regions = _labels(dataset, options.get("lesion"))
    unknown = set(settings["normalization_schemes"]) - set(_NORMALISERS)
    if unknown:
        raise UnusableModel(
            f"images are normalised by {', '.join(sorted(unknown))}, which is not known here;"
            f" known are {', '.join(_NORMALISERS)}: load the model by a Python entry point"
        )
    return Plan(
        roles=_roles([channels[str(n)] for n in range(count)], options.get("roles")),
        spacing_mm=tuple(settings["spacing"]),
        axes=tuple(plans.get("transpose_forward", (0, 1, 2))),
        patch=tuple(settings["patch_size"]),
        schemes=tuple(settings["normalization_schemes"]),
        masked=tuple(settings["use_mask_for_norm"]),
        intensities=tuple(intensities.get(str(n), {}) for n in range(count)),
        lesion=lesion,
        outputs=outputs,
        is_by_regions=is_by_regions,
        architecture=settings.get("architecture") or _old_architecture(settings),
    )


def _configuration(all_of_them: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A configuration with what it inherits."""
    if name not in all_of_them:
        raise UnusableModel(
            f"the plans have no configuration {name!r} but {', '.join(all_of_them)}: name one by"
            " the option configuration"
        )
    settings = dict(all_of_them[name])
    if parent := settings.pop("inherits_from", None):
        settings = {**_configuration(all_of_them, parent), **settings}
    if len(settings["patch_size"]) != 3:
        raise UnusableModel(f"{name} is not three-dimensional: give a 3d configuration")
    return settings


def _roles(names: Sequence[str], said: Sequence[str] | None) -> tuple[str, ...]:
    """The role of each channel: as the card says, else by its name."""
    roles = said or [_NAMES.get(re.sub(r"[^a-z0-9]", "", name.lower()), "") for name in names]
    if len(roles) != len(names) or not set(roles) <= set(SERIES):
        raise UnusableModel(
            f"the channels are {', '.join(names)}: say by the option roles what each is, as"
            f" {', '.join(SERIES)}"
        )
    return tuple(roles)


def _labels(
    dataset: Mapping[str, Any], wanted: Sequence[str] | None
) -> tuple[tuple[int, ...], int, bool]:
    """Which channels of the answer are lesion, how many there are, and whether they are regions."""
    labels = {name: value for name, value in dataset["labels"].items() if name != "ignore"}
    foreground = [name for name in labels if name != "background"]
    if missing := set(wanted or ()) - set(foreground):
        raise UnusableModel(
            f"no label {', '.join(sorted(missing))}; there are {', '.join(foreground)}"
        )
    chosen = wanted or foreground
    if any(isinstance(value, list) for value in labels.values()):
        return tuple(foreground.index(name) for name in chosen), len(foreground), True
    return tuple(int(labels[name]) for name in chosen), len(labels), False


def _old_architecture(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The network of plans that were written before they named it (nnU-Net 2.0 to 2.3)."""
    strides = settings["pool_op_kernel_sizes"]
    base, most = settings["UNet_base_num_features"], settings["unet_max_num_features"]
    return {
        "network_class_name": settings.get("UNet_class_name", _PLAIN),
        "arch_kwargs": {
            "n_stages": len(strides),
            "features_per_stage": [min(base * 2**n, most) for n in range(len(strides))],
            "kernel_sizes": settings["conv_kernel_sizes"],
            "strides": strides,
            "n_conv_per_stage": settings["n_conv_per_stage_encoder"],
            "n_conv_per_stage_decoder": settings["n_conv_per_stage_decoder"],
        },
    }


def _network(plan: Plan, checkpoint: bytes) -> nn.Module:
    """The plan's network with a checkpoint's weights."""
    made = _built(plan)
    try:
        with torch.serialization.safe_globals(_SAFE):
            state = torch.load(io.BytesIO(checkpoint), map_location="cpu", weights_only=True)
        found = {k.removeprefix("_orig_mod."): v for k, v in state["network_weights"].items()}
        wanted = made.state_dict()
        made.load_state_dict({name: found[name] for name in wanted})
    except UnpicklingError as wrong:
        raise UnusableModel(f"the checkpoint cannot be read: {str(wrong)[:300]}") from wrong
    except (KeyError, RuntimeError, ValueError, EOFError) as wrong:
        raise UnusableModel(f"the checkpoint does not fit the plans: {str(wrong)[:300]}") from wrong
    return made


def _built(plan: Plan) -> nn.Module:
    """An untrained network of the plan's architecture."""
    module, _, kind = plan.architecture["network_class_name"].rpartition(".")
    settings = dict(plan.architecture["arch_kwargs"])
    if kind in _OURS and not settings.get("bottleneck_channels"):
        return _OURS[kind](len(plan.roles), plan.outputs, settings)
    try:
        made = getattr(import_module(module), kind)
    except (ImportError, AttributeError, ValueError) as missing:
        raise UnusableModel(
            f"the network is a {kind}: `pip install --no-deps dynamic-network-architectures`, or"
            " load the model by a Python entry point"
        ) from missing
    for name in plan.architecture.get("_kw_requires_import", ()):
        if settings.get(name):
            where, _, what = settings[name].rpartition(".")
            settings[name] = getattr(import_module(where), what)
    network: nn.Module = made(
        input_channels=len(plan.roles), num_classes=plan.outputs, deep_supervision=False, **settings
    )
    return network


def prepared(examination: Mapping[str, Volume], plan: Plan) -> Planned:
    """Channels as nnU-Net's preprocessing makes them, on a grid that follows T1c (of CT alone, CT).

    Raises
    ------
    UnusableExamination
        If a series that the model needs is missing or in another place, or everything is zero.
    """
    reference, images = on_reference(examination, plan.roles)
    mask = ndimage.binary_fill_holes((images != 0).any(0))
    if not mask.any():
        raise UnusableExamination("every voxel is 0: check the series")
    box = ndimage.find_objects(mask.astype(np.uint8))[0]
    affine = reference.affine.copy()
    affine[:3, 3] += reference.affine[:3, :3] @ [each.start for each in box]
    channels = [
        _NORMALISERS[scheme](image[box], mask[box] if is_masked else None, known)
        for image, scheme, is_masked, known in zip(
            images, plan.schemes, plan.masked, plan.intensities, strict=True
        )
    ]
    affine, channels = _turned(affine, channels, plan.axes)
    own = channels[0].shape
    have = np.linalg.norm(affine[:3, :3], axis=0)
    shape = np.maximum(1, np.round(channels[0].shape * have / plan.spacing_mm)).astype(int)
    factors = shape / np.array(channels[0].shape)
    voxels = np.stack([zoomed(each, factors, have, plan.spacing_mm) for each in channels])
    grid = affine.copy()  # edges stay where they are, so that the first voxel's middle moves
    grid[:3, 3] += affine[:3, :3] @ (0.5 / factors - 0.5)
    grid[:3, :3] /= factors
    return Planned(voxels, grid, (), answers=affine, shape=own, spacing_mm=tuple(have.tolist()))


def _turned(
    affine: NDArray[np.float64], channels: list[NDArray[np.float32]], axes: tuple[int, ...]
) -> tuple[NDArray[np.float64], list[NDArray[np.float32]]]:
    """The axes in the network's order."""
    turned = affine.copy()
    turned[:3, :3] = affine[:3, list(axes)]
    return turned, [each.transpose(axes) for each in channels]


Image = NDArray[np.float32]
Mask = NDArray[np.bool_] | None


def _z_score(image: Image, mask: Mask, _known: Mapping[str, float]) -> Image:
    if mask is None:
        return np.asarray((image - image.mean()) / max(float(image.std()), 1e-8))
    inside = image[mask]
    return np.where(mask, (image - inside.mean()) / max(float(inside.std()), 1e-8), 0)


def _ct(image: Image, _mask: Mask, known: Mapping[str, float]) -> Image:
    clipped = np.clip(image, known["percentile_00_5"], known["percentile_99_5"])
    return np.asarray((clipped - known["mean"]) / max(known["std"], 1e-8))


def _to_unit(image: Image, _mask: Mask, _known: Mapping[str, float]) -> Image:
    return np.asarray((image - image.min()) / max(float(np.ptp(image)), 1e-8))


def _as_is(image: Image, _mask: Mask, _known: Mapping[str, float]) -> Image:
    return image


# By the names of nnU-Net's schemes.
_NORMALISERS = {
    "ZScoreNormalization": _z_score,
    "CTNormalization": _ct,
    "RescaleTo01Normalization": _to_unit,
    "NoNormalization": _as_is,
}
