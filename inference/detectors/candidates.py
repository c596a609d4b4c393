"""From a network's answers to candidates: connected pieces of the mean probability map.

Nearly all of a head is improbable: only the box that holds the rest is sampled at the grid of the
reference, and only the voxels that are not improbable are looked at (`Voxels`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from inference.preprocess import Prepared, resample, smoothing
from inference.side_by_side import side_by_side
from inference.volume import Affine, Volume

MIN_VOLUME_MM3 = 1.5
WEAKEST = 0.05  # voxels below this probability belong to no candidate
OUTSIDE = -20.0  # logit where the network saw nothing
_ROUNDING = 1e-3  # logits, voxels
_MANY = 200_000  # voxels: with more, a whole box is numbered
_ALL_NEIGHBOURS = np.ones((3, 3, 3), bool)
# Half of them: two neighbours need to find each other once.
_BEFORE = [each for each in np.ndindex(3, 3, 3) if each < (1, 1, 1)]

Box = tuple[slice, slice, slice]
# (n, 3), by slice, row and column. A model that failed marks whole heads: every byte is 27 MB.
Index = NDArray[np.int32]


@dataclass(frozen=True)
class Candidate:
    """A connected piece of the probability map."""

    mask: NDArray[np.uint8]
    offset: tuple[int, int, int]
    score: float  # logit of the highest voxel, mean over the mirrored passes
    scores: tuple[float, ...]  # of each pass


@dataclass(frozen=True)
class Voxels:
    """Voxels of the reference's grid that may belong to candidates.

    Attributes
    ----------
    index
        (n, 3), by slice, row and column.
    logits
        (pass, n) float32.
    """

    index: Index
    logits: NDArray[np.float32]


def candidates(
    passes: NDArray[np.float32], ready: Prepared, reference: Volume, segmentation: float
) -> list[Candidate]:
    """Connected pieces of the mean map, on the grid of the reference: T1c, or CT alone.

    A piece is cut at the probability `segmentation`, or, where its peak is weak, at half of its
    peak: faint small lesions become candidates without large ones growing or merging.
    """
    return pieces(probable(passes, ready, reference, segmentation), reference, segmentation)


def probable(
    passes: NDArray[np.float32], ready: Prepared, reference: Volume, segmentation: float
) -> Voxels:
    """The voxels of the reference that are not too improbable for any candidate."""
    lowest = least(segmentation)
    hot = np.mean(passes, axis=0) > lowest
    bounds = [np.flatnonzero(hot.any(axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    affine = ready.affine if ready.answers is None else ready.answers
    part = within(bounds, affine, reference, hot.shape)
    if part is None:
        return Voxels(np.empty((0, 3), np.int32), np.empty((len(passes), 0), np.float32))

    def sampled(one: NDArray[np.float32]) -> NDArray[np.float32]:
        source = Volume(one[part.source], part.source_affine, "")
        there = resample(source, part.affine, part.shape)
        there[there == 0] = OUTSIDE  # the analysed box
        return there

    maps = side_by_side(sampled, list(passes))
    hot = np.mean(maps, axis=0) > lowest
    return Voxels(_indices(hot, part.box), np.stack([one[hot] for one in maps]))


def _indices(hot: NDArray[np.bool_], box: Box) -> Index:
    """Where a box of the grid is hot: slice by slice, as NumPy's own indices are of 64 bits."""
    found = np.empty((np.count_nonzero(hot), 3), np.int32)
    first = 0
    for number, each in enumerate(hot, box[0].start):
        rows, columns = np.nonzero(each)
        part = found[first : first + len(rows)]
        part[:, 0], part[:, 1], part[:, 2] = number, rows, columns
        first += len(rows)
    found[:, 1:] += np.array([box[1].start, box[2].start], np.int32)
    return found


def least(segmentation: float) -> float:
    """The logit below which a voxel belongs to no candidate, whatever rounding makes of it."""
    probability = min(segmentation, WEAKEST)
    return float(np.log(probability / (1 - probability))) - _ROUNDING


@dataclass(frozen=True)
class Part:
    """A box of the reference's grid, and the part of the network's that it is sampled from."""

    box: Box
    affine: Affine
    source: Box
    source_affine: Affine

    @property
    def shape(self) -> tuple[int, int, int]:
        """Voxels of the box."""
        z, y, x = (each.stop - each.start for each in self.box)
        return z, y, x


def within(
    bounds: Sequence[NDArray[np.int64]], affine: Affine, reference: Volume, shape: Sequence[int]
) -> Part | None:
    """The part that has every sample of some voxels of the network's grid; None without any.

    Parameters
    ----------
    bounds
        Along each axis of the network's grid, the indices of those voxels in rising order.
    affine, shape
        Of the network's grid.
    """
    if any(len(each) == 0 for each in bounds):
        return None
    reach = _reach(affine, reference)
    hot = _slices([each[0] - reach for each in bounds], [each[-1] + 1 + reach for each in bounds])
    box = _across(hot, affine, reference.affine, reference.voxels.shape)
    if any(each.stop <= each.start for each in box):
        return None
    near = _across(box, reference.affine, affine, shape)
    low = [max(0, each.start - reach) for each in near]
    source = _slices(low, [min(n, each.stop + reach) for each, n in zip(near, shape, strict=True)])
    return Part(box, _moved(reference.affine, box), source, _moved(affine, source))


