"""The patch of a lesion that heads look at, from an examination or made."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.explain.features import on_grid
from inference.lesions import Lesion
from inference.preprocess import Prepared

SIDE = 48  # voxels of 1 mm


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
    whole = np.zeros(ready.voxels.shape[1:], bool)
    whole[box] = inside
    middle = np.round(np.argwhere(whole).mean(0)).astype(int)
    half = SIDE // 2
    padded = np.pad(ready.voxels, [(0, 0), *[(half, half)] * 3])
    z, y, x = (slice(int(at), int(at) + SIDE) for at in middle)
    return Patch(padded[:, z, y, x], np.pad(whole, half)[z, y, x])
