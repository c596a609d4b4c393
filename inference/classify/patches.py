"""The patch of a lesion that heads look at, from an examination or made."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.explain.features import on_grid
from inference.lesions import Lesion
from inference.preprocess import Prepared

SIDE = 48  # voxels of 1 mm
Box = tuple[slice, ...]


@dataclass(frozen=True)
class Patch:
    """A lesion in its surroundings on the detectors' grid.

    `voxels` float32 (role, z, y, x) in robust standard deviations of the patient's brain, 0 its
    median; `mask` bool (z, y, x). Roles in the order of `inference.preprocess.ROLES`.
    """

    voxels: NDArray[np.float32]
    mask: NDArray[np.bool_]


def patch_of(lesion: Lesion, ready: Prepared) -> Patch:
    """The patch of a proposed lesion: its middle in the middle, typical brain beyond the edge."""
    inside, box = on_grid(lesion, ready)
    corner = np.array([part.start for part in box])
    middle = np.round(np.argwhere(inside).mean(0) + corner).astype(int)
    low = middle - SIDE // 2
    voxels = np.stack([_cut(role, low) for role in ready.voxels])
    mask = np.zeros((SIDE,) * 3, bool)
    ours, theirs = _overlap(low - corner, inside.shape)
    mask[ours] = inside[theirs]
    return Patch(voxels, mask)


def _cut(volume: NDArray[np.float32], low: NDArray[np.int64]) -> NDArray[np.float32]:
    """The cube that begins at `low`; 0, the brain's median, where the volume has no voxel."""
    made = np.zeros((SIDE,) * 3, np.float32)
    ours, theirs = _overlap(low, volume.shape)
    made[ours] = volume[theirs]
    return made


def _overlap(low: NDArray[np.int64], shape: tuple[int, ...]) -> tuple[Box, Box]:
    """Where a cube from `low` and an array have voxels in common: in the cube, in the array."""
    first = np.clip(-low, 0, SIDE)
    last = np.maximum(first, np.clip(np.array(shape) - low, 0, SIDE))
    ours = tuple(slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
    theirs = tuple(slice(int(a), int(b)) for a, b in zip(first + low, last + low, strict=True))
    return ours, theirs
