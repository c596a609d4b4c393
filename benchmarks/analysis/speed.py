"""Time and memory of MRMC analyses by size, each in a process of its own.

    python -m benchmarks.analysis.speed            the whole table (some minutes)
    python -m benchmarks.analysis.speed --quick    the sizes that have a target

Wall and CPU seconds are the best of three; memory is the growth of the peak resident size over
the tidy table itself. Numbers of one machine are in docs/statistics/speed.md.
"""

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import pandas as pd

import analysis
from analysis.dataset import Dataset
from analysis.multireader.study import Options

Size = tuple[int, int, int]  # readers, modalities, cases
TARGETS: list[tuple[Size, str, str, float]] = [
    ((20, 2, 2000), "table", "jackknife", 0.1),
    ((20, 2, 2000), "table", "delong", 0.1),
    ((20, 2, 2000), "arrays", "jackknife", 0.03),
    ((20, 2, 2000), "arrays", "delong", 0.03),
    ((20, 2, 2000), "table", "ustat-missing", 2.0),
    ((10, 2, 500), "arrays", "bootstrap", 20.0),
    ((100, 4, 20000), "table", "jackknife", 10.0),
]
GROWTH: list[tuple[Size, str, str, float]] = [
    (size, "arrays", method, float("nan"))
    for size in [(5, 2, 114), (20, 2, 500), (20, 2, 2000), (20, 2, 8000), (20, 2, 32000)]
    for method in ("jackknife", "delong", "unbiased", "ustat-missing", "dbm")
    if not (method in ("unbiased", "ustat-missing") and size[2] > 8000)
]
COLUMNS = "readers x modalities x cases | from | method | wall s | CPU s | peak MB | target s"


def simulated(size: Size, missing: float) -> Dataset:
    """Reads with reader, case and residual spread; the values do not matter, their number does."""
    readers, modalities, cases = size
    rng = np.random.default_rng(1)
    truth = np.arange(cases) % 2 == 0
    ratings = rng.normal(size=(modalities, readers, cases)) + 1.4 * truth
    if missing:
        ratings[rng.random(ratings.shape) < missing] = np.nan
    return Dataset(
        ratings,
        truth,
        tuple(f"M{i}" for i in range(modalities)),
        tuple(f"R{j}" for j in range(readers)),
        tuple(f"c{k}" for k in range(cases)),
    )


def tidy(dataset: Dataset) -> pd.DataFrame:
    """The table with whole-number names, as most studies have them."""
    i, j, k = np.nonzero(dataset.read)
    return pd.DataFrame(
        {
            "reader": j.astype(np.int32),
            "modality": i.astype(np.int8),
            "case": k.astype(np.int32),
            "truth": dataset.truth[k].astype(np.int8),
            "rating": dataset.ratings[i, j, k],
        }
    )


def call(size: Size, source: str, method: str) -> Callable[[], object]:
    """The analysis to time, its data made already."""
    dataset = simulated(size, 0.25 if method == "ustat-missing" else 0.0)
    data: Dataset | pd.DataFrame = tidy(dataset) if source == "table" else dataset
    if method == "ustat-missing":
        return lambda: analysis.mrmc(data, method="ustat")
    if method == "dbm":
        return lambda: analysis.mrmc(data, method="dbm")
    if method == "bootstrap":
        options = Options(replicates=10_000)
        return lambda: analysis.mrmc(data, covariance="bootstrap", options=options)
    return lambda: analysis.mrmc(data, covariance=method)  # type: ignore[arg-type]  # by name


def one(size: Size, source: str, method: str) -> dict[str, float]:
    """Measure one analysis in this process."""
    work = call(size, source, method)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    walls, cpus = [], []
    for _ in range(3):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if walls[0] > 30:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"wall": min(walls), "cpu": min(cpus), "peak": peak / 1024, "base": before / 1024}


def main() -> int:
    """Print the table; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        *size, source, method = args.one
        print(json.dumps(one(tuple(map(int, size)), source, method)))  # type: ignore[arg-type]
        return 0
    print(f"| {COLUMNS} |\n|{'---|' * 7}")
    missed = 0
    for size, source, method, target in [*TARGETS, *([] if args.quick else GROWTH)]:
        words = [*map(str, size), source, method]
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.analysis.speed", "--one", *words],
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout)
        missed += found["wall"] > target
        row = (
            f"{size[0]} x {size[1]} x {size[2]:,}",
            source,
            method,
            f"{found['wall']:.4f}",
            f"{found['cpu']:.4f}",
            f"{found['peak']:.0f}",
            "" if math.isnan(target) else target,
        )
        print("| " + " | ".join(map(str, row)) + " |", flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
