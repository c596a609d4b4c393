"""Time and memory of MRMC analyses, beside the peers' way of computing the same.

    python -m benchmarks.analysis.speed            everything (about ten minutes)
    python -m benchmarks.analysis.speed --quick    the sizes that have a target

Each row runs in a process of its own. Wall and CPU seconds are the least of several calls; memory
is the peak of the process, and what it grew by while the analysis ran. Numbers of one machine are
in docs/statistics/speed.md. Exit status 1 when a target is missed by wall clock and CPU time alike.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

import analysis
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.study import froc_of
from analysis.multireader.study import Options
from benchmarks.analysis import plain, studies
from benchmarks.analysis.studies import Size

REPLICATES = 10_000
FEW = 200  # draws of the plain bootstrap, whose time is proportional to them
ENOUGH_S, MOST_CALLS = 1.5, 15

# size, source, method, seconds, MB
TARGETS: list[tuple[Size, str, str, float, float]] = [
    ((20, 2, 2000), "table", "jackknife", 0.1, math.inf),
    ((20, 2, 2000), "table", "delong", 0.1, math.inf),
    ((20, 2, 2000), "arrays", "jackknife", 0.03, math.inf),
    ((20, 2, 2000), "arrays", "delong", 0.03, math.inf),
    ((20, 2, 2000), "table", "ustat-missing", 2.0, 2048),
    ((10, 2, 500), "table", "bootstrap", 20.0, math.inf),
    ((100, 4, 20000), "table", "jackknife", 10.0, 2048),
    ((100, 4, 20000), "table", "delong", 10.0, 2048),
]
# ours, the plain way, sizes
PEERS: list[tuple[str, str, list[Size]]] = [
    ("jackknife", "plain-jackknife", [(5, 2, 114), (20, 2, 500), (20, 2, 2000)]),
    ("delong", "plain-delong", [(5, 2, 114), (20, 2, 500), (20, 2, 2000)]),
    ("unbiased", "plain-unbiased", [(5, 2, 114), (20, 2, 500), (20, 2, 1000)]),
    ("bootstrap", "plain-bootstrap", [(10, 2, 500)]),
    ("froc", "plain-froc", [(4, 2, 200), (10, 2, 500)]),
]
GROWTH: list[tuple[str, list[int]]] = [
    ("jackknife", [500, 2000, 8000, 32000]),
    ("delong", [500, 2000, 8000, 32000]),
    ("dbm", [500, 2000, 8000, 32000]),
    ("froc", [500, 2000, 8000]),
    ("unbiased", [500, 1000, 2000]),
    ("ustat-missing", [500, 2000, 4000]),
    ("plain-jackknife", [250, 500, 1000]),
    ("plain-delong", [500, 1000, 2000]),
]


def call(size: Size, source: str, method: str) -> Callable[[], object]:
    """The work to time, its data made already."""
    if method in ("froc", "plain-froc"):
        tables = studies.marks(size)
        if source == "table":
            return lambda: analysis.froc(*tables)
        data = FrocData.from_tables(*tables)
        return lambda: froc_of(data, "wafroc") if method == "froc" else plain.froc_jackknife(data)
    dataset = studies.ratings(size, 0.25 if method == "ustat-missing" else 0.0)
    naive: dict[str, Callable[[], object]] = {
        "plain-jackknife": lambda: plain.jackknife(dataset),
        "plain-delong": lambda: plain.delong(dataset),
        "plain-unbiased": lambda: plain.unbiased(dataset),
        "plain-bootstrap": lambda: plain.bootstrap(dataset, FEW),
    }
    if method in naive:
        return naive[method]
    reads = studies.tidy(dataset) if source == "table" else dataset
    if method == "ustat-missing":
        return lambda: analysis.mrmc(reads, method="ustat")
    if method == "dbm":
        return lambda: analysis.mrmc(reads, method="dbm")
    options = Options(replicates=REPLICATES, progress=method == "bootstrap")
    return lambda: analysis.mrmc(reads, covariance=method, options=options)  # type: ignore[arg-type]  # by name


def one(size: Size, source: str, method: str) -> dict[str, float]:
    """Measure one row in this process."""
    work = call(size, source, method)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    walls: list[float] = []
    cpus: list[float] = []
    while len(walls) < 3 or (sum(walls) < ENOUGH_S and len(walls) < MOST_CALLS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        if walls[0] > 10:
            break
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    scale = REPLICATES / FEW if method == "plain-bootstrap" else 1
    return {
        "wall": min(walls) * scale,
        "cpu": min(cpus) * scale,
        "peak": peak / 1024,
        "grew": (peak - before) / 1024,
    }


def measured(size: Size, source: str, method: str) -> dict[str, float]:
    """Measure one row in a process of its own; a bootstrap's progress bar goes to its stderr."""
    words = [*map(str, size), source, method]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.analysis.speed", "--one", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def heading(*names: str) -> None:
    print(f"\n| {' | '.join(names)} |\n|{'---|' * len(names)}")


def row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def name(size: Size) -> str:
    return f"{size[0]} x {size[1]} x {size[2]:,}"


def targets() -> int:
    """Print the rows with a target; how many were missed."""
    heading("study", "from", "method", "wall s", "CPU s", "target s", "peak MB", "of that grown")
    missed = 0
    for size, source, method, seconds, megabytes in TARGETS:
        found = measured(size, source, method)
        # What a busy machine adds to the wall clock is not the analysis'.
        missed += min(found["wall"], found["cpu"]) > seconds or found["peak"] > megabytes
        numbers = f"{found['wall']:.3f}", f"{found['cpu']:.3f}", seconds
        row(name(size), source, method, *numbers, f"{found['peak']:.0f}", f"{found['grew']:.0f}")
    return missed


def ratios() -> None:
    """Print each method beside the plain way of computing the same, in CPU seconds.

    Here it is the whole analysis, there the covariance alone.
    """
    heading("study", "here", "CPU s", "plain way", "CPU s", "ratio", "MB grown: here, plain")
    for ours, theirs, sizes in PEERS:
        for size in sizes:
            here, there = measured(size, "arrays", ours), measured(size, "arrays", theirs)
            times = there["cpu"] / here["cpu"]
            ratio = f"{times:,.0f}" if times >= 10 else f"{times:.1f}"
            grown = f"{here['grew']:.0f}, {there['grew']:.0f}"
            row(name(size), ours, f"{here['cpu']:.4f}", theirs, f"{there['cpu']:.4f}", ratio, grown)


def growth() -> None:
    """Print CPU seconds by number of cases, and the power of it that they grow by."""
    heading("method (20 x 2, arrays)", "CPU s by number of cases", "grows as N to the", "MB grown")
    for method, cases in GROWTH:
        found = [measured((20, 2, number), "arrays", method) for number in cases]
        seconds = [each["cpu"] for each in found]
        power = np.polyfit(np.log(cases), np.log(seconds), 1)[0]
        by_size = ", ".join(f"{n:,}: {s:.4f}" for n, s in zip(cases, seconds, strict=True))
        row(method, by_size, f"{power:.2f}", ", ".join(f"{each['grew']:.0f}" for each in found))


def main() -> int:
    """Print the tables; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        *size, source, method = args.one
        print(json.dumps(one(tuple(map(int, size)), source, method)))  # type: ignore[arg-type]
        return 0
    print("load", *(f"{each:.1f}" for each in os.getloadavg()), "on", os.cpu_count(), "cores")
    missed = targets()
    if not args.quick:
        ratios()
        growth()
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
