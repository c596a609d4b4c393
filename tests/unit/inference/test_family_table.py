"""The families' table: measured figures and papers' figures apart; what is done is not repeated."""

import argparse
import json
from pathlib import Path

import pytest

from benchmarks.detectors import families as bench


def estimate(value: float) -> dict[str, object]:
    return {"value": value, "interval": [value - 0.1, value + 0.1]}


def test_measured_figures_and_those_of_papers_stand_apart(tmp_path: Path) -> None:
    folder = tmp_path / "40-steps"
    folder.mkdir()
    (folder / "budget.json").write_text(json.dumps({"steps": 40, "test_cases": 3}))
    summary = {
        "sensitivity": {"all": estimate(0.7), "0-3 mm": {"value": None, "interval": None}},
        "froc_score": estimate(0.6), "calibration_error": 0.051, "seconds_median": 6.1,
    }  # fmt: skip
    kept = json.dumps({"peak_mib": 812, "summary": summary})
    (folder / "cropnet.low-field.json").write_text(kept)
    (folder / "cropnet.train.json").write_text(json.dumps({"peak_mib": 1, "summary": {}}))
    text = bench.table(tmp_path)
    assert "## Budget: 40 steps, 3 test_cases" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| cropnet | low-field")]
    cells = [each.strip() for each in row.split("|")[1:-1]]
    heads = next(line for line in text.splitlines() if line.startswith("| family | phantoms"))
    columns = dict(zip([each.strip() for each in heads.split("|")[1:-1]], cells, strict=True))
    assert columns["sensitivity"] == "0.70 (0.60 to 0.80)"
    assert columns["below 3 mm"] == "\N{EN DASH}"
    assert columns["calibration error"] == "0.051"
    assert columns["peak MiB"] == "812"
    assert columns["parameters"].endswith(" M")
    measured = [c for head, c in columns.items() if "its paper" not in head]
    assert not any("Dikici" in each for each in measured)
    assert "Dikici" in columns["its paper, on patients (not comparable)"]


def test_without_results_the_table_says_so(tmp_path: Path) -> None:
    assert "No family has been trained" in bench.table(tmp_path)


def test_a_step_that_is_done_is_skipped_and_one_that_failed_leaves_no_result(
    tmp_path: Path,
) -> None:
    options = argparse.Namespace(minutes=2)
    done = tmp_path / "x.train.json"
    done.write_text("{}")
    bench.step(done, options, ["no-such-command"])
    failed = tmp_path / "y.train.json"
    with pytest.raises(SystemExit, match="stopped with 2"):
        bench.step(failed, options, ["detect", str(tmp_path / "missing")])
    assert not failed.exists()
