"""``python -m analysis simulate``: simulate a reader study."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from analysis.io.tables import write_table
from analysis.simulation.roe_metz import with_auc
from analysis.simulation.search import SearchModel
from analysis.simulation.study import StudyModel, TimeModel, simulate

EXAMPLES = """\
examples:
  python -m analysis simulate out/ --readers 8 --healthy 60 --diseased 60 --seed 1
  python -m analysis simulate out/ --auc 0.85 --gain 0.04 --time-ratio 0.8 --seed 1

Writes reads.csv, marks.csv and truth.csv for mrmc, time and froc. The same seed gives the same
bytes. Everything in them is made up.
"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "simulate",
        help="simulate a reader study",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("folder", type=Path, help="where the tables go")
    add("--readers", type=int, default=6)
    add("--healthy", type=int, default=50)
    add("--diseased", type=int, default=50)
    add("--auc", type=float, default=0.85, help="expected AUC without AI")
    add("--gain", type=float, default=0.0, help="what AI adds to the AUC")
    add("--structure", default="HL", choices=["HH", "HL", "LH", "LL"], help="of Roe and Metz")
    add("--mean-to-sigma", type=float, help="of Hillis' constrained model, such as 4.5")
    add("--search-gain", type=float, default=0.0, help="what AI adds to the logit of finding")
    add("--time-ratio", type=float, default=0.8, help="time with AI over time without")
    add("--fatigue", type=float, default=0.0, help="log time added by each read of a sitting")
    add("--seed", type=int, required=True)


def run(args: argparse.Namespace) -> int:
    """Simulate and write; 0."""
    model = StudyModel(
        ratings=with_auc(args.auc, args.structure, args.gain, mean_to_sigma=args.mean_to_sigma),
        search=replace(SearchModel(), ai_logit_nu=args.search_gain),
        times=replace(TimeModel(), ratio=args.time_ratio, fatigue=args.fatigue),
    )
    study = simulate(
        model, readers=args.readers, healthy=args.healthy, diseased=args.diseased, seed=args.seed
    )
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in ("reads", "marks", "truth"):
        write_table(getattr(study, name), args.folder / f"{name}.csv")
    sys.stdout.write(
        f"{len(study.reads)} reads and {len(study.marks)} marks written to {args.folder}\n"
    )
    return 0
