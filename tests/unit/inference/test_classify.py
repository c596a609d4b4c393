"""Classification heads: they learn what the synthetic classes differ by, and say how surely."""

import numpy as np
import pytest

from inference.classify import QUESTIONS, appearances, radiomics
from inference.classify.appearances import LOOKS
from inference.classify.heads import Head, head_of
from inference.classify.measure import measured
from inference.classify.patches import SIDE, Patch, patch_of
from inference.classify.resnet import ResNetHead
from inference.lesions import Lesion
from inference.preprocess import Prepared


def ball(radius: float) -> Patch:
    at = np.indices((SIDE,) * 3) - (SIDE - 1) / 2
    mask = np.linalg.norm(at, axis=0) <= radius
    return Patch(np.stack([mask * level for level in (4, 1, 2, 3)]).astype(np.float32), mask)


def test_features_of_a_ball_are_those_of_a_ball() -> None:
    found = radiomics.features(ball(10))
    assert found["log_volume"] == pytest.approx(np.log(4 / 3 * np.pi * 1000), abs=0.02)
    assert found["sphericity"] == pytest.approx(1, abs=0.05)
    assert found["elongation"] == pytest.approx(1, abs=0.01)
    assert (found["t1c_mean"], found["t1c_sd"], found["flair_around"]) == (4, 0, 0)
    assert 35 <= len(found) <= 50
    assert np.isfinite(list(found.values())).all()


def test_equal_seeds_give_equal_lesions_and_every_class_comes() -> None:
    for name, question in QUESTIONS.items():
        one, number = appearances.make(name, 5)
        again, _ = appearances.make(name, 5)
        assert np.array_equal(one.voxels, again.voxels)
        assert one.mask.sum() > 20
        numbers = {appearances.make(name, seed)[1] for seed in range(12)}
        assert numbers == set(range(len(question.classes)))
        assert number in numbers
        assert set(question.classes) <= set(LOOKS)


def test_a_head_that_learns_is_better_than_chance_and_its_probabilities_are_honest() -> None:
    found = measured("tumour", "logistic-lasso", training=48, test=48)
    auc, (low, _high) = found["auc"]
    assert auc > 0.85
    assert low > 0.65
    assert found["calibration_error"][0] < 0.15
    assert "nothing is known about patients" in found["note"]


def test_where_the_classes_look_alike_no_head_can_tell_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(LOOKS, "glioblastoma", LOOKS["metastasis"])
    found = measured("tumour", "logistic-lasso", training=24, test=24)
    auc, (low, high) = found["auc"]
    assert low < 0.5 < high or auc < 0.65


@pytest.mark.parametrize(
    "head",
    [head_of("svm"), head_of("random-forest"), ResNetHead(epochs=24)],
    ids=["svm", "random-forest", "resnet"],
)
def test_every_head_learns_bright_from_dark(head: Head) -> None:
    patches = [Patch(ball(8).voxels * (1 + n % 2), ball(8).mask) for n in range(20)]
    rng = np.random.default_rng(1)
    noisy = [
        Patch(p.voxels + rng.normal(0, 0.1, p.voxels.shape).astype(np.float32), p.mask)
        for p in patches
    ]
    classes = np.arange(20) % 2
    head.fit(noisy, classes)
    found = head.probabilities(noisy)
    assert found.sum(1) == pytest.approx(1)
    assert (found.argmax(1) == classes).mean() >= 0.9


def test_a_head_without_learning_and_an_unknown_one_say_so() -> None:
    with pytest.raises(ValueError, match="call fit first"):
        ResNetHead().probabilities([ball(5)])
    with pytest.raises(ValueError, match="logistic-lasso, svm"):
        head_of("oracle")
    with pytest.raises(ValueError, match="tumour, primary, treated"):
        appearances.make("grade", 1)


def test_a_proposals_patch_has_the_lesion_in_its_middle() -> None:
    voxels = np.zeros((4, 64, 64, 64), np.float32)
    voxels[:, 4:11, 30:37, 50:57] = 3
    lesion = Lesion(np.ones((7, 7, 7), np.uint8), (4, 30, 50), np.eye(4), 0.9)
    found = patch_of(lesion, Prepared(voxels, np.eye(4), ()))
    assert found.voxels.shape == (4, SIDE, SIDE, SIDE)
    assert np.array_equal(found.mask, found.voxels[0] == 3)
    assert np.argwhere(found.mask).mean(0) == pytest.approx([24, 24, 24], abs=0.5)
