"""``python -m analysis subgroups``: whether AI helps some more than others."""

import argparse
import sys
from pathlib import Path

from analysis.interactions.study import subgroups
from analysis.io.files import read_reads
from analysis.io.page import write_page
from analysis.io.tables import read_table
from analysis.results import to_json_text

EXAMPLES = """\
examples:
  python -m analysis subgroups reads.csv --by experience --reference control
  python -m analysis subgroups reads.csv --by scanner --json
  python -m analysis subgroups reads.csv --by size --marks marks.csv --truth truth.csv \\
      --fom sensitivity --report sizes.html

reads.csv: as for mrmc, with the factor in a column of its own: one value a reader (experience,
site) or one a case (scanner). size takes diameter_mm of truth.csv. Any other column of truth.csv
divides lesions.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "subgroups",
        help="compare modalities in groups of readers, cases or lesions",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("reads", type=Path, help="table of reads")
    add("--by", required=True, help="the column that makes the groups, or size")
    add("--marks", type=Path, help="table of marks, for figures of merit of marks")
    add("--truth", type=Path, help="table of lesions")
    add("--fom", default="auc", help="any of mrmc's or froc's (default auc)")
    add("--reference", help="modality that the others are compared with (default: the first)")
    add("--random", default="readers+cases", choices=["readers+cases", "cases", "readers"])
    add("--alpha", type=float, default=0.05, help="intervals are two-sided 1 - alpha")
    add("--edges", type=float, nargs="+", default=[3.0, 5.0, 10.0], help="of sizes, mm")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Analyse, print, write the report; 0."""
    result = subgroups(
        read_reads(args.reads),
        args.by,
        marks=None if args.marks is None else read_table(args.marks),
        truth=None if args.truth is None else read_table(args.truth),
        fom=args.fom,
        control=args.reference,
        random=args.random,
        alpha=args.alpha,
        edges_mm=tuple(args.edges),
    )
    table = result.frame().to_string(index=False, float_format=lambda x: f"{x:.6g}")
    text = f"{result.statement()}\n\n{table}\n"
    sys.stdout.write(to_json_text(result.to_json()) if args.json else text)
    if args.report is not None:
        write_page(result, args.report, "Subgroups")
    return 0
