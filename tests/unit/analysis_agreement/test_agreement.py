"""Coefficients of agreement against published examples and statsmodels."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from statsmodels.stats import inter_rater

import analysis
from analysis import agreement
from analysis.agreement.result import matrix_of

# Shrout and Fleiss 1979, table 2: six targets, four judges; their table 4 has the ICCs.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]], float
)
_ = np.nan
# Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), section D.
KRIPPENDORFF = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
        [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
    ]
).T


def test_intraclass_correlations_of_shrout_and_fleiss() -> None:
    two = agreement.icc(SHROUT_FLEISS, model="2,1")
    three = agreement.icc(SHROUT_FLEISS, model="3,1")
    assert two.estimate == pytest.approx(0.29, abs=0.005)
    assert three.estimate == pytest.approx(0.71, abs=0.005)
    # intervals as R's psych::ICC prints them
    assert (two.ci_low, two.ci_high) == pytest.approx((0.019, 0.761), abs=0.001)
    assert (three.ci_low, three.ci_high) == pytest.approx((0.342, 0.946), abs=0.001)


@pytest.mark.parametrize(
    ("level", "expected"),
    [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)],
)
def test_krippendorffs_own_example(level: str, expected: float) -> None:
    found = agreement.krippendorff_alpha(KRIPPENDORFF, level=level)
    assert found.estimate == pytest.approx(expected, abs=0.0006)


@pytest.mark.parametrize("weights", ["none", "linear", "quadratic"])
def test_cohens_kappa_agrees_with_statsmodels(weights: str) -> None:
    rng = np.random.default_rng(1)
    first = rng.integers(1, 5, 80)
    second = np.clip(first + rng.integers(-1, 2, 80), 1, 4)
    table, _bins = inter_rater.to_table(np.column_stack([first, second]))
    name = {"none": None, "linear": "linear", "quadratic": "quadratic"}[weights]
    expected = inter_rater.cohens_kappa(table, wt=name)
    found = agreement.cohen_kappa(np.column_stack([first, second]), weights=weights)
    assert found.estimate == pytest.approx(expected.kappa, rel=1e-12)
    assert found.std_error == pytest.approx(expected.std_kappa, rel=0.1)


def test_fleiss_kappa_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, 3, 50)
    ratings = np.where(rng.random((50, 5)) < 0.7, truth[:, None], rng.integers(0, 3, (50, 5)))
    table, _bins = inter_rater.aggregate_raters(ratings)
    found = agreement.fleiss_kappa(ratings)
    assert found.estimate == pytest.approx(inter_rater.fleiss_kappa(table), rel=1e-12)
    assert found.ci_low < found.estimate < found.ci_high


def test_ac1_stays_high_where_kappa_collapses() -> None:
    # 125 cases, 118 agreed "yes", 5 + 2 split: Gwet 2008's paradox: high agreement, kappa near 0
    ratings = np.array([[1, 1]] * 118 + [[1, 0]] * 5 + [[0, 1]] * 2)
    assert agreement.cohen_kappa(ratings).estimate == pytest.approx(-0.0234, abs=0.0005)
    share = (118 * 2 + 7) / 250
    chance = 2 * share * (1 - share)
    expected = (118 / 125 - chance) / (1 - chance)
    assert agreement.gwet_ac1(ratings).estimate == pytest.approx(expected, rel=1e-12)
    assert agreement.gwet_ac1(ratings).estimate > 0.9


def test_limits_of_agreement_are_mean_and_normal_spread() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(10, 2, 200)
    b = a + rng.normal(0.5, 1.0, 200)
    found = agreement.bland_altman(a, b)
    inside = ((b - a > found.extra["lower"]) & (b - a < found.extra["upper"])).mean()
    assert inside == pytest.approx(0.95, abs=0.03)
    assert found.ci_low < 0.5 < found.ci_high
    assert found.extra["lower_ci_low"] < found.extra["lower"] < found.extra["lower_ci_high"]


@pytest.mark.parametrize(
    "coefficient",
    [agreement.cohen_kappa, agreement.fleiss_kappa, agreement.krippendorff_alpha, agreement.icc],
)
def test_readers_who_always_say_the_same_agree_completely_and_a_warning_says_why(
    coefficient: object,
) -> None:
    found = coefficient(np.ones((10, 2)))
    assert (found.estimate, found.std_error) == (1.0, 0.0)
    assert "same" in found.warnings[-1]


def test_readers_order_does_not_matter() -> None:
    for coefficient in (agreement.fleiss_kappa, agreement.gwet_ac1, agreement.icc):
        one, other = coefficient(SHROUT_FLEISS), coefficient(SHROUT_FLEISS[:, ::-1])
        assert one.estimate == pytest.approx(other.estimate, rel=1e-12)


def test_too_little_and_doubled_ratings_are_refused() -> None:
    with pytest.raises(analysis.DataError, match=r"cases \(rows\)"):
        agreement.icc([[1.0, 2.0]])
    table = pd.DataFrame({"reader": ["A", "A"], "case": [1, 1], "rating": [1, 2]})
    with pytest.raises(analysis.DataError, match="row 2: reader A rated case 1 twice"):
        matrix_of(table)


def ball(centre: tuple[float, float, float], radius: float) -> np.ndarray:
    grid = np.indices((24, 24, 24)).astype(float)
    spacing = np.array([2.0, 1.0, 1.0]).reshape(3, 1, 1, 1)
    away = np.linalg.norm(grid * spacing - np.reshape(centre, (3, 1, 1, 1)), axis=0)
    return np.asarray(away <= radius)


def test_surface_distances_are_those_of_all_pairs() -> None:
    a, b = ball((24, 12, 12), 6), ball((26, 14, 12), 5)
    found = agreement.compare_masks(a, b, spacing_mm=(2, 1, 1), tolerance_mm=1.5)
    edges = [np.argwhere(_edge(mask)) * np.array([2, 1, 1]) for mask in (a, b)]
    pairs = cdist(edges[0], edges[1])
    there, back = pairs.min(axis=1), pairs.min(axis=0)
    expected = max(np.percentile(there, 95), np.percentile(back, 95))
    assert found.hd95_mm == pytest.approx(expected, rel=1e-12)
    near = ((there <= 1.5).sum() + (back <= 1.5).sum()) / (len(there) + len(back))
    assert found.surface_dice == pytest.approx(near, rel=1e-12)
    assert found.dice == pytest.approx(2 * (a & b).sum() / (a.sum() + b.sum()), rel=1e-12)
    assert found.volume_difference_mm3 == pytest.approx(2.0 * (int(b.sum()) - int(a.sum())))


def _edge(mask: np.ndarray) -> np.ndarray:
    padded = np.pad(mask, 1)
    inner = padded.copy()
    for axis in range(3):
        for step in (-1, 1):
            inner &= np.roll(padded, step, axis=axis)
    return np.asarray((padded & ~inner)[1:-1, 1:-1, 1:-1])


def test_empty_masks_have_defined_answers() -> None:
    nothing, some = np.zeros((4, 4, 4), bool), np.ones((4, 4, 4), bool)
    both = agreement.compare_masks(nothing, nothing, spacing_mm=(1, 1, 1))
    one = agreement.compare_masks(nothing, some, spacing_mm=(1, 1, 1))
    assert (both.dice, both.hd95_mm, both.surface_dice) == (1.0, 0.0, 1.0)
    assert (one.dice, one.hd95_mm, one.surface_dice) == (0.0, np.inf, 0.0)
    assert one.to_json()["hd95_mm"] is None


def test_staple_recovers_truth_and_readers_from_simulated_masks() -> None:
    rng = np.random.default_rng(5)
    truth = ball((24, 12, 12), 7)
    rates = [(0.95, 0.99), (0.8, 0.999), (0.6, 0.98)]
    masks = [
        np.where(truth, rng.random(truth.shape) < p, rng.random(truth.shape) > q) for p, q in rates
    ]
    found = agreement.staple(masks)
    assert found.converged
    assert found.sensitivity == pytest.approx([p for p, _q in rates], abs=0.04)
    assert found.specificity == pytest.approx([q for _p, q in rates], abs=0.01)
    spacing = (2.0, 1.0, 1.0)
    staple = agreement.compare_masks(truth, found.mask, spacing_mm=spacing).dice
    single = max(agreement.compare_masks(truth, m, spacing_mm=spacing).dice for m in masks)
    assert staple > single


def test_a_majority_is_more_than_half() -> None:
    masks = [np.array([True, True, False]), np.array([True, False, False])]
    assert agreement.majority(masks).tolist() == [True, False, False]
    with pytest.raises(analysis.DataError, match="two masks"):
        agreement.majority(masks[:1])


# Krippendorff's four observers and twelve units (2011 note) also serve Gwet's handbook; what
# irrCAC gives for them is in its vignettes: fleiss.kappa.raw and gwet.ac1.raw on raw4raters.
GWET = np.array(
    [
        [1, 1, np.nan, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
        [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [np.nan, 5, 5, 5], [np.nan, np.nan, 1, 1],
        [np.nan, np.nan, 3, np.nan],
    ]
)  # fmt: skip


def test_gwets_worked_example_is_matched() -> None:
    # Gwet, Handbook of Inter-Rater Reliability (2014), table 2.10: AC1 0.77544.
    assert agreement.gwet_ac1(GWET).estimate == pytest.approx(0.77544, abs=5e-6)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_weighted_coefficients_agree_with_their_definition_by_pairs(weights: Any) -> None:
    rng = np.random.default_rng(4)
    ratings = rng.integers(1, 5, (30, 3)).astype(float)
    power = 1 if weights == "linear" else 2
    values = np.arange(1.0, 5.0)
    weight = 1 - (np.abs(values[:, None] - values) / 3) ** power
    place = ratings.astype(int) - 1
    pairs = [(a, b) for a in range(3) for b in range(3) if a != b]
    agreed = np.mean([weight[place[:, a], place[:, b]].mean() for a, b in pairs])
    share = np.bincount(place.ravel(), minlength=4) / place.size
    fleiss = (agreed - share @ weight @ share) / (1 - share @ weight @ share)
    found = agreement.fleiss_kappa(ratings, weights=weights).estimate
    assert found == pytest.approx(fleiss, rel=1e-12)
    chance = weight.sum() / (4 * 3) * (share * (1 - share)).sum()
    found = agreement.gwet_ac1(ratings, weights=weights).estimate
    assert found == pytest.approx((agreed - chance) / (1 - chance), rel=1e-12)


def test_limits_of_agreement_are_said_and_drawn_as_bland_and_altman_do() -> None:
    rng = np.random.default_rng(3)
    a = rng.normal(10, 2, 40)
    found = agreement.bland_altman(a, a + rng.normal(0.5, 1.0, 40))
    assert f"between {found.extra['lower']:.3f} and {found.extra['upper']:.3f}" in found.statement()
    axis = found.plot().axes[0]
    assert axis.get_xlabel() == "Mean of the two"
    assert len(axis.lines[-1].get_xdata()) == 40
    assert "pairs" not in found.to_json()
