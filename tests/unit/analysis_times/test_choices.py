"""S7, S8: outlier rules, other idle limits, other factors, reads cut off, fatigue."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis import report
from analysis.__main__ import main
from analysis.figures import svg
from analysis.simulation.study import SimulatedStudy, StudyModel, TimeModel, simulate
from analysis.times.design import usable


@pytest.fixture(scope="module")
def study() -> SimulatedStudy:
    model = StudyModel(times=TimeModel(ratio=0.8, fatigue=0.01))
    return simulate(model, readers=6, healthy=15, diseased=15, seed=9)


@pytest.fixture(scope="module")
def reads(study: SimulatedStudy) -> pd.DataFrame:
    return study.reads


def test_s7_a_rule_leaves_out_what_it_says_and_says_how_many(reads: pd.DataFrame) -> None:
    wild = reads.assign(active_s=reads["active_s"].where(reads.index != 5, 50_000.0))
    for rule in ("limits:2..2000", "limits:..2000", "sd:4"):
        found = analysis.reading_time(wild, outliers=rule)
        assert found.n_reads == len(reads) - 1
        assert f"1 of {len(reads)} times were left out by the rule {rule}." in found.warnings
        alone = analysis.reading_time(reads.drop(index=5))
        assert found.ratios[0].ratio == pytest.approx(alone.ratios[0].ratio, rel=1e-9)
    assert analysis.reading_time(wild).n_reads == len(reads)


def test_s7_the_sd_rule_is_within_reader_and_modality_on_the_log_scale() -> None:
    seconds = np.r_[np.full(20, 10.0) * np.exp(np.linspace(-0.1, 0.1, 20)), 60.0]
    table = pd.DataFrame({"reader": "A", "modality": "x", "case": range(21), "seconds": seconds})
    slow = table.assign(reader="B", seconds=seconds * 6)
    kept, words = usable(pd.concat([table, slow], ignore_index=True), "sd:3")
    assert len(kept) == 40
    assert kept["seconds"].max() < 6 * 12
    assert words == ("2 of 42 times were left out by the rule sd:3.",)


@pytest.mark.parametrize("rule", ["iqr", "sd:-1", "limits:3", "none:2", "sd"])
def test_s7_unknown_rules_are_refused(reads: pd.DataFrame, rule: str) -> None:
    with pytest.raises(analysis.DataError, match=r"use none, limits:2\.\.1800"):
        analysis.reading_time(reads, outliers=rule)


def test_any_column_may_take_the_place_of_experience(reads: pd.DataFrame) -> None:
    found = analysis.reading_time(reads, by="site")
    assert {each.group for each in found.ratios} == {"all", "S1", "S2"}
    assert "By site the ratio was S1" in found.statement()
    renamed = reads.drop(columns="experience").rename(columns={"site": "experience"})
    same = analysis.reading_time(renamed)
    assert found.ratios == same.ratios
    scanner = reads.assign(scanner=np.where(reads["case"].str[-1].astype(int) < 5, "A", "B"))
    by_case = analysis.reading_time(scanner, by="scanner")
    assert by_case.interaction is not None
    assert {each.group for each in by_case.ratios} == {"all", "A", "B"}


def test_reads_that_were_cut_off_bring_a_cox_model_and_a_warning(reads: pd.DataFrame) -> None:
    limit = 110.0
    cut = reads.assign(
        censored=(reads["active_s"] > limit).astype(int),
        active_s=reads["active_s"].clip(upper=limit),
    )
    found = analysis.reading_time(cut, reference="control")
    hazard = found.hazards[0]
    assert hazard.n_censored == int(cut["censored"].sum())
    assert hazard.ci_low > 1  # AI reads finish faster
    assert "hazard ratio" in found.statement()
    assert any("were cut off" in words for words in found.warnings)
    assert found.ratios[0].ratio > analysis.reading_time(reads, reference="control").ratios[0].ratio
    assert analysis.reading_time(cut.assign(censored=0)).hazards == ()


def make(study: SimulatedStudy, plan: dict[str, Any], reads: pd.DataFrame) -> report.Report:
    return report.run(plan, reads=reads, marks=study.marks, truth=study.truth, control="control")


def test_s7_the_report_gives_every_idle_limit_and_the_plans_rule(study: SimulatedStudy) -> None:
    reads = study.reads.assign(
        active_30_s=study.reads["active_s"] * 0.9, active_120_s=study.reads["active_s"] * 1.1
    )
    plan = {"primary": {"fom": "auc"}, "time": {"outliers": "limits:..150"}}
    time = make(study, plan, reads).numbers["time"]
    names = [each["name"] for each in time["sensitivity"]]
    assert names == ["idle limit 30 s", "idle limit 120 s", "every time"]
    assert any("rule limits:..150" in words for words in time["warnings"])
    whole = analysis.reading_time(study.reads, reference="control").ratios[0]
    assert time["sensitivity"][2]["ratios"][0]["ratio"] == pytest.approx(whole.ratio, rel=1e-5)
    bad = make(study, {"time": {"outliers": "guess"}}, reads).numbers["time"]
    assert "use none" in bad["error"]


def test_s8_fatigue_is_in_the_report_its_statement_and_its_figure(study: SimulatedStudy) -> None:
    found = make(study, {"primary": {"fom": "auc"}}, study.reads)
    steps = found.numbers["order"]["fatigue"]
    by_arm = [each["ratio"] for each in steps if each["modality"] == "control"]
    assert by_arm[-1] > by_arm[0]  # each further read of a sitting takes longer in this world
    assert "Within sittings the last reads took" in found.statement
    drawing = svg(found.figures["order"]()).decode()
    assert "Place in the sitting" in drawing
    alone = make(study, {}, study.reads.drop(columns="session"))
    assert "session" in alone.numbers["order"]["errors"]["fatigue"]


def test_s7_the_command_takes_rules_factors_and_other_limits(
    reads: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "reads.csv"
    reads.assign(active_30_s=reads["active_s"] * 0.9).to_csv(path, index=False)
    words = ["time", str(path), "--reference", "control", "--by", "site"]
    assert main([*words, "--outliers", "limits:1..900"]) == 0
    said = capsys.readouterr().out
    assert "idle limit 30 s: ratio" in said
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["by"] == "site"
    assert found["sensitivity"]["idle limit 30 s"]["ratio"] == pytest.approx(
        found["ratios"][0]["ratio"], rel=1e-5
    )
    assert main([*words, "--outliers", "sometimes"]) == 2


def test_s7_an_interaction_that_would_use_the_readers_up_is_left_out() -> None:
    """Three levels among five readers leave arms one degree of freedom: t = 12.7 at 5 %."""
    study = simulate(StudyModel(), readers=5, healthy=10, diseased=10, seed=2)
    found = analysis.reading_time(study.reads, reference="control")
    assert found.interaction is None
    assert any("arm x experience in the model: there are too few" in w for w in found.warnings)
    assert found.ratios[0].df >= 3
    more = simulate(StudyModel(), readers=7, healthy=10, diseased=10, seed=2)
    assert analysis.reading_time(more.reads).interaction is not None
