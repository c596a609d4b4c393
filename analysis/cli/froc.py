"""``python -m analysis froc``: compare modalities on a free-response figure of merit."""

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.cli.mrmc import as_text
from analysis.figures import froc_figure, size_figure
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.lesions import by_size
from analysis.freeresponse.named import NAMES
from analysis.freeresponse.study import froc
from analysis.io.page import write_page
from analysis.io.rjafroc import read_workbook
from analysis.io.tables import read_table
from analysis.results import MrmcResult, to_json_text
from analysis.tables import DataError

EXAMPLES = """\
examples:
  python -m analysis froc marks.csv truth.csv
  python -m analysis froc marks.csv truth.csv --fom afroc1 --random cases --json
  python -m analysis froc marks.csv truth.csv --fom froc:fp=1
  python -m analysis froc marks.csv truth.csv --fom lesion_sensitivity:mm=3..5
  python -m analysis froc marks.csv truth.csv --reads reads.csv --report out.html
  python -m analysis froc study.xlsx                              (RJafroc workbook)

marks.csv: reader, modality, case, lesion (0: non-lesion localisation, otherwise the lesion's
number), rating. truth.csv: case, truth (0 or 1), lesion, weight, diameter_mm; a row a lesion, one
row with lesion 0 for a case without. reads.csv: reader, modality, case of the reads made, needed
when some were not.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "froc",
        help="compare modalities on a FROC figure of merit",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("marks", type=Path, help="table of marks")
    add("truth", type=Path, nargs="?", help="table of lesions")
    add("--fom", default="wafroc", help=f"figure of merit: {', '.join(NAMES)} (default wafroc)")
    add("--method", default="or", choices=["or", "dbm"])
    add("--random", default="readers+cases", choices=["readers+cases", "cases", "readers"])
    add("--alpha", type=float, default=0.05, help="intervals are two-sided 1 - alpha")
    add(
        "--interval",
        default="wald",
        choices=["wald", "logit"],
        help="of one modality by itself; logit holds near 1 with few cases (both are in the JSON)",
    )
    add("--margin", type=float, help="test non-inferiority and equivalence by this margin")
    add("--reference", help="modality that the margin is counted from")
    add("--adjust", default="holm", choices=["none", "bonferroni", "holm", "hochberg"])
    add("--reads", type=Path, help="table of the reads made")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Analyse, print, write the report; 0."""
    marks, truth, reads = _tables(args.marks, args.truth)
    if args.reads is not None:
        reads = read_table(args.reads)
    result = froc(
        marks,
        truth,
        fom=args.fom,
        method=args.method,
        random=args.random,
        alpha=args.alpha,
        margin=args.margin,
        reference=args.reference,
        adjustment=args.adjust,
        interval=args.interval,
        reads=reads,
    )
    sys.stdout.write(to_json_text(result.to_json()) if args.json else as_text(result))
    if args.report is not None:
        data = FrocData.from_tables(marks, truth, reads)
        _write_report(result, data, args.report)
    return 0


def _tables(
    marks: Path, truth: Path | None
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Marks, truth and, where it says so, the reads: two tables, or one RJafroc workbook."""
    if marks.suffix.lower() == ".xlsx":
        book = read_workbook(marks)
        return book.marks, book.truth, book.reads
    if truth is None:
        raise DataError("give the table of truth after the table of marks")
    return read_table(marks), read_table(truth), None


def _write_report(result: MrmcResult, data: FrocData, path: Path) -> None:
    """The page, with FROC and AFROC curves and, where diameters are known, lesions by size."""
    figures = [froc_figure(data), froc_figure(data, kind="afroc")]
    tables = result.tables()
    if np.isfinite(data.diameter_mm).any():
        bins = by_size(data, alpha=result.alpha)
        figures.append(size_figure(bins))
        tables["Lesion sensitivity by size"] = pd.DataFrame([each.to_json() for each in bins])
    write_page(result, path, f"Comparison of {result.label}", figures=figures, tables=tables)
