"""Counting: what a hit is, false positives, thresholds, FROC, calibration; by hand."""

from pathlib import Path

import numpy as np
import pytest

from analysis.figures import reliability_figure, svg
from inference import metrics
from inference.detector import DEFAULT, card_of
from inference.lesions import Lesion
from inference.metrics import CaseScore
from inference.training import calibrate, records
from inference.training.ship import threshold_of
from inference.training.summary import reliability

ROOT = Path(__file__).parents[3]
BENCH = ROOT / "benchmarks" / "detectors"

AFFINE = np.diag([1.0, 1.0, 1.0, 1.0])[:, [2, 1, 0, 3]]


def box(low: tuple[int, int, int], size: int) -> Lesion:
    return Lesion(np.ones((size, size, size), np.uint8), low, AFFINE, 0.5)


def labels_with(*boxes: tuple[tuple[int, int, int], int]) -> np.ndarray:
    labels = np.zeros((40, 40, 40), np.uint8)
    for number, ((z, y, x), size) in enumerate(boxes, start=1):
        labels[z : z + size, y : y + size, x : x + size] = number
    return labels


def test_touching_the_border_is_a_hit_and_one_voxel_further_is_not() -> None:
    labels = labels_with(((10, 10, 10), 4))
    beside = metrics.score_case([box((10, 10, 14), 3)], [1.0], labels, AFFINE, {1: 4.0})
    apart = metrics.score_case([box((10, 10, 15), 3)], [1.0], labels, AFFINE, {1: 4.0})
    assert beside.hits.tolist() == [1.0]
    assert beside.false_scores.size == 0
    assert apart.hits.tolist() == [-np.inf]
    assert apart.false_scores.tolist() == [1.0]


def test_one_proposal_over_two_lesions_finds_one() -> None:
    labels = labels_with(((10, 10, 10), 3), ((10, 10, 15), 3))
    merged = Lesion(np.ones((3, 3, 8), np.uint8), (10, 10, 10), AFFINE, 0.5)
    score = metrics.score_case([merged], [2.0], labels, AFFINE, {1: 3.0, 2: 3.0})
    assert sorted(score.hits.tolist()) == [-np.inf, 2.0]


def test_second_proposal_on_a_lesion_is_no_false_positive() -> None:
    labels = labels_with(((10, 10, 10), 8))
    score = metrics.score_case(
        [box((10, 10, 10), 3), box((14, 14, 14), 3)], [2.0, 1.0], labels, AFFINE, {1: 8.0}
    )
    assert np.isfinite(score.hits).all()
    assert score.false_scores.size == 0


def test_dice_counts_the_lesion_s_own_voxels() -> None:
    labels = labels_with(((10, 10, 10), 4))
    score = metrics.score_case([box((10, 10, 10), 4)], [1.0], labels, AFFINE, {1: 4.0})
    half = metrics.score_case([box((12, 10, 10), 4)], [1.0], labels, AFFINE, {1: 4.0})
    assert score.dice.tolist() == [1.0]
    assert half.dice.tolist() == [pytest.approx(0.5)]


def case(hits: list[float], false: list[float], diameter: float = 6.0) -> CaseScore:
    n = len(hits)
    return CaseScore(np.full(n, diameter), np.array(hits), np.zeros(n), np.array(false))


def test_predictive_value_counts_proposals_not_lesions() -> None:
    some = [case([3.0, 1.0, -np.inf], [2.0]), case([], [1.5, 0.2]), case([], [])]
    assert metrics.predictive_value(some, 1.2) == pytest.approx(1 / 3)
    assert metrics.predictive_value(some, 0.5) == pytest.approx(2 / 4)
    assert metrics.predictive_value(some, -np.inf) == pytest.approx(2 / 5)
    assert np.isnan(metrics.predictive_value(some, 9.0))


def test_threshold_lets_through_what_it_is_asked_for() -> None:
    cases = [case([3.0, 1.0], [2.0, 0.5]), case([-np.inf], [1.5])]
    for rate, allowed in ((0.0, 0), (0.5, 1), (1.0, 2)):
        threshold = metrics.threshold_at(cases, rate)
        assert metrics.false_positives_per_case(cases, threshold) == allowed / 2
    assert metrics.threshold_at(cases, 5) == -np.inf
    assert metrics.sensitivity(cases, 2.0, 0, np.inf) == pytest.approx(1 / 3)
    assert np.isnan(metrics.sensitivity(cases, 2.0, 20, 30))


