"""RJafroc workbooks: sheets TRUTH, NL (or FP) and LL (or TP), for ROC and FROC.

RJafroc needs whole numbers for cases; other names get numbers, and a sheet CASES (which RJafroc
ignores) keeps them. The columns ReaderID and ModalityID of TRUTH list who reads each case, so a
reader without any mark is there, and a split-plot study is one. Errors name the row as Excel
counts it. https://dpc10ster.github.io/RJafroc/
"""

import itertools
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.dataset import Dataset
from analysis.io.names import Kind, NameRules
from analysis.io.workbooks import Sheet, open_workbook
from analysis.tables import DataError, need_columns

NL_SHEETS, LL_SHEETS = ("NL", "FP"), ("LL", "TP")
TRUTH = ["CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm"]
KEYS = ["reader", "modality", "case"]
RULES = NameRules("an RJafroc workbook", {"reader": ",", "modality": ","}, starts="=")


@dataclass(frozen=True)
class Workbook:
    """What a workbook holds.

    Parameters
    ----------
    marks
        reader, modality, case, lesion (0: NL), rating.
    truth
        case, truth, lesion, weight; a row a lesion, lesion 0 for a case without.
    reads
        reader, modality, case of every read, from TRUTH; None where TRUTH does not say.
    paradigm
        "ROC", "FROC" or "" where the workbook does not say.
    """

    marks: pd.DataFrame
    truth: pd.DataFrame
    reads: pd.DataFrame | None
    paradigm: str


def read_workbook(path: str | Path) -> Workbook:
    """Read a workbook of marks or of ratings.

    Raises
    ------
    DataError
        For a file that is no workbook, a missing sheet or column, a row (by its number in Excel)
        without a name or with a text where a number belongs, a mark of a case that TRUTH lacks.
    """
    path = Path(path)
    sheets = open_workbook(path)
    truth = _sheet(sheets, ("TRUTH",), path)
    truth.need("CaseID", "LesionID")
    names = _case_names(sheets)
    cases = truth.names("CaseID").replace(names)
    lesion = truth.whole("LesionID")
    table = pd.DataFrame(
        {
            "case": cases,
            "truth": (lesion > 0).astype(int),
            "lesion": lesion,
            "weight": truth.numbers("Weight", empty=True) if "Weight" in truth else np.nan,
        }
    )
    known = frozenset(cases)
    parts = [
        _marks(_sheet(sheets, kind, path), names, known, lesions=lesions)
        for kind, lesions in ((NL_SHEETS, False), (LL_SHEETS, True))
    ]
    marks = pd.concat(parts, ignore_index=True)
    return Workbook(marks, table, _reads(truth, cases), _paradigm(truth))


def read_rjafroc(path: str | Path) -> pd.DataFrame:
    """Read a ROC workbook as a tidy table of reads.

    Raises
    ------
    DataError
        As `read_workbook`, and for an FROC workbook.
    """
    book = read_workbook(path)
    several = book.truth["lesion"].max() > 1 or book.marks.duplicated(KEYS).any()
    if book.paradigm == "FROC" or several:
        raise DataError(
            f"{Path(path).name} holds FROC marks; give it to the froc command, or convert it with "
            "--truth"
        )
    by_case = book.truth.drop_duplicates("case").set_index("case")["truth"]
    found = book.marks.assign(truth=book.marks["case"].map(by_case))
    return found[["reader", "modality", "case", "truth", "rating"]]


