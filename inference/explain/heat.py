"""What a voxelwise network's answer for a lesion rests on (captum).

Integrated gradients (Sundararajan, Taly, Yan 2017) share out the difference between the network's
answer for the images and its answer for a baseline among the voxels of every series. The baseline
here is a window of typical brain: zeros, which is the median of the patient's own brain in every
normalised series. The shares add up to that difference, up to the error of the integral.

Grad-CAM (Selvaraju et al. 2017) is the other method: the network's last features, weighted by the
mean slope of the answer. One pass each way, no share of a series, as coarse as the features are.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerAttribution, LayerGradCam
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor, nn

from inference.explain.features import on_grid
from inference.lesions import HEAT_LEVELS, HeatMap, Lesion
from inference.preprocess import ROLES, Prepared, resample
from inference.volume import Affine, Volume

METHOD = "integrated gradients against typical brain"
GRAD_CAM = "Grad-CAM of the network's last features"
METHODS = ("integrated-gradients", "grad-cam")
STEPS = 6  # points of the Gauss-Legendre rule along the way from the baseline
_WINDOW = 48  # voxels of the network's grid; larger where the lesion is
_STRIDE = 16  # windows begin at multiples of it: strided layers then see the grid they saw before
_MARGIN = 8  # around the lesion, at least
_SMOOTHING_MM = 1.0  # gradients are ragged from voxel to voxel

Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Sight:
    """How a network sees: whose channels, in windows of multiples of how many voxels an axis.

    `words` say what the baseline is: a window of zeros, whatever these mean to the network.
    """

    roles: tuple[str, ...] = ROLES
    strides: tuple[int, int, int] = (_STRIDE,) * 3
    words: str = METHOD


OURS = Sight()  # of the networks that are given what `preprocess` prepares


def heat_map(
    network: nn.Module,
    lesion: Lesion,
    ready: Prepared,
    sight: Sight = OURS,
    method: str = METHODS[0],
) -> HeatMap | None:
    """Return what the network's answer for a lesion rests on; None where nothing speaks for it.

    Parameters
    ----------
    network
        In evaluation mode; logits (1, 1, z, y, x) for channels (1, role, z, y, x), differentiable.
    lesion
        On the grid of its series; the answer is the mean logit over its mask.
    ready
        The images as the network is given them.
    method
        Of `METHODS`; Grad-CAM says nothing of the series' shares.
    """
    target, window = _target(lesion, ready, sight.strides)
    device = next((each.device for each in network.parameters()), torch.device("cpu"))
    shown = _filled(ready.voxels[(slice(None), *window)], sight.strides)
    seen = _filled(target[None], sight.strides)[0]
    voxels = torch.from_numpy(np.ascontiguousarray(shown))[None]
    is_cam = method == "grad-cam"
    given = voxels.to(device), torch.from_numpy(seen).to(device)
    parts = gradient_cam(network, *given)[None] if is_cam else attribute(network, *given)[0]
    parts = parts[(slice(None), *map(slice, target.shape))]
    sigma = _SMOOTHING_MM / np.linalg.norm(ready.affine[:3, :3], axis=0)
    whole = ndimage.gaussian_filter(np.clip(parts.sum(0), 0, None), sigma)
    if not whole.max() > 0:
        return None
    shares = {} if is_cam else _shares(parts, sight.roles, ready.missing)
    affine = ready.affine.copy()
    affine[:3, 3] += ready.affine[:3, :3] @ [each.start for each in window]
    words = GRAD_CAM if is_cam else sight.words
    return _on_series(whole / whole.max(), affine, lesion.affine, shares, words)


def _shares(
    parts: NDArray[np.float32], roles: tuple[str, ...], missing: tuple[str, ...]
) -> dict[str, float]:
    """How much of what speaks for the lesion each series has."""
    weights = np.clip(parts, 0, None).sum((1, 2, 3))
    return {
        role: round(float(weight / weights.sum()), 3)
        for role, weight in zip(roles, weights, strict=True)
        if role not in missing
    }


def attribute(
    network: nn.Module, voxels: Tensor, target: Tensor, steps: int = STEPS
) -> tuple[NDArray[np.float32], float]:
    """Integrated gradients (role, z, y, x) of the mean logit over a mask, and their error.

    The error is the sum of the attributions less the difference that they share out.
    """
    # On a CPU in single precision torch leaves a small image that comes alone to loops of its own,
    # a fifth as fast as oneDNN's, to which it gives two.
    is_single = voxels.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    shared = IntegratedGradients(_answer(network, target))

    def attributed(at_once: int) -> tuple[Tensor, Tensor]:
        found: tuple[Tensor, Tensor] = shared.attribute(
            voxels, n_steps=steps, internal_batch_size=at_once, return_convergence_delta=True
        )
        return found

    with torch.enable_grad():
        try:
            parts, error = attributed(2 if is_single else 1)
        except RuntimeError:  # a brought model that takes one only, or memory that lacks
            if not is_single:
                raise
            parts, error = attributed(1)
    return np.asarray(parts[0].float().detach().cpu().numpy()), float(error[0])


def gradient_cam(network: nn.Module, voxels: Tensor, target: Tensor) -> NDArray[np.float32]:
    """Grad-CAM (z, y, x) of the mean logit over a mask, at the size of the images.

    Raises
    ------
    RuntimeError
        For a network without two layers of convolution.
    """
    layer = _last_features(network, voxels)
    with torch.enable_grad():
        cam = LayerGradCam(_answer(network, target), layer).attribute(
            voxels.clone().requires_grad_(), relu_attributions=True
        )
    shape = tuple(voxels.shape[2:])
    whole = LayerAttribution.interpolate(cam.float(), shape, "trilinear")
    return np.asarray(whole[0, 0].detach().cpu().numpy())


def _answer(network: nn.Module, target: Tensor) -> Callable[[Tensor], Tensor]:
    """The mean logit over a mask, for (batch, role, z, y, x)."""

    def answer(x: Tensor) -> Tensor:
        logits: Tensor = network(x)[:, 0].float()
        return (logits * target).sum((1, 2, 3)) / target.sum()

    return answer


def _last_features(network: nn.Module, voxels: Tensor) -> nn.Module:
    """The convolution that runs last but for the one that answers."""
    ran: list[nn.Module] = []
    hooks = [
        each.register_forward_hook(lambda module, *_: ran.append(module))
        for each in network.modules()
        if isinstance(each, nn.Conv3d)
    ]
    try:
        with torch.no_grad():
            network(voxels)
    finally:
        for each in hooks:
            each.remove()
    if len(ran) < 2:
        raise RuntimeError("Grad-CAM needs features: the network has fewer than two convolutions")
    return ran[-2]


def _filled(image: NDArray[np.float32], strides: tuple[int, int, int]) -> NDArray[np.float32]:
    """(channel, z, y, x) with zeros at the ends, up to the next multiples of the strides."""
    gaps = [(0, -n % stride) for n, stride in zip(image.shape[1:], strides, strict=True)]
    return np.pad(image, [(0, 0), *gaps]) if np.any(gaps) else image


def _target(
    lesion: Lesion, ready: Prepared, strides: tuple[int, int, int]
) -> tuple[NDArray[np.float32], Box]:
    """The lesion's mask in a window of the network's grid, and that window."""
    inside, box = on_grid(lesion, ready)
    part: tuple[slice, ...] = ndimage.find_objects(inside.astype(np.uint8))[0]
    starts = [side.start + whole.start for side, whole in zip(part, box, strict=True)]
    window = [
        _around(slice(start, start + side.stop - side.start), length, stride)
        for start, side, length, stride in zip(
            starts, part, ready.voxels.shape[1:], strides, strict=True
        )
    ]
    target = np.zeros([each.stop - each.start for each in window], np.float32)
    there = tuple(
        slice(start - each.start, start - each.start + side.stop - side.start)
        for start, each, side in zip(starts, window, part, strict=True)
    )
    target[there] = inside[part]
    z, y, x = window
    return target, (z, y, x)


def _around(lesion: slice, length: int, stride: int) -> slice:
    """The window along one axis of a grid of so many voxels."""
    first = max(0, lesion.start - _MARGIN)
    least = -(-_WINDOW // stride) * stride
    size = max(least, -(-(lesion.stop + _MARGIN - first) // stride + 1) * stride)
    middle = (lesion.start + lesion.stop) / 2
    start = round((middle - size / 2) / stride) * stride
    start = max(0, min(start, -(-(length - size) // stride) * stride))
    return slice(start, min(start + size, length))


def _on_series(
    values: NDArray[np.float32],
    affine: Affine,
    series: Affine,
    shares: dict[str, float],
    words: str,
) -> HeatMap:
    """The map on the grid of its series, cropped to where it is above its lowest level."""
    to_series = np.linalg.inv(series) @ affine
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(values.shape) - 1)
    at = corners @ to_series[:3, :3].T + to_series[:3, 3]
    low, high = np.floor(at.min(0)).astype(int), np.ceil(at.max(0)).astype(int) + 1
    grid = series.copy()
    grid[:3, 3] += series[:3, :3] @ low
    z, y, x = (int(n) for n in high - low)
    field = resample(Volume(values.astype(np.float32), affine, "heat"), grid, (z, y, x))
    field /= max(float(field.max()), 1e-6)
    kept = ndimage.find_objects((field >= HEAT_LEVELS[0]).astype(np.uint8))[0]
    first = low + [each.start for each in kept]
    offset = (int(first[0]), int(first[1]), int(first[2]))
    return HeatMap(np.ascontiguousarray(field[kept]), offset, series, words, shares)
