"""Preparation: whatever the axes of acquisition, the same place ends in the same voxel."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from inference.phantom import PhantomCase
from inference.preprocess import Prepared, UnusableExamination, prepare, resample, resample_labels
from inference.volume import Volume


def marked(case: PhantomCase) -> tuple[dict[str, Volume], np.ndarray]:
    """The case with one very bright block in T1c, and the block's place (LPS mm)."""
    t1c = case.series["t1c"]
    centre = np.argwhere(case.brain).mean(0).round().astype(int)
    voxels = t1c.voxels.copy()
    z, y, x = (slice(c - 2, c + 3) for c in centre)
    voxels[z, y, x] = 30.0
    return {**case.series, "t1c": replace(t1c, voxels=voxels)}, t1c.to_mm(centre.astype(float))


def hottest_mm(ready: Prepared) -> np.ndarray:
    hot = np.argwhere(ready.voxels[0] == ready.voxels[0].max()).mean(0)
    return np.asarray(ready.affine[:3, :3] @ hot + ready.affine[:3, 3])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
@pytest.mark.parametrize("flip", [(1, 1, 1), (-1, 1, -1)])
def test_sagittal_coronal_and_flipped_stacks_end_upright(
    order: tuple[int, int, int], flip: tuple[int, int, int], case: PhantomCase
) -> None:
    examination, place_mm = marked(case)
    t1c = examination["t1c"]
    cut = tuple(slice(None, None, f) for f in flip)
    affine = t1c.affine.copy()
    for axis, (sign, size) in enumerate(zip(flip, t1c.voxels.shape, strict=True)):
        if sign < 0:
            affine[:3, 3] += affine[:3, axis] * (size - 1)
            affine[:3, axis] *= -1
    turned = Volume(t1c.voxels[cut].transpose(order), affine[:, [*order, 3]], "t1c")
    ready = prepare({"t1c": turned})
    assert np.linalg.norm(hottest_mm(ready) - place_mm) < 1.0
    assert ready.affine[2, 0] > 0.9  # superior
    assert ready.affine[1, 1] > 0.9  # posterior
    assert ready.affine[0, 2] > 0.9  # left
    assert all(n % 16 == 0 for n in ready.voxels.shape[1:])


def test_brain_is_centred_and_scaled_in_every_channel(case: PhantomCase) -> None:
    ready = prepare(case.series)
    z, y, x = ready.voxels.shape[1:]
    brain = resample_labels(
        case.brain.astype(np.uint8), case.series["t1c"].affine, ready.affine, (z, y, x)
    )
    for channel in ready.voxels:
        inside = channel[brain > 0]
        assert abs(np.median(inside)) < 0.8
        assert 0.7 < 1.4826 * np.median(np.abs(inside - np.median(inside))) < 2.0


def test_scanner_gain_does_not_matter(case: PhantomCase) -> None:
    scaled = {
        role: replace(volume, voxels=volume.voxels * 731) for role, volume in case.series.items()
    }
    np.testing.assert_allclose(prepare(scaled).voxels, prepare(case.series).voxels, atol=1e-3)


def test_a_missing_series_is_named_and_left_empty(case: PhantomCase) -> None:
    ready = prepare({"t1c": case.series["t1c"], "flair": case.series["flair"]})
    assert ready.missing == ("t1", "t2")
    assert not ready.voxels[1].any()
    assert not ready.voxels[2].any()
    assert ready.voxels[3].any()


def test_without_t1c_it_says_what_to_add(case: PhantomCase) -> None:
    with pytest.raises(UnusableExamination, match="no series with role t1c: add one"):
        prepare({"t1": case.series["t1"]})


@pytest.mark.parametrize("kind", ["empty", "noise"])
def test_a_series_without_a_head_is_refused(kind: str) -> None:
    voxels = np.zeros((60, 80, 80), np.float32)
    if kind == "noise":
        voxels[30, 40, 40:43] = 100
    affine = np.eye(4)[:, [2, 1, 0, 3]]
    with pytest.raises(UnusableExamination):
        prepare({"t1c": Volume(voxels, affine, "t1c")})


def test_resampling_follows_an_oblique_affine() -> None:
    rng = np.random.default_rng(0)
    gradient = rng.normal(0, 1, 3)
    axes = Rotation.from_euler("xyz", (20, -35, 10), degrees=True).as_matrix()
    source_affine, target_affine = np.eye(4), np.eye(4)
    source_affine[:3, :3] = axes * [1.1, 0.9, 1.3]
    source_affine[:3, 3] = -source_affine[:3, :3] @ np.full(3, 29.5)
    target_affine[:3, 3] = (-8, -8, -8)

    def ramp(shape: tuple[int, int, int], affine: np.ndarray) -> np.ndarray:
        index = np.argwhere(np.ones(shape))
        values = (index @ affine[:3, :3].T + affine[:3, 3]) @ gradient
        return np.asarray(values).reshape(shape)

    source = Volume(ramp((60, 60, 60), source_affine).astype(np.float32), source_affine, "")
    got = resample(source, target_affine, (16, 16, 16))
    assert got == pytest.approx(ramp((16, 16, 16), target_affine), abs=1e-3)