def _reach(affine: Affine, reference: Volume) -> int:
    """So many voxels of the network's grid away a sample of the reference may still feel one."""
    sigma = smoothing(Volume(np.empty((0, 0, 0), np.float32), affine, ""), reference.affine)
    return int(4 * sigma.max() + 0.5) + 1


def _across(box: Box, source: Affine, target: Affine, shape: Sequence[int]) -> Box:
    """The box of one grid that holds a box of another, within its shape."""
    corners = np.stack(np.meshgrid(*[(each.start, each.stop - 1) for each in box]), -1)
    step = np.linalg.inv(target) @ source
    there = corners.reshape(-1, 3) @ step[:3, :3].T + step[:3, 3]
    first = np.clip(np.floor(there.min(0) + _ROUNDING), 0, shape)
    return _slices(first, np.clip(np.ceil(there.max(0) - _ROUNDING) + 1, 0, shape))


def _slices(low: Sequence[float] | NDArray[Any], high: Sequence[float] | NDArray[Any]) -> Box:
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    return z, y, x


def _moved(affine: Affine, box: Box) -> Affine:
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ [each.start for each in box]
    return moved


def pieces(voxels: Voxels, reference: Volume, segmentation: float) -> list[Candidate]:
    """The connected pieces of voxels, by the first of each."""
    mean = np.mean(voxels.logits, axis=0)
    kept = np.flatnonzero(_cut(voxels.index, mean, segmentation))
    numbers = numbered(voxels.index[kept])
    by_piece = np.argsort(numbers, kind="stable")
    ends = np.cumsum(np.bincount(numbers))
    voxel_mm3 = float(np.prod(reference.spacing_mm))
    found = []
    for members in np.split(kept[by_piece], ends[:-1]):
        if len(members) * voxel_mm3 < MIN_VOLUME_MM3:
            continue
        index = voxels.index[members]
        low = index.min(0)
        mask = np.zeros(index.max(0) - low + 1, np.uint8)
        mask.reshape(-1)[_flat(index, low, mask.shape)] = 1
        peaks = tuple(float(one[members].max()) for one in voxels.logits)
        offset = int(low[0]), int(low[1]), int(low[2])
        found.append(Candidate(mask, offset, float(mean[members].max()), peaks))
    return found


def _cut(index: Index, logits: NDArray[np.float32], segmentation: float) -> NDArray[np.bool_]:
    """Which are candidates': above `segmentation`, or above half of a weak piece's peak."""
    probability = (1 / (1 + np.exp(-np.clip(logits, -20, 20)))).astype(np.float32)
    kept = np.asarray(probability > segmentation)
    weak = np.flatnonzero(probability > WEAKEST)
    numbers = numbered(index[weak])
    peaks = np.zeros(numbers.max(initial=-1) + 1)
    np.maximum.at(peaks, numbers, probability[weak])
    in_weak_piece = (peaks <= segmentation)[numbers]
    weak, numbers = weak[in_weak_piece], numbers[in_weak_piece]
    kept[weak] |= probability[weak] > 0.5 * peaks[numbers]
    return kept


def numbered(index: Index) -> NDArray[np.int32]:
    """For each voxel the number of its piece, from 0 on, pieces by their first voxel.

    All 26 neighbours of a voxel are its piece's.

    Parameters
    ----------
    index
        (n, 3), by slice, row and column.
    """
    if not len(index):
        return np.empty(0, np.int32)
    low = index.min(0) - 1
    shape = index.max(0) - low + 2  # with an empty voxel on each side
    flat = _flat(index, low, shape.tolist())
    if len(index) > _MANY:
        whole = np.zeros(shape, bool)
        whole.reshape(-1)[flat] = True
        pieces, _ = ndimage.label(whole, structure=_ALL_NEIGHBOURS)
        found = np.asarray(pieces.reshape(-1)[flat], np.int32)
        found -= 1
        return found
    pairs = []
    for each in _BEFORE:
        back = flat - int((1 - np.array(each)) @ [int(shape[1]) * int(shape[2]), shape[2], 1])
        at = np.searchsorted(flat, back)
        there = np.flatnonzero(flat[at] == back)
        pairs.append(np.stack([there, at[there]]))
    rows, columns = np.concatenate(pairs, 1)
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(len(flat),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)


def _flat(index: Index, low: NDArray[np.int32], shape: Sequence[int]) -> NDArray[np.int64]:
    """Places in the box from `low` on: `ravel_multi_index`, which copies every axis in 64 bits."""
    flat = np.zeros(len(index), np.int64)
    for axis, size in enumerate(shape):
        flat *= size
        flat += index[:, axis]
        flat -= low[axis]
    return flat
