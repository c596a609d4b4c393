"""Losses fall where they should, and small lesions weigh as much as large ones."""

import numpy as np
import pytest
import torch

from inference import losses
from inference.training.fit import Fit, Recipe

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


@pytest.mark.parametrize(
    ("name", "alpha"), [*((each, None) for each in losses.LOSSES), ("vss", 0.7), ("jvss", 0.7)]
)
def test_every_loss_trains_a_step(name: str, alpha: float | None) -> None:
    torch.manual_seed(2)
    running = Fit(torch.nn.Conv3d(4, 1, 1), Recipe(loss=name, alpha=alpha, warm_up=1), "cpu")
    before = running.network.state_dict()["weight"].clone()
    t = target(2.0)
    voxels = torch.randn(2, 4, 8, 8, 8) + 3 * (t > 0)
    assert np.isfinite(running.advance(voxels, t))
    assert not torch.equal(running.network.state_dict()["weight"], before)
    assert running.without_slope == 0


@pytest.mark.parametrize("name", ["vss", "jvss"])
def test_alpha_says_how_much_a_missed_lesion_costs_against_a_false_alarm(name: str) -> None:
    t = target(1.0)
    missed, false = EMPTY.clone(), confident(t)
    false[1, 0, 7, 7, 7] = 8.0
    for alpha, worse in ((0.99, missed), (0.01, false)):
        loss = losses.chosen(name, alpha)
        right = loss(confident(t), t)
        other = false if worse is missed else missed
        part = losses.size_weighted_dice_focal if name == "jvss" else lambda *_: 0
        assert loss(worse, t) - part(worse, t) > loss(other, t) - part(other, t) + 0.4
        assert right < loss(worse, t)


@pytest.mark.parametrize(
    ("name", "alpha", "words"),
    [
        ("no-such", None, "there are: size-weighted, dice, focal"),
        ("dice", 0.5, "dice has no alpha; vss and jvss have"),
        ("vss", 1.5, "0 to 1, not 1.5"),
    ],
)
def test_a_loss_that_there_is_not_is_refused(name: str, alpha: float | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        losses.chosen(name, alpha)
