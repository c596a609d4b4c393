"""S3: what a format cannot hold is refused when written; what it holds comes back as it was."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.__main__ import main
from analysis.dataset import Dataset
from analysis.io.files import read_reads, write_reads
from analysis.io.ordbm import read_ordbm
from analysis.io.tables import read_table
from analysis.tables import DataError

REFERENCE = Path(__file__).parents[2] / "data" / "reference"
FORMATS = ("csv", "parquet", "imrmc", "xlsx", "lrc", "txt")
NAMES = (
    "1", "01", "1.0", "a b", " a", "a ", "a,b", 'a"b', "a'b", "#", "#1", "*", "-1", "truth",
    "NA", "nan", "None", "é", "日本", "a\tb", "a;b", "1e3", "L", "S", "a\nb", '"q"', "=1+1",
    "TRUE", "5 6", "2024-01-01", "a  b", "\\", "a\x07",
)  # fmt: skip


def study(kind: str, name: str) -> Dataset:
    """Two readers, two modalities and six cases, one of them with that name."""
    readers, modalities, cases = ("x", "y"), ("A", "B"), tuple(f"c{k}" for k in range(6))
    named = {
        "reader": ((name, "y"), modalities, cases),
        "modality": (readers, (name, "B"), cases),
        "case": (readers, modalities, (name, *cases[1:])),
        "all": ((name, "y"), (name, "B"), (name, *cases[1:])),
    }
    who, what, which = named[kind]
    ratings = np.random.default_rng(1).normal(size=(2, 2, 6))
    return Dataset(ratings, np.arange(6) % 2 == 1, what, who, which)


def rows(dataset: Dataset) -> pd.DataFrame:
    keys = ["reader", "modality", "case"]
    return dataset.table().sort_values(keys, ignore_index=True)


@pytest.mark.parametrize("suffix", FORMATS)
def test_any_name_comes_back_or_is_refused(suffix: str, tmp_path: Path) -> None:
    refused = 0
    for name in NAMES:
        dataset = study("all", name)
        try:
            write_reads(dataset, tmp_path / f"x.{suffix}")
        except DataError:
            refused += 1
            continue
        found = Dataset.from_table(read_reads(tmp_path / f"x.{suffix}"))
        # A cell of a workbook holds 16 digits of a rating.
        pd.testing.assert_frame_equal(rows(found), rows(dataset), rtol=1e-15, atol=0)
    assert refused < len(NAMES) / 3
    if suffix in ("csv", "parquet", "txt"):
        assert not refused


@pytest.mark.parametrize(
    ("suffix", "kind", "name", "words"),
    [
        ("imrmc", "reader", "-1", "the reader '-1' means something else there; iMRMC cannot"),
        ("imrmc", "case", "a,b", "the case 'a,b' has a ','"),
        ("xlsx", "modality", "=1+1", "the modality '=1\\+1' begins with '='"),
        ("lrc", "reader", "#1", "the reader '#1' begins with '#'; .lrc cannot hold it"),
        ("lrc", "case", " a", "the case ' a' is empty or has blanks around it"),
    ],
)
def test_a_refused_name_is_named_with_the_reason(
    suffix: str, kind: str, name: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=words):
        write_reads(study(kind, name), tmp_path / f"x.{suffix}")


def test_ratings_that_a_workbook_would_tie_are_refused(tmp_path: Path) -> None:
    dataset = study("case", "c0")
    ratings = dataset.ratings.copy()
    ratings[0, 0, :2] = 1.1, np.nextafter(1.1, 2)
    close = Dataset(ratings, dataset.truth.copy(), ("A", "B"), ("x", "y"), dataset.cases)
    with pytest.raises(DataError, match="would be tied"):
        write_reads(close, tmp_path / "x.xlsx")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("reader,modality,case,truth,rating\nR,A,1,0,high\n", "row 1: rating 'high' is not a num"),
        ("reader\tmodality\tcase\ttruth\trating\nR\tA\t1\tno\t2\n", "row 1: truth 'no' is not a"),
        ("reader,case\nR,1\n", "2 columns, needs reader, modality, case, truth, rating"),
        ("", "no delimited text"),
        ("a,b,c,d,e\n1,2,3,4,5\n1,2,3,4,5,6,7\n", "no delimited text"),
    ],
)
def test_broken_delimited_text_is_named(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text(text, "utf-8")
    with pytest.raises(DataError, match=words):
        read_ordbm(tmp_path / "x.txt")


@pytest.mark.parametrize("suffix", ["csv", "imrmc", "txt", "lrc"])
def test_text_in_another_encoding_is_named(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"x.{suffix}").write_bytes("reader,modalité\n".encode("latin-1"))
    with pytest.raises(DataError, match="not in UTF-8"):
        read_reads(tmp_path / f"x.{suffix}")


def test_a_bad_line_of_imrmc_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "x.imrmc"
    path.write_text("A study\nBEGIN DATA:\n-1,a,0,0\n-1,b,0,2\n1,a,M,2\n", "utf-8")
    with pytest.raises(DataError, match=r"x\.imrmc, line 4: truth '2' is not 0 or 1"):
        read_reads(path)
    path.write_text("A study\nBEGIN DATA:\n-1,a,0,0\n-1,b,0,1\n1,a,M,x\n", "utf-8")
    with pytest.raises(DataError, match=r"x\.imrmc, line 5: score 'x' is not a number"):
        read_reads(path)


def test_convert_carries_the_reads_of_a_workbook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks, truth = (REFERENCE / f"federica_{name}.csv" for name in ("marks", "truth"))
    names = {name: str(tmp_path / name) for name in ("m.csv", "t.csv", "r.csv", "x.xlsx")}
    assert main(["convert", str(marks), names["x.xlsx"], "--truth", str(truth)]) == 0
    back = ["convert", names["x.xlsx"], names["m.csv"], "--truth", names["t.csv"]]
    assert main([*back, "--reads", names["r.csv"]]) == 0
    assert len(read_table(names["r.csv"])) == 5 * 4 * 200
    again = ["convert", names["m.csv"], str(tmp_path / "y.xlsx"), "--truth", names["t.csv"]]
    assert main([*again, "--reads", names["r.csv"]]) == 0
    capsys.readouterr()
    for path in (names["x.xlsx"], str(tmp_path / "y.xlsx")):
        assert main(["froc", path, "--json"]) == 0
    first, second = capsys.readouterr().out.split('"version"')[:2]
    assert first.split('"differences"')[1][:2000] in second


def test_convert_checks_marks_and_takes_parquet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    marks, truth = (str(REFERENCE / f"federica_{name}.csv") for name in ("marks", "truth"))
    assert main(["convert", marks, str(tmp_path / "m.parquet"), "--truth", truth]) == 0
    assert len(read_table(tmp_path / "m.parquet")) == 3273
    bad = read_table(marks)
    bad.loc[5, "case"] = "999"
    bad.to_csv(tmp_path / "bad.csv", index=False)
    assert (
        main(["convert", str(tmp_path / "bad.csv"), str(tmp_path / "x.xlsx"), "--truth", truth])
        == 2
    )
    assert "row 6: case 999 is not in the truth table" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", FORMATS)
def test_suffixes_in_capitals_are_the_same_formats(suffix: str, tmp_path: Path) -> None:
    dataset = study("case", "c0")
    write_reads(dataset, tmp_path / f"X.{suffix.upper()}")
    found = Dataset.from_table(read_reads(tmp_path / f"X.{suffix.upper()}"))
    pd.testing.assert_frame_equal(rows(found), rows(dataset), rtol=1e-15, atol=0)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize(
    "heading", ["readerID,caseID,modalityID,score", "READERID,CaseID,modalityid,Score"]
)
def test_imrmcs_table_is_known_by_its_heading_in_any_case(
    heading: str, mark: str, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text(f"{mark}{heading}\n-1,a,0,0\n-1,b,0,1\n1,a,M,2\n", "utf-8")
    assert read_reads(tmp_path / "x.csv")["rating"].tolist() == [2.0]
