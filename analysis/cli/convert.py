"""``python -m analysis convert``: change between tidy tables and the peers' formats."""

import argparse
import sys
from pathlib import Path

from analysis.dataset import Dataset
from analysis.freeresponse.data import FrocData
from analysis.io.files import READERS, WRITERS, read_reads, write_reads
from analysis.io.rjafroc import read_workbook, write_rjafroc_froc
from analysis.io.tables import read_table, write_table

EXAMPLES = """\
examples:
  python -m analysis convert reads.csv study.imrmc
  python -m analysis convert study.imrmc reads.parquet
  python -m analysis convert reads.csv roc.xlsx                      (RJafroc, ROC)
  python -m analysis convert reads.csv study.lrc                     (OR-DBM MRMC)
  python -m analysis convert marks.csv froc.xlsx --truth truth.csv   (RJafroc, FROC)
  python -m analysis convert froc.xlsx marks.csv --truth truth.csv   (and back)
  python -m analysis convert froc.xlsx marks.csv --truth truth.csv --reads reads.csv
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


def run(args: argparse.Namespace) -> int:
    """Convert; 0."""
    if args.truth is None:
        dataset = Dataset.from_table(read_reads(args.source))
        write_reads(dataset, args.target)
        sys.stdout.write(f"{int(dataset.read.sum())} reads written to {args.target}\n")
        return 0
    _froc(args.source, args.target, args.truth, args.reads)
    return 0


def _froc(source: Path, target: Path, truth_path: Path, reads_path: Path | None) -> None:
    """Marks from a table or a workbook to the other, or to a table of another kind."""
    from_book = source.suffix.lower() == ".xlsx"
    if from_book:
        book = read_workbook(source)
        marks, truth, reads = book.marks, book.truth, book.reads
    else:
        marks, truth = read_table(source), read_table(truth_path)
        reads = None if reads_path is None else read_table(reads_path)
    words = FrocData.from_tables(marks, truth, reads).warnings
    if target.suffix.lower() == ".xlsx":
        write_rjafroc_froc(marks, truth, target, reads)
    else:
        write_table(marks, target)
        if from_book:
            write_table(truth, truth_path)
        if from_book and reads is not None and reads_path is not None:
            write_table(reads, reads_path)
    sys.stdout.write(f"{len(marks)} marks written to {target}\n")
    sys.stderr.write("".join(f"note: {each}\n" for each in words))
