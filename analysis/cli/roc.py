"""``python -m analysis roc``: ROC curves of readers, fitted or not, and their averages."""

import argparse
import sys
from pathlib import Path

from analysis.io.files import read_reads
from analysis.io.page import write_page
from analysis.labels import CURVES
from analysis.results import to_json_text
from analysis.roc import roc_curves

EXAMPLES = """\
examples:
  python -m analysis roc reads.csv
  python -m analysis roc reads.csv --fit binormal --json
  python -m analysis roc reads.csv --fit contaminated --average diagonal --report roc.html

reads.csv as for mrmc. The areas under the vertical and the diagonal average are the readers' mean
areas; that under the pooled curve is not.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "roc",
        help="ROC curves of readers, fitted or not, and their averages",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("reads", type=Path, help="table of reads")
    add("--fit", default="empirical", choices=["empirical", "binormal", "contaminated"])
    add("--average", default="vertical", choices=["vertical", "diagonal", "pooled"])
    add("--json", action="store_true", help="print curves, areas and parameters as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with the figure")


def run(args: argparse.Namespace) -> int:
    """Draw, print, write the report; 0."""
    result = roc_curves(read_reads(args.reads), kind=args.fit, average=args.average)
    if args.json:
        sys.stdout.write(to_json_text(result.to_json()))
    else:
        table = result.frame().to_string(index=False, na_rep="", float_format=lambda x: f"{x:.6g}")
        sys.stdout.write(f"{result.statement()}\n\n{table}\n")
    if args.report is not None:
        tables = {"Areas": result.frame().rename(columns=CURVES)}
        write_page(result, args.report, "ROC curves", tables=tables)
    return 0
