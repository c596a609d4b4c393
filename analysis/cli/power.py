"""``python -m analysis power``: readers and cases that a study needs."""

import argparse
import sys
from pathlib import Path
from typing import get_args

from analysis.io.files import read_reads
from analysis.io.page import write_page
from analysis.multireader.study import mrmc
from analysis.planning.components import Components, conjectured, from_result
from analysis.planning.study import Design, Hypothesis, Plan, cases_for, power
from analysis.results import to_json_text
from analysis.tables import DataError

EXAMPLES = """\
examples:
  python -m analysis power --pilot reads.csv --readers 6 8 10 --cases 100 200 300
  python -m analysis power --pilot reads.csv --readers 6 --target 0.8 --effect 0.04
  python -m analysis power --auc 0.85 --effect 0.05 --readers 8 --cases 120 --report power.html

Without a pilot (a table of reads as for mrmc) the variances are conjectured from the expected AUC.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "power",
        help="readers and cases that a study needs",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--pilot", type=Path, help="table of reads of a pilot study")
    source.add_argument("--auc", type=float, help="expected AUC, when there is no pilot")
    add = parser.add_argument
    add("--fom", default="auc", help="figure of merit of the pilot")
    add("--diseased", type=float, default=0.5, help="share of cases with disease, for --auc")
    add("--reader-range", type=float, default=0.05, help="range of readers' gains, for --auc")
    add("--readers", type=int, nargs="+", required=True)
    add("--cases", type=int, nargs="+", help="numbers of cases to give the power of")
    add("--target", type=float, help="give the number of cases that reaches this power instead")
    add("--effect", type=float, help="true difference (default: the pilot's)")
    add("--design", default="crossed", choices=get_args(Design))
    add("--groups", type=int, default=1, help="groups of readers, for a split-plot design")
    add("--hypothesis", default="superiority", choices=get_args(Hypothesis))
    add("--margin", type=float, default=0.0)
    add("--alpha", type=float, default=0.05)
    add("--random", default="readers+cases", choices=["readers+cases", "cases", "readers"])
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Compute, print, write the report; 0."""
    parts = _components(args)
    cases = args.cases if args.target is None else _cases(args, parts)
    if not cases:
        raise DataError("say --cases, or --target for the number of cases that is enough")
    result = power(
        parts,
        readers=args.readers,
        cases=cases,
        effect=args.effect,
        design=args.design,
        groups=args.groups,
        hypothesis=args.hypothesis,
        margin=args.margin,
        alpha=args.alpha,
        random=args.random,
    )
    text = f"{result.statement()}\n\n{result.frame().to_string(index=False)}\n"
    sys.stdout.write(to_json_text(result.to_json()) if args.json else text)
    if args.report is not None:
        write_page(result, args.report, "Power")
    return 0


def _components(args: argparse.Namespace) -> Components:
    if args.pilot is not None:
        return from_result(mrmc(read_reads(args.pilot), fom=args.fom, alpha=args.alpha))
    if not 0 < args.diseased < 1:
        raise DataError("--diseased is a share between 0 and 1")
    diseased = round(1000 * args.diseased)
    return conjectured(
        args.auc, diseased=diseased, healthy=1000 - diseased, reader_range=args.reader_range
    )


def _cases(args: argparse.Namespace, parts: Components) -> list[int]:
    """The number of cases that reaches the target, for each number of readers that can."""
    effect = parts.effect if args.effect is None else args.effect
    if effect is None:
        raise DataError("say --effect: without a pilot there is none")
    plan = Plan(
        effect, args.design, args.groups, args.hypothesis, args.margin, args.alpha, args.random
    )
    found = [cases_for(parts, plan, readers=j, target=args.target) for j in args.readers]
    numbers = sorted({each[0] for each in found if each is not None})
    if not numbers:
        raise DataError(
            "no number of cases reaches the target with these readers: the readers' own spread "
            "limits the power; plan more readers"
        )
    return numbers
