"""``python -m analysis convert``: change between tidy tables and the peers' formats."""

import argparse
import sys
from pathlib import Path

from analysis.dataset import Dataset
from analysis.io.files import READERS, WRITERS, read_reads, write_reads
from analysis.io.rjafroc import read_rjafroc_froc, write_rjafroc_froc
from analysis.io.tables import read_table, write_table

EXAMPLES = """\
examples:
  python -m analysis convert reads.csv study.imrmc
  python -m analysis convert study.imrmc reads.parquet
  python -m analysis convert reads.csv roc.xlsx                      (RJafroc, ROC)
  python -m analysis convert reads.csv study.lrc                     (OR-DBM MRMC)
  python -m analysis convert marks.csv froc.xlsx --truth truth.csv   (RJafroc, FROC)
  python -m analysis convert froc.xlsx marks.csv --truth truth.csv   (and back)
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
        "--truth", type=Path, help="table of truth, for FROC: read with marks, written with them"
    )


def run(args: argparse.Namespace) -> int:
    """Convert; 0."""
    if args.truth is None:
        dataset = Dataset.from_table(read_reads(args.source))
        write_reads(dataset, args.target)
        sys.stdout.write(f"{int(dataset.read.sum())} reads written to {args.target}\n")
        return 0
    if args.target.suffix == ".xlsx":
        marks = read_table(args.source)
        write_rjafroc_froc(marks, read_table(args.truth), args.target)
    else:
        marks, truth = read_rjafroc_froc(args.source)
        write_table(marks, args.target)
        write_table(truth, args.truth)
    sys.stdout.write(f"{len(marks)} marks written to {args.target}\n")
    return 0
