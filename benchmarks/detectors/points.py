"""How much an operating point hangs on the validation phantoms that choose it.

    python -m benchmarks.detectors.points unet-3d
    python -m benchmarks.detectors.points unet-3d --table

Runs a family's network, as `families` trained it, on validation phantoms and keeps a line of raw
scores of each (`points-FAMILY.jsonl`); resumable. The false positives on the test phantoms, from
the families' runs file, are then counted at the point that every choice of so many of them gives.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from benchmarks.detectors import families as bench
from benchmarks.detectors import family_table
from inference.metrics import CaseScore, false_positives_per_case, threshold_at
from inference.training import cases, evaluate, records

Range = tuple[float, float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family")
    parser.add_argument("--validation", type=int, default=8, help="phantoms")
    parser.add_argument("--cache", type=Path, default=Path("var/training"))
    parser.add_argument("--work", type=Path, default=Path("var/families"))
    parser.add_argument("--table", action="store_true", help="count only what is there")
    options = parser.parse_args()
    (about,) = (
        row
        for row in family_table.read(family_table.RUNS)
        if (row["kind"], row["family"]) == ("training", options.family)
    )
    target = family_table.HERE / f"points-{options.family}.jsonl"
    if not options.table:
        places = bench.Places(options.cache, options.work, family_table.RUNS)
        measure(about, places, cases.VALIDATION_SEEDS[: options.validation], target)
    print("heads | false positives a scan on the test phantoms: median (least to most)")
    for size, (low, middle, high) in spread(*scores(about, target)).items():
        print(f"{size} | {middle:.1f} ({low:.1f} to {high:.1f})")


def measure(about: dict[str, Any], places: bench.Places, seeds: Sequence[int], out: Path) -> None:
    """A line of raw scores for each validation phantom that the file lacks."""
    done = {row["seed"] for row in family_table.read(out)}
    network = bench.the_same(about, bench.Budget(**about["of"]), places)
    detector = bench.detector_of(about["family"], network, about["operating_point"], about["lift"])
    for seed in tqdm([each for each in seeds if each not in done], unit="phantom"):
        seen = bench.see(detector, seed, "none", places)
        timed = evaluate.count(
            detector, seen, bench.SEGMENTATION, most=bench.MOST, outlines=False,
            clock=time.process_time,
        )  # fmt: skip
        row = records.row_of(replace(timed, places=None))
        records.append({"network": about["network"], **row}, out)


def scores(about: Mapping[str, Any], path: Path) -> tuple[list[CaseScore], list[CaseScore]]:
    """A network's scores on validation phantoms, and on the test phantoms in distribution.

    Raises
    ------
    ValueError
        If they are of different networks.
    """
    test = [
        row
        for row in family_table.read(family_table.RUNS)
        if row["kind"] == "case"
        and (row["family"], row["budget"]) == (about["family"], about["budget"])
        and row["phantoms"] == "none"
    ]
    rows = family_table.read(path)
    if {row["network"] for row in [*rows, *test]} != {about["network"]}:
        raise ValueError(f"{path} is of another network than the families' runs: delete it")
    validation, tested = ([records.from_row(row).score for row in each] for each in (rows, test))
    return validation, tested


def spread(validation: Sequence[CaseScore], test: Sequence[CaseScore]) -> dict[int, Range]:
    """By how many validation phantoms choose it: the test's false positives a case at the point.

    Returns
    -------
    dict
        Least, median and most over all choices of so many.
    """
    found = {}
    for size in range(1, len(validation) + 1):
        at = [
            false_positives_per_case(test, threshold_at(chosen, bench.FALSE_POSITIVES_PER_CASE))
            for chosen in combinations(validation, size)
        ]
        found[size] = (min(at), float(np.median(at)), max(at))
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
