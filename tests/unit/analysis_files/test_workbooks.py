"""S3: RJafroc workbooks as people make them: who read what, blank rows, errors with Excel's row."""

from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.io.rjafroc import (
    read_rjafroc,
    read_workbook,
    write_rjafroc_froc,
)
from analysis.io.tables import read_table
from analysis.tables import DataError

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
Rows = list[tuple[object, ...]]

TRUTH: Rows = [
    ("CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm"),
    (1, 0, 0, "1, 2", "1, 2", "FROC"),
    (2, 0, None, "1, 2", "1, 2", "FCTRL"),
    (3, 1, 0.5, "1, 2", "1, 2", None),
    (3, 2, 0.5, "1, 2", "1, 2", None),
    (4, 1, 1, "1", "1, 2", None),
]
FP: Rows = [
    ("ReaderID", "ModalityID", "CaseID", "FP_Rating"),
    (1, 1, 1, 2.5),
    (None, None, None, None),
    (1, 2, 4, 3),
]
TP: Rows = [("ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating"), (1, 2, 3, 1, 2.5)]


def workbook(path: Path, truth: Rows = TRUTH, fp: Rows = FP, tp: Rows = TP) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in (("TRUTH", truth), ("FP", fp), ("TP", tp)):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def changed(rows: Rows, at: int, column: int, value: object) -> Rows:
    row = [*rows[at - 1]]
    row[column] = value
    return [*rows[: at - 1], tuple(row), *rows[at:]]


def test_blank_rows_mean_nothing_and_empty_weights_are_unknown(tmp_path: Path) -> None:
    found = read_workbook(workbook(tmp_path / "x.xlsx"))
    assert found.marks.to_dict("list") == {
        "reader": ["1", "1", "1"],
        "modality": ["1", "2", "2"],
        "case": ["1", "4", "3"],
        "lesion": [0, 0, 1],
        "rating": [2.5, 3.0, 2.5],
    }
    assert found.truth["weight"].isna().tolist() == [False, True, False, False, False]
    assert found.paradigm == "FROC"


def test_truth_says_who_read_each_case(tmp_path: Path) -> None:
    """Reader 2 made no mark and did not read case 4; the marks alone know neither."""
    reads = read_workbook(workbook(tmp_path / "x.xlsx")).reads
    assert reads is not None
    assert len(reads) == 2 * 2 * 3 + 2
    assert not ((reads["reader"] == "2") & (reads["case"] == "4")).any()


def test_rows_may_be_shorter_than_the_heading_and_dimensions_missing(tmp_path: Path) -> None:
    """R's writers leave out dimensions and trailing empty cells."""
    book = openpyxl.Workbook(write_only=True)
    for name, rows in (("TRUTH", TRUTH), ("FP", FP), ("TP", TP)):
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([*row] if row[-1] is not None else [*row][:5])
    book.save(tmp_path / "x.xlsx")
    found, expected = (
        read_workbook(tmp_path / "x.xlsx"),
        read_workbook(workbook(tmp_path / "y.xlsx")),
    )
    pd.testing.assert_frame_equal(found.marks, expected.marks)
    pd.testing.assert_frame_equal(found.truth, expected.truth)


def test_a_workbook_that_does_not_say_who_reads_has_no_list(tmp_path: Path) -> None:
    short = [row[:3] for row in TRUTH]
    assert read_workbook(workbook(tmp_path / "x.xlsx", short)).reads is None


@pytest.mark.parametrize(
    ("sheets", "words"),
    [
        ({"fp": changed(FP, 4, 3, "high")}, "sheet FP, row 4: FP_Rating 'high' is not a number"),
        ({"fp": changed(FP, 4, 3, None)}, "sheet FP, row 4: FP_Rating None is not a number"),
        ({"fp": changed(FP, 4, 0, None)}, "sheet FP, row 4: no ReaderID"),
        ({"fp": changed(FP, 4, 2, 99)}, "sheet FP, row 4: case 99 is not in TRUTH"),
        ({"tp": changed(TP, 2, 3, 1.5)}, "sheet TP, row 2: LesionID 1.5 is no whole number"),
        ({"tp": changed(TP, 2, 3, -1)}, "sheet TP, row 2: LesionID -1 is no whole number"),
        ({"truth": changed(TRUTH, 4, 1, "x")}, "sheet TRUTH, row 4: LesionID 'x' is not a number"),
        ({"truth": changed(TRUTH, 4, 2, "x")}, "sheet TRUTH, row 4: Weight 'x' is not a number"),
        ({"truth": [row[1:] for row in TRUTH]}, "sheet TRUTH has no column CaseID"),
    ],
)
def test_bad_rows_are_named_as_excel_counts_them(
    sheets: dict[str, Rows], words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words):
        read_workbook(workbook(tmp_path / "x.xlsx", **sheets))


