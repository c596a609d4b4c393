"""``python -m analysis delineation``: agreement of delineations."""

import argparse
import sys
from pathlib import Path

from analysis.agreement.lesions import DelineatedCase, delineations
from analysis.io.masks import read_case, read_cases
from analysis.io.page import write_page
from analysis.io.tables import read_table
from analysis.results import to_json_text
from analysis.tables import DataError

EXAMPLES = """\
examples:
  python -m analysis delineation reader1.nii.gz reader2.nii.gz ai.nii.gz
  python -m analysis delineation reader1.nii.gz ai.nii.gz --reference reader1
  python -m analysis delineation files.csv --panel staple --report delineation.html

files.csv has a row a mask: case, reader, file (from the table's own folder). Masks are .nii,
.nii.gz or .npz (mask, spacing_mm) on one grid a case; of a file with several values each is a
lesion, else lesions are the connected parts.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "delineation",
        help="agreement of delineations",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("files", type=Path, nargs="+", help="masks of one case, or a table of files")
    against = parser.add_mutually_exclusive_group()
    against.add_argument("--reference", help="compare the others with this reader's masks")
    against.add_argument(
        "--panel", choices=["majority", "staple"], help="compare each with the others' consensus"
    )
    add("--tolerance", type=float, default=1.0, help="of the surface Dice, mm")
    add("--alpha", type=float, default=0.05, help="intervals are two-sided 1 - alpha")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Compare, print, write the report; 0."""
    result = delineations(
        _cases(args.files),
        reference=args.reference,
        panel=args.panel,
        tolerance_mm=args.tolerance,
        alpha=args.alpha,
    )
    table = result.frame().to_string(index=False, float_format=lambda x: f"{x:.4g}")
    text = f"{result.statement()}\n\n{table}\n"
    sys.stdout.write(to_json_text(result.to_json()) if args.json else text)
    if args.report is not None:
        write_page(result, args.report, "Delineation")
    return 0


def _cases(files: list[Path]) -> list[DelineatedCase]:
    if len(files) == 1 and files[0].suffix in (".csv", ".parquet"):
        return read_cases(read_table(files[0]), files[0].parent)
    names = [file.name.split(".")[0] for file in files]
    if len(set(names)) < len(names):
        raise DataError(f"two files have one name: {', '.join(names)}; use a table of files")
    return [read_case("1", dict(zip(names, files, strict=True)))]
