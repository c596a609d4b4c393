"""``python -m analysis mrmc``: compare modalities on a ROC figure of merit."""

import argparse
import sys
from pathlib import Path

import pandas as pd

from analysis.dataset import Dataset
from analysis.figures import roc_figure
from analysis.fom.registry import NAMES
from analysis.io.files import read_reads
from analysis.io.page import write_page
from analysis.io.tables import read_table
from analysis.multireader.standalone import beside_ai, standalone
from analysis.multireader.study import Options, mrmc
from analysis.results import MrmcResult, to_json_text
from analysis.tables import DataError

EXAMPLES = """\
examples:
  python -m analysis mrmc reads.csv
  python -m analysis mrmc reads.csv --fom auc --method or --covariance delong --json
  python -m analysis mrmc reads.csv --fom pauc:fpf=0..0.3 --random cases
  python -m analysis mrmc reads.csv --margin 0.05 --reference control --report out.html
  python -m analysis mrmc reads.csv --interval logit           (AUCs near 1, few cases)
  python -m analysis mrmc study.imrmc --method ustat
  python -m analysis mrmc unaided.csv --ai ai.csv             (readers against stand-alone AI)
  python -m analysis mrmc unaided.csv --ai ai.csv --margin 0.05 --reference readers

reads.csv has the columns reader, modality, case, truth (0 or 1) and rating; other files are
taken by their suffix (.parquet, .xlsx of RJafroc, .imrmc, .lrc of OR-DBM).
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "mrmc",
        help="compare modalities on a ROC figure of merit",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("reads", type=Path, help="table of reads")
    add("--fom", default="auc", help=f"figure of merit: {', '.join(NAMES)} (default auc)")
    add("--method", default="or", choices=["or", "dbm", "ustat"])
    add(
        "--covariance",
        choices=["jackknife", "delong", "unbiased", "bootstrap", "mle"],
        help="default jackknife; dbm always has the jackknife, ustat the unbiased moments unless "
        "mle is asked for",
    )
    add(
        "--random",
        default="readers+cases",
        choices=["readers+cases", "cases", "readers"],
        help="cases: readers fixed; readers: cases fixed",
    )
    add("--alpha", type=float, default=0.05, help="intervals are two-sided 1 - alpha")
    add(
        "--interval",
        default="wald",
        choices=["wald", "logit"],
        help="of one modality by itself; logit holds near 1 with few cases (both are in the JSON)",
    )
    add("--margin", type=float, help="test non-inferiority and equivalence by this margin")
    add("--reference", help="modality that the margin is counted from")
    add("--adjust", default="holm", choices=["none", "bonferroni", "holm", "hochberg"])
    add("--missing", default="use", choices=["use", "complete-cases"])
    add("--replicates", type=int, default=2000, help="bootstrap replicates")
    add("--seed", type=int, default=20240229, help="bootstrap seed")
    add("--ai", type=Path, metavar="AI.csv", help="compare the readers with an algorithm's ratings")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Analyse, print, write the report; 0."""
    reads = read_reads(args.reads)
    ai = None if args.ai is None else read_table(args.ai)
    result = _compared(reads, args) if ai is None else _against_ai(reads, ai, args)
    sys.stdout.write(to_json_text(result.to_json()) if args.json else as_text(result))
    if args.report is not None:
        shown = reads if ai is None else beside_ai(reads, ai)
        figures = [roc_figure(Dataset.from_table(shown))]
        title = f"Comparison of {result.label}"
        write_page(result, args.report, title, figures=figures, tables=result.tables())
    return 0


def _options(args: argparse.Namespace) -> Options:
    return Options(
        reference=args.reference,
        adjustment=args.adjust,
        missing=args.missing,
        replicates=args.replicates,
        seed=args.seed,
        interval=args.interval,
        progress=sys.stderr.isatty(),
    )


def _compared(reads: pd.DataFrame, args: argparse.Namespace) -> MrmcResult:
    return mrmc(
        reads,
        fom=args.fom,
        method=args.method,
        covariance=args.covariance,
        random=args.random,
        alpha=args.alpha,
        margin=args.margin,
        options=_options(args),
    )


def _against_ai(reads: pd.DataFrame, ai: pd.DataFrame, args: argparse.Namespace) -> MrmcResult:
    if args.method != "or":
        raise DataError(f"readers against an AI are compared by method 'or', not {args.method!r}")
    return standalone(
        reads,
        ai,
        fom=args.fom,
        covariance=args.covariance or "jackknife",
        random=args.random,
        alpha=args.alpha,
        margin=args.margin,
        options=_options(args),
    )


def as_text(result: MrmcResult) -> str:
    """The statement and the tables, for a terminal."""
    parts = [result.statement()]
    for view in ("foms", "modalities", "differences"):
        table = result.frame(view)
        if not table.empty:
            parts.append(table.to_string(index=False, float_format=lambda x: f"{x:.6g}"))
    return "\n\n".join(parts) + "\n"
