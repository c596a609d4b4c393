"""``python -m analysis power``: readers and cases that a study needs."""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from analysis.freeresponse.study import froc
from analysis.interactions.parts import is_of_marks
from analysis.io.files import read_reads
from analysis.io.page import write_page
from analysis.io.tables import read_table
from analysis.multireader.study import mrmc
from analysis.planning.by_simulation import SimulatedPower, froc_power, roc_power
from analysis.planning.components import Components, conjectured, from_result
from analysis.planning.published import NAMES, STUDIES, published
from analysis.planning.roe_metz import to_roe_metz
from analysis.planning.search import of_search, parse, with_effect
from analysis.planning.study import (
    Design,
    Hypothesis,
    Plan,
    PowerResult,
    cases_for,
    power,
    readers_for,
)
from analysis.results import MrmcResult, finite, to_json_text
from analysis.simulation.study import StudyModel
from analysis.tables import DataError

EXAMPLES = """\
examples:
  python -m analysis power --pilot reads.csv --readers 6 8 10 --cases 100 200 300
  python -m analysis power --pilot reads.csv --readers 6 --target 0.8 --effect 0.04
  python -m analysis power --pilot reads.csv --cases 120 --target 0.8      (how many readers)
  python -m analysis power --pilot marks.csv --truth truth.csv --fom wafroc --readers 8 --cases 150
  python -m analysis power --auc 0.85 --effect 0.05 --readers 8 --cases 120 --report power.html
  python -m analysis power --published van-dyke --effect 0.04 --readers 8 --target 0.8
  python -m analysis power --published roe-metz-LH --auc 0.85 --effect 0.05 --readers 8 \\
      --cases 120 --design parallel --simulate 500
  python -m analysis power --search mu=1.8 nu=0.6 --fom wafroc --effect 0.05 --readers 6 \\
      --cases 100 --simulate 200
  python -m analysis power --list-published

With --pilot (a table of reads as for mrmc, or of marks as for froc) the variances are the pilot's;
with --published those of a study or model of that name; with --search those of marks under the
search model; with --auc alone they are conjectured. --simulate draws that many whole studies and
analyses each, a check of the formula: of ratings from a Roe-Metz model with the same AUC, reader
variances and correlations, of marks from the search model in which AI makes the effect.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "power",
        help="readers and cases that a study needs",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--pilot", type=Path, help="table of reads (or marks) of a pilot study")
    source.add_argument("--published", metavar="NAME", help=f"one of {', '.join(NAMES)}")
    words = "marks by the search model: mu, nu, false_rate, zeta, reader_sd, reader_arm_sd, ..."
    source.add_argument("--search", nargs="*", metavar="NAME=VALUE", help=words)
    add("--list-published", action="store_true", help="say what the names stand for, and stop")
    add("--auc", type=float, help="expected AUC, when there is no pilot")
    add("--truth", type=Path, help="the pilot's table of lesions, when it is one of marks")
    add("--fom", default="auc", help="figure of merit of the pilot, or of --search")
    add("--diseased", type=float, default=0.5, help="share of cases with disease, without a pilot")
    add("--reader-range", type=float, default=0.05, help="range of readers' gains, for --auc")
    add("--readers", type=int, nargs="+", help="numbers of readers")
    add("--cases", type=int, nargs="+", help="numbers of cases")
    add("--target", type=float, help="find the cases (or, without --readers, the readers) for it")
    add("--effect", type=float, help="true difference (default: the pilot's)")
    add("--design", default="crossed", choices=get_args(Design))
    add("--groups", type=int, default=1, help="groups of readers, for a split-plot design")
    add("--hypothesis", default="superiority", choices=get_args(Hypothesis))
    add("--margin", type=float, default=0.0)
    add("--alpha", type=float, default=0.05)
    add("--random", default="readers+cases", choices=["readers+cases", "cases", "readers"])
    add("--simulate", type=int, metavar="TRIALS", help="check every row by this many studies")
    add("--seed", type=int, default=0, help="of --simulate")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Compute, print, write the report; 0."""
    if args.list_published:
        sys.stdout.write(_list())
        return 0
    parts, mean = _components(args)
    readers, cases = _numbers(args, parts)
    result = power(
        parts,
        readers=readers,
        cases=cases,
        effect=args.effect,
        design=args.design,
        groups=args.groups,
        hypothesis=args.hypothesis,
        margin=args.margin,
        alpha=args.alpha,
        random=args.random,
    )
    drawn, notes = _simulated(args, result, mean) if args.simulate else ([], ())
    if args.json:
        tree = {**result.to_json(), "simulated": [finite(asdict(each)) for each in drawn]}
        sys.stdout.write(to_json_text(tree))
    else:
        sys.stdout.write(_text(result, drawn, notes))
    if args.report is not None:
        write_page(result, args.report, "Power")
    return 0


def _text(result: PowerResult, drawn: list[SimulatedPower], notes: tuple[str, ...]) -> str:
    lines = [result.statement(), "", result.frame().to_string(index=False), ""]
    lines += [each.statement() for each in drawn]
    lines += [f"note: {words}" for words in (*result.warnings, *notes)]
    return "\n".join(lines).rstrip("\n") + "\n"


