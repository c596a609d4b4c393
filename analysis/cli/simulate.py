"""``python -m analysis simulate``: simulate a reader study."""

import argparse
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.dataset import Dataset
from analysis.figures import froc_figure, roc_figure
from analysis.freeresponse.data import FrocData
from analysis.io.page import sheet
from analysis.io.tables import write_table
from analysis.results import to_json_text
from analysis.simulation.roe_metz import with_auc
from analysis.simulation.search import SearchModel
from analysis.simulation.study import SimulatedStudy, StudyModel, TimeModel, simulate
from analysis.version import VERSION

TABLES = ("reads", "marks", "truth")
EXAMPLES = """\
examples:
  python -m analysis simulate out/ --readers 8 --healthy 60 --diseased 60 --seed 1
  python -m analysis simulate out/ --auc 0.85 --gain 0.04 --time-ratio 0.8 --seed 1
  python -m analysis simulate out/ --seed 1 --json --report out/study.html

Writes reads.csv, marks.csv and truth.csv for mrmc, time and froc. The same seed gives the same
bytes. Everything in them is made up. --json prints what is true in the simulated world: the
expected AUCs, the ratio of times, and every parameter.
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
    add("--json", action="store_true", help="print what is true in the simulated world as JSON")
    add("--report", type=Path, metavar="OUT.html", help="write a page with figures")


def run(args: argparse.Namespace) -> int:
    """Simulate, write, print, write the report; 0."""
    model = StudyModel(
        ratings=with_auc(args.auc, args.structure, args.gain, mean_to_sigma=args.mean_to_sigma),
        search=replace(SearchModel(), ai_logit_nu=args.search_gain),
        times=replace(TimeModel(), ratio=args.time_ratio, fatigue=args.fatigue),
    )
    study = simulate(
        model, readers=args.readers, healthy=args.healthy, diseased=args.diseased, seed=args.seed
    )
    args.folder.mkdir(parents=True, exist_ok=True)
    for name in TABLES:
        write_table(getattr(study, name), args.folder / f"{name}.csv")
    tree = _tree(args, model, study)
    words = f"{len(study.reads)} reads and {len(study.marks)} marks written to {args.folder}\n"
    sys.stdout.write(to_json_text(tree) if args.json else words)
    if args.report is not None:
        args.report.write_text(_page(study, tree), encoding="utf-8")
    return 0


def _tree(args: argparse.Namespace, model: StudyModel, study: SimulatedStudy) -> dict[str, Any]:
    """What is true in the simulated world, and what was written."""
    ratings = model.ratings
    return {
        "truth": {
            "auc_control": ratings.auc(),
            "auc_ai": ratings.auc(with_ai=True),
            "time_ratio": model.times.ratio,
        },
        "model": {name: asdict(getattr(model, name)) for name in ("ratings", "search", "times")},
        "n_readers": args.readers,
        "n_cases": args.healthy + args.diseased,
        "n_diseased": args.diseased,
        "seed": args.seed,
        "files": {
            f"{name}.csv": {"rows": len(getattr(study, name))} for name in TABLES
        },
        "version": VERSION,
    }  # fmt: skip


def _page(study: SimulatedStudy, tree: dict[str, Any]) -> str:
    truth = tree["truth"]
    words = (
        f"A simulated crossover of {tree['n_readers']} readers and {tree['n_cases']} cases, "
        f"{tree['n_diseased']} with disease (seed {tree['seed']}). Expected AUC "
        f"{truth['auc_control']:.3f} without AI and {truth['auc_ai']:.3f} with it; reading time "
        f"with AI over without {truth['time_ratio']:g}. Everything is made up."
    )
    parameters = [
        {"what": part, "quantity": name.replace("_", " "), "value": value}
        for part, values in tree["model"].items()
        for name, value in values.items()
    ]
    marks = FrocData.from_tables(study.marks, study.truth, study.reads)
    files = [{"file": name, **each} for name, each in tree["files"].items()]
    return sheet(
        "A simulated reader study",
        [words],
        figures=[roc_figure(Dataset.from_table(study.reads)), froc_figure(marks)],
        tables={"Files": pd.DataFrame(files), "Parameters": pd.DataFrame(parameters)},
        numbers=tree,
    )
