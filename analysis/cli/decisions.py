"""``python -m analysis decisions``: what AI does to readers' decisions."""

import argparse
import sys
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.figures import ForestRow, forest_figure
from analysis.interactions.result import Subgroups
from analysis.io.files import read_reads
from analysis.io.page import sheet
from analysis.io.tables import read_table
from analysis.results import to_json_text
from analysis.tables import check_modality, codes, need_columns
from analysis.times.automation import automation_bias
from analysis.times.decisions import changed_calls, decision_effects
from analysis.words import percent_text

CALLS = {"wrong_to_right": "Wrong to right", "right_to_wrong": "Right to wrong"}
SHARES = {
    "true_taken": "Right proposals taken",
    "true_rejected": "Right proposals rejected",
    "false_taken": "Wrong proposals taken",
    "false_rejected": "Wrong proposals rejected",
    "undecided": "Left undecided",
}
EXAMPLES = """\
examples:
  python -m analysis decisions reads.csv --reference control --threshold 50
  python -m analysis decisions reads.csv --reference control --ai ai.csv --report bias.html
  python -m analysis decisions reads.csv --reference control --proposals decisions.csv --json

reads.csv: as for mrmc. ai.csv: case and call (0 or 1), or case and rating with --ai-threshold.
decisions.csv, a row a proposal shown: reader, modality, case, decision (accepted, edited, rejected,
none), lesion (the number of the lesion it hits, 0 for a false one).
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "decisions",
        help="what AI does to readers' decisions",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("reads", type=Path, help="table of reads")
    add("--reference", required=True, help="the modality without AI")
    add("--threshold", type=float, default=50.0, help="a call is positive from this rating on")
    add("--ai", type=Path, metavar="AI.csv", help="the AI's own calls, for automation bias")
    add("--ai-threshold", type=float, help="the AI's call is positive from this rating on")
    add("--by-truth", action="store_true", help="false alarms and silence about disease apart")
    add("--proposals", type=Path, metavar="DECISIONS.csv", help="what became of each proposal")
    add("--random", default="readers+cases", choices=["readers+cases", "cases", "readers"])
    add("--alpha", type=float, default=0.05, help="intervals are two-sided 1 - alpha")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Analyse, print, write the report; 0."""
    reads = read_reads(args.reads)
    need_columns(reads, ("reader", "modality", "case", "truth", "rating"))
    names = codes(reads["modality"])[1]
    check_modality(args.reference, names)
    calls = {
        arm: changed_calls(reads, args.reference, arm, threshold=args.threshold, alpha=args.alpha)
        for arm in names
        if arm != args.reference
    }
    proposals = None
    if args.proposals is not None:
        proposals = decision_effects(read_table(args.proposals), args.alpha)
    bias = None if args.ai is None else _bias(args)
    shown = {"calls": calls, "proposals": proposals}
    tree = {**shown, "automation": None if bias is None else bias.to_json()}
    text = _text(calls, proposals, bias)
    sys.stdout.write(to_json_text(tree) if args.json else text)
    if args.report is not None:
        args.report.write_text(_page(tree, text, bias), encoding="utf-8")
    return 0


def _page(tree: dict[str, Any], text: str, bias: Subgroups | None) -> str:
    """Changes of mind, what became of proposals, and automation bias where it was asked for."""
    calls = [
        {"modality": arm, "what": f"{CALLS[turn]}, {group} cases", **found[group][turn]}
        for arm, found in tree["calls"].items()
        for group in ("diseased", "healthy")
        for turn in CALLS
    ]
    taken = [
        {"modality": arm, "what": words, **each[key]}
        for arm, each in (tree["proposals"] or {}).items()
        for key, words in SHARES.items()
    ]
    tables = {"Changes of mind": calls, "Proposals": taken}
    frames = {
        name: pd.DataFrame(rows).rename(columns={"estimate": "share"})
        for name, rows in tables.items()
    }
    rows = [
        ForestRow(each["what"], each["estimate"], each["ci_low"], each["ci_high"])
        for each in [*calls, *taken]
        if each["estimate"] is not None
    ]
    figures = [forest_figure(rows, words="Share of reads or proposals")] if rows else []
    if bias is not None:
        frames["Automation bias"] = bias.frame()
        figures.append(bias.plot())
    return sheet(
        "What AI does to decisions", text.splitlines(), figures=figures, tables=frames, numbers=tree
    )


def _bias(args: argparse.Namespace) -> Subgroups:
    return automation_bias(
        read_reads(args.reads),
        read_table(args.ai),
        control=args.reference,
        threshold=args.threshold,
        ai_threshold=args.ai_threshold,
        detail="by truth" if args.by_truth else "right or wrong",
        random=args.random,
        alpha=args.alpha,
    )


def _text(
    calls: dict[str, Any], proposals: dict[str, dict[str, Any]] | None, bias: Subgroups | None
) -> str:
    lines = []
    for arm, found in calls.items():
        for group in ("diseased", "healthy"):
            better, worse = (found[group][key] for key in ("wrong_to_right", "right_to_wrong"))
            lines.append(
                f"With {arm}, of {better['units']} pairs of reads of {group} cases "
                f"{better['events']} turned from wrong to right and {worse['events']} from right "
                "to wrong."
            )
    for arm, each in (proposals or {}).items():
        parts = [
            f"{SHARES[key].lower()} {_share(each[key])}"
            for key in ("true_taken", "false_taken", "undecided")
        ]
        lines.append(f"With {arm}: {', '.join(parts)}.")
    if bias is not None:
        lines.append(bias.statement())
    return "\n".join(lines) + "\n"


def _share(share: dict[str, Any]) -> str:
    if share["estimate"] is None:
        return "none"
    return f"{share['events']} of {share['units']} ({percent_text(share['estimate'])})"