def read_rjafroc_froc(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a workbook as tables of marks and of truth (a row a lesion, lesion 0 without)."""
    book = read_workbook(path)
    return book.marks, book.truth


def write_rjafroc(dataset: Dataset, path: str | Path) -> None:
    """Write a crossed ROC study as a workbook that RJafroc reads.

    Raises
    ------
    DataError
        When reads are missing: the workbook's ROC form has a rating for each.
    """
    if not dataset.complete:
        raise DataError("an RJafroc ROC workbook holds crossed studies only; write .imrmc")
    reads = dataset.table()
    marks = reads.assign(lesion=reads["truth"])[[*KEYS, "lesion", "rating"]]
    truth = pd.DataFrame({"case": dataset.cases, "truth": dataset.truth.astype(int)}).assign(
        lesion=lambda t: t["truth"], weight=lambda t: t["truth"].astype(float)
    )
    _write(marks, truth, reads, Path(path), paradigm="ROC")


def write_rjafroc_froc(
    marks: pd.DataFrame,
    truth: pd.DataFrame,
    path: str | Path,
    reads: pd.DataFrame | None = None,
) -> None:
    """Write FROC marks and truth as a workbook that RJafroc reads.

    Parameters
    ----------
    marks
        Columns reader, modality, case, lesion (0: NL) and rating. Duplicates that count as
        neither (no lesion) have no place in a workbook and are left out.
    truth
        Columns case, truth, lesion and, if known, weight; lesion 0 for a case without. Without
        weights the lesions of a case weigh the same.
    reads
        reader, modality, case of every read made; all of them when None.

    Raises
    ------
    DataError
        For a missing column, or reads that are not, case by case, some readers in some
        modalities.
    """
    need_columns(marks, [*KEYS, "lesion", "rating"], "the marks")
    need_columns(truth, ["case", "truth", "lesion"], "the truth")
    marks = marks[marks["lesion"].notna()]
    if "weight" not in truth:
        number = truth.groupby("case")["lesion"].transform("size")
        truth = truth.assign(weight=np.where(truth["lesion"] > 0, 1 / number, 0.0))
    _write(marks, truth, marks if reads is None else reads, Path(path), paradigm="FROC")


def _write(
    marks: pd.DataFrame, truth: pd.DataFrame, reads: pd.DataFrame, path: Path, *, paradigm: str
) -> None:
    kinds: tuple[Kind, ...] = ("reader", "modality")
    for kind in kinds:
        RULES.check(kind, marks[kind].astype(str).unique())
    RULES.check("case", truth["case"].astype(str).unique())
    _check_digits(marks["rating"].astype(float))
    # RJafroc expects cases without disease first.
    truth = truth.sort_values("truth", kind="stable")
    numbers = _case_numbers(truth["case"].astype(str))
    readers, modalities = _lists(truth["case"].astype(str), reads, is_listed=reads is not marks)
    sheet = pd.DataFrame(
        {
            "CaseID": truth["case"].astype(str).map(numbers),
            "LesionID": truth["lesion"].astype(int),
            "Weight": truth["weight"].astype(float),
            "ReaderID": readers,
            "ModalityID": modalities,
            "Paradigm": [paradigm, "FCTRL", *[None] * len(truth)][: len(truth)],
        }
    )
    rows = pd.DataFrame(
        {
            "ReaderID": marks["reader"].astype(str),
            "ModalityID": marks["modality"].astype(str),
            "CaseID": marks["case"].astype(str).map(numbers),
            "LesionID": marks["lesion"].astype(int),
            "Rating": marks["rating"].astype(float),
        }
    )
    localised = rows["LesionID"] > 0
    nl = rows[~localised].drop(columns="LesionID").rename(columns={"Rating": "NLRating"})
    ll = rows[localised].rename(columns={"Rating": "LLRating"})
    cases = pd.DataFrame({"CaseID": list(numbers.values()), "Name": list(numbers)})
    with pd.ExcelWriter(path, engine="openpyxl") as book:
        for name, content in (("LL", ll), ("NL", nl), ("TRUTH", sheet), ("CASES", cases)):
            content.to_excel(book, sheet_name=name, index=False)


def _lists(
    cases: pd.Series, reads: pd.DataFrame, *, is_listed: bool
) -> tuple[list[str], list[str]]:
    """Readers and modalities of each row of TRUTH, as "1, 2".

    `is_listed` says that `reads` is the list of reads; otherwise everybody read everything.
    """
    text = reads[KEYS].astype(str)
    everyone, everything = (list(dict.fromkeys(text[name])) for name in KEYS[:2])
    if not is_listed:
        return [", ".join(everyone)] * len(cases), [", ".join(everything)] * len(cases)
    by_case = {
        str(case): (set(own["reader"]), set(own["modality"]), len(own.drop_duplicates()))
        for case, own in text.groupby("case")
    }
    readers, modalities = [], []
    for case in cases:
        own, where, number = by_case.get(case, (set(), set(), 0))
        if number != len(own) * len(where):
            raise DataError(
                f"case {case}: a workbook holds the same modalities for every reader of a case; "
                "keep the tables"
            )
        readers.append(", ".join(name for name in everyone if name in own))
        modalities.append(", ".join(name for name in everything if name in where))
    return readers, modalities


def _check_digits(ratings: pd.Series) -> None:
    """A cell of a workbook holds 16 digits: refuse ratings that it would make equal."""
    values = ratings.unique()
    if len({f"{value:.16g}" for value in values}) < len(values):
        raise DataError(
            "two ratings differ only beyond the 16 digits that a workbook holds, and would be "
            "tied; write .csv, .parquet or .imrmc"
        )


def _case_numbers(cases: pd.Series) -> dict[str, int]:
    """Whole numbers stay; other names are numbered in order."""
    names = list(dict.fromkeys(cases))
    if all(name.isdecimal() and name == str(int(name)) for name in names):
        return {name: int(name) for name in names}
    return {name: number for number, name in enumerate(names, start=1)}


def _sheet(sheets: dict[str, Sheet], names: tuple[str, ...], path: Path) -> Sheet:
    found = next((sheets[name] for name in names if name in sheets), None)
    if found is None:
        raise DataError(f"{path.name} has no sheet {' or '.join(names)}")
    return found


def _case_names(sheets: dict[str, Sheet]) -> dict[str, str]:
    """Names by number from the sheet CASES, where there is one."""
    if "CASES" not in sheets:
        return {}
    sheet = sheets["CASES"]
    sheet.need("CaseID", "Name")
    return dict(zip(sheet.names("CaseID"), sheet.names("Name"), strict=True))


def _marks(
    sheet: Sheet, names: dict[str, str], known: frozenset[str], *, lesions: bool
) -> pd.DataFrame:
    """Marks of a sheet; the rating is its last column whatever it is called."""
    sheet.need("ReaderID", "ModalityID", "CaseID", *(["LesionID"] if lesions else []))
    case = sheet.names("CaseID").replace(names)
    sheet.refuse(~case.isin(known), lambda at: f"case {case[at]} is not in TRUTH")
    return pd.DataFrame(
        {
            "reader": sheet.names("ReaderID"),
            "modality": sheet.names("ModalityID"),
            "case": case,
            "lesion": sheet.whole("LesionID") if lesions else 0,
            "rating": sheet.numbers(sheet.last),
        }
    )


def _reads(truth: Sheet, cases: pd.Series) -> pd.DataFrame | None:
    """Every read that TRUTH lists."""
    if "ReaderID" not in truth or "ModalityID" not in truth:
        return None
    columns = [truth.lists(name) for name in ("ReaderID", "ModalityID")]
    if not any(own for own in columns[0]) or not any(own for own in columns[1]):
        return None
    rows = [
        (reader, modality, case)
        for case, readers, modalities in zip(cases, *columns, strict=True)
        for reader, modality in itertools.product(readers, modalities)
    ]
    return pd.DataFrame(rows, columns=KEYS).drop_duplicates(ignore_index=True)


def _paradigm(truth: Sheet) -> str:
    """RJafroc has it in the first rows of a column of TRUTH."""
    if "Paradigm" not in truth:
        return ""
    said = {value for own in truth.lists("Paradigm") for value in own}
    return next((name for name in ("FROC", "ROC") if name in said), "")
