"""``python -m analysis convert``: change between tidy tables and the peers' formats."""

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from analysis.dataset import Dataset
from analysis.figures import froc_figure, roc_figure
from analysis.freeresponse.data import FrocData
from analysis.io.contents import of_marks, of_reads
from analysis.io.files import READERS, WRITERS, read_reads, write_reads
from analysis.io.page import sheet
from analysis.io.rjafroc import read_workbook, write_rjafroc_froc
from analysis.io.tables import read_table, write_table
from analysis.results import to_json_text

EXAMPLES = """\
examples:
  python -m analysis convert reads.csv study.imrmc
  python -m analysis convert study.imrmc reads.parquet
  python -m analysis convert reads.csv roc.xlsx                      (RJafroc, ROC)
  python -m analysis convert reads.csv study.lrc                     (OR-DBM MRMC)
  python -m analysis convert marks.csv froc.xlsx --truth truth.csv   (RJafroc, FROC)
  python -m analysis convert froc.xlsx marks.csv --truth truth.csv   (and back)
  python -m analysis convert froc.xlsx marks.csv --truth truth.csv --reads reads.csv
  python -m analysis convert reads.csv study.imrmc --json --report study.html
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "convert",
        help="change between tidy tables, iMRMC, RJafroc and OR-DBM files",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, help=f"file to read: {', '.join(READERS)}")
    parser.add_argument("target", type=Path, help=f"file to write: {', '.join(WRITERS)}")
    parser.add_argument(
        "--truth",
        type=Path,
        help="table of truth, for FROC: read with a table of marks, written from a workbook",
    )
    parser.add_argument(
        "--reads", type=Path, help="table of the reads made, for FROC: as --truth; may be left out"
    )
    parser.add_argument("--json", action="store_true", help="print what was carried over as JSON")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Convert, print, write the report; 0."""
    if args.truth is None:
        dataset = Dataset.from_table(read_reads(args.source))
        write_reads(dataset, args.target)
        tree, words = of_reads(dataset), f"{int(dataset.read.sum())} reads"
        figure = roc_figure(dataset)
    else:
        data, marks = _froc(args.source, args.target, args.truth, args.reads)
        tree, words = of_marks(data, marks), f"{len(marks)} marks"
        figure = froc_figure(data)
    tree = {"source": args.source.name, "target": args.target.name, **tree}
    text = f"{words} written to {args.target}\n"
    sys.stdout.write(to_json_text(tree) if args.json else text)
    sys.stderr.write("".join(f"note: {each}\n" for each in tree["warnings"]))
    if args.report is not None:
        args.report.write_text(_page(tree, words, figure), encoding="utf-8")
    return 0


def _froc(
    source: Path, target: Path, truth_path: Path, reads_path: Path | None
) -> tuple[FrocData, pd.DataFrame]:
    """Marks from a table or a workbook to the other, or to a table of another kind."""
    from_book = source.suffix.lower() == ".xlsx"
    if from_book:
        book = read_workbook(source)
        marks, truth, reads = book.marks, book.truth, book.reads
    else:
        marks, truth = read_table(source), read_table(truth_path)
        reads = None if reads_path is None else read_table(reads_path)
    data = FrocData.from_tables(marks, truth, reads)
    if target.suffix.lower() == ".xlsx":
        write_rjafroc_froc(marks, truth, target, reads)
    else:
        write_table(marks, target)
        if from_book:
            write_table(truth, truth_path)
        if from_book and reads is not None and reads_path is not None:
            write_table(reads, reads_path)
    return data, marks


def _page(tree: dict[str, Any], words: str, figure: Figure) -> str:
    said = (
        f"{words} of {tree['n_readers']} readers and {tree['n_cases']} cases "
        f"({tree['n_diseased']} with disease) from {tree['source']} to {tree['target']}."
    )
    return sheet(
        f"{tree['source']} as {tree['target']}",
        [said, *(f"Note: {each}" for each in tree["warnings"])],
        figures=[figure],
        tables={"Modalities": pd.DataFrame(tree["modalities"])},
        numbers=tree,
    )
