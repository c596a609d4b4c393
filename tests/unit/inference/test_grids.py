"""Interpolation along axes: SciPy's values, smoothed and not, whatever way is taken."""

import numpy as np
import pytest
from scipy import ndimage

from inference.grids import sample_along_axes, way

SHAPE = (40, 51, 46)
STARTS_STEPS = {
    "the same voxels": ((3, 1), (0, 1), (5, 1)),
    "beyond both ends": ((-4, 1), (-2, 1), (-6, 1)),
    "within rounding of voxels": ((3 - 1e-12, 1), (1e-12, 1), (-1e-12, 1)),
    "between": ((0.3, 1), (2.7, 1), (-3.4, 1)),
    "finer and coarser": ((0.3, 0.4), (-2.7, 1.6), (4.0, 0.9)),
    "backwards": ((38, -1), (52.5, -1.1), (44, -1)),
    "one axis between": ((2, 1), (1, 1), (0.25, 1)),
}


@pytest.mark.parametrize("sigma", [(0, 0, 0), (1.3, 0, 2.0)])
@pytest.mark.parametrize("name", STARTS_STEPS)
def test_the_values_are_those_of_a_general_transform(
    name: str, sigma: tuple[float, float, float]
) -> None:
    voxels = np.random.default_rng(1).normal(100, 30, SHAPE).astype(np.float32)
    at = [start + step * np.arange(44.0) for start, step in STARTS_STEPS[name]]
    index = np.stack(np.meshgrid(*at, indexing="ij"))
    if name == "within rounding of voxels":
        index = np.round(index)  # where a general transform would see the edge as outside
    smoothed = ndimage.gaussian_filter(voxels, sigma)
    expected = ndimage.map_coordinates(smoothed, index, order=1, prefilter=False)
    found = sample_along_axes(voxels, at, sigma)
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() < 1e-3
    assert np.ptp(found) > 50


def test_turned_volumes_and_a_place_to_fill_give_the_same() -> None:
    voxels = np.random.default_rng(1).normal(100, 30, SHAPE).astype(np.float32)
    at = [np.arange(20) * 1.1 for _ in SHAPE]
    turned = np.asfortranarray(voxels)
    out = np.zeros((2, 20, 20, 20), np.float32)
    assert sample_along_axes(turned, at, out=out[1]) is not None
    assert np.array_equal(out[1], sample_along_axes(voxels, at))
    assert not out[0].any()


def test_voxels_on_voxels_are_taken_and_others_multiplied_in_bands() -> None:
    assert way(100, np.arange(10.0) + 5).blocks == ()
    bands = way(100, np.arange(64) + 5.5).blocks
    assert [each.weights.shape for each in bands] == [(32, 33), (32, 33)]


def test_a_grid_that_misses_the_volume_is_empty() -> None:
    at = [np.arange(5.0) + 200, np.arange(5.0), np.arange(5.0)]
    assert not sample_along_axes(np.ones(SHAPE, np.float32), at).any()
    assert not sample_along_axes(np.ones(SHAPE, np.float32), [at[0] + 0.5, *at[1:]]).any()
