"""S3: points of the FROC curve and lesions of a size as figures of merit; tables by row."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.__main__ import main
from analysis.freeresponse import points
from analysis.freeresponse.curves import reader_curve, sensitivity_at
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.foms import jackknife
from analysis.freeresponse.lesions import by_size
from analysis.freeresponse.named import NAMES, fom_named
from analysis.io.rjafroc import write_rjafroc_froc

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
MARKS, TRUTH = (pd.read_csv(REFERENCE / f"federica_{name}.csv") for name in ("marks", "truth"))
SIZED = TRUTH.assign(diameter_mm=2.0 + TRUTH.index % 7)


def test_a_point_is_the_height_of_the_readers_curve() -> None:
    data = FrocData.from_tables(MARKS, TRUTH)
    for at in (0.0, 0.1, 0.37, 1.0, 50.0):
        foms, _ = jackknife(data, fom_named(f"froc:fp={at}"))
        for i, modality in enumerate(data.modalities):
            for j, reader in enumerate(data.readers):
                expected = sensitivity_at(reader_curve(data, modality, reader), at)
                assert foms[i, j] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["froc:fp=0.2", "lesion_sensitivity:mm=3..6"])
def test_the_jackknife_is_what_removing_each_case_gives(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(points, "MAX_CELLS", 60)  # several chunks
    cases = [*range(1, 9), *range(101, 113)]
    truth, marks = SIZED[SIZED["case"].isin(cases)], MARKS[MARKS["case"].isin(cases)]
    data, fom = FrocData.from_tables(marks, truth), fom_named(name)
    _, covariance = jackknife(data, fom)
    used = [case for case, has in zip(data.cases, fom.cases(data), strict=True) if has]
    values = []
    for case in map(int, used):
        left = FrocData.from_tables(marks[marks["case"] != case], truth[truth["case"] != case])
        values.append(jackknife(left, fom)[0].ravel())
    number = len(used)
    expected = (number - 1) ** 2 / number * np.cov(np.array(values).T)
    assert covariance.reshape(expected.shape) == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_a_size_has_the_same_estimate_as_its_bin_and_its_cases_only() -> None:
    data = FrocData.from_tables(MARKS, SIZED)
    found = analysis.froc(MARKS, SIZED, fom="lesion_sensitivity:mm=3..5")
    bins = {each.modality: each for each in by_size(data) if each.label == "3-5 mm"}
    for name, each in zip(found.modality_names, found.modalities, strict=True):
        assert each.estimate == pytest.approx(bins[name].estimate, rel=1e-12)
    with_one = SIZED[(SIZED["lesion"] > 0) & SIZED["diameter_mm"].between(3, 4.99)]
    assert found.n_cases == with_one["case"].nunique()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("method", ["or", "dbm"])
def test_every_name_is_compared_by_either_method(name: str, method: Any) -> None:
    text = {"froc": "froc:fp=1", "lesion_sensitivity": "lesion_sensitivity:mm=4.."}.get(name, name)
    found = analysis.froc(MARKS, SIZED, fom=text, method=method)
    assert found.fom == text
    assert 0 <= found.test.p_value <= 1


def test_the_old_names_of_afroc_are_known() -> None:
    assert fom_named("JAFROC1") is fom_named("afroc1")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("froc", "as froc:fp=1"),
        ("froc:fp=-1", "as froc:fp=1"),
        ("froc:mm=1..2", "as froc:fp=1"),
        ("lesion_sensitivity:mm=5..3", "mm=3..5"),
        ("lesion_sensitivity:mm=3", "mm=3..5"),
        ("wafroc:fp=1", "Unknown figure of merit"),
        ("lesion_sensitivity:mm=90..", "0 cases have a part in it"),
    ],
)
def test_names_that_mean_nothing_are_refused(name: str, words: str) -> None:
    with pytest.raises(analysis.DataError, match=words):
        analysis.froc(MARKS, SIZED, fom=name)


def with_value(table: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    changed = table.astype({column: object})
    changed.loc[changed.index[row], column] = value
    return changed


@pytest.mark.parametrize(
    ("marks", "truth", "words"),
    [
        (with_value(MARKS, 4, "lesion", "x"), TRUTH, "marks, row 5: lesion x is no lesion's"),
        (with_value(MARKS, 4, "lesion", 0.5), TRUTH, "marks, row 5: lesion 0.5"),
        (with_value(MARKS, 4, "lesion", -2), TRUTH, "marks, row 5: lesion -2"),
        (MARKS, with_value(TRUTH, 150, "weight", "x"), "truth, row 151: weight x"),
        (MARKS, with_value(TRUTH, 150, "weight", -1), "truth, row 151: weight -1"),
        (MARKS, with_value(SIZED, 150, "diameter_mm", "x"), "truth, row 151: diameter_mm x"),
        (MARKS, with_value(TRUTH, 150, "lesion", 1.5), "truth, row 151: lesion is no whole"),
        (MARKS, pd.concat([TRUTH, TRUTH.iloc[[150]]]), "truth, row 243: lesion 1 of case 151"),
        (MARKS, with_value(TRUTH, 150, "truth", 0), "truth, row 151: case 151 is without"),
        (MARKS, pd.concat([TRUTH, TRUTH.iloc[[3]].assign(truth=1, lesion=1)]),
         "truth, row 243: case 4 has two truths"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_row(
    marks: pd.DataFrame, truth: pd.DataFrame, words: str
) -> None:
    with pytest.raises(analysis.DataError, match=words):
        analysis.froc(marks, truth)


def test_a_duplicate_of_an_exported_bundle_is_minus_one_or_empty() -> None:
    first = MARKS.index[MARKS["lesion"] > 0][0]
    kinds = [with_value(MARKS, int(first), "lesion", value) for value in (-1, None)]
    left, empty = (analysis.froc(each, TRUTH) for each in kinds)
    assert left.to_json() == empty.to_json()
    assert left.warnings == ("1 duplicate marks count as neither LL nor NL.",)


def test_a_reader_without_any_mark_is_named_unless_the_reads_are_given() -> None:
    parallel = MARKS.assign(reader=MARKS["reader"].astype(str) + MARKS["modality"].map(str))
    found = analysis.froc(parallel, TRUTH)
    assert sum("no mark at all by reader" in text for text in found.warnings) == 5
    reads = pd.MultiIndex.from_product(
        [MARKS["reader"].unique(), MARKS["modality"].unique(), TRUTH["case"].unique()],
        names=["reader", "modality", "case"],
    ).to_frame(index=False)
    made = reads.assign(reader=reads["reader"].astype(str) + reads["modality"].map(str))
    told = analysis.froc(parallel, TRUTH, reads=made)
    assert told.design == "readers nested in modalities"
    assert not any("no mark" in text for text in told.warnings)


def test_the_command_takes_a_workbook_and_writes_curves_and_sizes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book, page = tmp_path / "study.xlsx", tmp_path / "out.html"
    write_rjafroc_froc(MARKS, TRUTH, book)
    assert main(["froc", str(book), "--json", "--adjust", "bonferroni"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["test"]["p_value"] == pytest.approx(0.000117105004418416, rel=1e-9)
    assert found["adjustment"] == "bonferroni"
    SIZED.to_csv(tmp_path / "truth.csv", index=False)
    MARKS.to_csv(tmp_path / "marks.csv", index=False)
    words = ["froc", str(tmp_path / "marks.csv"), str(tmp_path / "truth.csv")]
    assert main([*words, "--fom", "wAFROC", "--report", str(page)]) == 0
    text = page.read_text("utf-8")
    assert text.count("<svg") == 4
    assert "<h2>Lesion sensitivity by size</h2>" in text
    assert main(words[:2]) == 2
    assert "give the table of truth" in capsys.readouterr().err
