"""``python -m analysis reproduce``: recompute the report of an exported bundle."""

import argparse
import sys
from pathlib import Path

from analysis.figures import svg
from analysis.io.page import sheet
from analysis.report import Report
from analysis.report.bundle import differences, expected_numbers, read_bundle, recompute
from analysis.results import to_json_text

SHOWN = 20
EXAMPLES = """\
examples:
  python -m analysis reproduce bundle.zip
  python -m analysis reproduce bundle.zip --json > numbers.json
  python -m analysis reproduce bundle.zip --figures figures/
  python -m analysis reproduce bundle.zip --report out.html

The exit status is 0 when every number is the bundle's own to the last digit, 1 when any differs.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "reproduce",
        help="recompute the report of an exported bundle",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("bundle", type=Path, help="the ZIP archive that the platform exported")
    parser.add_argument("--json", action="store_true", help="print the recomputed numbers")
    parser.add_argument("--report", type=Path, metavar="OUT.html", help="write a page with figures")
    parser.add_argument("--figures", type=Path, metavar="DIR", help="write the figures as SVG")


def run(args: argparse.Namespace) -> int:
    """Recompute, compare, say what differs; 0 or 1."""
    files = read_bundle(args.bundle)
    report = recompute(files)
    if args.figures is not None:
        args.figures.mkdir(parents=True, exist_ok=True)
        for name, make in report.figures.items():
            (args.figures / f"{name}.svg").write_bytes(svg(make()))
    expected = expected_numbers(files)
    found = {**report.numbers, "figures": sorted(report.figures)}
    lines = [] if expected is None else list(differences(expected, found))
    verdict = _verdict(lines, known=expected is not None)
    if args.report is not None:
        _write_report(report, verdict, args.bundle.name, args.report)
    if args.json:
        sys.stdout.write(to_json_text(found))
    else:
        sys.stdout.write(f"{report.statement}\n\n{verdict}\n")
    return 1 if lines else 0


def _write_report(report: Report, verdict: str, bundle: str, path: Path) -> None:
    """The recomputed statement, figures and numbers, with what they were compared to."""
    text = sheet(
        f"Analysis of {bundle}, recomputed",
        [report.statement, *verdict.splitlines()],
        figures=(make() for make in report.figures.values()),
        tables={},
        numbers=report.numbers,
    )
    path.write_text(text, encoding="utf-8")


def _verdict(lines: list[str], *, known: bool) -> str:
    if not known:
        return "The bundle holds no numbers to compare with."
    if not lines:
        return "Every number is the bundle's own."
    more = [f"... and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
    return "\n".join([f"{len(lines)} numbers differ:", *lines[:SHOWN], *more])
