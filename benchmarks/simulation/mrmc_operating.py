"""Type I error and coverage of the MRMC methods on Roe-Metz data, over a grid of studies.

    python -m benchmarks.simulation.mrmc_operating --trials 1000 --out operating.csv

Each row of the output is a method at a grid point: the share of trials with p < 0.05 when the
modalities are equal, the coverage of the 95 % interval of the difference (0) and of a single
modality's AUC, each with its Monte Carlo standard error. The same seed gives the same numbers
whatever the number of processes.
"""

import argparse
import csv
import itertools
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

import analysis
from analysis.simulation.roe_metz import dataset, with_auc

READERS, CASES, AUCS = (3, 5, 10, 20), (40, 120, 400), (0.70, 0.85, 0.95)
METHODS = {
    "OR jackknife": {"method": "or", "covariance": "jackknife"},
    "OR DeLong": {"method": "or", "covariance": "delong"},
    "OR unbiased": {"method": "or", "covariance": "unbiased"},
    "DBM": {"method": "dbm"},
    "U-statistics": {"method": "ustat", "covariance": "unbiased"},
}
COLUMNS = ("method", "readers", "cases", "auc", "structure", "trials",
           "type_1", "type_1_se", "cover_difference", "cover_auc")  # fmt: skip


def point(job: tuple[int, int, float, str, int, int]) -> list[dict[str, object]]:
    """All methods at one grid point, on the same simulated studies."""
    readers, cases, auc, name, trials, seed = job
    rng = np.random.default_rng([seed, readers, cases, round(100 * auc)])
    model = with_auc(auc, name)
    hits = {method: np.zeros(4) for method in METHODS}
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(trials):
            half = cases // 2
            data = dataset(model, readers=readers, healthy=half, diseased=cases - half, rng=rng)
            for method, options in METHODS.items():
                hits[method] += one(data, options, model.auc())
    return [row(method, counts, (readers, cases, auc, name)) for method, counts in hits.items()]


def one(data: analysis.Dataset, options: dict[str, str], truth: float) -> np.ndarray:
    """Whether p < 0.05, the difference's interval holds 0, the AUC's holds the truth, and 1."""
    result = analysis.mrmc(data, **options)
    difference, single = result.differences[0], result.modalities[0]
    p_value = result.test.p_value
    return np.array([
        p_value < 0.05,
        difference.ci_low <= 0 <= difference.ci_high,
        single.ci_low <= truth <= single.ci_high,
        1.0,
    ])  # fmt: skip


def row(method: str, counts: np.ndarray, where: tuple[int, int, float, str]) -> dict[str, object]:
    share, trials = counts[:3] / counts[3], counts[3]
    error = np.sqrt(share[0] * (1 - share[0]) / trials)
    values = (method, *where, int(trials), *(round(float(x), 4) for x in (
        share[0], error, share[1], share[2])))  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--structure", default="HL", choices=["HH", "HL", "LH", "LL"])
    parser.add_argument("--cases", type=int, nargs="+", default=CASES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("operating.csv"))
    args = parser.parse_args()
    jobs = [
        (*where, args.structure, args.trials, args.seed)
        for where in itertools.product(READERS, args.cases, AUCS)
    ]
    rows: list[dict[str, object]] = []
    with ProcessPoolExecutor(args.processes) as pool:
        for found in tqdm(pool.map(point, jobs), total=len(jobs), file=sys.stderr):
            rows += found
    with args.out.open("w", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
