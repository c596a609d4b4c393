"""From plan and tables to numbers, figures and a statement."""

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis import report
from analysis.figures import png, svg
from analysis.simulation.roe_metz import with_auc
from analysis.simulation.search import SearchModel
from analysis.simulation.study import SimulatedStudy, StudyModel, simulate

PLAN: dict[str, Any] = {
    "version": 1,
    "primary": {"fom": "auc", "hypothesis": "superiority", "margin": 0.0, "alpha": 0.05},
    "matching": {"kind": "centroid", "radius_mm": 10.0},
    "localisation": {"foms": ["wafroc", "sensitivity", "fp_per_case"]},
}


@pytest.fixture(scope="module")
def study() -> SimulatedStudy:
    model = StudyModel(with_auc(0.75, gain=0.15), SearchModel(ai_logit_nu=1.0, ai_mu=0.4))
    return simulate(model, readers=6, healthy=20, diseased=20, seed=9)


@pytest.fixture(scope="module")
def found(study: SimulatedStudy) -> report.Report:
    return make(study)


def make(study: SimulatedStudy, plan: dict[str, Any] | None = None, **more: Any) -> report.Report:
    tables = {"reads": study.reads, "marks": study.marks, "truth": study.truth} | more
    return report.run(plan or PLAN, control="control", **tables)


def test_numbers_are_those_of_the_analyses_called_one_by_one(
    study: SimulatedStudy, found: report.Report
) -> None:
    alone = analysis.mrmc(study.reads)
    assert found.numbers["primary"]["test"]["p_value"] == pytest.approx(
        alone.test.p_value, rel=1e-9
    )
    froc = analysis.froc(study.marks, study.truth, fom="wafroc")
    section = found.numbers["localisation"]["foms"]["wafroc"]
    assert section["test"]["p_value"] == pytest.approx(froc.test.p_value, rel=1e-9)
    times = analysis.reading_time(study.reads, reference="control")
    ratio = found.numbers["time"]["ratios"][0]["ratio"]
    assert ratio == pytest.approx(times.ratios[0].ratio, rel=1e-5)


def test_the_comparison_is_ai_minus_control(found: report.Report) -> None:
    primary = found.numbers["primary"]
    means = {each["modality"]: each["estimate"] for each in primary["modalities"]}
    row = primary["comparisons"][0]
    assert (row["test"], row["reference"]) == ("ai", "control")
    assert row["estimate"] == pytest.approx(means["ai"] - means["control"], rel=1e-9)
    assert row["ci_low"] < row["estimate"] < row["ci_high"]
    readers = [each["estimate"] for each in found.numbers["readers"]]
    assert np.mean(readers) == pytest.approx(row["estimate"], rel=1e-9)


def test_the_same_data_in_any_order_give_the_same_bytes(
    study: SimulatedStudy, found: report.Report
) -> None:
    mixed = SimulatedStudy(
        study.reads.sample(frac=1, random_state=1),
        study.marks.sample(frac=1, random_state=2),
        study.truth.sample(frac=1, random_state=3),
    )
    again = make(mixed)
    assert report.canonical(again.numbers) == report.canonical(found.numbers)
    assert again.sha256 == found.sha256


def test_other_data_give_other_bytes(study: SimulatedStudy, found: report.Report) -> None:
    changed = study.reads.copy()
    changed.loc[0, "rating"] = 100 - changed.loc[0, "rating"]
    assert make(study, reads=changed).sha256 != found.sha256


def test_numbers_survive_json(found: report.Report) -> None:
    assert json.loads(report.canonical(found.numbers)) == found.numbers


def test_every_figure_is_drawn_in_both_themes_and_the_same_twice(found: report.Report) -> None:
    assert set(found.figures) == {
        "roc",
        "differences",
        "readers",
        "froc",
        "sizes",
        "times",
        "order",
    }
    for make_figure in found.figures.values():
        first, again = svg(make_figure()), svg(make_figure())
        assert first == again
        assert b"<dc:date>" not in first
        assert svg(make_figure(theme="dark")) != first
        assert png(make_figure(), dpi=50).startswith(b"\x89PNG")


def test_a_forest_says_what_its_groups_are_groups_of(found: report.Report) -> None:
    labels = [each.get_text() for each in found.figures["differences"]().axes[0].get_yticklabels()]
    levels = found.numbers["subgroups"]["experience"]["levels"]
    assert labels[-1] == "All readers"  # from below
    assert {f"Experience: {each['level']}" for each in levels} <= set(labels)


def test_a_reader_who_has_read_healthy_cases_only_has_no_curve_and_stops_no_report(
    study: SimulatedStudy,
) -> None:
    """As who has just begun, when a study is closed."""
    healthy = study.truth.groupby("case")["lesion"].max().eq(0)
    reader = study.reads["reader"].iloc[0]
    begun = study.reads["case"].map(healthy) & (study.reads["modality"] == "control")
    kept = study.reads[(study.reads["reader"] != reader) | begun]
    read = study.marks.merge(kept[["reader", "modality", "case"]])
    found = make(SimulatedStudy(kept, read, study.truth))
    for draw in found.figures.values():
        assert svg(draw(theme="light"))
    assert len(found.figures["froc"](theme="light").axes[0].lines) == 2 * (5 + 1)


