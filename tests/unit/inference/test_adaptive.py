"""Adaptive sampling: cases that cost most lately are drawn more often, none is forgotten."""

from pathlib import Path

import numpy as np
import pytest
import torch

from inference.detectors import families
from inference.training import cases, fit, patches
from inference.training.adaptive import WAYS, Recent

pytestmark = pytest.mark.usefixtures("one_thread")


def test_the_harder_a_case_was_lately_the_more_often_it_is_drawn() -> None:
    recent = Recent()
    assert recent.chances([1, 2]).tolist() == [0.5, 0.5]
    for _ in range(60):
        recent.hear([1], 0.2)
        recent.hear([2, 3], 0.6)
    easy, hard, also, new = recent.chances([1, 2, 3, 4])
    assert hard == pytest.approx(also)
    assert new == pytest.approx(hard)  # not seen yet: as the hardest
    assert hard / easy == pytest.approx((0.125 + 0.15) / (0.125 + 0.05))
    for _ in range(60):
        recent.hear([2], 0.0)
    assert recent.chances([1, 2, 3])[1] == pytest.approx(1 / 6, abs=0.01)  # never none
    assert recent.chances([1, 2, 3]).sum() == pytest.approx(1)


def test_a_loss_that_is_not_finite_says_nothing_of_a_case() -> None:
    recent = Recent()
    recent.hear([1], float("nan"))
    assert recent.losses == {}


def case_of(seed: int) -> cases.TrainingCase:
    """A case whose voxels are all of one value, to be told by it."""
    voxels = np.full((4, 16, 16, 16), seed, np.uint8)
    none = np.zeros((0, 3), np.int32)
    return cases.TrainingCase(seed, voxels, np.zeros((16, 16, 16), np.uint8), none,
                              np.zeros((0, 5), np.float32))  # fmt: skip


@pytest.mark.parametrize("drawing", WAYS)
def test_a_training_draws_its_cases_as_its_recipe_says_and_goes_on_so(
    drawing: str, tmp_path: Path
) -> None:
    recipe = fit.Recipe(drawing=drawing, batch=1, sampling=patches.Sampling(size=16))
    running = fit.Fit(torch.nn.Conv3d(4, 1, 1), recipe, "cpu")
    running.recent.hear([7], 0.0)
    running.recent.hear([8], 1.0)
    running.save(tmp_path / "c.pt")
    after = fit.Fit(torch.nn.Conv3d(4, 1, 1), recipe, "cpu")
    after.resume(tmp_path / "c.pt")
    assert after.recent.losses == {7: 0.0, 8: 1.0}
    pool, rng = [case_of(7), case_of(8)], np.random.default_rng(1)
    drawn = [fit._batch(pool, rng, after)[0][0] for _ in range(200)]
    assert drawn.count(8) / 200 == pytest.approx(
        {"uniform": 0.5, "by-loss": 0.75}[drawing], abs=0.1
    )


def test_the_extension_of_nnunet_draws_by_loss_and_no_other_family() -> None:
    found = {name for name, each in families.FAMILIES.items() if each.sampling == "by-loss"}
    assert found == {"nnu-net-adaptive"}
    assert {each.sampling for each in families.FAMILIES.values()} <= set(WAYS)
