"""Designs are told from the reads, and each is analysed as it is."""

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.dataset import Dataset
from analysis.estimates import t_tail
from analysis.multireader.designs import Design, Reads
from analysis.multireader.nested import parallel_arms
from analysis.multireader.study import Options
from analysis.tables import DataError
from tests.unit.analysis_mrmc.peers import REFERENCE, same, vandyke


def reads(i: int = 2, j: int = 4, k: int = 8) -> np.ndarray:
    return np.ones((i, j, k), bool)


def test_crossed() -> None:
    assert Reads(reads()).design() is Design.CROSSED


def test_readers_nested_in_modalities() -> None:
    flags = reads()
    flags[0, 2:] = flags[1, :2] = False
    assert Reads(flags).design() is Design.READERS_NESTED


def test_cases_nested_in_modalities() -> None:
    flags = reads()
    flags[0, :, 4:] = flags[1, :, :4] = False
    assert Reads(flags).design() is Design.CASES_IN_MODALITIES


def test_cases_nested_in_readers() -> None:
    flags = np.repeat(np.kron(np.eye(4, dtype=bool), np.ones((1, 2), bool))[None], 2, axis=0)
    assert Reads(flags).design() is Design.CASES_IN_READERS


def test_split_plot() -> None:
    flags = reads()
    flags[:, :2, 4:] = flags[:, 2:, :4] = False
    assert Reads(flags).design() is Design.SPLIT_PLOT


def test_unbalanced() -> None:
    flags = reads()
    flags[0, 0, 0] = False
    assert Reads(flags).design() is Design.UNBALANCED


def parallel(first: tuple[str, ...] = ("1", "2", "3")) -> pd.DataFrame:
    """Van Dyke as parallel arms: some readers keep modality 1, the others modality 2."""
    table = vandyke()
    own = np.where(table["reader"].isin(first), "1", "2")
    return table[table["modality"] == own]


def test_parallel_arms_by_hand() -> None:
    """Hillis 2014: se^2 = MS[R(T)] (1/J1 + 1/J2) + 2 max(Cov2 - Cov3, 0), df by Satterthwaite."""
    table = parallel()
    found = analysis.mrmc(table)
    assert found.design == "readers nested in modalities"
    crossed = analysis.mrmc(vandyke())
    auc = {(each.reader, each.modality): each.estimate for each in crossed.foms}
    one = np.array([auc[reader, "1"] for reader in "123"])
    two = np.array([auc[reader, "2"] for reader in "45"])
    within = (one.var() * 3 + two.var() * 2) / 3
    shared = max(found.components["cov2"] - found.components["cov3"], 0)
    per_reader = within * (1 / 3 + 1 / 2)
    difference = found.differences[0]
    same(difference.estimate, one.mean() - two.mean())
    same(difference.std_error**2, per_reader + 2 * shared)
    same(difference.df, (per_reader + 2 * shared) ** 2 / (per_reader**2 / 3))
    same(difference.p_value, found.test.p_value)
    same(found.test.statistic, difference.statistic**2)


def test_parallel_arms_with_fixed_cases_are_a_t_test_of_the_readers() -> None:
    from scipy import stats

    table = parallel()
    found = analysis.mrmc(table, random="readers").differences[0]
    auc = {(each.reader, each.modality): each.estimate for each in analysis.mrmc(vandyke()).foms}
    expected = stats.ttest_ind(
        [auc[reader, "1"] for reader in "123"], [auc[reader, "2"] for reader in "45"]
    )
    same(found.p_value, expected.pvalue)


def test_three_parallel_arms_of_equal_size_have_hillis_f() -> None:
    rng = np.random.default_rng(2)
    foms = np.full((3, 9), np.nan)
    for i in range(3):
        foms[i, 3 * i : 3 * i + 3] = rng.normal(0.8, 0.05, 3)
    covariance = np.full((3, 9, 3, 9), 1e-4)
    for i in range(3):
        covariance[i, :, i, :] = 3e-4
    found = parallel_arms(foms, covariance)
    arms = foms[~np.isnan(foms)].reshape(3, 3)
    within = arms.var(axis=1, ddof=1).mean()
    denominator = within + 3 * 2e-4
    same(found.test.statistic, 3 * arms.mean(axis=1).var(ddof=1) / denominator)
    same(found.test.df2, denominator**2 / (within**2 / 6))


