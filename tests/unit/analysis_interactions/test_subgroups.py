"""Subgroups: each level is the analysis of that level alone; interactions against exact theory."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import analysis
from analysis.__main__ import main
from analysis.simulation.search import SearchModel
from analysis.simulation.study import SimulatedStudy, StudyModel, simulate


@pytest.fixture(scope="module")
def study() -> SimulatedStudy:
    model = StudyModel(search=SearchModel(ai_logit_nu=0.8))
    return simulate(model, readers=6, healthy=30, diseased=30, seed=3)


@pytest.fixture(scope="module")
def reads(study: SimulatedStudy) -> pd.DataFrame:
    odd = study.reads["case"].str[1:].astype(int) % 2 == 1
    return study.reads.assign(scanner=np.where(odd, "A", "B"))


@pytest.mark.parametrize("by", ["site", "scanner"])
@pytest.mark.parametrize("random", ["readers+cases", "cases", "readers"])
def test_each_level_is_the_analysis_of_that_level_alone(
    reads: pd.DataFrame, by: str, random: Any
) -> None:
    found = analysis.subgroups(reads, by, control="control", random=random)
    for level in found.levels:
        alone = analysis.mrmc(reads[reads[by] == level.level], random=random).differences[0]
        assert level.estimate == pytest.approx(alone.estimate, rel=1e-9)
        assert level.std_error == pytest.approx(alone.std_error, rel=1e-9)
        assert level.df == pytest.approx(alone.df, rel=1e-9)
        assert level.p_value == pytest.approx(alone.p_value, rel=1e-9)


def test_a_level_of_marks_is_the_analysis_of_those_readers(study: SimulatedStudy) -> None:
    found = analysis.subgroups(
        study.reads, "site", marks=study.marks, truth=study.truth, fom="wafroc", control="control"
    )
    mine = study.reads[study.reads["site"] == "S1"]
    marks = study.marks[study.marks["reader"].isin(mine["reader"])]
    alone = analysis.froc(marks, study.truth, reads=mine).differences[0]
    assert abs(found.levels[0].estimate) == pytest.approx(abs(alone.estimate), rel=1e-9)
    assert found.levels[0].std_error == pytest.approx(alone.std_error, rel=1e-9)


def test_readers_groups_are_compared_by_a_t_test_of_their_own_differences(
    reads: pd.DataFrame,
) -> None:
    # Cases fixed: readers nested in groups, nothing else random: the equal-variance t test.
    found = analysis.subgroups(reads, "site", control="control", random="readers")
    foms = pd.DataFrame(
        [(each.reader, each.modality, each.estimate) for each in analysis.mrmc(reads).foms],
        columns=["reader", "modality", "auc"],
    ).pivot_table(index="reader", columns="modality", values="auc")
    own = foms["ai"] - foms["control"]
    site = reads.drop_duplicates("reader").set_index("reader")["site"]
    exact = stats.ttest_ind(own[site == "S1"], own[site == "S2"])
    assert found.interactions[0].statistic == pytest.approx(exact.statistic**2, rel=1e-9)
    assert found.interactions[0].p_value == pytest.approx(exact.pvalue, rel=1e-9)


def test_a_factor_of_cases_with_readers_random_is_a_paired_t_test(reads: pd.DataFrame) -> None:
    found = analysis.subgroups(reads, "scanner", control="control", random="readers")
    own = []
    for name in ("A", "B"):
        result = analysis.mrmc(reads[reads["scanner"] == name])
        foms = {(each.reader, each.modality): each.estimate for each in result.foms}
        own.append([foms[j, "ai"] - foms[j, "control"] for j in result.readers])
    exact = stats.ttest_rel(*own)
    assert found.interactions[0].p_value == pytest.approx(exact.pvalue, rel=1e-9)


def test_an_interaction_that_is_there_is_found_and_one_that_is_not_is_rare() -> None:
    rng = np.random.default_rng(1)
    quiet = 0
    for seed in range(20):
        study = simulate(StudyModel(), readers=3, healthy=20, diseased=20, seed=seed)
        half = study.reads["case"].str[1:].astype(int) % 2
        table = study.reads.assign(scanner=half)
        quiet += analysis.subgroups(table, "scanner").interactions[0].p_value < 0.05
    assert stats.binomtest(quiet, 20, 0.05, alternative="greater").pvalue > 0.001
    ruined = table["modality"].eq("ai") & half.eq(1)
    noise = pd.Series(rng.uniform(0, 100, len(table)), table.index)
    spoilt = table.assign(rating=table["rating"].where(~ruined, noise))
    assert analysis.subgroups(spoilt, "scanner").interactions[0].p_value < 0.05


def test_sizes_divide_lesions_or_by_their_largest_the_cases(study: SimulatedStudy) -> None:
    options: dict[str, Any] = {"marks": study.marks, "truth": study.truth, "control": "control"}
    of_lesions = analysis.subgroups(study.reads, "size", fom="sensitivity", **options)
    assert of_lesions.kind == "lesion"
    lesions = study.truth[study.truth["lesion"] > 0]
    assert sum(each.n_lesions or 0 for each in of_lesions.levels) == len(lesions)
    big = lesions[lesions["diameter_mm"] >= 10]
    level = of_lesions.levels[-1]
    hits = study.marks.merge(big[["case", "lesion"]]).groupby("modality").size() / (6 * len(big))
    assert level.estimate == pytest.approx(hits["ai"] - hits["control"], rel=1e-9)
    of_cases = analysis.subgroups(study.reads, "size", fom="auc", **options)
    assert of_cases.kind == "case"
    assert all(each.n_cases >= 30 + 2 for each in of_cases.levels)  # every healthy case counts


def test_the_order_of_rows_and_the_type_of_names_do_not_matter(reads: pd.DataFrame) -> None:
    plain = analysis.subgroups(reads, "scanner", control="control")
    mixed = reads.sample(frac=1, random_state=2)
    mixed = mixed.assign(reader=mixed["reader"].str[1:].astype(int))
    again = analysis.subgroups(mixed, "scanner", control="control")
    assert again.interactions[0].p_value == pytest.approx(plain.interactions[0].p_value, rel=1e-9)


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("mood", "column mood"),
        ("order", "varies within readers"),
        ("one", "one level"),
    ],
)
def test_factors_that_make_no_groups_are_refused(
    reads: pd.DataFrame, by: str, message: str
) -> None:
    with pytest.raises(analysis.DataError, match=message):
        analysis.subgroups(reads.assign(one=1), by)


def test_a_level_without_both_classes_is_left_out_by_name(reads: pd.DataFrame) -> None:
    rare = reads.assign(scanner=reads["scanner"].where(reads["case"] != "C0001", "C"))
    found = analysis.subgroups(rare, "scanner")
    assert [each.level for each in found.levels] == ["A", "B"]
    assert any("scanner, level C, left out" in words for words in found.warnings)


def test_the_command_says_writes_and_prints(
    reads: pd.DataFrame, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    reads.to_csv(tmp_path / "reads.csv", index=False)
    words = ["subgroups", str(tmp_path / "reads.csv"), "--by", "scanner", "--reference", "control"]
    assert main([*words, "--report", str(tmp_path / "out.html")]) == 0
    assert "test of interaction p" in capsys.readouterr().out
    assert "<svg" in (tmp_path / "out.html").read_text()
