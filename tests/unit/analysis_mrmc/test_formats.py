"""S1: The peers' files: what is written comes back, and their own are read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from analysis.dataset import Dataset
from analysis.io.files import read_reads, write_reads
from analysis.io.imrmc import read_imrmc
from analysis.io.ordbm import read_ordbm
from analysis.io.rjafroc import read_rjafroc, read_rjafroc_froc, write_rjafroc_froc
from analysis.io.tables import read_table, write_table
from analysis.tables import DataError
from tests.unit.analysis_mrmc.peers import REFERENCE, vandyke


@pytest.mark.parametrize("suffix", ["csv", "parquet", "imrmc", "xlsx", "lrc", "txt"])
def test_a_crossed_study_comes_back(suffix: str, tmp_path: Path) -> None:
    dataset = Dataset.from_table(vandyke())
    write_reads(dataset, tmp_path / f"study.{suffix}")
    found = Dataset.from_table(read_reads(tmp_path / f"study.{suffix}"))
    assert (found.readers, found.modalities) == (dataset.readers, dataset.modalities)
    order = [found.cases.index(case) for case in dataset.cases]
    np.testing.assert_array_equal(found.ratings[:, :, order], dataset.ratings)
    np.testing.assert_array_equal(found.truth[order], dataset.truth)


@pytest.mark.parametrize("suffix", ["csv", "parquet", "imrmc", "txt"])
def test_missing_reads_stay_missing(suffix: str, tmp_path: Path) -> None:
    dataset = Dataset.from_table(read_imrmc(REFERENCE / "imrmc_missing.csv"))
    write_reads(dataset, tmp_path / f"study.{suffix}")
    found = Dataset.from_table(read_reads(tmp_path / f"study.{suffix}"))
    np.testing.assert_array_equal(found.ratings, dataset.ratings)


@pytest.mark.parametrize("suffix", ["xlsx", "lrc"])
def test_formats_for_crossed_studies_refuse_missing_reads(suffix: str, tmp_path: Path) -> None:
    dataset = Dataset.from_table(read_imrmc(REFERENCE / "imrmc_missing.csv"))
    with pytest.raises(DataError, match="crossed studies only"):
        write_reads(dataset, tmp_path / f"study.{suffix}")


def test_doubles_survive_text(tmp_path: Path) -> None:
    """A tie is exact equality of doubles: writing must not round."""
    table = vandyke().assign(rating=lambda t: t["rating"] / 3 + 1e-16)
    dataset = Dataset.from_table(table)
    for suffix in ("imrmc", "lrc", "csv", "txt"):
        write_reads(dataset, tmp_path / f"study.{suffix}")
        found = Dataset.from_table(read_reads(tmp_path / f"study.{suffix}"))
        assert set(found.ratings.ravel()) == set(dataset.ratings.ravel())


def test_imrmc_with_its_own_header(tmp_path: Path) -> None:
    path = tmp_path / "x.imrmc"
    path.write_text(
        "A study\nNR: 1\n\nBEGIN DATA:\n-1,a,0,0\n-1,b,0,1\n1,a,M,2.5\n1,b,M,3\n\n", "utf-8"
    )
    assert read_imrmc(path).to_dict("list") == {
        "reader": ["1", "1"],
        "modality": ["M", "M"],
        "case": ["a", "b"],
        "truth": [0, 1],
        "rating": [2.5, 3.0],
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nothing\n", "no line BEGIN DATA"),
        ("BEGIN DATA:\n1,a,M\n", "line 2: 3 fields"),
        ("BEGIN DATA:\n1,a,M,2\n", "no truth rows"),
        ("BEGIN DATA:\n-1,a,0,0\n1,b,M,2\n", "case b, which has no truth row"),
        ("BEGIN DATA:\n-1,a,0,0\n-1,a,0,1\n1,a,M,2\n", "case a has two truths"),
        ("BEGIN DATA:\n-1,a,0,0\n1,a,M,x\n", "score 'x' is not a number"),
    ],
)
def test_broken_imrmc_is_named(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "x.imrmc").write_text(text, "utf-8")
    with pytest.raises(DataError, match=words):
        read_imrmc(tmp_path / "x.imrmc")


def test_lrc_small_ratings_for_disease_are_turned_round(tmp_path: Path) -> None:
    path = tmp_path / "x.lrc"
    path.write_text('words\nReader 1\n"CT" "MR"\nL S\n1 5 a\n2 4 b\n*\n3 1\n4 2\n*\n#\n', "utf-8")
    found = read_ordbm(path)
    mr = found[found["modality"] == "MR"]
    assert mr["rating"].tolist() == [-5, -4, -1, -2]
    assert found["case"].unique().tolist() == ["a", "b", "1-1", "1-2"]
    assert found["truth"].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('words\nR\n"A" "B"\nL\n', "line 3: expected modality names"),
        ('words\nR\n"A"\nL\nx\n*\n', "line 5: expected 1 ratings"),
        ('words\nR\n"A"\nL\n1\n', "does not end with"),
        ("words\n#\n", "no reader's ratings"),
    ],
)
def test_broken_lrc_is_named(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "x.lrc").write_text(text, "utf-8")
    with pytest.raises(DataError, match=words):
        read_ordbm(tmp_path / "x.lrc")


def test_rjafroc_froc_workbook_comes_back(tmp_path: Path) -> None:
    marks = read_table(REFERENCE / "federica_marks.csv")
    truth = read_table(REFERENCE / "federica_truth.csv")
    write_rjafroc_froc(marks, truth, tmp_path / "froc.xlsx")
    back, back_truth = read_rjafroc_froc(tmp_path / "froc.xlsx")
    keys = ["reader", "modality", "case", "lesion", "rating"]
    pd.testing.assert_frame_equal(
        back[keys].sort_values(keys, ignore_index=True),
        marks[keys].sort_values(keys, ignore_index=True),
        check_dtype=False,
    )
    by_lesion = ["case", "lesion"]
    pd.testing.assert_frame_equal(
        back_truth.sort_values(by_lesion, ignore_index=True),
        truth.sort_values(by_lesion, ignore_index=True),
        check_dtype=False,
    )
    with pytest.raises(DataError, match="FROC marks"):
        read_rjafroc(tmp_path / "froc.xlsx")


def test_rjafroc_workbook_has_the_sheets_that_rjafroc_needs(tmp_path: Path) -> None:
    table = vandyke().assign(case=lambda t: "patient " + t["case"])
    write_reads(Dataset.from_table(table), tmp_path / "roc.xlsx")
    book = openpyxl.load_workbook(tmp_path / "roc.xlsx")
    assert book.sheetnames == ["LL", "NL", "TRUTH", "CASES"]
    truth = list(book["TRUTH"].values)
    assert truth[0] == ("CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm")
    assert [row[5] for row in truth[1:3]] == ["ROC", "FCTRL"]
    assert truth[1][3:5] == ("1, 2, 3, 4, 5", "1, 2")
    assert all(isinstance(row[0], int) for row in truth[1:])
    assert set(read_rjafroc(tmp_path / "roc.xlsx")["case"]) == set(table["case"])


def test_a_file_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    calls: list[Callable[[], object]] = [
        lambda: read_reads(tmp_path / "x.sav"),
        lambda: read_table(tmp_path / "x.sav"),
        lambda: write_table(vandyke(), tmp_path / "x.sav"),
        lambda: write_reads(Dataset.from_table(vandyke()), tmp_path / "x.sav"),
    ]
    for call in calls:
        with pytest.raises(DataError, match=r"x\.sav"):
            call()


def test_names_that_look_like_numbers_stay_text(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("reader,modality,case,truth,rating\n01,A,1.10,0,1\n", "utf-8")
    found = read_table(tmp_path / "x.csv")
    assert (found["reader"][0], found["case"][0]) == ("01", "1.10")


def test_only_an_empty_field_is_no_name(tmp_path: Path) -> None:
    path = tmp_path / "reads.csv"
    path.write_text("reader,modality,case,truth,rating\nNA,None,null,0,1\n,B,c,1,NA\n", "utf-8")
    found = read_table(path)
    assert found.loc[0, ["reader", "modality", "case"]].tolist() == ["NA", "None", "null"]
    assert found.loc[1, ["reader", "rating"]].isna().all()


def test_semicolons_and_decimal_commas_of_a_european_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "reads.csv"
    path.write_text("reader;modality;case;truth;rating\n1;A;1.10;0;2,5\n", "utf-8-sig")
    found = read_table(path)
    assert found.loc[0, "rating"] == 2.5
    assert found.loc[0, "case"] == "1.10"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.parquet", b"nonsense", "no Parquet table"),
        ("a.csv", "reader;modality\nM\xfcller;1\n".encode("latin-1"), "not in UTF-8"),
        ("a.csv", b"", "no CSV table"),
    ],
)
def test_a_file_that_is_no_table_says_so(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_table(tmp_path / name)


def test_a_table_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet"):
        with pytest.raises(FileNotFoundError):
            read_table(tmp_path / name)