def test_a_missed_lesion_stays_missed_at_the_lowest_threshold() -> None:
    cases = [case([-np.inf, 2.0], [])]
    assert metrics.froc_score(cases) == pytest.approx(0.5)


def test_calibration_error_of_honest_and_of_bold_probabilities() -> None:
    rng = np.random.default_rng(0)
    p = rng.uniform(0, 1, 20_000)
    happened = rng.uniform(0, 1, 20_000) < p
    assert metrics.calibration_error(p, happened) < 0.02
    assert metrics.calibration_error(np.full(100, 0.95), np.zeros(100, bool)) == pytest.approx(0.95)


def test_interval_holds_the_value_and_repeats() -> None:
    rng = np.random.default_rng(1)
    cases = [case(rng.normal(0, 1, 3).tolist(), rng.normal(-1, 1, 2).tolist()) for _ in range(40)]
    low, high = metrics.interval(cases, lambda c: metrics.sensitivity(c, 0, 0, np.inf), draws=200)
    assert low < metrics.sensitivity(cases, 0, 0, np.inf) < high
    assert (low, high) == metrics.interval(
        cases, lambda c: metrics.sensitivity(c, 0, 0, np.inf), draws=200
    )


def test_calibration_finds_the_temperature_that_made_the_scores() -> None:
    rng = np.random.default_rng(2)
    scores = rng.normal(0, 3, 8000)
    true = rng.uniform(0, 1, 8000) < 1 / (1 + np.exp(-(scores / 2.5 - 0.4)))
    cases = [case(scores[true].tolist(), scores[~true].tolist())]
    temperature, bias = calibrate.temperature_and_bias(cases)
    assert temperature == pytest.approx(2.5, rel=0.1)
    assert bias == pytest.approx(-0.4, abs=0.1)


def test_operating_point_keeps_to_the_false_positives_asked_for() -> None:
    rng = np.random.default_rng(3)
    cases = [case(rng.normal(3, 1, 4).tolist(), rng.normal(0, 1, 5).tolist()) for _ in range(30)]
    point = calibrate.operating_point(cases, 0.4, 0.5)
    scores = np.concatenate([c.false_scores for c in cases])
    p = 1 / (1 + np.exp(-(scores / point["temperature"] + point["bias"])))
    assert (p >= point["probability"]).sum() / 30 == pytest.approx(0.5, abs=0.05)


def test_calibration_without_false_candidates_says_what_to_do() -> None:
    with pytest.raises(ValueError, match="lower the segmentation level"):
        calibrate.temperature_and_bias([case([1.0], [])])


def test_what_was_not_found_is_missed_at_every_threshold() -> None:
    """With fewer false positives than allowed the threshold is -inf, and so is a miss."""
    case = CaseScore(np.array([4.0, 4.0]), np.array([1.0, -np.inf]), np.zeros(2), np.array([]))
    threshold = metrics.threshold_at([case], 1)
    assert threshold == -np.inf
    assert metrics.sensitivity([case], threshold, 0, np.inf) == 0.5


def test_the_reliability_of_what_is_shown_has_counts_and_intervals() -> None:
    cases = [case([2.0, 2.0, -3.0], [2.0]), case([0.0], [-4.0, 0.0])]
    rows = reliability(cases, threshold=0.0, temperature=1.0, bias=0.0)
    assert [(row["n"], row["share"]) for row in rows] == [(2, 0.5), (3, 0.667)]
    assert [row["probability"] for row in rows] == [0.5, pytest.approx(0.881)]
    # Wilson's interval of 2 in 3, and of 1 in 2, by his formula.
    assert rows[1]["interval"] == [0.208, 0.939]
    assert rows[0]["interval"] == [0.095, 0.905]


def test_the_shipped_cards_reliability_is_that_of_its_raw_scores() -> None:
    card = card_of(DEFAULT)
    raw = records.read(BENCH / f"{card.name}-{card.version}.jsonl")
    rows = reliability([each.score for each in raw], *threshold_of(card))
    assert rows == card.words["performance"]["reliability"]
    drawn = (ROOT / "docs" / "images" / f"reliability-{card.name}-{card.version}.svg").read_bytes()
    assert drawn == svg(reliability_figure(rows))
