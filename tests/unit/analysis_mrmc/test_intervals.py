"""The logit interval of one modality: against statsmodels' and scipy's own, and at the ends."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import optimize, special, stats

import analysis
from analysis.estimates import Estimate
from analysis.multireader.intervals import logit_interval
from analysis.tables import DataError
from tests.unit.analysis_mrmc.peers import REFERENCE, vandyke


def test_of_a_proportion_it_is_the_interval_of_a_logistic_regression() -> None:
    hits, number = 57, 60
    share = hits / number
    fitted = sm.GLM(
        np.r_[np.ones(hits), np.zeros(number - hits)], np.ones(number), sm.families.Binomial()
    ).fit()
    expected = special.expit(fitted.conf_int(0.05)[0])
    one = Estimate(share, np.sqrt(share * (1 - share) / number), np.inf, np.nan, np.nan)
    assert logit_interval(one, 0.05) == pytest.approx(tuple(expected), rel=1e-6)


def test_on_van_dyke_it_is_where_the_t_statistic_on_the_logit_scale_is_the_quantile() -> None:
    result = analysis.mrmc(vandyke(), options=analysis.Options(interval="logit"))
    plain = analysis.mrmc(vandyke())
    for one, default in zip(result.modalities, plain.modalities, strict=True):
        slope = 1 / (one.estimate * (1 - one.estimate))
        quantile = stats.t.isf(0.025, one.df)

        def off(end: float, one: Estimate = one, at: float = quantile * slope) -> float:
            return abs(special.logit(end) - special.logit(one.estimate)) - at * one.std_error

        low = optimize.brentq(off, 1e-9, one.estimate)
        high = optimize.brentq(off, one.estimate, 1 - 1e-9)
        assert (one.ci_low, one.ci_high) == pytest.approx((low, high), rel=1e-9)
        assert one.ci_low < default.ci_low
        assert one.ci_high < 1
        assert (one.estimate, one.std_error, one.df) == (
            default.estimate,
            default.std_error,
            default.df,
        )
    assert result.differences == plain.differences


def test_both_kinds_stand_beside_each_other_and_the_default_is_the_peers() -> None:
    result = analysis.mrmc(vandyke())
    rows = result.intervals()
    assert list(rows["interval"]) == ["wald", "logit"] * 2
    assert rows["ci_low"][0] == result.modalities[0].ci_low
    assert "Intervals of each modality, both kinds" in result.tables()


def test_of_marks_and_of_half_a_range() -> None:
    marks = pd.read_csv(REFERENCE / "federica_marks.csv")
    truth = pd.read_csv(REFERENCE / "federica_truth.csv")
    result = analysis.froc(marks, truth, interval="logit")
    assert all(0 < one.ci_low < one.estimate < one.ci_high < 1 for one in result.modalities)
    with pytest.raises(DataError, match="logit interval does not exist"):
        analysis.froc(marks, truth, fom="fp_per_case", interval="logit")
    part = Estimate(0.24, 0.02, 10.0, np.nan, np.nan)
    whole = Estimate(0.80, 0.02 / 0.3, 10.0, np.nan, np.nan)
    low, high = logit_interval(whole, 0.05) or (np.nan, np.nan)
    assert logit_interval(part, 0.05, (0, 0.3)) == pytest.approx((0.3 * low, 0.3 * high))


def test_at_the_end_of_the_range_the_default_is_given_and_said() -> None:
    rating = {("A", 0): 1.0, ("A", 1): 3.0}
    rows = [
        (
            reader,
            modality,
            k,
            k % 2,
            rating.get((modality, k % 2), float(k * (3 + len(reader)) % 7)),
        )
        for reader in ("R1", "R20", "R300")
        for modality in ("A", "B")
        for k in range(12)
    ]
    table = pd.DataFrame(rows, columns=["reader", "modality", "case", "truth", "rating"])
    result = analysis.mrmc(table, options=analysis.Options(interval="logit"))
    assert (result.modalities[0].ci_low, result.modalities[0].ci_high) == (1.0, 1.0)
    assert any("no logit interval" in words for words in result.warnings)
    with pytest.raises(DataError, match="interval is 'foo'"):
        analysis.mrmc(table, options=analysis.Options(interval="foo"))
