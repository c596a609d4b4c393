"""S10: calls where the AI was right and wrong, and lesions that it proposed or did not."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import analysis
from analysis import report
from analysis.__main__ import main
from analysis.simulation.study import SimulatedStudy, StudyModel, simulate
from analysis.times.automation import automation_bias
from analysis.times.decisions import decision_effects


@pytest.fixture(scope="module")
def study() -> SimulatedStudy:
    return simulate(StudyModel(), readers=5, healthy=30, diseased=30, seed=4)


@pytest.fixture(scope="module")
def ai(study: SimulatedStudy) -> pd.DataFrame:
    """Right but for every fourth case."""
    cases = study.reads.drop_duplicates("case").sort_values("case")
    wrong = np.arange(len(cases)) % 4 == 0
    return pd.DataFrame({"case": cases["case"], "call": cases["truth"].to_numpy() ^ wrong})


@pytest.fixture(scope="module")
def followed(study: SimulatedStudy, ai: pd.DataFrame) -> pd.DataFrame:
    """Readers who call what the AI says in two reads of three with AI."""
    said = study.reads["case"].map(ai.set_index("case")["call"])
    rng = np.random.default_rng(2)
    follow = study.reads["modality"].eq("ai") & (rng.random(len(said)) < 2 / 3)
    return study.reads.assign(rating=study.reads["rating"].where(~follow, 100.0 * said))


def test_s10_following_a_wrong_ai_shows_as_a_loss_where_it_is_wrong(
    followed: pd.DataFrame, ai: pd.DataFrame
) -> None:
    found = automation_bias(followed, ai, control="control")
    wrong, right = found.levels
    assert (wrong.level, right.level) == ("AI wrong", "AI right")
    assert (wrong.n_cases, right.n_cases) == (15, 45)
    assert wrong.ci_high < 0 < right.estimate
    assert found.interactions[0].p_value < 0.01
    assert "share of right calls" in found.statement()
    ill, positive = followed["truth"] == 1, followed["rating"] >= 50
    said = followed["case"].map(ai.set_index("case")["call"]) == 1
    rows = followed.assign(right=positive == ill)[said != ill]
    means = rows.groupby("modality")["right"].mean()
    assert wrong.estimate == pytest.approx(means["ai"] - means["control"], rel=1e-12)


def test_s10_with_cases_fixed_a_level_is_a_paired_t_test_over_readers(
    followed: pd.DataFrame, ai: pd.DataFrame
) -> None:
    found = automation_bias(followed, ai, control="control", random="readers")
    said = followed["case"].map(ai.set_index("case")["call"]) == 1
    rows = followed.assign(right=(followed["rating"] >= 50) == (followed["truth"] == 1))
    rows = rows[said == (rows["truth"] == 1)]
    table = rows.pivot_table(index="reader", columns="modality", values="right", aggfunc="mean")
    exact = stats.ttest_rel(table["ai"], table["control"])
    assert found.levels[1].p_value == pytest.approx(exact.pvalue, rel=1e-9)


def test_s10_false_alarms_and_silence_are_told_apart(
    followed: pd.DataFrame, ai: pd.DataFrame
) -> None:
    found = automation_bias(followed, ai, control="control", detail="by truth")
    counts = {each.level: each.n_cases for each in found.levels}
    assert sum(counts.values()) == 60
    assert counts["AI false alarm"] + counts["AI silent on disease"] == 15
    scored = ai.assign(rating=0.2 + 0.6 * ai["call"]).drop(columns="call")
    again = automation_bias(
        followed, scored, control="control", detail="by truth", ai_threshold=0.5
    )
    assert again.levels == found.levels


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.iloc[1:], "no call for case"),
        (lambda t: t.assign(call=2), "row 1: call is not 0 or 1"),
        (lambda t: t.drop(columns="call"), "no column call"),
        (lambda t: pd.concat([t, t]), "is there twice"),
    ],
)
def test_s10_an_ai_table_that_cannot_be_used_is_refused(
    followed: pd.DataFrame, ai: pd.DataFrame, change: Any, message: str
) -> None:
    with pytest.raises(analysis.DataError, match=message):
        automation_bias(followed, change(ai))


def test_s10_an_ai_that_is_never_wrong_leaves_nothing_to_compare(followed: pd.DataFrame) -> None:
    cases = followed.drop_duplicates("case")
    perfect = pd.DataFrame({"case": cases["case"], "call": cases["truth"]})
    with pytest.raises(analysis.DataError, match="one level only"):
        automation_bias(followed, perfect)


def test_s10_the_report_tells_proposed_lesions_from_those_that_the_ai_missed(
    study: SimulatedStudy, followed: pd.DataFrame
) -> None:
    lesions = study.truth[study.truth["lesion"] > 0]
    proposed = lesions[np.arange(len(lesions)) % 3 > 0]
    rows = [
        {"reader": reader, "modality": "ai", "case": case, "decision": "accepted", "lesion": number}
        for reader in followed["reader"].unique()
        for case, number in zip(proposed["case"], proposed["lesion"], strict=True)
    ]
    made = report.run(
        {"primary": {"fom": "auc"}}, reads=followed, marks=study.marks, truth=study.truth,
        decisions=pd.DataFrame(rows), control="control",
    )  # fmt: skip
    found = made.numbers["decisions"]["reliance"]["ai"]
    counts = {each["level"]: each["n_lesions"] for each in found["lesions"]["levels"]}
    assert counts == {"yes": len(proposed), "no": len(lesions) - len(proposed)}
    calls = {each["level"]: each["n_cases"] for each in found["calls"]["levels"]}
    silent = 30 - proposed["case"].nunique()
    assert calls["AI right"] == 60 - silent
    assert report.canonical(made.numbers)


def test_s10_what_was_not_shown_was_not_left_undecided() -> None:
    rows = pd.DataFrame(
        {"reader": "R1", "modality": "ai", "case": ["C1", "C1", "C2", "C3"], "lesion": [1, 0, 1, 1],
         "decision": ["accepted", "rejected", "none", "none"], "shown": [1, 1, 1, 0]}
    )  # fmt: skip
    found = decision_effects(rows)["ai"]
    assert found["counts"] == {"accepted": 1, "edited": 0, "rejected": 1, "none": 1}
    assert (found["undecided"]["events"], found["undecided"]["units"]) == (1, 3)
    assert found == decision_effects(rows[:3].drop(columns="shown"))["ai"]


def test_s10_the_command_says_prints_and_writes(
    followed: pd.DataFrame, ai: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    followed.to_csv(tmp_path / "reads.csv", index=False)
    ai.to_csv(tmp_path / "ai.csv", index=False)
    proposals = pd.DataFrame(
        {"reader": "R1", "modality": "ai", "case": ["C0001", "C0002"], "lesion": [1, 0],
         "decision": ["accepted", "rejected"]}
    )  # fmt: skip
    proposals.to_csv(tmp_path / "decisions.csv", index=False)
    words = ["decisions", str(tmp_path / "reads.csv"), "--reference", "control"]
    more = ["--ai", str(tmp_path / "ai.csv"), "--proposals", str(tmp_path / "decisions.csv")]
    assert main([*words, *more, "--report", str(tmp_path / "out.html")]) == 0
    said = capsys.readouterr().out
    assert "from wrong to right" in said
    assert "right proposals taken 1 of 1" in said
    assert "AI wrong" in said
    assert "<svg" in (tmp_path / "out.html").read_text()
    assert main([*words, *more, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["automation"]["levels"][0]["level"] == "AI wrong"
    assert main([*words, "--report", str(tmp_path / "plain.html")]) == 0
    assert "Changes of mind" in (tmp_path / "plain.html").read_text("utf-8")
