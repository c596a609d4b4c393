"""A folder that nnU-Net itself planned and trained: our answers held against its own predictor's.

`tests/data/nnunet/make.py` says how both were made.
"""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.detector import Card, load_card
from inference.detectors.archive import zipped
from inference.detectors.candidates import OUTSIDE
from inference.detectors.nnunet import NnUNetDetector, prepared
from inference.detectors.zoom import zoomed
from inference.preprocess import resample
from inference.volume import Volume

DATA = Path(__file__).parents[2] / "data" / "nnunet"
FOLDER = DATA / "nnUNetTrainerTiny__nnUNetPlans__3d_fullres"
POINT = {"segmentation": 0.5, "temperature": 1.0, "bias": 0.0, "probability": 0.5}
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def detector() -> NnUNetDetector:
    card = Card(
        "theirs", "1", "nnunet", FOLDER.name, hashlib.sha256(zipped(FOLDER)).hexdigest(),
        ("t1c", "flair"), POINT, {}, options={"lesion": ["metastasis"]}, folder=str(DATA),
    )  # fmt: skip
    made = load_card(card, "cpu")
    assert isinstance(made, NnUNetDetector)
    made.opinions = "once"  # their predictor without mirroring
    return made


def examination(name: str) -> tuple[dict[str, Volume], NDArray[np.float32]]:
    """Images of one case, and the probability of a metastasis by nnU-Net's predictor."""
    with np.load(DATA / "answers.npz") as kept:
        z, y, x = kept[f"{name}, spacing"]
        affine = np.array([[0, 0, x, 0], [0, y, 0, 0], [z, 0, 0, 0], [0, 0, 0, 1.0]])
        images = {
            role: Volume(kept[f"{name}, {role}"].astype(np.float32), affine, role)
            for role in ("t1c", "flair")
        }
        return images, kept[f"{name}, metastasis"].astype(np.float32)


@pytest.mark.parametrize("name", ["as planned", "finer in plane", "thick slices"])
def test_a_folder_of_nnunets_own_answers_as_its_predictor(
    detector: NnUNetDetector, name: str
) -> None:
    images, theirs = examination(name)
    ours = probability(detector, images)
    assert np.abs(ours - theirs).max() < 0.01
    assert np.abs(ours - theirs).mean() < 0.0001
    found, expected = ours > 0.5, theirs > 0.5
    assert expected.sum() > 100
    assert 2 * (found & expected).sum() / (found.sum() + expected.sum()) > 0.998


@pytest.mark.parametrize("name", ["as planned", "finer in plane", "thick slices"])
def test_its_images_are_to_the_last_digits_those_of_nnunets_preprocessing(
    detector: NnUNetDetector, name: str
) -> None:
    images, _ = examination(name)
    with np.load(DATA / "prepared.npz") as kept:
        theirs = kept[name]
    ours = prepared(images, detector.plan).voxels[:, ::6]
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-6)


def test_the_comparison_would_notice_another_answer(detector: NnUNetDetector) -> None:
    images, theirs = examination("as planned")
    turned = {
        role: Volume(np.ascontiguousarray(each.voxels[:, ::-1]), each.affine, role)
        for role, each in images.items()
    }
    assert np.abs(probability(detector, turned) - theirs).max() > 0.5


def probability(detector: NnUNetDetector, images: dict[str, Volume]) -> NDArray[np.float32]:
    """Of a metastasis, on the grid of T1c."""
    ready = prepared(images, detector.plan)
    (made,) = detector.logits(ready)
    grid = images["t1c"]
    z, y, x = grid.voxels.shape
    assert ready.answers is not None
    logits = resample(Volume(made, ready.answers, ""), grid.affine, (z, y, x))
    logits[logits == 0] = OUTSIDE
    return np.asarray(1 / (1 + np.exp(-logits)))


def test_slices_far_thicker_than_wide_are_repeated_and_others_interpolated() -> None:
    ramp = np.broadcast_to(np.arange(6, dtype=np.float32)[:, None, None], (6, 8, 8))
    thick = zoomed(ramp, np.array([2.0, 1, 1]), (5.0, 1, 1), (2.5, 1, 1))
    assert thick[:, 0, 0].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    near = zoomed(ramp, np.array([2.0, 1, 1]), (2.0, 1, 1), (1.0, 1, 1))
    assert near[5, 0, 0] == pytest.approx(2.25, abs=0.02)
    assert near.min() >= 0
    assert near.max() <= 5
    same = zoomed(ramp, np.ones(3), (1.0, 1, 1), (1.0, 1, 1))
    assert same is ramp
    by_plans = zoomed(ramp, np.array([0.5, 1, 1]), (1.0, 1, 1), (4.0, 1, 1))
    assert set(by_plans[:, 3, 3].tolist()) <= set(range(6))  # slices left out, none made up
