"""Non-inferiority, equivalence and adjusted p-values."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

import analysis
from analysis.estimates import comparison
from analysis.multireader.margins import margin_tests
from analysis.multireader.multiplicity import adjust
from analysis.multireader.study import Options
from analysis.tables import DataError
from tests.unit.analysis_mrmc.peers import same, vandyke

P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


@given(P_VALUES)
@settings(max_examples=20)
def test_adjusted_p_values_are_those_of_statsmodels(p_values: list[float]) -> None:
    for ours, theirs in (("holm", "holm"), ("hochberg", "simes-hochberg"), ("bonferroni",) * 2):
        expected = multipletests(p_values, method=theirs)[1]
        same(adjust(p_values, ours), expected)
    assert adjust(p_values, "none") == tuple(p_values)


def test_an_unknown_adjustment_is_refused() -> None:
    with pytest.raises(DataError, match="must be one of none"):
        adjust([0.1], "tukey")


def test_more_modalities_have_adjusted_p_values_beside_the_plain_ones() -> None:
    table = vandyke()
    third = table[table["modality"] == "1"].assign(
        modality="3", rating=lambda t: t["rating"] + np.random.default_rng(1).normal(size=len(t))
    )
    found = analysis.mrmc(pd.concat([table, third]))
    rows = found.to_json()["differences"]
    plain = [row["p_value"] for row in rows]
    assert [row["p_adjusted"] for row in rows] == list(adjust(plain, "holm"))
    assert len({each.std_error for each in found.differences}) == 1  # OR pools over all pairs


def test_margins_by_hand() -> None:
    """Difference -0.01, standard error 0.02, 10 df: t of -0.05 margin is 2, of +0.05 it is 3."""
    each = comparison((0, 1), -0.01, 0.02, 10, 0.05)
    ahead, back = margin_tests([each], ("new", "old"), margin=0.05, alpha=0.05)
    assert (ahead.test, ahead.reference) == ("new", "old")
    same(ahead.p_noninferior, stats.t.sf(2, 10))
    same(ahead.p_equivalent, stats.t.sf(2, 10))
    same(back.p_noninferior, stats.t.sf(3, 10))
    assert not ahead.noninferior  # .0367 is above alpha / 2
    assert ahead.equivalent  # and below alpha
    assert back.noninferior
    same([back.ci_low, back.ci_high], [-ahead.ci_high, -ahead.ci_low])


@given(st.floats(-0.2, 0.2), st.floats(0.005, 0.1), st.floats(3, 200), st.floats(0.01, 0.2))
def test_verdicts_agree_with_the_interval(
    value: float, error: float, df: float, margin: float
) -> None:
    each = comparison((0, 1), value, error, df, 0.05)
    (test,) = margin_tests([each], ("a", "b"), margin=margin, alpha=0.05, reference="b")
    assert test.noninferior == (test.ci_low > -margin)
    assert test.superior == (test.ci_low > 0)
    assert not test.superior or test.noninferior


def test_reference_names_the_direction() -> None:
    found = analysis.mrmc(vandyke(), margin=0.05, options=Options(reference="1"))
    (test,) = found.margins
    assert (test.test, test.reference, test.noninferior) == ("2", "1", True)
    assert "2 was non-inferior to 1 by a margin of 0.05" in found.statement()


def test_a_reference_that_is_no_modality_is_refused() -> None:
    with pytest.raises(DataError, match="no modality: 1, 2"):
        analysis.mrmc(vandyke(), margin=0.05, options=Options(reference="CT"))


def test_a_lower_negative_likelihood_ratio_is_better() -> None:
    """The margin is then how much higher it may be."""
    table = vandyke()
    table = table[table["reader"] != "4"]
    found = analysis.mrmc(table, fom="log_lr_negative:threshold=3", margin=0.2, random="cases")
    one, two = found.margins
    assert found.extra["higher_is_better"] is False
    assert (one.test, two.test) == ("1", "2")
    assert two.estimate < 0
    assert two.p_noninferior < 0.5 < one.p_noninferior
    assert two.superior
    assert not one.superior
