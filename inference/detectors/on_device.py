"""From decoded volumes to the voxels of candidates on one device, by torch.

The same as `inference.preprocess.prepare` and `inference.detectors.candidates.probable`, for
devices that are not the CPU (there it takes two to four times the seconds). A series goes there
once; what comes back before the candidates is the head's outline at 4 mm and the bounds of what is
probable.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from inference.detectors.candidates import OUTSIDE, Voxels, least, within
from inference.detectors.head_on_device import core_mask, head_mask
from inference.grids import Way, way
from inference.preprocess import (
    AIR_HU,
    BRAIN_HU,
    CLIP,
    STEP_HU,
    Prepared,
    axes_along,
    coarse_grid,
    crop,
    reference_of,
    smoothing,
    upright_grid,
    usable,
)  # fmt: skip
from inference.volume import Affine, Volume


@dataclass(frozen=True)
class OnDevice:
    """What `Prepared` is, with its channels (role, z, y, x) on a device."""

    voxels: Tensor
    affine: Affine
    missing: tuple[str, ...]
    roles: tuple[str, ...]

    def fetched(self) -> Prepared:
        """The same in this machine's memory, for words and heat maps."""
        return Prepared(self.voxels.cpu().numpy(), self.affine, self.missing, self.roles)


def turned(voxels: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Mirrored along these axes: none is no copy."""
    return voxels.flip(axes) if axes else voxels


def left_right_of(affine: Affine) -> int:
    """The axis of a grid from left to right, from the last one (-1) on."""
    return int(np.abs(affine[0, :3]).argmax()) - 3


def prepare_on(
    device: torch.device,
    examination: Mapping[str, Volume],
    needs: tuple[str, ...],
    roles: tuple[str, ...],
) -> OnDevice:
    """Bring an examination to the grid that the detectors work on, on a device.

    Raises
    ------
    UnusableExamination
        As `inference.preprocess.prepare` does.
    """
    reference = reference_of(roles)
    series = usable(examination, needs, roles)
    there = {
        role: torch.from_numpy(each.voxels).to(device, torch.float32)
        for role, each in series.items()
    }
    whole, field = upright_grid(series[reference])
    coarse, coarse_shape = coarse_grid(whole, field)
    small = sampled(there[reference], series[reference], coarse, coarse_shape)
    head = head_mask(small, reference)
    affine, shape = crop(whole, _extent(head))
    core = _nearest(core_mask(head, reference), np.linalg.inv(affine) @ coarse, shape)
    channels = torch.zeros((len(roles), *shape), device=device)
    for role, volume in series.items():
        image = sampled(there.pop(role), volume, affine, shape)
        channels[roles.index(role)] = (
            _in_steps(image) if role == "ct" else _normalised(image, image.flatten()[core])
        )
    missing = tuple(role for role in roles if role not in examination)
    return OnDevice(channels, affine, missing, roles)


def _extent(head: Tensor) -> NDArray[np.bool_]:
    """The head's outline for `crop`, which asks for rows and columns of its upper part only.

    A coarse head is some 140,000 voxels of one byte: the one picture that leaves the device.
    """
    return np.asarray(head.cpu().numpy())


def _nearest(core: Tensor, step: Affine, shape: tuple[int, int, int]) -> Tensor:
    """Flat indices of a grid's voxels nearest to those of a coarser one; none outside."""
    at = torch.nonzero(core).double() @ _like(step[:3, :3].T, core, torch.float64)
    index = torch.round(at + _like(step[:3, 3], core, torch.float64)).long()
    limits = torch.tensor(shape, device=core.device)
    z, y, x = index[((index >= 0) & (index < limits)).all(1)].T
    flat: Tensor = (z * shape[1] + y) * shape[2] + x
    return flat


def sampled(voxels: Tensor, volume: Volume, affine: Affine, shape: tuple[int, int, int]) -> Tensor:
    """What `inference.preprocess.resample` answers for a volume whose voxels are on a device."""
    step = np.linalg.inv(volume.affine) @ affine
    sigma = smoothing(volume, affine)
    if (along := axes_along(step, shape)) is not None:
        axes, at = along
        turned = voxels.permute(axes)
        return _along_axes(turned, list(map(way, turned.shape, at, sigma[list(axes)])))
    if sigma.any():
        still = [np.arange(n, dtype=np.float64) for n in voxels.shape]
        voxels = _along_axes(voxels, list(map(way, voxels.shape, still, sigma)))
    return _obliquely(voxels, step, shape)


def _along_axes(voxels: Tensor, ways: Sequence[Way]) -> Tensor:
    """Every axis in its way: one product along it, or slices as they are."""
    part = voxels[tuple(each.voxels for each in ways)]
    for axis in (2, 1, 0):
        if ways[axis].blocks:
            weights = _like(_matrix(ways[axis], voxels.shape[axis]), voxels, torch.float32)
            part = torch.tensordot(part, weights, dims=([axis], [1])).movedim(-1, axis)
    made = torch.zeros([each.count for each in ways], device=voxels.device)
    made[tuple(each.points for each in ways)] = part
    return made


def _matrix(given: Way, size: int) -> NDArray[np.float32]:
    """All weights (points, voxels) at once: a device has them multiplied faster than blocks."""
    whole = np.zeros((given.count, size), np.float32)
    for block in given.blocks:
        whole[block.points, block.voxels] = block.weights
    return whole


def _obliquely(voxels: Tensor, step: Affine, shape: tuple[int, int, int]) -> Tensor:
    """Linear, 0 beyond the middles of the outer voxels, as SciPy's `affine_transform`."""
    axes = [torch.arange(n, device=voxels.device, dtype=torch.float32) for n in shape]
    grid = torch.stack(torch.meshgrid(*axes, indexing="ij"), -1)
    at = grid @ _like(step[:3, :3].T, voxels, torch.float32) + _like(
        step[:3, 3], voxels, torch.float32
    )
    last = torch.tensor(voxels.shape, device=voxels.device) - 1
    inside = ((at >= 0) & (at <= last)).all(-1)
    unit = (2 * at / last.clamp(min=1) - 1).flip(-1)  # x first, -1 to 1
    found = functional.grid_sample(
        voxels[None, None], unit[None], mode="bilinear", padding_mode="border", align_corners=True
    )
    return found[0, 0] * inside


def _like(array: NDArray[np.generic], other: Tensor, dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(other.device, dtype)


def _in_steps(over_air: Tensor) -> Tensor:
    return ((over_air + (AIR_HU - BRAIN_HU)) / STEP_HU).clamp(*CLIP)


def _normalised(image: Tensor, inside: Tensor) -> Tensor:
    middle = _median(inside)
    spread = 1.4826 * _median((inside - middle).abs())
    return ((image - middle) / torch.where(spread == 0, 1.0, spread)).clamp(*CLIP)


def _median(values: Tensor) -> Tensor:
    """Of an even number the mean of both in the middle, as NumPy's."""
    ordered = values.sort().values
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def probable_on(passes: Tensor, ready: OnDevice, reference: Volume, segmentation: float) -> Voxels:
    """The voxels of the reference that are not too improbable for any candidate.

    Parameters
    ----------
    passes
        Logits (pass, z, y, x) on a device; only those of these voxels leave it.
    """
    lowest = least(segmentation)
    hot = passes.mean(0) > lowest
    ranges = [torch.nonzero(hot.any(a).any(b)).flatten() for a, b in ((2, 1), (2, 0), (1, 0))]
    bounds = [each[[0, -1]].cpu().numpy() if len(each) else np.empty(0, int) for each in ranges]
    part = within(bounds, ready.affine, reference, hot.shape)
    if part is None:
        return Voxels(np.empty((0, 3), np.int32), np.empty((len(passes), 0), np.float32))
    source = Volume(np.empty((0, 0, 0), np.float32), part.source_affine, "")
    maps = torch.stack(
        [sampled(one[part.source], source, part.affine, part.shape) for one in passes]
    )
    maps[maps == 0] = OUTSIDE
    index = torch.nonzero(maps.mean(0) > lowest)
    logits = maps[:, index[:, 0], index[:, 1], index[:, 2]]
    starts = torch.tensor([each.start for each in part.box], device=index.device)
    return Voxels((index + starts).int().cpu().numpy(), logits.cpu().numpy())
