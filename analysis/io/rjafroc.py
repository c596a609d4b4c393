"""RJafroc workbooks: sheets TRUTH, NL (or FP) and LL (or TP), for ROC and FROC.

RJafroc needs whole numbers for cases; other names get numbers, and a sheet CASES (which RJafroc
ignores) keeps them. https://dpc10ster.github.io/RJafroc/
"""

from pathlib import Path

import pandas as pd

from analysis.dataset import Dataset
from analysis.tables import DataError, need_columns

NL_SHEETS, LL_SHEETS = ("NL", "FP"), ("LL", "TP")
TRUTH = ["CaseID", "LesionID", "Weight", "ReaderID", "ModalityID", "Paradigm"]
IDS = ("CaseID", "ReaderID", "ModalityID")


def read_rjafroc(path: str | Path) -> pd.DataFrame:
    """Read a ROC workbook as a tidy table of reads.

    Raises
    ------
    DataError
        For a missing sheet or column, or an FROC workbook.
    """
    marks, truth = read_rjafroc_froc(path)
    if truth["lesion"].max() > 1 or marks.duplicated(["reader", "modality", "case"]).any():
        raise DataError(f"{Path(path).name} holds FROC marks; use the froc command")
    by_case = truth.drop_duplicates("case").set_index("case")["truth"]
    found = marks.assign(truth=marks["case"].map(by_case))
    return found[["reader", "modality", "case", "truth", "rating"]]


def read_rjafroc_froc(path: str | Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read a workbook as tables of marks and of truth (a row a lesion, lesion 0 without)."""
    sheets = _sheets(Path(path))
    truth_sheet = _sheet(sheets, ("TRUTH",), path)
    need_columns(truth_sheet, TRUTH[:3], "sheet TRUTH")
    names = _case_names(sheets)
    truth = pd.DataFrame(
        {
            "case": truth_sheet["CaseID"].map(names.get).fillna(truth_sheet["CaseID"]),
            "truth": (pd.to_numeric(truth_sheet["LesionID"]) > 0).astype(int),
            "lesion": pd.to_numeric(truth_sheet["LesionID"]).astype(int),
            "weight": pd.to_numeric(truth_sheet["Weight"]),
        }
    )
    parts = [
        _marks(_sheet(sheets, kind, path), names, lesions=lesions)
        for kind, lesions in ((NL_SHEETS, False), (LL_SHEETS, True))
    ]
    return pd.concat(parts, ignore_index=True), truth


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
    marks = reads.assign(lesion=reads["truth"])[["reader", "modality", "case", "lesion", "rating"]]
    truth = pd.DataFrame({"case": dataset.cases, "truth": dataset.truth.astype(int)}).assign(
        lesion=lambda t: t["truth"], weight=lambda t: t["truth"].astype(float)
    )
    _write(marks, truth, Path(path), paradigm="ROC")


def write_rjafroc_froc(marks: pd.DataFrame, truth: pd.DataFrame, path: str | Path) -> None:
    """Write FROC marks and truth as a workbook that RJafroc reads.

    Parameters
    ----------
    marks
        Columns reader, modality, case, lesion (0: NL) and rating.
    truth
        Columns case, truth, lesion and weight; lesion 0 for a case without.
    """
    need_columns(marks, ["reader", "modality", "case", "lesion", "rating"], "the marks")
    need_columns(truth, ["case", "truth", "lesion", "weight"], "the truth")
    _write(marks, truth, Path(path), paradigm="FROC")


def _write(marks: pd.DataFrame, truth: pd.DataFrame, path: Path, *, paradigm: str) -> None:
    # RJafroc expects cases without disease first.
    truth = truth.sort_values("truth", kind="stable")
    numbers = _case_numbers(truth["case"].astype(str))
    everyone = ", ".join(dict.fromkeys(marks["reader"].astype(str)))
    everything = ", ".join(dict.fromkeys(marks["modality"].astype(str)))
    sheet = pd.DataFrame(
        {
            "CaseID": truth["case"].astype(str).map(numbers),
            "LesionID": truth["lesion"].astype(int),
            "Weight": truth["weight"].astype(float),
            "ReaderID": everyone,
            "ModalityID": everything,
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


def _case_numbers(cases: pd.Series) -> dict[str, int]:
    """Whole numbers stay; other names are numbered in order."""
    names = list(dict.fromkeys(cases))
    if all(name.isdecimal() and name == str(int(name)) for name in names):
        return {name: int(name) for name in names}
    return {name: number for number, name in enumerate(names, start=1)}


def _sheets(path: Path) -> dict[str, pd.DataFrame]:
    try:
        sheets = pd.read_excel(path, sheet_name=None, dtype=dict.fromkeys((*IDS, "Name"), str))
    except ValueError as error:
        raise DataError(f"{path.name} is no Excel workbook: {error}") from error
    return {name.upper(): sheet for name, sheet in sheets.items()}


def _sheet(
    sheets: dict[str, pd.DataFrame], names: tuple[str, ...], path: str | Path
) -> pd.DataFrame:
    found = next((sheets[name] for name in names if name in sheets), None)
    if found is None:
        raise DataError(f"{Path(path).name} has no sheet {' or '.join(names)}")
    return found


def _case_names(sheets: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Names by number from the sheet CASES, where there is one."""
    if "CASES" not in sheets:
        return {}
    sheet = sheets["CASES"]
    return dict(zip(sheet["CaseID"], sheet["Name"], strict=True))


def _marks(sheet: pd.DataFrame, names: dict[str, str], *, lesions: bool) -> pd.DataFrame:
    """Marks of a sheet; the rating is its last column whatever it is called."""
    need_columns(sheet, [*IDS, *(["LesionID"] if lesions else [])], "a sheet of marks")
    return pd.DataFrame(
        {
            "reader": sheet["ReaderID"],
            "modality": sheet["ModalityID"],
            "case": sheet["CaseID"].map(names.get).fillna(sheet["CaseID"]),
            "lesion": pd.to_numeric(sheet["LesionID"]).astype(int) if lesions else 0,
            "rating": pd.to_numeric(sheet.iloc[:, -1]),
        }
    )