def test_the_statement_answers_the_question_first(found: report.Report) -> None:
    assert found.statement.startswith("Reading with ai was superior to reading with control")
    assert "geometric mean" in found.statement
    assert found.numbers["statement"] == found.statement


def test_a_question_of_non_inferiority_is_answered_by_its_margin(study: SimulatedStudy) -> None:
    plan = PLAN | {"primary": {"fom": "auc", "hypothesis": "non_inferiority", "margin": 0.05}}
    numbers = make(study, plan).numbers
    answer = numbers["primary"]["conclusions"][0]
    row = numbers["primary"]["comparisons"][0]
    assert answer["shown"] == (row["ci_low"] > -0.05)
    assert "non-inferior" in make(study, plan).statement


def test_an_arm_that_harms_is_said_to(study: SimulatedStudy) -> None:
    swapped = study.reads.assign(
        modality=study.reads["modality"].map({"ai": "control", "control": "ai"})
    )
    assert "less accurate" in make(study, reads=swapped).statement


def test_reads_without_a_rating_are_left_out_and_said(study: SimulatedStudy) -> None:
    holes = study.reads.copy()
    holes.loc[[3, 9], "rating"] = np.nan
    numbers = make(study, reads=holes).numbers
    assert numbers["warnings"] == ["2 of 480 reads have no rating and are left out."]
    assert numbers["primary"]["n_readers"] == 6


def test_a_part_that_cannot_be_made_says_why_and_leaves_the_rest(study: SimulatedStudy) -> None:
    plan = PLAN | {"localisation": {"foms": ["wafroc", "jafroc9"]}}
    bare = study.reads.drop(columns=["active_s"])
    numbers = make(study, plan, reads=bare).numbers
    assert "Unknown figure of merit" in numbers["localisation"]["errors"]["jafroc9"]
    assert "wafroc" in numbers["localisation"]["foms"]
    assert "no time" in numbers["time"]["error"]
    assert numbers["primary"]["test"]["p_value"] is not None


def test_a_study_without_marks_has_no_localisation(study: SimulatedStudy) -> None:
    only_reads = report.run(PLAN, reads=study.reads, control="control")
    assert only_reads.numbers["localisation"]["errors"]["all"].startswith("no marks")
    assert set(only_reads.figures) == {"roc", "differences", "readers", "times", "order"}


def test_a_parallel_study_is_compared_between_readers(study: SimulatedStudy) -> None:
    reads = study.reads
    arm = np.where(reads["reader"].isin(["R1", "R2", "R3"]), "control", "ai")
    kept = reads["modality"] == arm
    marks = study.marks[
        study.marks["modality"]
        == np.where(study.marks["reader"].isin(["R1", "R2", "R3"]), "control", "ai")
    ]
    numbers = make(study, reads=reads[kept], marks=marks).numbers
    assert numbers["primary"]["design"] == "readers nested in modalities"
    assert numbers["localisation"]["foms"]["wafroc"]["design"] == "readers nested in modalities"
    assert numbers["readers"] == []


def test_decisions_are_counted_by_whether_the_proposal_was_right(study: SimulatedStudy) -> None:
    """S10: proposals taken and rejected, right and wrong ones, each with its interval."""
    decisions = pd.DataFrame(
        [
            ("R1", "ai", "C0021", "accepted", 1),
            ("R1", "ai", "C0022", "rejected", 1),
            ("R1", "ai", "C0022", "edited", 2),
            ("R1", "ai", "C0001", "accepted", 0),
            ("R1", "ai", "C0002", "none", 0),
        ],
        columns=["reader", "modality", "case", "decision", "lesion"],
    )
    found = make(study, decisions=decisions)
    assert b"right proposals" in svg(found.figures["decisions"]())
    taken = found.numbers["decisions"]["proposals"]["ai"]
    assert (taken["true_taken"]["events"], taken["true_taken"]["units"]) == (2, 3)
    assert (taken["false_taken"]["events"], taken["false_taken"]["units"]) == (1, 2)
    assert taken["counts"] == {"accepted": 2, "edited": 1, "rejected": 1, "none": 1}


def test_changed_calls_are_pairs_of_the_same_reader_and_case(
    study: SimulatedStudy, found: report.Report
) -> None:
    calls = found.numbers["decisions"]["calls"]["ai"]
    table = study.reads.set_index(["reader", "case", "modality"])
    right = (table["rating"] >= 50) == (table["truth"] == 1)
    before, after = (right.xs(name, level="modality").sort_index() for name in ("control", "ai"))
    ill = table["truth"].xs("ai", level="modality").sort_index() == 1
    assert calls["pairs"] == len(before)
    assert calls["diseased"]["right_to_wrong"]["events"] == int((before & ~after & ill).sum())
    assert calls["healthy"]["wrong_to_right"]["events"] == int((~before & after & ~ill).sum())


