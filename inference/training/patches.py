"""Patches for training: where they are cut, and how they are varied."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.losses import lesion_weights
from inference.training.cases import TrainingCase, decode

_TINY = 4  # voxels
_CROSS = ndimage.generate_binary_structure(3, 1)
Patch = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Sampling:
    """Shares of patches around lesions and around vessels; the rest is anywhere."""

    size: int = 64
    lesions: float = 0.55
    vessels: float = 0.2
    missing: float = 0.12  # chance of each series but the first to be left out
    alone: float = 0.2  # chance of all of them to be: each by itself seldom leaves T1c alone


def draw(case: TrainingCase, rng: np.random.Generator, sampling: Sampling) -> Patch:
    """Cut and vary one patch: channels (c, s, s, s) and weighted target (1, s, s, s)."""
    size = sampling.size
    centre = _centre(case, rng, sampling) + rng.uniform(-size / 3, size / 3, 3)
    z, y, x = box(case.labels.shape, centre, size)
    voxels = decode(np.asarray(case.voxels[:, z, y, x]))
    sizes = np.zeros(256, np.float32)
    for number, diameter in case.lesions[:, :2]:
        sizes[int(number)] = 0.52 * max(float(diameter), 1.5) ** 3
    target = lesion_weights(grown(np.asarray(case.labels[z, y, x])), sizes)
    gaps = [(0, size - n) for n in target.shape]
    voxels = np.pad(voxels, [(0, 0), *gaps], constant_values=-3)
    return _vary(voxels, np.pad(target, gaps), rng, sampling)


def box(
    shape: tuple[int, ...], centre: NDArray[np.floating], size: int
) -> tuple[slice, slice, slice]:
    """A cube of voxels around a centre (z, y, x), moved into the volume; cut where that ends."""
    low = np.clip((centre - size / 2).astype(int), 0, np.maximum(np.array(shape) - size, 0))
    z, y, x = (slice(a, a + size) for a in low)
    return z, y, x


def grown(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels in which a lesion of under four voxels has its neighbours too.

    One voxel is little to learn from, and what is learnt from it too little to be a candidate.
    """
    counts = np.bincount(labels.ravel(), minlength=256)
    tiny = (counts > 0) & (counts < _TINY)
    tiny[0] = False
    if not tiny.any():
        return labels
    spread = ndimage.grey_dilation(np.where(tiny[labels], labels, 0), footprint=_CROSS)
    return np.where(labels == 0, spread, labels).astype(np.uint8)


def _centre(
    case: TrainingCase, rng: np.random.Generator, sampling: Sampling
) -> NDArray[np.float64]:
    """A lesion (small ones more often), a vessel, or any voxel."""
    chance = rng.random()
    if chance < sampling.lesions and len(case.lesions):
        weights = 1 / np.sqrt(np.maximum(case.lesions[:, 1].astype(np.float64), 2))
        row = rng.choice(len(case.lesions), p=weights / weights.sum())
        return np.asarray(case.lesions[row, 2:5], dtype=np.float64)
    if chance < sampling.lesions + sampling.vessels and len(case.vessels):
        return np.asarray(case.vessels[rng.integers(len(case.vessels))], dtype=np.float64)
    return np.asarray(rng.uniform(0, case.labels.shape))


def _vary(
    voxels: NDArray[np.float32],
    target: NDArray[np.float32],
    rng: np.random.Generator,
    sampling: Sampling,
) -> Patch:
    """Mirror, swap axes in plane, change contrast, add noise, leave out series."""
    for axis in (0, 1, 2):
        if rng.random() < 0.5:
            voxels, target = np.flip(voxels, axis + 1), np.flip(target, axis)
    if rng.random() < 0.5:
        voxels, target = voxels.swapaxes(2, 3), target.swapaxes(1, 2)
    each = (len(voxels), 1, 1, 1)
    gain, shift = rng.normal(1, 0.12, each), rng.normal(0, 0.12, each)
    noise = rng.standard_normal(voxels.shape, np.float32) * np.float32(rng.uniform(0.02, 0.15))
    varied = (voxels * gain + shift).astype(np.float32) + noise
    alone = rng.random() < sampling.alone
    for channel in range(1, len(voxels)):
        if alone or rng.random() < sampling.missing:
            varied[channel] = 0
    return np.ascontiguousarray(varied), np.ascontiguousarray(target[None])
