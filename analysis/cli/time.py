"""``python -m analysis time``: compare reading times."""

import argparse
import sys
from pathlib import Path

from analysis.io.page import write_page
from analysis.io.tables import read_table
from analysis.results import to_json_text
from analysis.times.study import reading_time

EXAMPLES = """\
examples:
  python -m analysis time reads.csv --reference control
  python -m analysis time reads.csv --interval bootstrap --replicates 999 --seed 1 --json

reads.csv: reader, modality, case, active_s (or seconds, time, active_ms); where known period,
sequence, experience, order.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "time",
        help="compare reading times",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("reads", type=Path, help="table of reads with their active times")
    add("--reference", help="modality that others are divided by (default: the first)")
    add("--alpha", type=float, default=0.05, help="intervals are two-sided 1 - alpha")
    add("--interval", default="satterthwaite", choices=["satterthwaite", "bootstrap"])
    add("--replicates", type=int, default=999, help="bootstrap replicates")
    add("--seed", type=int, default=0, help="bootstrap seed")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Analyse, print, write the report; 0."""
    result = reading_time(
        read_table(args.reads),
        reference=args.reference,
        alpha=args.alpha,
        interval=args.interval,
        replicates=args.replicates,
        seed=args.seed,
        progress=sys.stderr.isatty(),
    )
    table = result.frame().to_string(index=False, float_format=lambda x: f"{x:.6g}")
    notes = "".join(f"note: {words}\n" for words in result.warnings)
    text = f"{result.statement()}\n\n{table}\n{notes}"
    sys.stdout.write(to_json_text(result.to_json()) if args.json else text)
    if args.report is not None:
        write_page(result, args.report, "Reading time")
    return 0
