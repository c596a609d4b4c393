"""``python -m analysis froc``: compare modalities on a free-response figure of merit."""

import argparse
import sys
from pathlib import Path

from analysis.cli.mrmc import as_text
from analysis.freeresponse.foms import FOMS
from analysis.freeresponse.study import froc
from analysis.io.page import write_page
from analysis.io.tables import read_table
from analysis.results import to_json_text

EXAMPLES = """\
examples:
  python -m analysis froc marks.csv truth.csv
  python -m analysis froc marks.csv truth.csv --fom afroc1 --random cases --json
  python -m analysis froc marks.csv truth.csv --reads reads.csv --report out.html

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
    add("truth", type=Path, help="table of lesions")
    add("--fom", default="wafroc", choices=list(FOMS), type=str.lower)
    add("--method", default="or", choices=["or", "dbm"])
    add("--random", default="readers+cases", choices=["readers+cases", "cases", "readers"])
    add("--alpha", type=float, default=0.05, help="intervals are two-sided 1 - alpha")
    add("--margin", type=float, help="test non-inferiority and equivalence by this margin")
    add("--reference", help="modality that the margin is counted from")
    add("--reads", type=Path, help="table of the reads made")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Analyse, print, write the report; 0."""
    result = froc(
        read_table(args.marks),
        read_table(args.truth),
        fom=args.fom,
        method=args.method,
        random=args.random,
        alpha=args.alpha,
        margin=args.margin,
        reference=args.reference,
        reads=None if args.reads is None else read_table(args.reads),
    )
    sys.stdout.write(to_json_text(result.to_json()) if args.json else as_text(result))
    if args.report is not None:
        write_page(result, args.report)
    return 0
