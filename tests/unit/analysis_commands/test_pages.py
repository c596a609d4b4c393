"""--json and --report of every command; tables for people have words for headings."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from analysis.__main__ import COMMANDS, main
from analysis.labels import CURVES, HEADINGS, heading

RAW = re.compile(r"<th>[^<]*(_|std error|modality a|p value|ci low)[^<]*</th>")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    words = ["--readers", "3", "--healthy", "9", "--diseased", "9", "--seed", "4"]
    assert main(["simulate", str(folder), *words]) == 0
    reads = (folder / "reads.csv").read_text("utf-8").splitlines()
    columns = reads[0].split(",")
    first = [row.split(",") for row in reads[1:] if row.startswith("R1,ai,")]
    pick = [columns.index("case"), columns.index("rating")]
    ai = "\n".join(",".join(row[at] for at in pick) for row in first)
    (folder / "ai.csv").write_text(f"case,rating\n{ai}\n", "utf-8")
    shown = "reader,modality,case,decision,lesion\nR1,ai,C1,accepted,1\nR1,ai,C2,rejected,0\n"
    (folder / "shown.csv").write_text(shown, "utf-8")
    for name, low in (("one", 2), ("two", 3)):
        mask = np.zeros((8, 8, 8), dtype=np.uint8)
        mask[low : low + 3, 2:5, 2:5] = 1
        np.savez(folder / f"{name}.npz", mask=mask, spacing_mm=np.ones(3))
    return folder


PAGES = (
    "mrmc {s}/reads.csv --margin 0.05 --interval logit",
    "mrmc {s}/reads.csv --method dbm",
    "froc {s}/marks.csv {s}/truth.csv",
    "roc {s}/reads.csv --fit contaminated",
    "time {s}/reads.csv --reference control",
    "decisions {s}/reads.csv --reference control",
    (
        "decisions {s}/reads.csv --reference control --proposals {s}/shown.csv --ai {s}/ai.csv "
        "--ai-threshold 50"
    ),
    "subgroups {s}/reads.csv --by experience --reference control",
    "agreement {s}/reads.csv --modality ai",
    "delineation {s}/one.npz {s}/two.npz",
    "power --auc 0.85 --effect 0.05 --readers 5 --cases 100",
    "simulate {s}/more --readers 3 --healthy 9 --diseased 9 --seed 1",
    "convert {s}/reads.csv {s}/study.imrmc",
    "convert {s}/marks.csv {s}/froc.xlsx --truth {s}/truth.csv",
)


@pytest.mark.parametrize("command", PAGES)
def test_json_and_a_page_with_figures_and_headings_in_words(
    study: Path, tmp_path: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "out.html"
    assert main([*command.format(s=study).split(), "--json", "--report", str(page)]) == 0
    assert json.loads(capsys.readouterr().out)
    text = page.read_text("utf-8")
    assert "<svg" in text
    assert "<table" in text
    assert not RAW.findall(text)
    unknown = set(re.findall(r"<th>([^<]*)</th>", text)) - set(HEADINGS.values())
    assert not unknown, f"headings without a place in analysis.labels: {unknown}"


def test_every_command_makes_a_page_or_is_tested_elsewhere() -> None:
    tried = {each.split()[0] for each in PAGES}
    assert tried == set(COMMANDS) - {"reproduce"}, "reproduce is in test_commands.py"


def test_headings_are_words() -> None:
    assert heading("std_error") == "Standard error"
    assert heading("geometric_mean_s").endswith("(s)")
    assert heading("something_new") == "Something new"
    assert all(name in HEADINGS for name in CURVES.values())
