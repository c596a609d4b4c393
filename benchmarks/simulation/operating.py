"""Type I error and coverage of every method over a grid of simulated studies.

    python -m benchmarks.simulation.operating --minutes 60
    python -m benchmarks.simulation.operating --kinds crossed --readers 5 --cases 120 --minutes 1
    python -m benchmarks.simulation.operating --table

The grid's points take turns, a chunk of trials each, until time is up or every point has its
number of trials. What was done stands in the result file after each turn, so a run that was
stopped goes on where it was. The chunks' random numbers depend on seed, point and chunk alone.
"""

import argparse
import csv
import heapq
import itertools
import sys
import time
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from analysis.tables import DataError
from benchmarks.simulation.designs import KINDS
from benchmarks.simulation.tables import markdown
from benchmarks.simulation.trials import Kind, Point

READERS, CASES, AUCS = (3, 5, 10, 20), (40, 120, 400), (0.70, 0.85, 0.95)
RESULTS = Path(__file__).parent / "results" / "operating.csv"
COUNTS = ("trials", "failed", "rejected", "held_difference", "held_single", "answered_single")
COLUMNS = ("kind", "analysis", "structure", "readers", "cases", "auc", "seed", "chunks", *COUNTS)

Key = tuple[str, str, int, int, str, int]  # kind, structure, readers, cases, auc, seed
Table = dict[Key, dict[str, dict[str, int]]]  # by analysis


def main() -> int:
    """Run until the time is up; 0."""
    args = _arguments()
    if args.table:
        sys.stdout.write(markdown(args.out))
        return 0
    table, chunks = load(args.out)
    keys = list(grid(args))
    for key in keys:
        chunks.setdefault(key, 0)
    heap = [(chunks[key] / _turns(key), place) for place, key in enumerate(keys)]
    heap = [each for each in heap if each[0] < 1]
    heapq.heapify(heap)
    end = time.monotonic() + 60 * args.minutes
    total = sum(_turns(key) for key in keys)
    bar = tqdm(total=total, initial=sum(chunks[key] for key in keys), unit="turn")
    with bar, threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while heap and time.monotonic() < end:
            _, place = heapq.heappop(heap)
            key = keys[place]
            bar.set_description(f"{key[0]} J={key[2]} K={key[3]} AUC={key[4] or '-'}")
            turn(key, chunks[key], table)
            chunks[key] += 1
            if chunks[key] < _turns(key):
                heapq.heappush(heap, (chunks[key] / _turns(key), place))
            bar.update()
            save(args.out, table, chunks)
    return 0


def grid(args: argparse.Namespace) -> Iterator[Key]:
    """Every point asked for, of every kind."""
    for kind in args.kinds:
        aucs = [f"{auc:.2f}" for auc in args.aucs] if KINDS[kind].by_auc else [""]
        for readers, cases, auc in itertools.product(args.readers, args.cases, aucs):
            yield kind, args.structure, readers, cases, auc, args.seed


def turn(key: Key, number: int, table: Table) -> None:
    """One chunk of trials at a point, added to the table."""
    kind = KINDS[key[0]]
    rng = np.random.default_rng([key[5], zlib.crc32(repr(key[:5]).encode()), number])
    point = Point(key[2], key[3], float(key[4] or "nan"), key[1])  # type: ignore[arg-type]
    rows = table.setdefault(key, {})
    for _ in range(kind.chunk):
        try:
            answers = kind.run(point, rng)
        except DataError:  # a study that cannot be analysed, such as one without any mark
            for row in rows.values():
                row["failed"] += 1
            continue
        for name, (rejected, difference, single) in answers.items():
            row = rows.setdefault(name, dict.fromkeys(COUNTS, 0))
            row["trials"] += 1
            row["rejected"] += bool(rejected)
            row["held_difference"] += bool(difference)
            row["held_single"] += bool(single)
            row["answered_single"] += single is not None


def load(path: Path) -> tuple[Table, dict[Key, int]]:
    """What an earlier run left."""
    table: Table = {}
    chunks: dict[Key, int] = {}
    if path.exists():
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                key: Key = (row["kind"], row["structure"], int(row["readers"]),
                            int(row["cases"]), row["auc"], int(row["seed"]))  # fmt: skip
                counts = {name: int(row[name]) for name in COUNTS}
                table.setdefault(key, {})[row["analysis"]] = counts
                chunks[key] = int(row["chunks"])
    return table, chunks


def save(path: Path, table: Table, chunks: dict[Key, int]) -> None:
    """Write all at once, so that a stop leaves the old file or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with new.open("w", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(COLUMNS)
        for key in sorted(table):
            kind, structure, readers, cases, auc, seed = key
            for name, counts in table[key].items():
                place = (kind, name, structure, readers, cases, auc, seed, chunks[key])
                out.writerow([*place, *(counts[each] for each in COUNTS)])
    new.replace(path)


def _turns(key: Key) -> int:
    kind: Kind = KINDS[key[0]]
    return -(-kind.trials // kind.chunk)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--minutes", type=float, default=60.0, help="stop after this long")
    add("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    add("--readers", type=int, nargs="+", default=READERS)
    add("--cases", type=int, nargs="+", default=CASES)
    add("--aucs", type=float, nargs="+", default=AUCS, choices=AUCS)
    add("--structure", default="HL", choices=["HH", "HL", "LH", "LL"], help="of Roe and Metz")
    add("--seed", type=int, default=1)
    add("--out", type=Path, default=RESULTS)
    add("--table", action="store_true", help="print the results as Markdown tables")
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
