"""Figures of merit against their definitions, computed the long way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from analysis.fom import on_curves, placements
from analysis.fom.evaluate import estimates, leave_one_out
from analysis.fom.levels import RatingLevels, roc_points
from analysis.fom.registry import NAMES, parse
from analysis.tables import DataError

Floats = NDArray[np.float64]

TRUTH = np.array([0, 1] * 8, bool)
ratings_of_a_reader = arrays(np.float64, TRUTH.size, elements=st.sampled_from([0, 1, 2, 3, 4, 5]))

EVERY_NAME = [
    "auc",
    "pauc:fpf=0..0.3",
    "pauc:tpf=0.7..1",
    "pauc:fpf=0.1..0.4,normalise=no",
    "sens_at_spec:spec=0.8",
    "spec_at_sens:sens=0.8",
    "sens_at_spec:spec=0.8,ties=curve",
    "sensitivity:threshold=3",
    "specificity:threshold=3",
    "youden",
    "utility:slope=1.4",
    "net_benefit:threshold=3,prevalence=0.2,probability=0.1",
]


def wilcoxon(rating: Floats, truth: NDArray[np.bool_]) -> float:
    """AUC by its definition: every pair of cases."""
    difference = rating[truth][:, None] - rating[~truth][None, :]
    return float(np.mean((np.sign(difference) + 1) / 2))


@given(ratings_of_a_reader)
def test_auc_is_the_share_of_pairs_in_order(rating: Floats) -> None:
    placed = placements.placements(rating[None], TRUTH)
    assert placements.empirical_auc(placed, TRUTH)[0] == pytest.approx(wilcoxon(rating, TRUTH))


@given(ratings_of_a_reader)
def test_closed_form_jackknife_is_the_auc_without_the_case(rating: Floats) -> None:
    placed = placements.placements(rating[None], TRUTH)
    found = placements.leave_one_out(placed, TRUTH)[0]
    for k in range(TRUTH.size):
        keep = np.arange(TRUTH.size) != k
        assert found[k] == pytest.approx(wilcoxon(rating[keep], TRUTH[keep]))


@pytest.mark.parametrize("name", EVERY_NAME)
def test_leave_one_out_is_the_figure_of_merit_without_the_case(name: str) -> None:
    rng = np.random.default_rng(3)
    fom = parse(name)
    ratings = np.floor(rng.normal(size=(3, TRUTH.size)) + 3 + TRUTH)
    ratings[0, 3] = ratings[2, 8] = np.nan
    found = leave_one_out(fom, ratings, TRUTH)
    for k in range(TRUTH.size):
        keep = np.arange(TRUTH.size) != k
        np.testing.assert_allclose(found[:, k], estimates(fom, ratings[:, keep], TRUTH[keep]))


def test_a_case_not_read_leaves_the_figure_of_merit_as_it_is() -> None:
    ratings = np.arange(16.0)[None].copy()
    ratings[0, 4] = np.nan
    found = leave_one_out(parse("youden"), ratings, TRUTH)
    assert found[0, 4] == estimates(parse("youden"), ratings, TRUTH)[0]


@given(ratings_of_a_reader)
def test_area_under_the_curve_is_the_wilcoxon_auc(rating: Floats) -> None:
    levels = RatingLevels.of(rating, TRUTH)
    fpf, tpf = roc_points(*levels.counts())
    assert on_curves.area(fpf, tpf)[0] == pytest.approx(wilcoxon(rating, TRUTH))


@given(ratings_of_a_reader, st.floats(0.05, 0.95))
def test_partial_areas_add_up(rating: Floats, cut: float) -> None:
    fpf, tpf = roc_points(*RatingLevels.of(rating, TRUTH).counts())
    whole = on_curves.area(fpf, tpf)
    parts = on_curves.partial_area(fpf, tpf, 0, cut) + on_curves.partial_area(fpf, tpf, cut, 1)
    right = on_curves.partial_area_right(fpf, tpf, 0, cut)
    right = right + on_curves.partial_area_right(fpf, tpf, cut, 1)
    np.testing.assert_allclose(parts, whole)
    np.testing.assert_allclose(right, whole)


def test_partial_area_by_hand() -> None:
    """One point (0.2, 0.6): below 0.1 a triangle to height 0.3; from 0.1 to 0.2 a trapezium."""
    fpf, tpf = np.array([[0, 0.2, 1]]), np.array([[0, 0.6, 1]])
    assert on_curves.partial_area(fpf, tpf, 0, 0.1)[0] == pytest.approx(0.015)
    assert on_curves.partial_area(fpf, tpf, 0.1, 0.2)[0] == pytest.approx(0.045)
    assert on_curves.partial_area_right(fpf, tpf, 0.6, 1)[0] == pytest.approx(0.16)


def test_sensitivity_at_a_specificity_by_hand() -> None:
    """A curve through (0.2, 0.4) and (0.2, 0.6): at specificity 0.8 the top of the rise counts."""
    fpf, tpf = np.array([[0, 0.2, 0.2, 0.6, 1]]), np.array([[0, 0.4, 0.6, 0.8, 1]])
    assert on_curves.sensitivity_at(fpf, tpf, 0.8)[0] == pytest.approx(0.6)
    assert on_curves.sensitivity_at(fpf, tpf, 0.9)[0] == pytest.approx(0.2)
    # MRMCaov's line goes from (0, 0) to the top of the rise.
    assert on_curves.sensitivity_between(fpf, tpf, 0.9)[0] == pytest.approx(0.3)
    assert on_curves.specificity_at(fpf, tpf, 0.6)[0] == pytest.approx(0.8)


def test_binary_calls() -> None:
    """4 of 5 found, 3 of 4 cleared."""
    truth = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0], bool)
    calls = np.array([[1, 1, 1, 1, 0, 1, 0, 0, 0.0]])
    assert estimates(parse("sensitivity"), calls, truth)[0] == pytest.approx(0.8)
    assert estimates(parse("specificity"), calls, truth)[0] == pytest.approx(0.75)
    assert estimates(parse("youden"), calls, truth)[0] == pytest.approx(0.55)
    ratio = estimates(parse("log_lr_positive"), calls, truth)[0]
    assert np.exp(ratio) == pytest.approx(0.8 / 0.25)
    ratio = estimates(parse("log_lr_negative"), calls, truth)[0]
    assert np.exp(ratio) == pytest.approx(0.2 / 0.75)
    benefit = estimates(parse("net_benefit:prevalence=0.1,probability=0.2"), calls, truth)[0]
    assert benefit == pytest.approx(0.8 * 0.1 - 0.25 * 0.9 * 0.25)


def test_ratings_are_no_binary_calls_without_a_threshold() -> None:
    with pytest.raises(DataError, match="give a threshold"):
        estimates(parse("sensitivity"), np.arange(16.0)[None], TRUTH)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ac", "unknown figure of merit 'ac'; there are auc"),
        ("auc:x=1", "no option x"),
        ("pauc", "needs one range"),
        ("pauc:fpf=0.3..0.1", "low..high"),
        ("pauc:fpf=0..x", "not a number"),
        ("sens_at_spec", "needs spec"),
        ("sens_at_spec:spec=80", "between 0 and 1"),
        ("sens_at_spec:spec=0.8,ties=no", "must be max"),
        ("net_benefit:prevalence=0.1,probability=1", "below 1"),
    ],
)
def test_names_that_mean_nothing_are_refused_with_what_there_is(name: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        parse(name)


def test_every_name_is_tried_here() -> None:
    tried = {name.partition(":")[0] for name in EVERY_NAME}
    assert tried | {"log_lr_positive", "log_lr_negative", "binormal_auc", "cbm_auc"} == set(NAMES)
