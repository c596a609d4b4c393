"""Outlines and BraTS-METS' counting, against computations of their own and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import cdist

from inference import brats
from inference.agreement import TOLERANCE_MM, Agreement, agreement
from inference.lesions import Extent
from inference.metrics import CaseScore
from inference.phantom import scanner
from inference.phantom.dicom import VENDORS
from inference.phantom.shifts import SHIFTS, low_field, moving, shift_of
from inference.training import records
from inference.training.records import Timed
from inference.training.summary import summary

AFFINE = np.eye(4)[:, [2, 1, 0, 3]]
SPACING = np.array([1.5, 0.8, 1.1])


def ball(centre: tuple[float, ...], radius: float, size: int = 22) -> np.ndarray:
    away = np.moveaxis(np.indices((size,) * 3), 0, -1) - centre
    return np.asarray(np.linalg.norm(away * SPACING, axis=-1) <= radius)


def borders_mm(mask: np.ndarray) -> np.ndarray:
    """Border voxels (with a face outside the mask), mm."""
    return np.asarray(np.argwhere(mask & ~ndimage.binary_erosion(mask)) * SPACING)


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_hausdorff_95_is_the_distance_of_borders_by_brute_force(shift: float) -> None:
    a, b = ball((10, 10, 10), 6), ball((10 + shift, 10, 11), 5)
    away = cdist(borders_mm(a), borders_mm(b))
    expected = max(np.percentile(away.min(1), 95), np.percentile(away.min(0), 95))
    assert agreement(a, b, SPACING).hd95_mm == pytest.approx(expected, rel=1e-4)


def test_surface_dice_is_the_share_of_borders_within_the_tolerance() -> None:
    a, b = ball((10, 10, 10), 6), ball((11, 11, 10), 6)
    away = cdist(borders_mm(a), borders_mm(b))
    near = (away.min(1) <= TOLERANCE_MM).sum() + (away.min(0) <= TOLERANCE_MM).sum()
    expected = near / sum(away.shape)
    assert 0.1 < expected < 0.95
    assert agreement(a, b, SPACING).surface_dice == pytest.approx(expected, abs=1e-4)


def test_dice_and_volume_by_hand_and_empty_masks_refused() -> None:
    a, b = np.zeros((4, 4, 4), bool), np.zeros((4, 4, 4), bool)
    a[:2], b[1:2] = True, True
    both = agreement(a, b, np.ones(3))
    assert both.dice == pytest.approx(2 * 16 / 48)
    assert both.volume_error == pytest.approx(1.0)
    assert agreement(a, a, np.ones(3)) == Agreement(1.0, 0.0, 1.0, 0.0)
    with pytest.raises(ValueError, match="empty"):
        agreement(a, np.zeros_like(a), np.ones(3))
    with pytest.raises(ValueError, match="one box"):
        agreement(a, a[:2], np.ones(3))


def extent(low: tuple[int, int, int], shape: tuple[int, int, int]) -> Extent:
    return Extent(np.ones(shape, np.uint8), low, AFFINE)


def test_brats_takes_many_proposals_to_one_lesion_and_counts_the_false() -> None:
    labels = np.zeros((30, 30, 30), np.uint8)
    labels[5:9, 5:9, 5:9] = 1
    labels[20:23, 20:23, 20:23] = 2
    halves = [extent((5, 5, 5), (2, 4, 4)), extent((7, 5, 5), (2, 4, 4))]
    found = brats.score([*halves, extent((25, 2, 2), (2, 2, 2))], labels, np.ones(3))
    assert found.dice == (1.0, 0.0)
    assert found.hd95_mm == (0.0, brats.MISSED_MM)
    assert found.false_positives == 1
    assert found.sensitivity == 0.5
    assert found.lesion_wise_dice == pytest.approx(1 / 3)
    assert found.lesion_wise_hd95_mm == pytest.approx(2 * 374 / 3)


def test_brats_joins_lesions_whose_grown_borders_meet() -> None:
    labels = np.zeros((20, 20, 20), np.uint8)
    labels[5:7, 5:7, 5:7], labels[5:7, 5:7, 9:11] = 1, 2  # two voxels apart
    assert len(brats.score([], labels, np.ones(3)).dice) == 1
    labels[labels == 2] = 0
    labels[5:7, 5:7, 10:12] = 2
    assert len(brats.score([], labels, np.ones(3)).dice) == 2


def test_brats_of_a_case_without_lesions() -> None:
    labels = np.zeros((12, 12, 12), np.uint8)
    clean = brats.score([], labels, np.ones(3))
    assert (clean.lesion_wise_dice, clean.lesion_wise_hd95_mm) == (1.0, 0.0)
    assert np.isnan(clean.sensitivity)
    false = brats.score([extent((2, 2, 2), (2, 2, 2))], labels, np.ones(3))
    assert (false.lesion_wise_dice, false.lesion_wise_hd95_mm) == (0.0, brats.MISSED_MM)


def timed(seed: int) -> Timed:
    score = CaseScore(
        np.array([4.0, 8.0]), np.array([2.0, -np.inf]), np.array([0.8, 0.0]), np.array([0.5])
    )
    counted = brats.BratsScore((0.8, 0.0), (1.0, brats.MISSED_MM), 0)
    return Timed(seed, score, 3.0, 1.0, (Agreement(0.8, 1.0, 0.9, -0.25), None), counted)


def test_raw_outcomes_are_read_as_they_were_kept_and_old_files_too(tmp_path: Path) -> None:
    records.save([timed(1)], tmp_path / "new.jsonl")
    (again,) = records.read(tmp_path / "new.jsonl")
    assert again.brats == timed(1).brats
    assert again.outlines == timed(1).outlines
    assert again.score.hits.tolist() == [2.0, -np.inf]
    row = json.loads((tmp_path / "new.jsonl").read_text())
    for name in ("brats", "outlines", "network_seconds"):
        del row[name]
    (tmp_path / "old.jsonl").write_text(json.dumps(row))
    (old,) = records.read(tmp_path / "old.jsonl")
    assert old.brats is None
    assert "brats_dice" not in summary([old], 1.0, 1.0, 0.0)


def test_the_summary_says_outlines_by_hand() -> None:
    found = summary([timed(1), timed(2)], 1.0, 1.0, 0.0)
    assert found["hd95_mm_of_found"] == {"value": 1.0, "interval": [1.0, 1.0]}
    assert found["volume_error_of_found"] == {"value": 0.25, "interval": [0.25, 0.25]}
    assert found["lesion_wise_dice"] == {"value": 0.4, "interval": [0.4, 0.4]}  # 0.8 / 2
    assert found["brats_dice"] == {"value": 0.4, "interval": [0.4, 0.4]}
    low = summary([timed(1)], 0.0, 1.0, 0.0)["lesion_wise_dice"]
    assert low["value"] == pytest.approx(0.267, abs=1e-3)


def test_shifts_change_the_machine_and_keep_the_rest() -> None:
    drawn = scanner.draw(np.random.default_rng(4))
    altered = low_field(drawn)
    assert altered.noise > 0.03  # beyond the training's
    assert (altered.constants[0] < drawn.constants[0]).all()
    assert altered.protocols is drawn.protocols
    assert VENDORS[altered.vendor].models[altered.field_tesla]
    assert drawn.motion_mm == 0.0 < moving(drawn).motion_mm
    assert moving(drawn).protocols is drawn.protocols
    assert {f"slices-{mm}mm" for mm in range(1, 7)} < set(SHIFTS)
    with pytest.raises(ValueError, match="there are: none, slices-1mm"):
        shift_of("no-such")