def _list() -> str:
    lines = [f"{name:16} {each.components.source}" for name, each in STUDIES.items()]
    lines += [
        f"{name:16} Roe and Metz 1997 (data correlation, reader variance High or Low); with --auc"
        for name in NAMES
        if name not in STUDIES
    ]
    return "\n".join(lines) + "\n"


def _components(args: argparse.Namespace) -> tuple[Components, float | None]:
    """The variances, and the mean AUC of the two modalities where it is known."""
    if not 0 < args.diseased < 1:
        raise DataError("--diseased is a share between 0 and 1")
    diseased = round(1000 * args.diseased)
    if args.pilot is not None:
        pilot = _pilot(args)
        return from_result(pilot), sum(each.estimate for each in pilot.modalities[:2]) / 2
    if args.published is not None:
        found = published(args.published, auc=args.auc, diseased=diseased, healthy=1000 - diseased)
        known = STUDIES.get(args.published)
        return found, args.auc if known is None else known.mean
    if args.search is not None:
        if not is_of_marks(args.fom, has_marks=True):
            raise DataError("--search is of marks: say --fom wafroc, or another one of marks")
        return of_search(parse(args.search), args.fom, diseased=args.diseased)
    if args.auc is None:
        raise DataError("say where the variances are from: --pilot, --published, --search or --auc")
    found = conjectured(
        args.auc, diseased=diseased, healthy=1000 - diseased, reader_range=args.reader_range
    )
    return found, args.auc


def _pilot(args: argparse.Namespace) -> MrmcResult:
    if not is_of_marks(args.fom, has_marks=args.truth is not None):
        return mrmc(read_reads(args.pilot), fom=args.fom, alpha=args.alpha)
    if args.truth is None:
        raise DataError(f"{args.fom} is of marks: say --truth, the table of lesions, too")
    return froc(read_table(args.pilot), read_table(args.truth), fom=args.fom, alpha=args.alpha)


def _numbers(args: argparse.Namespace, parts: Components) -> tuple[list[int], list[int]]:
    """Numbers of readers and of cases, one of them found where a target asks for it."""
    if args.target is None:
        if not args.readers or not args.cases:
            raise DataError("say --readers and --cases, or one of them and --target")
        return args.readers, args.cases
    effect = parts.effect if args.effect is None else args.effect
    if effect is None:
        raise DataError("say --effect: these variances come without one")
    plan = Plan(
        effect, args.design, args.groups, args.hypothesis, args.margin, args.alpha, args.random
    )
    if args.readers:
        return args.readers, _found(
            (cases_for(parts, plan, readers=j, target=args.target) for j in args.readers),
            "no number of cases reaches the target with these readers: the readers' own spread "
            "limits the power; plan more readers",
        )
    if not args.cases:
        raise DataError("say --readers or --cases beside --target")
    return _found(
        (readers_for(parts, plan, cases=k, target=args.target) for k in args.cases),
        "no number of readers reaches the target with these cases: the cases limit the power; "
        "plan more cases",
    ), args.cases


def _found(found: "Iterator[tuple[int, object] | None]", words: str) -> list[int]:
    numbers = sorted({each[0] for each in found if each is not None})
    if not numbers:
        raise DataError(words)
    return numbers


def _simulated(
    args: argparse.Namespace, result: PowerResult, mean: float | None
) -> tuple[list[SimulatedPower], tuple[str, ...]]:
    """Each row again by simulation, from the model that the components stand for."""
    if args.search is not None:
        return _simulated_marks(args, result)
    if mean is None or is_of_marks(args.fom, has_marks=args.truth is not None):
        raise DataError("--simulate draws ratings: it needs an AUC; marks are drawn with --search")
    if args.published in STUDIES and STUDIES[args.published].fom != "auc":
        raise DataError(f"--simulate draws ratings, and {args.published} is of marks")
    effect, drawn = result.plan.effect, []
    notes: tuple[str, ...] = ()
    for row in result.rows:
        healthy, diseased = _classes(args, row.cases)
        model, notes = to_roe_metz(
            result.components, mean - effect / 2, gain=effect, healthy=healthy, diseased=diseased
        )
        drawn.append(
            roc_power(
                model,
                readers=row.readers,
                healthy=healthy,
                diseased=diseased,
                plan=result.plan,
                trials=args.simulate,
                seed=args.seed,
                progress=sys.stderr.isatty(),
            )
        )
    return drawn, notes


def _simulated_marks(
    args: argparse.Namespace, result: PowerResult
) -> tuple[list[SimulatedPower], tuple[str, ...]]:
    """Each row again by marks of the search model, in which AI makes the effect."""
    model = parse(args.search)
    if result.plan.effect:
        model = with_effect(model, result.plan.effect, args.fom, diseased=args.diseased)
    drawn = []
    for row in result.rows:
        healthy, diseased = _classes(args, row.cases)
        drawn.append(
            froc_power(
                StudyModel(search=model),
                readers=row.readers,
                healthy=healthy,
                diseased=diseased,
                fom=args.fom,
                plan=result.plan,
                trials=args.simulate,
                seed=args.seed,
                progress=sys.stderr.isatty(),
            )
        )
    gains = f"AI adds {model.ai_logit_nu:.3g} to logit nu, {model.ai_log_false:.3g} to log lambda."
    return drawn, (gains,)


def _classes(args: argparse.Namespace, cases: int) -> tuple[int, int]:
    """Cases without and with disease."""
    diseased = round(cases * args.diseased)
    return cases - diseased, diseased
