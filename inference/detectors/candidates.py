"""From a network's answers to candidates: connected pieces of the mean probability map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.preprocess import Prepared, resample
from inference.side_by_side import side_by_side
from inference.volume import Volume

MIN_VOLUME_MM3 = 1.5
WEAKEST = 0.05  # voxels below this probability belong to no candidate
_OUTSIDE = -20.0  # logit where the network saw nothing
_ALL_NEIGHBOURS = np.ones((3, 3, 3), bool)


@dataclass(frozen=True)
class Candidate:
    """A connected piece of the probability map."""

    mask: NDArray[np.uint8]
    offset: tuple[int, int, int]
    score: float  # logit of the highest voxel, mean over the mirrored passes
    scores: tuple[float, ...]  # of each pass


def candidates(
    passes: NDArray[np.float32], ready: Prepared, reference: Volume, segmentation: float
) -> list[Candidate]:
    """Connected pieces of the mean map, on the grid of the reference: T1c, or CT alone.

    A piece is cut at the probability `segmentation`, or, where its peak is weak, at half of its
    peak: faint small lesions become candidates without large ones growing or merging.
    """
    return pieces(on_reference(passes, ready, reference), reference, segmentation)


def on_reference(
    passes: NDArray[np.float32], ready: Prepared, reference: Volume
) -> list[NDArray[np.float32]]:
    """Each pass' logits, sampled at the grid of the reference."""
    z, y, x = reference.voxels.shape

    def sampled(one: NDArray[np.float32]) -> NDArray[np.float32]:
        there = resample(Volume(one, ready.affine, ""), reference.affine, (z, y, x))
        there[there == 0] = _OUTSIDE  # the analysed box
        return there

    return side_by_side(sampled, list(passes))


def pieces(
    maps: list[NDArray[np.float32]], reference: Volume, segmentation: float
) -> list[Candidate]:
    """The connected pieces of the mean of maps that lie on the reference's grid."""
    mean = np.mean(maps, axis=0)
    numbered, _ = ndimage.label(_cut(mean, segmentation), structure=_ALL_NEIGHBOURS)
    voxel_mm3 = float(np.prod(reference.spacing_mm))
    found = []
    for number, box in enumerate(ndimage.find_objects(numbered), start=1):
        mask = numbered[box] == number
        if mask.sum() * voxel_mm3 < MIN_VOLUME_MM3:
            continue
        offset = (box[0].start, box[1].start, box[2].start)
        peaks = tuple(float(one[box][mask].max()) for one in maps)
        score = float(mean[box][mask].max())
        found.append(Candidate(mask.astype(np.uint8), offset, score, peaks))
    return found


def _cut(logits: NDArray[np.float32], segmentation: float) -> NDArray[np.bool_]:
    """Voxels of candidates: above `segmentation`, or above half of a weak piece's peak."""
    probability = (1 / (1 + np.exp(-np.clip(logits, -20, 20)))).astype(np.float32)
    kept = probability > segmentation
    weak, count = ndimage.label(probability > WEAKEST, structure=_ALL_NEIGHBOURS)
    if not count:
        return np.asarray(kept)
    for number, box in enumerate(ndimage.find_objects(weak), start=1):
        inside = weak[box] == number
        peak = float(probability[box][inside].max())
        if peak <= segmentation:
            kept[box] |= inside & (probability[box] > 0.5 * peak)
    return np.asarray(kept)
