"""Every command says what is wrong with its input in one line and exits with 2, never a traceback.

Missing files, other columns, columns that are there twice, options that do not exist.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.__main__ import COMMANDS, main
from analysis.agreement import icc
from analysis.tables import DataError

BAD = {
    "missing.csv": None,
    "empty.csv": "",
    "other.csv": "foo,bar\n1,2\n",
    "twice.csv": "reader,reader,modality,case,truth,rating\na,b,m,1,0,3\n",
    "norows.csv": "reader,modality,case,truth,rating\n",
}
# A word F stands for the bad file; {s} for the folder of a good study.
WITH_A_TABLE = (
    "mrmc F",
    "mrmc {s}/reads.csv --ai F",
    "froc F {s}/truth.csv",
    "froc {s}/marks.csv F",
    "froc {s}/marks.csv {s}/truth.csv --reads F",
    "roc F",
    "time F",
    "decisions F --reference control",
    "decisions {s}/reads.csv --reference control --ai F",
    "decisions {s}/reads.csv --reference control --proposals F",
    "subgroups F --by experience",
    "agreement F",
    "delineation F",
    "power --pilot F --readers 5 --cases 100",
    "convert F {s}/out.csv",
    "convert {s}/marks.csv {s}/out.xlsx --truth F",
    "reproduce F",
)
WRONG_OPTIONS = {
    "mrmc {s}/reads.csv --alpha 2": "alpha is 2.0",
    "mrmc {s}/reads.csv --report {s}/none/out.html": "out.html: no such file or directory",
    "froc {s}/marks.csv {s}/truth.csv --fom fp_per_case --interval logit": "logit interval",
    "time {s}/reads.csv --reference nobody": "no read is in modality 'nobody'",
    "time {s}/reads.csv --by nothing": "no column nothing",
    "time {s}/reads.csv --alpha 3": "alpha is 3.0",
    "time {s}/reads.csv --interval bootstrap --replicates 0": "replicates is 0",
    "time {s}/reads.csv --interval bootstrap --seed -1": "seed is -1",
    "decisions {s}/reads.csv --reference nobody": "no read is in modality 'nobody'",
    "decisions {s}/reads.csv --reference control --alpha 2": "alpha is 2.0",
    "decisions {s}/reads.csv --reference control --threshold nan": "threshold is not a number",
    "subgroups {s}/reads.csv --by size --marks {s}/marks.csv --truth {s}/truth.csv "
    "--fom sensitivity --edges 5 3": "edges of sizes",
    "agreement {s}/reads.csv --modality ai --alpha 2": "alpha is 2.0",
    "power --auc 0.8 --readers 5 --cases 100": "which effect",
    "simulate {s}/more --seed -1": "seed is -1",
    "simulate {s}/more --seed 1 --time-ratio -1": "ratio above 0",
    "convert {s}/reads.csv {s}/study.foo": "no format .foo",
    "delineation {s}/nobody.nii.gz": "no such file or directory",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    words = ["--readers", "3", "--healthy", "8", "--diseased", "8", "--seed", "4"]
    assert main(["simulate", str(folder), *words]) == 0
    return folder


@pytest.mark.parametrize("file", list(BAD))
@pytest.mark.parametrize("command", WITH_A_TABLE)
def test_a_table_that_cannot_be_used_is_named_in_one_line(
    study: Path, tmp_path: Path, command: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / file
    text = BAD[file]
    if text is not None:
        path.write_text(text, "utf-8")
    words = [str(path) if word == "F" else word.format(s=study) for word in command.split()]
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"python -m analysis {words[0]}: ")
    assert len(said.splitlines()) == 1
    if file == "missing.csv":
        assert "no such file" in said.lower()
        assert file in said
    if file == "twice.csv" and words[0] != "reproduce":
        assert "two columns called reader" in said


@pytest.mark.parametrize("command", list(WRONG_OPTIONS))
def test_an_option_that_cannot_be_is_refused_with_what_is_wrong(
    study: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command.format(s=study).split()) == 2
    assert WRONG_OPTIONS[command] in capsys.readouterr().err


def test_every_command_is_tried_with_a_bad_file_or_option() -> None:
    tried = {each.split()[0] for each in (*WITH_A_TABLE, *WRONG_OPTIONS)}
    assert tried == set(COMMANDS)


CALLS = {
    "mrmc": lambda bad, _: analysis.mrmc(bad),
    "froc": analysis.froc,
    "reading_time": lambda bad, _: analysis.reading_time(bad),
    "subgroups": lambda bad, _: analysis.subgroups(bad, "experience"),
    "standalone": analysis.standalone,
    "roc_curves": lambda bad, _: analysis.roc_curves(bad),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_functions_refuse_lists_and_columns_that_are_there_twice(name: str) -> None:
    table = pd.DataFrame({"reader": ["a"], "modality": ["m"], "case": ["1"], "rating": [1.0]})
    table = table.assign(truth=[1], lesion=[1])
    twice = pd.concat([table, table[["reader"]]], axis=1)
    wrong: dict[str, Any] = {"is a list": table.to_dict("records"), "two columns": twice}
    for words, bad in wrong.items():
        with pytest.raises(DataError, match=words):
            CALLS[name](bad, table)


def test_agreement_has_a_level_between_0_and_1() -> None:
    with pytest.raises(DataError, match="alpha is 1"):
        icc(np.arange(12.0).reshape(6, 2) % 5, alpha=1)
