"""``python -m analysis time``: compare reading times."""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from analysis.io.page import write_page
from analysis.io.tables import read_table
from analysis.results import to_json_text
from analysis.times.result import TimeResult
from analysis.times.study import other_limits, reading_time, sensitivity
from analysis.words import interval_text, p_text

EXAMPLES = """\
examples:
  python -m analysis time reads.csv --reference control
  python -m analysis time reads.csv --reference control --by site --outliers limits:2..1800
  python -m analysis time reads.csv --interval bootstrap --replicates 999 --seed 1 --json

reads.csv: reader, modality, case, active_s (or seconds, time, active_ms); where known period,
sequence, experience, order. Columns active_30_s, active_120_s, ... are active times under other
idle limits: the same analysis is given for each. A column censored with 1 for reads that were cut
off gives a Cox model too.
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
    add("--by", default="experience", help="column with ratios of its own (default experience)")
    add("--outliers", default="none", help="none, limits:2..1800 (seconds) or sd:3")
    add("--alpha", type=float, default=0.05, help="intervals are two-sided 1 - alpha")
    add("--interval", default="satterthwaite", choices=["satterthwaite", "bootstrap"])
    add("--replicates", type=int, default=999, help="bootstrap replicates")
    add("--seed", type=int, default=0, help="bootstrap seed")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Analyse, print, write the report; 0."""
    table = read_table(args.reads)
    result = reading_time(
        table,
        reference=args.reference,
        by=args.by,
        outliers=args.outliers,
        alpha=args.alpha,
        interval=args.interval,
        replicates=args.replicates,
        seed=args.seed,
        progress=sys.stderr.isatty(),
    )
    others = sensitivity(
        other_limits(table),
        reference=args.reference,
        by=args.by,
        outliers=args.outliers,
        alpha=args.alpha,
    )
    if args.json:
        more = {name: asdict(each.ratios[0]) for name, each in others.items()}
        sys.stdout.write(to_json_text({**result.to_json(), "sensitivity": more}))
    else:
        sys.stdout.write(_text(result, others))
    if args.report is not None:
        write_page(result, args.report, "Reading time", tables=result.tables())
    return 0


def _text(result: TimeResult, others: Mapping[str, TimeResult]) -> str:
    lines = [result.statement(), ""]
    lines.append(result.frame().to_string(index=False, float_format=lambda x: f"{x:.6g}"))
    for name, each in others.items():
        one = each.ratios[0]
        interval = interval_text(one.ci_low, one.ci_high)
        lines.append(f"{name}: ratio {one.ratio:.3f} ({interval}, {p_text(one.p_value)})")
    lines += [f"note: {words}" for words in result.warnings]
    return "\n".join(lines) + "\n"
