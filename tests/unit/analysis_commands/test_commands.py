"""The commands froc, time, agreement, power, simulate and reproduce from the outside."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

import analysis
from analysis import report
from analysis.__main__ import COMMANDS, main
from analysis.io.tables import read_table
from analysis.report.bundle import recompute

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
MARKS, TRUTH = str(REFERENCE / "federica_marks.csv"), str(REFERENCE / "federica_truth.csv")
PLAN = {"version": 1, "primary": {"fom": "auc", "alpha": 0.05}, "matching": {"radius_mm": 10.0}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulated")
    words = ["simulate", str(path), "--seed", "5", "--readers", "4", "--healthy", "12"]
    assert main([*words, "--diseased", "12", "--gain", "0.08"]) == 0
    return path


def printed(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert main([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_every_command_has_help_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as left:
            main([command, "--help"])
        assert left.value.code == 0
        assert f"python -m analysis {command}" in capsys.readouterr().out


def test_froc_prints_the_layout_that_scripts_rely_on(capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, "froc", MARKS, TRUTH, "--fom", "wAFROC")
    assert found["test"]["p_value"] == pytest.approx(0.000117105004418416, rel=1e-9)
    assert set(found) >= {
        "foms", "modalities", "components", "test", "differences", "design", "method",
        "covariance", "random", "n_readers", "n_cases", "warnings", "version",
    }  # fmt: skip
    assert (found["n_readers"], found["n_cases"], len(found["foms"])) == (4, 200, 20)


def test_time_prints_ratios(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = printed(capsys, "time", str(folder / "reads.csv"), "--reference", "control")
    assert found["ratios"][0]["modality_b"] == "ai"
    assert 0.6 < found["ratios"][0]["ratio"] < 1.0


@pytest.mark.parametrize("statistic", ["icc21", "fleiss", "ac1", "alpha-ordinal"])
def test_agreement_of_one_modality(
    folder: Path, capsys: pytest.CaptureFixture[str], statistic: str
) -> None:
    words = ["agreement", str(folder / "reads.csv"), "--modality", "ai", "--statistic", statistic]
    found = printed(capsys, *words, "--threshold", "50")
    assert found["n_readers"] == 4
    assert found["ci_low"] < found["estimate"] <= found["ci_high"]


def test_power_finds_rjafrocs_number_of_cases(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["power", "--pilot", str(REFERENCE / "vandyke.csv"), "--readers", "8"]
    found = printed(capsys, *words, "--target", "0.8")
    assert found["power"][0]["cases"] == 188
    assert found["power"][0]["power"] == pytest.approx(0.800655958321165, rel=1e-9)


def test_simulated_tables_are_the_same_bytes_for_the_same_seed(
    folder: Path, tmp_path: Path
) -> None:
    words = ["simulate", str(tmp_path), "--seed", "5", "--readers", "4", "--healthy", "12"]
    main([*words, "--diseased", "12", "--gain", "0.08"])
    for name in ("reads.csv", "marks.csv", "truth.csv"):
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


@pytest.mark.parametrize("command", ["froc", "time", "agreement", "power"])
def test_each_writes_a_page_with_its_figure(folder: Path, tmp_path: Path, command: str) -> None:
    reads, page = str(folder / "reads.csv"), tmp_path / "out.html"
    words = {
        "froc": ["froc", str(folder / "marks.csv"), str(folder / "truth.csv")],
        "time": ["time", reads],
        "agreement": ["agreement", reads, "--modality", "ai"],
        "power": ["power", "--pilot", reads, "--readers", "4", "--cases", "24", "48"],
    }[command]
    assert main([*words, "--report", str(page)]) == 0
    text = page.read_text()
    assert "<svg" in text
    assert "<table" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["froc", MARKS, MARKS], "truth has no column"),
        (["time", MARKS], "has no time"),
        (["agreement", MARKS], "twice"),
        (["power", "--auc", "0.8", "--readers", "5", "--cases", "50"], "effect"),
        (["reproduce", MARKS], "no ZIP archive"),
    ],
)
def test_what_cannot_be_used_is_said_and_the_status_is_2(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(words) == 2
    assert message in capsys.readouterr().err


def bundle(folder: Path, path: Path, *, change: bytes = b"", number: float | None = None) -> Path:
    """An archive with the layout of the platform's export."""
    names = ("reads", "marks", "truth")
    files = {f"data/{name}.csv": (folder / f"{name}.csv").read_bytes() for name in names}
    files["data/plan.json"] = json.dumps(PLAN).encode()
    arms = [{"key": "ai", "mode": "concurrent"}, {"key": "control", "mode": "control"}]
    files["data/protocol-1.json"] = json.dumps({"arms": arms}).encode()
    made = recompute(files)
    numbers = {**made.numbers, "figures": sorted(made.figures)}
    if number is not None:
        numbers["primary"]["test"]["p_value"] = number
    files["results/numbers.json"] = report.canonical(numbers)
    sums = [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in files.items()]
    files["SHA256SUMS"] = "\n".join(sums).encode()
    files["data/reads.csv"] += change
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def test_a_bundle_gives_its_own_numbers_again(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bundle(folder, tmp_path / "bundle.zip")
    page = tmp_path / "page.html"
    words = ["--figures", str(tmp_path / "figures"), "--report", str(page)]
    assert main(["reproduce", str(path), *words]) == 0
    assert "Every number is the bundle" in page.read_text("utf-8")
    assert page.read_text("utf-8").count("<svg") == len(list((tmp_path / "figures").iterdir()))
    assert "Every number is the bundle's own." in capsys.readouterr().out
    assert (tmp_path / "figures" / "roc.svg").read_bytes().startswith(b"<?xml")
    found = printed(capsys, "reproduce", str(path))
    assert found["data"]["control"] == "control"


def test_a_number_that_differs_is_named_and_the_status_is_1(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bundle(folder, tmp_path / "bundle.zip", number=0.5)
    assert main(["reproduce", str(path)]) == 1
    assert "primary.test.p_value: 0.5 in the bundle" in capsys.readouterr().out


def test_an_altered_bundle_is_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bundle(folder, tmp_path / "bundle.zip", change=b"\n")
    assert main(["reproduce", str(path)]) == 2
    assert "was altered since it was exported: data/reads.csv" in capsys.readouterr().err


def test_the_function_and_the_command_agree(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = printed(capsys, "froc", str(folder / "marks.csv"), str(folder / "truth.csv"))
    tables = [read_table(folder / f"{name}.csv") for name in ("marks", "truth")]
    assert found["test"]["p_value"] == pytest.approx(analysis.froc(*tables).test.p_value, rel=1e-12)
