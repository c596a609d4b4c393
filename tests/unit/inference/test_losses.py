"""Losses fall where they should, and small lesions weigh as much as large ones."""

import numpy as np
import pytest
import torch

from inference import losses

EMPTY = torch.full((2, 1, 8, 8, 8), -8.0)


def target(*weights: float) -> torch.Tensor:
    t = torch.zeros((2, 1, 8, 8, 8))
    for number, weight in enumerate(weights):
        t[number, 0, 2:4, 2:4, 2:4] = weight
    return t


def confident(t: torch.Tensor) -> torch.Tensor:
    return torch.where(t > 0, 8.0, -8.0)


@pytest.mark.parametrize("loss", [losses.size_weighted_dice_focal, losses.sensitivity_specificity])
def test_right_answer_costs_less_than_none_and_than_the_opposite(loss) -> None:  # type: ignore[no-untyped-def]
    t = target(2.0)
    right, none, wrong = loss(confident(t), t), loss(EMPTY, t), loss(-confident(t), t)
    assert right < none
    assert right < wrong
    assert torch.isfinite(right)


def test_missing_a_heavier_lesion_costs_more() -> None:
    light, heavy = target(0.5), target(5.0)
    assert losses.size_weighted_dice_focal(EMPTY, heavy) > losses.size_weighted_dice_focal(
        EMPTY, light
    )


def test_patch_specificity_counts_one_bright_voxel_in_an_empty_patch() -> None:
    t = target(1.0)
    spotted = confident(t)
    spotted[1, 0, 7, 7, 7] = 8.0
    quiet = losses.sensitivity_specificity(confident(t), t, alpha=0.5)
    assert losses.sensitivity_specificity(spotted, t, alpha=0.5) > quiet + 0.4


def test_weights_fall_with_volume_within_limits() -> None:
    labels = np.array([[0, 1, 2, 3]], np.uint8)
    weights = losses.lesion_weights(labels, np.array([0, 1, 150, 1e6], np.float32))
    assert weights.tolist() == [[0, 5.0, 1.0, pytest.approx(0.4)]]
