"""Doubts about an examination are raised where there is reason, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from inference.phantom import PhantomCase
from inference.quality import check, signal_to_noise
from inference.volume import Volume


def codes(examination: dict[str, Volume]) -> set[str]:
    return {each.code for each in check(examination)}


def changed(case: PhantomCase, voxels: np.ndarray, affine: np.ndarray) -> dict[str, Volume]:
    return {**case.series, "t1c": replace(case.series["t1c"], voxels=voxels, affine=affine)}


def test_a_phantom_like_those_of_the_training_raises_no_doubt(case: PhantomCase) -> None:
    assert check(case.series) == []


def test_thick_slices_and_short_coverage_are_said(case: PhantomCase) -> None:
    t1c = case.series["t1c"]
    thick = t1c.affine @ np.diag([4.0, 1, 1, 1])
    assert codes(changed(case, t1c.voxels[::4], thick)) == {"thick"}
    assert "short" in codes(changed(case, t1c.voxels[:60], t1c.affine))


@pytest.mark.parametrize("upside_down", [False, True])
def test_a_vertex_that_is_cut_off_is_said(*, upside_down: bool, case: PhantomCase) -> None:
    t1c = case.series["t1c"]
    kept = t1c.voxels[: round(130 / t1c.spacing_mm[0])]
    affine = t1c.affine
    if upside_down:
        affine = affine.copy()
        affine[:3, 3] += affine[:3, 0] * (len(kept) - 1)
        affine[:3, 0] *= -1
        kept = kept[::-1]
    assert codes(changed(case, kept, affine)) == {"cut"}


def test_noise_is_measured_and_said(case: PhantomCase) -> None:
    t1c = case.series["t1c"]
    noise = np.random.default_rng(0).normal(0, 0.15, t1c.voxels.shape).astype(np.float32)
    assert "noise" in codes(changed(case, t1c.voxels + noise, t1c.affine))
    flat = np.full((20, 100, 100), 10, np.float32)
    measured = signal_to_noise(flat + np.random.default_rng(1).normal(0, 0.5, flat.shape))
    assert measured == pytest.approx(20, rel=0.05)


def test_missing_series_are_named(case: PhantomCase) -> None:
    found = check({"t1c": case.series["t1c"]})
    assert {each.role for each in found} == {"t1", "t2", "flair"}