def test_split_plot_readers_of_other_blocks_have_no_covariance() -> None:
    table = vandyke()
    block = np.where(table["reader"].isin(["1", "2"]), "a", "b")
    odd = table["case"].astype(int) % 2 == 1
    keep = (block == "a") == odd.to_numpy()
    found = analysis.mrmc(table[keep])
    assert found.design == "split-plot"
    assert np.isfinite(found.test.p_value)
    # 4 of 10 pairs of readers share their block, so Cov2 is an average with zeros.
    inside = [analysis.mrmc(table[keep & (block == name)]) for name in "ab"]
    pairs = [1, 3]
    expected = sum(
        count * each.components["cov2"] for count, each in zip(pairs, inside, strict=True)
    )
    same(found.components["cov2"], expected / 10, rel=0.05)


def test_missing_reads_are_used_and_stated() -> None:
    table = vandyke().drop(index=[3, 500, 900])
    found = analysis.mrmc(table)
    assert found.design == "unbalanced"
    assert any("3 of 1140 reads were not made" in text for text in found.warnings)
    whole = analysis.mrmc(vandyke())
    assert found.test.p_value == pytest.approx(whole.test.p_value, abs=0.01)


def test_complete_cases_leaves_cases_out_and_says_so() -> None:
    table = vandyke().drop(index=[3, 500, 900])
    found = analysis.mrmc(table, options=Options(missing="complete-cases"))
    gone = set(vandyke().loc[[3, 500, 900], "case"])
    rest = analysis.mrmc(vandyke()[~vandyke()["case"].isin(gone)])
    assert found.design == "crossed"
    assert any(text.startswith(f"{len(gone)} of 114 cases left out") for text in found.warnings)
    same(found.test.p_value, rest.test.p_value)


def test_a_reader_without_one_modality_is_left_out_by_name() -> None:
    table = vandyke()
    found = analysis.mrmc(table[~((table["reader"] == "4") & (table["modality"] == "2"))])
    assert found.readers == ("1", "2", "3", "5")
    assert any("reader 4" in text for text in found.warnings)
    same(found.test.p_value, analysis.mrmc(table[table["reader"] != "4"]).test.p_value)


def test_a_reader_who_saw_one_class_only_is_left_out_by_name() -> None:
    table = vandyke()
    one_class = (table["reader"] == "4") & (table["truth"] == 1) & (table["modality"] == "2")
    found = analysis.mrmc(table[~one_class])
    assert "4" not in found.readers
    assert any(
        "reader 4 left out of modality 2: read 0 with and 69 without" in text
        for text in found.warnings
    )


def test_ustatistics_keep_readers_of_one_modality() -> None:
    table = vandyke()
    part = table[~((table["reader"] == "4") & (table["modality"] == "2"))]
    found = analysis.mrmc(part, method="ustat")
    assert found.n_readers == 5
    assert np.isfinite(found.test.p_value)


def test_dbm_of_missing_reads_is_refused_with_the_way_out() -> None:
    with pytest.raises(DataError, match="use method 'or'"):
        analysis.mrmc(vandyke().drop(index=[3]), method="dbm")


def test_a_pattern_that_or_cannot_take_names_the_method_that_can() -> None:
    table = vandyke()
    pattern = {"1": "1", "2": "2", "3": "3", "4": "1", "5": "2"}
    third = table[table["modality"] == "1"].assign(modality="3")
    three = pd.concat([table, third])
    # Each reader misses one of three modalities: neither crossed nor parallel.
    keep = three["modality"] != three["reader"].map(pattern)
    with pytest.raises(DataError, match="use method 'ustat'"):
        analysis.mrmc(three[keep])
    assert np.isfinite(analysis.mrmc(three[keep], method="ustat").test.p_value)


def test_imrmc_missing_by_or_counts_readers_equally() -> None:
    from analysis.io.imrmc import read_imrmc

    found = analysis.mrmc(read_imrmc(REFERENCE / "imrmc_missing.csv"))
    means = [
        np.mean([each.estimate for each in found.foms if each.modality == name])
        for name in found.modality_names
    ]
    same([each.estimate for each in found.modalities], means)


def test_reads_of_a_dataset_round_trip() -> None:
    dataset = Dataset.from_table(vandyke())
    same(analysis.mrmc(dataset).test.p_value, analysis.mrmc(dataset.table()).test.p_value)


def test_t_tail_tends_to_the_normal() -> None:
    assert t_tail(1.96, np.inf) == pytest.approx(t_tail(1.96, 1e7), rel=1e-5)


def test_a_recognised_design_is_not_called_missing() -> None:
    table = vandyke()
    nested = table.assign(case=table["case"] + "." + table["reader"])
    assert analysis.mrmc(nested).warnings == ()
    assert analysis.mrmc(nested, method="ustat").warnings == ()
    some = analysis.mrmc(table.iloc[1:])
    assert some.warnings[0].startswith("1 of 1140 reads were not made: ")
