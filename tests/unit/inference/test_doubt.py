"""How well an uncertainty tells wrong proposals: by hand, on made data."""

import json

import numpy as np
import pytest

from benchmarks.detectors import uncertainty
from inference.doubt import Doubted, auroc, doubt
from inference.lesions import Lesion
from inference.training.cases import TEST_SEEDS, Examination


def case(seed: int, *rows: tuple[float, float, bool]) -> Doubted:
    return Doubted.of(seed, rows)


def test_auroc_is_the_share_of_pairs_in_which_the_wrong_one_is_doubted_more() -> None:
    doubts = np.array([0.3, 0.1, 0.2, 0.1])
    wrong = np.array([True, False, False, True])
    assert auroc(doubts, wrong) == pytest.approx((1 + 1 + 0 + 0.5) / 4)
    assert np.isnan(auroc(doubts, np.zeros(4, bool)))


def test_an_uncertainty_that_knows_its_errors_has_an_interval_above_chance() -> None:
    rng = np.random.default_rng(3)
    cases = []
    for seed in range(40):
        wrong = rng.random(6) < 0.4
        spread = np.where(wrong, 0.2, 0.1) + rng.normal(0, 0.04, 6)
        rows = zip(rng.random(6), spread, wrong, strict=True)
        cases.append(case(seed, *((float(p), float(u), bool(w)) for p, u, w in rows)))
    found = doubt(cases)
    assert found.auroc is not None
    assert found.auroc_of_probability is not None
    assert found.difference is not None
    assert found.auroc[1][0] > 0.9
    assert found.auroc_of_probability[1][0] < 0.5 < found.auroc_of_probability[1][1]
    assert found.difference[0] == pytest.approx(found.auroc[0] - found.auroc_of_probability[0])
    shares = [each.wrong[0] for each in found.tertiles]
    assert [each.proposals for each in found.tertiles] == [80, 80, 80]
    assert shares[0] < 0.1
    assert shares[2] > 0.8


def test_a_doubt_about_faint_proposals_alone_is_what_the_probability_says_already() -> None:
    rows = [(0.1, 0.09, True), (0.2, 0.08, True), (0.8, 0.02, False), (0.9, 0.01, False)]
    found = doubt([case(seed, *rows) for seed in range(3)])
    assert found.auroc == found.auroc_of_probability == (1.0, (1.0, 1.0))
    assert found.difference == (0.0, (0.0, 0.0))


def test_only_proposals_from_a_probability_on_are_judged() -> None:
    found = doubt([case(1, (0.05, 0.3, True), (0.5, 0.1, False), (0.6, 0.2, False))], 0.1)
    assert (found.cases, found.proposals, found.wrong) == (1, 2, 0)
    assert found.auroc is None  # nothing is wrong: nothing to tell apart
    assert [each.wrong[0] for each in found.tertiles] == [0.0, 0.0]


def test_without_a_proposal_nothing_is_told() -> None:
    found = doubt([case(1), case(2)])
    assert (found.proposals, found.auroc, found.tertiles) == (0, None, ())
    json.dumps(found.to_json(), allow_nan=False)


def test_what_is_kept_comes_back() -> None:
    kept = case(7, (0.5, 0.25, True), (0.75, 0.125, False))
    again = Doubted.from_json(json.loads(json.dumps(kept.to_json())))
    assert again.seed == 7
    for name in ("probability", "uncertainty", "is_wrong"):
        assert np.array_equal(getattr(again, name), getattr(kept, name))


def test_the_bench_judges_each_proposal_by_whether_it_meets_a_lesion() -> None:
    labels = np.zeros((40, 40, 40), np.uint8)
    labels[10:18, 10:18, 10:18] = 1
    row = {"id": 1, "diameter_mm": 8.0}
    affine = np.eye(4)[:, [2, 1, 0, 3]]
    places = [((25, 25, 25), 0.3), ((10, 10, 10), 0.9), ((15, 15, 15), 0.6)]
    cube = np.ones((3, 3, 3), np.uint8)
    proposals = [Lesion(cube, at, affine, p, p / 10) for at, p in places]
    found = uncertainty.judged(proposals, Examination(5, {}, labels, [row]), affine)
    assert found.probability.tolist() == [0.3, 0.9]  # the second on the same lesion is neither
    assert found.uncertainty.tolist() == pytest.approx([0.03, 0.09])
    assert found.is_wrong.tolist() == [True, False]


def test_the_cards_figures_are_of_held_out_phantoms() -> None:
    kept = uncertainty.read(uncertainty.HERE / "uncertainty-space-to-depth-5.jsonl")
    assert len(kept) >= 20
    assert {each.seed for each in kept} <= set(TEST_SEEDS)
    assert uncertainty.read(uncertainty.HERE / "of-no-detector.jsonl") == []
