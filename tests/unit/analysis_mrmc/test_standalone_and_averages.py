"""A stand-alone algorithm against readers; averaged curves."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import analysis
from analysis.dataset import Dataset
from analysis.fom import placements
from analysis.fom.averages import diagonal, pooled, vertical
from analysis.fom.levels import RatingLevels, roc_points
from analysis.tables import DataError
from tests.unit.analysis_mrmc.peers import same, vandyke

Tables = tuple[pd.DataFrame, pd.DataFrame]


def tables() -> Tables:
    """Readers of Van Dyke's modality 1; as the AI, reader 4 of modality 2."""
    table = vandyke()
    own = table[(table["modality"] == "2") & (table["reader"] == "4")]
    return table[table["modality"] == "1"], own[["case", "rating"]]


def test_cases_fixed_is_the_t_test_of_the_readers_against_a_number() -> None:
    found = analysis.standalone(*tables(), random="readers")
    readers = [each.estimate for each in found.foms if each.modality == "readers"]
    ai = next(each.estimate for each in found.foms if each.modality == "AI")
    same(found.differences[0].p_value, stats.ttest_1samp(readers, ai).pvalue)


def test_readers_and_cases_random_by_hand() -> None:
    """Var(mean psi) = [MS(R) + J max(Cov2 of psi, 0)] / J with Hillis' degrees of freedom."""
    reads, ai = tables()
    found = analysis.standalone(reads, ai).differences[0]
    dataset = Dataset.from_table(
        pd.concat([reads, ai.assign(reader="AI", modality="1", truth=reads["truth"][:114].array)])
    )
    curves = dataset.ratings[0]
    placed = placements.placements(curves, dataset.truth)
    value = placements.empirical_auc(placed, dataset.truth)
    left_out = placements.leave_one_out(placed, dataset.truth)
    at = dataset.readers.index("AI")
    own = np.arange(6) != at
    psi, left = value[own] - value[at], left_out[own] - left_out[at]
    covariance = np.cov(left) * 113**2 / 114
    cov2 = covariance[~np.eye(5, dtype=bool)].mean()
    spread = psi.var(ddof=1) + 5 * max(cov2, 0)
    same(found.estimate, psi.mean())
    same(found.std_error, np.sqrt(spread / 5))
    same(found.df, spread**2 / (psi.var(ddof=1) ** 2 / 4))


def test_an_ai_like_the_one_reader_does_not_differ() -> None:
    reads, _ = tables()
    one = reads[reads["reader"] == "2"]
    found = analysis.standalone(one, one[["case", "rating"]])
    assert found.test.p_value == 1
    assert found.random == "cases"


def test_the_ai_is_tested_for_non_inferiority_by_a_margin() -> None:
    """Two-sided t interval of AI minus readers against -margin."""
    options = analysis.Options(reference="readers")
    found = analysis.standalone(*tables(), margin=0.05, options=options)
    (test,) = found.margins
    pair = found.differences[0]
    assert (test.test, test.reference) == ("AI", "readers")
    expected = stats.t.sf((0.05 - pair.estimate) / pair.std_error, pair.df)
    same(test.p_noninferior, expected)
    assert test.noninferior == (-pair.ci_high > -0.05)
    with pytest.raises(DataError, match="reference '1' is no modality: readers, AI"):
        analysis.standalone(*tables(), options=analysis.Options(reference="1"))


def test_the_result_speaks() -> None:
    found = analysis.standalone(*tables())
    assert "readers minus AI was -0.102" in found.statement()
    assert found.to_json()["design"] == "readers against stand-alone AI"
    assert len(found.plot().axes) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda reads, ai: (vandyke(), ai), "several modalities .1, 2."),
        (lambda reads, ai: (reads, ai.iloc[1:]), "no rating for case 1 .1 such"),
        (lambda reads, ai: (reads[reads["case"] != "7"], ai), "AI rated case 7"),
        (lambda reads, ai: (reads.assign(reader="AI"), ai), "a reader is called AI"),
    ],
)
def test_tables_that_do_not_fit_are_refused(change: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        analysis.standalone(*change(*tables()))  # one of the lambdas


@given(st.integers(0, 1000))
def test_area_under_an_average_is_the_mean_area(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth = np.arange(17) % 2 == 0
    ratings = np.floor(rng.normal(size=(4, 17)) * 1.5 + truth + 3)
    curves = []
    for row in ratings:
        fpf, tpf = roc_points(*RatingLevels.of(row, truth).counts())
        curves.append((fpf[0], tpf[0]))
    placed = placements.placements(ratings, truth)
    mean = placements.empirical_auc(placed, truth).mean()
    for average in (vertical(curves), diagonal(curves)):
        assert np.trapezoid(average[1], average[0]) == pytest.approx(mean)
        assert (np.diff(average[0]) >= -1e-12).all()


def test_a_pooled_curve_loses_when_readers_use_the_scale_differently() -> None:
    truth = np.array([0, 0, 1, 1], bool)
    ratings = np.array([[1.0, 2, 3, 4], [11, 12, 13, 14]])
    fpf, tpf = pooled(ratings, truth)
    assert np.trapezoid(tpf, fpf) == 0.75


def test_no_curve_has_no_average() -> None:
    with pytest.raises(DataError, match="no curve"):
        vertical([])