def test_what_is_no_workbook_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_text("reader,case", "utf-8")
    with pytest.raises(DataError, match=r"x\.xlsx is no Excel workbook"):
        read_workbook(tmp_path / "x.xlsx")
    with pytest.raises(FileNotFoundError):
        read_workbook(tmp_path / "y.xlsx")


def test_an_froc_workbook_of_single_marks_is_not_taken_for_roc(tmp_path: Path) -> None:
    """No case has two lesions and no read two marks: only the paradigm tells."""
    truth = [*TRUTH[:4], TRUTH[5]]
    with pytest.raises(DataError, match="holds FROC marks"):
        read_rjafroc(workbook(tmp_path / "x.xlsx", truth))


def federica() -> tuple[pd.DataFrame, pd.DataFrame]:
    return tuple(read_table(REFERENCE / f"federica_{name}.csv") for name in ("marks", "truth"))  # type: ignore[return-value]  # two


def test_reads_survive_the_workbook(tmp_path: Path) -> None:
    """A split-plot study: reader 1 has the first half of each class, reader 3 all."""
    marks, truth = federica()
    reads = pd.MultiIndex.from_product(
        [["1", "3"], ["1", "2"], truth["case"].unique()], names=["reader", "modality", "case"]
    ).to_frame(index=False)
    half = reads["case"].astype(int) % 100 >= 50
    reads = reads[~((reads["reader"] == "1") & half)]
    marks = marks.merge(reads, on=["reader", "modality", "case"])
    write_rjafroc_froc(marks, truth, tmp_path / "x.xlsx", reads)
    found = read_workbook(tmp_path / "x.xlsx")
    keys = ["reader", "modality", "case"]
    assert found.reads is not None
    pd.testing.assert_frame_equal(
        found.reads.sort_values(keys, ignore_index=True),
        reads.sort_values(keys, ignore_index=True),
        check_dtype=False,
    )


def test_reads_that_a_workbook_cannot_hold_are_refused(tmp_path: Path) -> None:
    marks, truth = federica()
    reads = marks[["reader", "modality", "case"]].drop_duplicates()
    with pytest.raises(DataError, match="the same modalities for every reader of a case"):
        write_rjafroc_froc(marks, truth, tmp_path / "x.xlsx", reads)


def test_marks_that_count_as_neither_are_left_out_and_weights_may_be_missing(
    tmp_path: Path,
) -> None:
    marks, truth = federica()
    spare = marks.head(1).assign(lesion=None)
    write_rjafroc_froc(pd.concat([marks, spare]), truth.drop(columns="weight"), tmp_path / "x.xlsx")
    found = read_workbook(tmp_path / "x.xlsx")
    assert len(found.marks) == len(marks)
    weights = found.truth.groupby("case")["weight"].sum()
    assert weights.round(12).isin([0, 1]).all()


def test_the_froc_command_takes_the_reads_of_a_workbook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks, truth = federica()
    silent = marks[marks["reader"] != "4"]
    reads = pd.MultiIndex.from_product(
        [marks[name].unique() for name in ("reader", "modality", "case")],
        names=["reader", "modality", "case"],
    ).to_frame(index=False)
    write_rjafroc_froc(silent, truth, tmp_path / "x.xlsx", reads)
    assert main(["froc", str(tmp_path / "x.xlsx"), "--fom", "maxllf"]) == 0
    assert "Over 4 readers" in capsys.readouterr().out  # reader 4 read, and marked nothing
