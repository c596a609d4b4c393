"""Type I error and coverage of the FROC analyses and of reading time on simulated crossovers.

    python -m benchmarks.simulation.froc_time_operating --trials 400 --out froc_time.csv

FROC: the search model with no effect of AI, so that every figure of merit is equal in truth.
Time: a true ratio of 0.8 with readers whose own ratios differ; missed is 1 - coverage.
"""

import argparse
import csv
import itertools
import sys
import warnings
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import analysis
from analysis.simulation.study import SimulatedStudy, StudyModel, TimeModel, simulate

READERS, CASES = (3, 5, 10), (40, 120)
FOMS = ("wafroc", "afroc", "wafroc1", "hrauc", "sensitivity", "fp_per_case")
RATIO = 0.8
COLUMNS = ("analysis", "readers", "cases", "trials", "wrong", "wrong_se")


def wrong(study: SimulatedStudy) -> dict[str, bool]:
    """Whether each analysis rejects a true hypothesis."""
    found = {
        f"FROC {fom}": analysis.froc(study.marks, study.truth, fom=fom).test.p_value < 0.05
        for fom in FOMS
    }
    ratio = analysis.reading_time(study.reads, reference="control").ratios[0]
    found["time ratio"] = not ratio.ci_low <= RATIO <= ratio.ci_high
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("froc_time.csv"))
    args = parser.parse_args()
    model = StudyModel(times=TimeModel(ratio=RATIO))
    rows: list[tuple[object, ...]] = []
    for readers, cases in tqdm(list(itertools.product(READERS, CASES)), file=sys.stderr):
        counts: dict[str, int] = {}
        with threadpool_limits(limits=1), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for trial in range(args.trials):
                half = cases // 2
                study = simulate(
                    model, readers=readers, healthy=half, diseased=half,
                    seed=args.seed * 1_000_003 + trial,
                )  # fmt: skip
                for name, is_wrong in wrong(study).items():
                    counts[name] = counts.get(name, 0) + int(is_wrong)
        for name, number in counts.items():
            share = number / args.trials
            error = np.sqrt(share * (1 - share) / args.trials)
            rows.append(
                (name, readers, cases, args.trials, round(share, 4), round(float(error), 4))
            )
    with args.out.open("w", newline="") as out:
        csv.writer(out).writerows([COLUMNS, *rows])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
