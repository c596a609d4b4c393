"""The shipped detector: finds what the phantom hides, refuses damaged weights, costs no import."""

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import inference
from inference import detector as detectors
from inference.detector import CorruptWeights, Detector, NoSuchDevice, UnknownDetector
from inference.lesions import Lesion
from inference.metrics import score_case
from inference.phantom import PhantomCase
from inference.preprocess import UnusableExamination
from inference.volume import Volume
from tests.unit.inference.conftest import MadeOnce


@pytest.fixture(scope="module")
def default() -> Detector:
    return inference.load_detector(inference.default_detector(), "cpu")


@pytest.fixture(scope="module")
def found(default: Detector, case: PhantomCase, made_once: MadeOnce) -> list[Lesion]:
    lesions: list[Lesion] = made_once("found", lambda: default.detect(case.series))
    return lesions


def test_importing_the_package_loads_neither_torch_nor_monai() -> None:
    code = (
        "import sys, inference, inference.phantom, inference.export;"
        "inference.detector_card(inference.default_detector());"
        "sys.exit(int(any(n in sys.modules for n in ('torch', 'monai', 'nilearn'))))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_it_finds_the_lesions_of_a_phantom_it_has_not_seen(
    found: list[Lesion], case: PhantomCase
) -> None:
    score = score_case(
        found,
        [each.probability for each in found],
        case.labels,
        case.series["t1c"].affine,
        {each.id: each.diameter_mm for each in case.lesions},
    )
    visible = score.diameters_mm >= 4
    assert visible.any()
    assert np.isfinite(score.hits[visible]).all()
    assert len(score.false_scores) <= 3


def test_proposals_come_by_falling_probability_with_words_and_outlines(
    found: list[Lesion],
) -> None:
    probabilities = [each.probability for each in found]
    assert probabilities == sorted(probabilities, reverse=True)
    for each in found:
        assert 0 < each.probability <= 1
        assert each.uncertainty is not None
        assert each.explanation["short"]
        assert f"{each.diameter_mm:.1f} mm" in each.explanation["full"]
        assert "calibrated probability is" in each.explanation["full"]
        assert each.contours_mm()


def test_each_proposal_has_a_heat_map_about_it_and_words_for_it(found: list[Lesion]) -> None:
    assert found
    for each in found:
        assert each.heat is not None
        peak = np.argwhere(each.heat.values == 1)[0] + each.heat.offset
        peak_mm = peak @ each.heat.affine[:3, :3].T + each.heat.affine[:3, 3]
        away = float(np.linalg.norm(peak_mm - each.centroid_mm))
        assert away < each.diameter_mm / 2 + 3
        assert sum(each.heat.shares.values()) == pytest.approx(1, abs=0.01)
        assert "By its heat map the detector's answer rests on" in each.explanation["full"]


def test_the_same_images_give_the_same_proposals(
    default: Detector, around_the_largest: dict[str, Volume]
) -> None:
    found, again = (default.detect(around_the_largest) for _ in range(2))
    assert found
    assert [each.centroid_mm for each in again] == [each.centroid_mm for each in found]
    assert [each.probability for each in again] == pytest.approx(
        [each.probability for each in found], abs=1e-3
    )


def test_it_refuses_without_flair_and_the_one_before_works_from_t1c_alone(
    default: Detector, around_the_largest: dict[str, Volume], case: PhantomCase
) -> None:
    only = {"t1c": around_the_largest["t1c"]}
    with pytest.raises(UnusableExamination, match="role flair"):
        default.detect(only)
    largest = max(case.lesions, key=lambda each: each.volume_mm3)
    alone = inference.load_detector("space-to-depth@1", "cpu").detect(only)
    distances = [
        np.linalg.norm(np.subtract(each.centroid_mm, largest.centroid_mm)) for each in alone
    ]
    assert min(distances) < largest.diameter_mm / 2 + 2


def test_it_finds_the_largest_from_t1c_and_flair(
    default: Detector, around_the_largest: dict[str, Volume], case: PhantomCase
) -> None:
    largest = max(case.lesions, key=lambda each: each.volume_mm3)
    two = default.detect({role: around_the_largest[role] for role in default.needs})
    distances = [np.linalg.norm(np.subtract(each.centroid_mm, largest.centroid_mm)) for each in two]
    assert min(distances) < largest.diameter_mm / 2 + 2


def test_the_card_says_what_the_detector_is_and_is_not() -> None:
    for name in inference.detector_names():
        card = inference.detector_card(name)
        assert "synthetic phantoms only" in card["banner"]
        assert "not a medical device" in card["banner"]
        assert card["performance"]["cases"] >= 40
        low, high = card["performance"]["sensitivity"]["all"]["interval"]
        assert 0 < low <= card["performance"]["sensitivity"]["all"]["value"] <= high <= 1
        assert card["limits"]


def test_an_unknown_detector_names_those_that_are_known() -> None:
    with pytest.raises(UnknownDetector, match=inference.default_detector()):
        inference.load_detector("no-such@9")


def test_a_detector_that_needs_a_gpu_says_that_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detectors, "_has_gpu", lambda: False)
    card = replace(detectors.card_of(inference.default_detector()), device="cuda")
    with pytest.raises(NoSuchDevice, match="needs a GPU and there is none here: start a worker"):
        detectors.load_card(card)


def test_a_card_is_written_as_it_was_read(tmp_path: Path) -> None:
    card = detectors.card_of(inference.default_detector())
    kept = detectors.WEIGHTS / f"{card.name}-{card.version}.json"
    assert detectors.write_card(card, tmp_path).read_text() == kept.read_text()
    changed = replace(card, device="cuda", options={"window": 64}, folder=str(tmp_path))
    assert detectors.read_card(detectors.write_card(changed, tmp_path)) == changed


@pytest.mark.parametrize("damage", ["flipped bit", "cut short", "missing"])
def test_damaged_weights_are_refused(damage: str, tmp_path: Path) -> None:
    card = detectors.card_of("space-to-depth@1")
    content = bytearray((detectors.WEIGHTS / card.weights).read_bytes())
    path = tmp_path / card.weights
    if damage == "flipped bit":
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
    elif damage == "cut short":
        path.write_bytes(content[:-10])
    with pytest.raises(CorruptWeights, match="fetch the repository's weights again"):
        detectors.checked_weights(card, path)


@pytest.mark.parametrize("name", ["network.safetensors", "int8.xml", "int8.bin"])
def test_a_folder_of_weights_is_refused_for_any_damaged_file(name: str, tmp_path: Path) -> None:
    card = detectors.card_of(inference.default_detector())
    path = Path(shutil.copytree(detectors.WEIGHTS / card.weights, tmp_path / card.weights))
    assert detectors.checked_weights(card, path)
    content = bytearray((path / name).read_bytes())
    content[len(content) // 2] ^= 1
    (path / name).write_bytes(content)
    with pytest.raises(CorruptWeights, match="fetch the repository's weights again"):
        detectors.checked_weights(card, path)


def test_weights_of_another_card_are_refused() -> None:
    card = replace(detectors.card_of(inference.default_detector()), weights_sha256="0" * 64)
    with pytest.raises(CorruptWeights, match="the card says 000000000000"):
        detectors.checked_weights(card, detectors.WEIGHTS / card.weights)
