"""Candidates from the probable voxels alone: those of the whole map, piece by piece."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from inference.detectors import candidates as made
from inference.detectors.candidates import Candidate, candidates, numbered
from inference.preprocess import Prepared, resample
from inference.volume import Volume

NEIGHBOURS = np.ones((3, 3, 3), bool)
SEGMENTATION = 0.4
GRIDS = {
    "the network's own": (1.0, 1.0, 1.0, 0.0),
    "between its voxels": (0.9, 0.8, 0.8, 0.0),
    "thick slices": (5.0, 0.9, 0.9, 0.0),
    "coarser, so smoothed": (1.5, 1.4, 1.4, 0.0),
    "oblique": (1.2, 0.9, 0.9, 12.0),
}


def ready_and_passes() -> tuple[Prepared, NDArray[np.float32]]:
    """Two passes over 48 x 64 x 56 voxels: smooth hills of all heights, some at the edges."""
    rng = np.random.default_rng(7)
    noise = rng.normal(0, 1, (2, 48, 64, 56))
    shared = ndimage.gaussian_filter(noise[0], 1.6)
    passes = np.stack([shared, shared + 0.1 * ndimage.gaussian_filter(noise[1], 1.6)])
    passes = (passes / shared.std() * 3 - 7.5).astype(np.float32)
    affine = np.eye(4)[:, [2, 1, 0, 3]]
    affine[:3, 3] = (-28, -32, -24)
    return Prepared(np.zeros((4, 48, 64, 56), np.float32), affine, ()), passes


def reference_of(name: str) -> Volume:
    """A grid that covers more than the network's."""
    *spacing, turn = GRIDS[name]
    affine = np.eye(4)
    axes = Rotation.from_euler("xyz", (turn, -turn / 2, turn), degrees=True).as_matrix()
    affine[:3, :3] = axes @ np.eye(3)[:, [2, 1, 0]] * spacing
    shape = [int(80 / each) for each in spacing]
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2 + 0.25)
    if name == "the network's own":
        affine[:3, 3] = np.round(affine[:3, 3])
    return Volume(np.zeros(shape, np.float32), affine, "t1c")


def of_the_whole(
    passes: NDArray[np.float32], ready: Prepared, reference: Volume
) -> list[Candidate]:
    """The same by whole maps, piece by piece."""
    z, y, x = reference.voxels.shape
    maps = [resample(Volume(one, ready.affine, ""), reference.affine, (z, y, x)) for one in passes]
    for one in maps:
        one[one == 0] = made.OUTSIDE
    mean = np.mean(maps, axis=0)
    probability = (1 / (1 + np.exp(-np.clip(mean, -20, 20)))).astype(np.float32)
    kept = probability > SEGMENTATION
    weak, count = ndimage.label(probability > made.WEAKEST, structure=NEIGHBOURS)
    for number in range(1, count + 1):
        peak = float(probability[weak == number].max())
        if peak <= SEGMENTATION:
            kept |= (weak == number) & (probability > 0.5 * peak)
    pieces, count = ndimage.label(kept, structure=NEIGHBOURS)
    found = []
    for number, box in enumerate(ndimage.find_objects(pieces), start=1):
        mask = pieces[box] == number
        if mask.sum() * np.prod(reference.spacing_mm) >= made.MIN_VOLUME_MM3:
            offset = (box[0].start, box[1].start, box[2].start)
            peaks = tuple(float(one[box][mask].max()) for one in maps)
            score = float(mean[box][mask].max())
            found.append(Candidate(mask.astype(np.uint8), offset, score, peaks))
    return found


@pytest.mark.parametrize("grid", GRIDS)
def test_candidates_are_those_of_the_whole_map(grid: str) -> None:
    ready, passes = ready_and_passes()
    reference = reference_of(grid)
    expected = of_the_whole(passes, ready, reference)
    found = candidates(passes, ready, reference, SEGMENTATION)
    assert len(expected) > 10
    assert [each.offset for each in found] == [each.offset for each in expected]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.mask, other.mask)
        assert one.score == pytest.approx(other.score, abs=1e-4)
        assert one.scores == pytest.approx(other.scores, abs=1e-4)


def test_a_piece_whose_peaks_were_lost_would_be_noticed() -> None:
    ready, passes = ready_and_passes()
    reference = reference_of("between its voxels")
    moved = replace(ready, affine=ready.affine + np.eye(4)[:, [3, 3, 3, 0]] * 0)
    moved.affine[0, 3] += 1.5
    expected = of_the_whole(passes, ready, reference)
    found = candidates(passes, moved, reference, SEGMENTATION)
    assert [each.offset for each in found] != [each.offset for each in expected]


def test_where_nothing_is_probable_or_seen_there_is_no_candidate() -> None:
    ready, passes = ready_and_passes()
    reference = reference_of("the network's own")
    assert candidates(passes * 0 - 9, ready, reference, SEGMENTATION) == []
    far = reference.affine.copy()
    far[:3, 3] += 500
    elsewhere = replace(reference, affine=far)
    assert candidates(passes, ready, elsewhere, SEGMENTATION) == []


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("many", [0, 10**9])
def test_voxels_are_numbered_as_a_whole_volume_is(
    share: float, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(made, "_MANY", many)  # by a whole box, by pairs of neighbours
    mask = np.random.default_rng(3).random((12, 15, 17)) < share
    expected, _ = ndimage.label(mask, structure=NEIGHBOURS)
    assert np.array_equal(numbered(np.argwhere(mask).astype(np.int32)), expected[mask] - 1)


def test_no_voxel_has_no_number() -> None:
    assert len(numbered(np.empty((0, 3), np.int32))) == 0


@pytest.mark.parametrize("what", ["everything", "noise"])
def test_a_model_that_marks_nearly_everything_costs_bytes_a_voxel_not_gigabytes(what: str) -> None:
    shape = 72, 96, 96  # more voxels than `_MANY`
    noise = np.random.default_rng(3).normal(0, 3, (2, *shape)).astype(np.float32)
    passes = np.full_like(noise, 9) if what == "everything" else noise
    ready = Prepared(np.zeros((4, 1, 1, 1), np.float32), np.eye(4), ())
    reference = Volume(np.zeros(shape, np.float32), np.eye(4), "t1c")
    tracemalloc.start()
    try:
        found = candidates(passes, ready, reference, SEGMENTATION)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found
    assert peak / passes[0].size < 90  # it is 77 and 65; by copied indices of 64 bits 121 and 100
