"""The command line, as scripts rely on it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import analysis
from analysis.__main__ import COMMANDS, main
from tests.unit.analysis_mrmc.peers import RANDOM, REFERENCE, peer, same, vandyke

VANDYKE = str(REFERENCE / "vandyke.csv")


def as_json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    assert main([*words, "--json"]) == 0
    tree: dict[str, object] = json.loads(capsys.readouterr().out)
    return tree


@pytest.mark.parametrize("kind", RANDOM)
@pytest.mark.parametrize("covariance", ["jackknife", "DeLong", "unbiased"])
def test_mrmc(kind: str, covariance: str, capsys: pytest.CaptureFixture[str]) -> None:
    tree = as_json(
        capsys, "mrmc", VANDYKE, "--fom", "auc", "--method", "or",
        "--covariance", covariance.lower(), "--random", RANDOM[kind],
    )  # fmt: skip
    expected = peer("vandyke_mrmcaov")[f"empirical_auc|{covariance}|{kind}"]["test_equality"]
    same(tree["test"]["p_value"], expected["p-value"][0])


def test_mrmc_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mrmc", VANDYKE]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Over 5 readers and 114 cases")
    assert "modality_a" in out


def test_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mrmc", VANDYKE, "--report", str(tmp_path / "out.html")]) == 0
    assert "<svg" in (tmp_path / "out.html").read_text("utf-8")
    capsys.readouterr()


def test_an_imrmc_table_is_known_by_its_header(capsys: pytest.CaptureFixture[str]) -> None:
    tree = as_json(capsys, "mrmc", str(REFERENCE / "imrmc_missing.csv"), "--method", "ustat")
    same(tree["test"]["p_value"], peer("imrmc_missing_imrmc")["Ustat"]["pValueBDG"][2])


def test_bad_input_exits_2_and_names_the_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.csv").write_text(
        "reader,modality,case,truth,rating\nR,A,1,0,1\nR,A,1,0,2\nR,A,2,1,3\n", "utf-8"
    )
    assert main(["mrmc", str(tmp_path / "bad.csv")]) == 2
    assert "row 2: duplicated read: reader R" in capsys.readouterr().err


def test_a_file_that_is_not_there_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mrmc", "nowhere.csv"]) == 2
    assert "nowhere.csv" in capsys.readouterr().err


def test_readers_against_stand_alone_ai(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = vandyke()
    table[table["modality"] == "1"].to_csv(tmp_path / "reads.csv", index=False)
    own = table[(table["modality"] == "2") & (table["reader"] == "4")]
    own[["case", "rating"]].to_csv(tmp_path / "ai.csv", index=False)
    words = ["mrmc", str(tmp_path / "reads.csv"), "--ai", str(tmp_path / "ai.csv")]
    page = tmp_path / "out.html"
    margin = ["--margin", "0.05", "--reference", "readers"]
    tree = as_json(capsys, *words, *margin, "--report", str(page))
    assert tree["differences"][0]["modality_b"] == "AI"
    assert [each["test"] for each in tree["margins"]] == ["AI"]
    assert page.read_text("utf-8").count("<svg") == 2
    assert main([*words, "--method", "ustat"]) == 2
    assert "by method 'or', not 'ustat'" in capsys.readouterr().err


def test_convert_there_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", VANDYKE, str(tmp_path / "x.imrmc")]) == 0
    assert main(["convert", str(tmp_path / "x.imrmc"), str(tmp_path / "x.csv")]) == 0
    capsys.readouterr()
    tree = as_json(capsys, "mrmc", str(tmp_path / "x.csv"))
    assert tree["test"] == as_json(capsys, "mrmc", VANDYKE)["test"]


def test_convert_froc(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    marks, truth = (str(REFERENCE / f"federica_{name}.csv") for name in ("marks", "truth"))
    book = str(tmp_path / "froc.xlsx")
    assert main(["convert", marks, book, "--truth", truth]) == 0
    back = [str(tmp_path / name) for name in ("marks.csv", "truth.csv")]
    assert main(["convert", book, back[0], "--truth", back[1]]) == 0
    assert "3273 marks" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["mrmc", "convert"])
def test_help_has_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert f"python -m analysis {command}" in capsys.readouterr().out


def test_help_lists_every_command_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out.strip() == analysis.__version__


def test_importing_analysis_loads_nothing_heavy() -> None:
    code = (
        "import sys, analysis; print(analysis.__version__); "
        "print([m for m in ('django','torch','matplotlib','statsmodels','pandas') "
        "if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines() == [analysis.__version__, "[]"]


def test_analysis_runs_without_django_and_torch() -> None:
    code = (
        "import sys, analysis, pandas as pd; "
        f"analysis.mrmc(pd.read_csv({VANDYKE!r})).statement(); "
        "print([m for m in ('django','torch') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"
