"""``python -m analysis agreement``: agreement of readers."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import agreement
from analysis.agreement.result import Agreement, matrix_of
from analysis.io.page import write_page
from analysis.io.tables import read_table
from analysis.results import to_json_text
from analysis.tables import DataError

Statistic = Callable[[NDArray[np.float64], float], Agreement]
STATISTICS: dict[str, Statistic] = {
    "kappa": lambda x, a: agreement.cohen_kappa(x, alpha=a),
    "kappa-linear": lambda x, a: agreement.cohen_kappa(x, weights="linear", alpha=a),
    "kappa-quadratic": lambda x, a: agreement.cohen_kappa(x, weights="quadratic", alpha=a),
    "fleiss": lambda x, a: agreement.fleiss_kappa(x, alpha=a),
    "fleiss-linear": lambda x, a: agreement.fleiss_kappa(x, weights="linear", alpha=a),
    "fleiss-quadratic": lambda x, a: agreement.fleiss_kappa(x, weights="quadratic", alpha=a),
    "ac1": lambda x, a: agreement.gwet_ac1(x, alpha=a),
    "ac2-linear": lambda x, a: agreement.gwet_ac1(x, weights="linear", alpha=a),
    "ac2-quadratic": lambda x, a: agreement.gwet_ac1(x, weights="quadratic", alpha=a),
    "alpha-nominal": lambda x, a: agreement.krippendorff_alpha(x, level="nominal", alpha=a),
    "alpha-ordinal": lambda x, a: agreement.krippendorff_alpha(x, level="ordinal", alpha=a),
    "alpha-interval": lambda x, a: agreement.krippendorff_alpha(x, level="interval", alpha=a),
    "alpha-ratio": lambda x, a: agreement.krippendorff_alpha(x, level="ratio", alpha=a),
    "icc21": lambda x, a: agreement.icc(x, model="2,1", alpha=a),
    "icc31": lambda x, a: agreement.icc(x, model="3,1", alpha=a),
    "bland-altman": lambda x, a: agreement.bland_altman(*_pair(x), alpha=a),
}
EXAMPLES = """\
examples:
  python -m analysis agreement ratings.csv --statistic icc21
  python -m analysis agreement reads.csv --modality ai --value rating --statistic fleiss --json

ratings.csv: reader, case and the value (column named by --value); with several modalities choose
one. Cases that a reader did not rate are simply not there.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "agreement",
        help="agreement of readers",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("ratings", type=Path, help="table of ratings")
    add("--statistic", default="icc21", choices=list(STATISTICS))
    add("--value", default="rating", help="column that holds the value (default rating)")
    add("--modality", help="use the reads of this modality")
    add("--threshold", type=float, help="turn values into 0 and 1 (1 from here on) first")
    add("--alpha", type=float, default=0.05, help="intervals are two-sided 1 - alpha")
    add("--json", action="store_true", help="print the result as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Compute, print, write the report; 0."""
    table = read_table(args.ratings)
    if args.modality is not None:
        table = _of_modality(table, args.modality)
    matrix, _ = matrix_of(table, args.value)
    if args.threshold is not None:
        matrix = np.where(np.isnan(matrix), np.nan, matrix >= args.threshold)
    result = STATISTICS[args.statistic](matrix, args.alpha)
    notes = "".join(f"note: {words}\n" for words in result.warnings)
    text = f"{result.statement()}\n{notes}"
    sys.stdout.write(to_json_text(result.to_json()) if args.json else text)
    if args.report is not None:
        write_page(result, args.report, "Agreement")
    return 0


def _of_modality(table: pd.DataFrame, modality: str) -> pd.DataFrame:
    if "modality" not in table.columns:
        raise DataError("the table has no column modality to choose from")
    chosen = table[table["modality"].astype(str) == modality]
    if chosen.empty:
        known = ", ".join(sorted(table["modality"].astype(str).unique()))
        raise DataError(f"no row has modality {modality!r}: there are {known}")
    return chosen.reset_index(drop=True)


def _pair(matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if matrix.shape[1] != 2:
        raise DataError(f"limits of agreement are of two readers, not {matrix.shape[1]}")
    return matrix[:, 0], matrix[:, 1]