def test_sensitivity_analyses_of_the_plan_are_made(study: SimulatedStudy) -> None:
    plan = PLAN | {"sensitivity": {"analyses": [{"name": "unbiased", "covariance": "unbiased"}]}}
    rows = make(study, plan).numbers["sensitivity"]
    assert [row["name"] for row in rows] == ["unbiased", "first period only"]
    expected = analysis.mrmc(study.reads, covariance="unbiased").test.p_value
    assert rows[0]["comparisons"][0]["p_value"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("plan", "more", "message"),
    [
        ({"primary": {"hypothesis": "better"}}, {}, "unknown"),
        ({"primary": {"hypothesis": "equivalence"}}, {}, "margin"),
        (PLAN, {"control": "none"}, "control arm 'none'"),
        (PLAN, {"reads": pd.DataFrame({"reader": [1]})}, "no column"),
    ],
)
def test_plans_and_tables_that_cannot_be_used_are_refused(
    study: SimulatedStudy, plan: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(analysis.DataError, match=message):
        report.run(plan, **{"reads": study.reads, **more})


def test_degenerate_studies_have_an_answer_in_words(study: SimulatedStudy) -> None:
    perfect = make(study, reads=study.reads.assign(rating=study.reads["truth"] * 100.0))
    assert "ai minus control: +0.000" in perfect.statement
    one_arm = study.reads[study.reads["modality"] == "control"]
    assert "one arm only" in report.run(PLAN, reads=one_arm).statement
    one_reader = report.run(PLAN, reads=study.reads[study.reads["reader"] == "R1"])
    assert "1 reader and 40 cases" in one_reader.statement
    healthy = report.run(PLAN, reads=study.reads[study.reads["truth"] == 0])
    assert healthy.statement.startswith("The primary analysis could not be made: only one class")
    assert b"NaN" not in report.canonical(healthy.numbers)


def test_a_study_in_which_nobody_marked_anything_has_a_defined_answer(
    study: SimulatedStudy,
) -> None:
    found = make(study, marks=study.marks.iloc[:0])
    section = found.numbers["localisation"]["foms"]["wafroc"]
    assert [each["estimate"] for each in section["modalities"]] == [0.5, 0.5]
    assert "do not vary" in section["warnings"][0]
    for draw in found.figures.values():
        assert svg(draw())


@pytest.mark.parametrize("fom", ["wafroc", "fp_per_case"])
def test_the_primary_question_may_be_about_marks(study: SimulatedStudy, fom: str) -> None:
    primary = {"fom": fom, "hypothesis": "non_inferiority", "margin": 0.4}
    found = make(study, PLAN | {"primary": primary})
    alone = analysis.froc(study.marks, study.truth, fom=fom, margin=0.4)
    result = found.numbers["primary"]
    assert result["test"]["p_value"] == pytest.approx(alone.test.p_value, rel=1e-9)
    row, answer = result["comparisons"][0], result["conclusions"][0]
    # less is better for false positives: the upper end counts there
    shown = row["ci_high"] < 0.4 if fom == "fp_per_case" else row["ci_low"] > -0.4
    assert answer["shown"] == shown
    assert [each["reader"] for each in found.numbers["readers"]] == [f"R{j}" for j in range(1, 7)]
    assert "roc" not in found.figures
    levels = found.numbers["subgroups"]["experience"]["levels"]
    assert all("comparisons" in level for level in levels)


def test_a_question_about_marks_without_marks_says_so(study: SimulatedStudy) -> None:
    plan = PLAN | {"primary": {"fom": "wafroc"}}
    found = report.run(plan, reads=study.reads, control="control")
    assert "no marks" in found.numbers["primary"]["error"]


def test_s8_order_is_in_the_numbers_the_statement_and_a_figure(found: report.Report) -> None:
    section = found.numbers["order"]
    assert section["errors"] == {}
    primary = found.numbers["primary"]["comparisons"][0]["estimate"]
    # With as many readers in each sequence both are the mean of the readers' differences.
    assert section["accuracy"]["modality"]["estimate"] == pytest.approx(primary, rel=1e-5)
    assert {each["modality"] for each in section["learning"]} == {"control", "ai"}
    assert "carry-over" in found.statement
    assert svg(found.figures["order"](theme="dark")).startswith(b"<?xml")


def test_s8_a_parallel_study_says_why_there_is_no_order(study: SimulatedStudy) -> None:
    reads = study.reads
    first = reads[reads["period"] == 1]
    made = make(study, reads=first, marks=None, truth=None)
    assert made.numbers["order"]["accuracy"] is None
    assert "crossover" in made.numbers["order"]["errors"]["accuracy"]
    assert "carry-over" not in made.statement
