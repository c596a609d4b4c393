"""S7: the mixed model of time against statsmodels and exact theory, and what the result says."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM

import analysis
from analysis.times.reml import fit
from analysis.times.study import sensitivity


def crossover(
    *, readers: int = 6, cases: int = 24, ratio: float = 0.7, seed: int = 1, spread: float = 0.05
) -> pd.DataFrame:
    """A two-period crossover with lognormal times."""
    rng = np.random.default_rng(seed)
    pace, size = rng.normal(0, 0.2, readers), rng.normal(0, 0.2, cases)
    own = rng.normal(0, spread, readers)
    rows = []
    for j in range(readers):
        sequence, place = ("AB", "BA")[j % 2], 0
        for period in (1, 2):
            arm = sequence[period - 1]
            for k in rng.permutation(cases):
                place += 1
                gain = (np.log(ratio) + own[j]) * (arm == "B")
                log_s = 4.5 + pace[j] + size[k] + gain - 0.05 * (period - 1)
                seconds = float(np.exp(log_s + rng.normal(0, 0.2)))
                level = ("resident", "expert")[j // 2 % 2]
                rows.append((f"R{j}", arm, f"C{k}", seconds, period, sequence, level, place))
    names = ["reader", "modality", "case", "active_s", "period", "sequence", "experience", "order"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return crossover()


def test_reml_agrees_with_statsmodels() -> None:
    rng = np.random.default_rng(3)
    j, i, k = (each.ravel() for each in np.meshgrid(range(5), range(2), range(15), indexing="ij"))
    both = j * 2 + i
    y = 4 + rng.normal(0, 0.3, 5)[j] + rng.normal(0, 0.25, 15)[k] - 0.2 * i
    y += rng.normal(0, 0.15, 10)[both] + rng.normal(0, 0.2, y.size)
    fixed = np.column_stack([np.ones(y.size), i])
    ours = fit(y, fixed, {"case": k, "reader": j, "both": both})
    frame = pd.DataFrame({"y": y, "i": i, "j": j, "k": k, "both": both, "one": 1})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # statsmodels warns of its own Hessian
        theirs = MixedLM.from_formula(
            "y ~ i",
            groups="one",
            re_formula="0",
            vc_formula={"both": "0 + C(both)", "case": "0 + C(k)", "reader": "0 + C(j)"},
            data=frame,
        ).fit(reml=True)
    assert ours.fixed == pytest.approx(theirs.fe_params.to_numpy(), rel=1e-6)
    assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(theirs.bse_fe.to_numpy(), rel=1e-3)
    names = ("both", "case", "reader")
    assert [ours.sd[name] for name in names] == pytest.approx(np.sqrt(theirs.vcomp), rel=1e-3)


def test_balanced_data_give_the_paired_t_test_over_readers() -> None:
    # With reader x arm random and a complete crossing, the exact test of arms is the paired t
    # test of the readers' means, J - 1 degrees of freedom (Searle, Casella, McCulloch 1992).
    rng = np.random.default_rng(8)
    j, i, k = (each.ravel() for each in np.meshgrid(range(7), range(2), range(20), indexing="ij"))
    y = 4 + rng.normal(0, 0.3, 7)[j] + rng.normal(0, 0.2, 20)[k] + rng.normal(0, 0.2, 14)[j * 2 + i]
    y += rng.normal(0, 0.2, y.size)
    table = pd.DataFrame({"reader": j, "modality": i, "case": k, "seconds": np.exp(y)})
    found = analysis.reading_time(table).ratios[0]
    means = {arm: pd.Series(y[i == arm]).groupby(j[i == arm]).mean() for arm in (0, 1)}
    exact = stats.ttest_rel(means[1], means[0])
    assert found.log_estimate == pytest.approx((means[1] - means[0]).mean(), rel=1e-9)
    assert found.df == pytest.approx(6, rel=1e-3)
    assert found.statistic == pytest.approx(exact.statistic, rel=1e-4)
    assert found.p_value == pytest.approx(exact.pvalue, rel=1e-3)


def test_a_known_ratio_lies_in_its_interval_and_is_said_in_words(table: pd.DataFrame) -> None:
    found = analysis.reading_time(table)
    main = found.ratios[0]
    assert main.ci_low < 0.7 < main.ci_high
    assert main.ci_low < main.ratio < main.ci_high
    assert f"ratio {main.ratio:.3f}" in found.statement()
    assert "shorter with B" in found.statement()
    assert {each.group for each in found.ratios} == {"all", "resident", "expert"}
    assert found.warnings == ()


def test_the_ratio_of_all_is_the_geometric_mean_of_the_levels(table: pd.DataFrame) -> None:
    by_group = {one.group: one.log_estimate for one in analysis.reading_time(table).ratios}
    middle = (by_group["resident"] + by_group["expert"]) / 2
    assert by_group["all"] == pytest.approx(middle, rel=1e-9)


def test_swapping_the_reference_inverts_the_ratio(table: pd.DataFrame) -> None:
    one = analysis.reading_time(table).ratios[0]
    other = analysis.reading_time(table, reference="B").ratios[0]
    assert other.modality_a == "B"
    assert other.ratio == pytest.approx(1 / one.ratio, rel=1e-9)
    assert other.p_value == pytest.approx(one.p_value, rel=1e-3)


def test_units_and_order_of_rows_do_not_matter(table: pd.DataFrame) -> None:
    mixed = table.sample(frac=1, random_state=4)
    mixed = mixed.assign(active_ms=mixed["active_s"] * 1000).drop(columns="active_s")
    one, other = analysis.reading_time(table).ratios[0], analysis.reading_time(mixed).ratios[0]
    assert other.ratio == pytest.approx(one.ratio, rel=1e-8)
    assert other.df == pytest.approx(one.df, rel=1e-3)


def test_effects_that_cannot_be_told_apart_are_left_out_by_name(table: pd.DataFrame) -> None:
    parallel = table[(table["period"] == 1)]
    found = analysis.reading_time(parallel)
    said = " ".join(found.warnings)
    assert "No effect of period in the model: it does not vary." in said
    assert "No effect of sequence in the model: it cannot be told from arm" in said


def test_reads_without_a_time_are_left_out_and_counted(table: pd.DataFrame) -> None:
    holes = table.copy()
    holes.loc[:4, "active_s"] = 0.0
    holes.loc[5, "active_s"] = np.nan
    found = analysis.reading_time(holes)
    assert found.n_reads == len(table) - 6
    assert found.warnings[0].startswith("6 of 288 reads without an active time")


def test_the_bootstrap_agrees_with_satterthwaite_and_repeats_by_its_seed() -> None:
    small = crossover(readers=8, cases=6, spread=0.25)
    exact = analysis.reading_time(small).ratios[0]

    def drawn(replicates: int) -> Any:
        return analysis.reading_time(
            small, interval="bootstrap", replicates=replicates, seed=5
        ).ratios[0]

    assert drawn(20) == drawn(20)
    assert np.log(drawn(120).ci_low) == pytest.approx(np.log(exact.ci_low), abs=0.15)


@pytest.mark.parametrize(("readers", "left"), [(4, 2), (6, 3), (10, 7)])
def test_s7_readers_who_seem_alike_are_still_few(readers: int, left: int) -> None:
    """A reader x arm variance of 0 keeps its degrees of freedom: cells - readers - arm terms.

    Arm, arm x experience and period are compared between the cells, so of J readers J - 3 are left;
    of 4 that would be 1, so the interaction goes and 2 are left.
    """
    flat = (
        analysis.reading_time(crossover(readers=readers, cases=40, spread=0, seed=seed))
        for seed in range(20)
    )
    found = next(each for each in flat if each.sd["reader x arm"] == 0)
    assert found.ratios[0].df == left
    assert any("degrees of freedom are kept" in words for words in found.warnings)


def test_s7_parallel_readers_who_seem_alike_are_still_few() -> None:
    whole = crossover(readers=8, cases=40, spread=0)
    parallel = whole[whole["period"] == 1].drop(columns=["period", "sequence"])
    rng = np.random.default_rng(1)
    alike = parallel.assign(active_s=np.exp(4.5 + rng.normal(0, 0.2, len(parallel))))
    found = analysis.reading_time(alike)
    assert found.sd["reader"] == 0
    assert found.ratios[0].df == 8 - 4  # arm and experience, and both at once


def test_times_without_any_spread_give_points_and_a_warning() -> None:
    grid = pd.MultiIndex.from_product([range(3), ["A", "B"], range(4)])
    table = grid.to_frame(index=False, name=["reader", "modality", "case"])
    table["seconds"] = np.where(table["modality"] == "A", 100.0, 50.0)
    found = analysis.reading_time(table)
    assert found.ratios[0].ratio == pytest.approx(0.5, rel=1e-9)
    assert found.ratios[0].ci_high - found.ratios[0].ci_low < 1e-6
    assert any("do not vary" in words for words in found.warnings)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(active_s=-1.0), "row 1: active_s is below 0"),
        (lambda t: t.drop(columns="active_s"), "has no time"),
        (lambda t: t.assign(modality="A"), "one modality only"),
        (lambda t: t.assign(active_s=0.0), "no active time above 0"),
        (lambda t: t.head(5), "one modality only|too few"),
        (lambda t: t.assign(order=0), "order must be"),
    ],
)
def test_tables_that_cannot_be_used_are_refused(
    table: pd.DataFrame, change: Any, message: str
) -> None:
    with pytest.raises(analysis.DataError, match=message):
        analysis.reading_time(change(table))


def test_other_idle_limits_are_other_analyses_of_the_same_reads(table: pd.DataFrame) -> None:
    found = sensitivity({"30 s": table, "60 s": table.assign(active_s=table["active_s"] * 1.1)})
    assert found["60 s"].ratios[0].ratio == pytest.approx(found["30 s"].ratios[0].ratio, rel=1e-6)
    ratio = found["60 s"].means[0]["geometric_mean_s"] / found["30 s"].means[0]["geometric_mean_s"]
    assert ratio == pytest.approx(1.1, rel=1e-6)
