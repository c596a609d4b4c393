"""S8: period, carry-over and modality of a two-period crossover, against least squares."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from analysis.crossover import crossover
from analysis.tables import DataError


def study(
    *, n_ab: int = 6, n_ba: int = 5, period: float = 0.0, carry: float = 0.0, seed: int = 1
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(n_ab + n_ba):
        reader, order = rng.normal(0.8, 0.05), "AB" if number < n_ab else "BA"
        for place, modality in enumerate(order, start=1):
            value = reader + (0.04 if modality == "B" else 0) + rng.normal(0, 0.02)
            value += period * (place == 2) + carry * (place == 2 and order == "AB")
            rows.append((f"R{number:02d}", modality, place, value))
    return pd.DataFrame(rows, columns=["reader", "modality", "period", "value"])


def test_s8_modality_and_period_are_those_of_least_squares_with_readers_as_blocks() -> None:
    table = study(period=0.03)
    found = crossover(table)
    fit = smf.ols("value ~ C(reader) + C(modality) + C(period)", table).fit()
    for effect, name in ((found.modality, "C(modality)[T.B]"), (found.period, "C(period)[T.2]")):
        assert effect.estimate == pytest.approx(fit.params[name], rel=1e-9)
        assert effect.std_error == pytest.approx(fit.bse[name], rel=1e-9)
        assert effect.p_value == pytest.approx(fit.pvalues[name], rel=1e-8)
        low, high = fit.conf_int().loc[name]
        assert (effect.ci_low, effect.ci_high) == pytest.approx((low, high), rel=1e-8)


def test_s8_carry_over_is_a_t_test_of_the_readers_sums_between_sequences() -> None:
    table = study(carry=0.1)
    found = crossover(table)
    first = table[table["period"] == 1].set_index("reader")["modality"]
    sums = table.groupby("reader")["value"].sum()
    known = stats.ttest_ind(sums[first == "A"], sums[first == "B"])
    assert found.carry_over.statistic == pytest.approx(known.statistic, rel=1e-9)
    assert found.carry_over.p_value == pytest.approx(known.pvalue, rel=1e-9)


def test_s8_the_other_control_turns_the_signs() -> None:
    table = study()
    one, other = crossover(table, control="A"), crossover(table, control="B")
    assert one.modality.estimate == pytest.approx(-other.modality.estimate)
    assert one.carry_over.estimate == pytest.approx(-other.carry_over.estimate)
    assert one.period.estimate == pytest.approx(other.period.estimate)


def test_s8_tests_hold_their_level() -> None:
    p = np.array([
        [each.p_value for each in (found.period, found.carry_over)]
        for found in (crossover(study(seed=seed)) for seed in range(400))
    ])  # fmt: skip
    assert np.all(np.abs((p < 0.05).mean(axis=0) - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 400))


def test_values_without_any_spread_have_a_defined_answer() -> None:
    table = study()
    table["value"] = np.where(table["modality"] == "B", 0.9, 0.8)
    found = crossover(table)
    assert (found.modality.p_value, found.period.p_value) == (0.0, 1.0)
    assert found.modality.estimate == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t[t["reader"] != "R00"].assign(modality="A"), "two modalities"),
        (lambda t: t.iloc[1:], "R00 has no single value"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "R00 has no single value"),
        (lambda t: t[t["reader"].isin(["R00", "R01", "R09"])], "two readers at least"),
        (lambda t: t.drop(columns="period"), "period"),
        (lambda t: t.assign(value=np.nan), "no single value"),
    ],
)
def test_what_is_no_crossover_is_said(change: object, words: str) -> None:
    assert callable(change)
    with pytest.raises(DataError, match=words):
        crossover(change(study()))
