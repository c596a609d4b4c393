"""Every family at one small budget, measured on whole heads from files to candidates; resumable.

    python -m benchmarks.detectors.families                          # every family
    python -m benchmarks.detectors.families --seconds 30 cropnet nlmet
    python -m benchmarks.detectors.families --table                  # from what is there

Each family gets the same CPU seconds of one thread, training phantoms, validation phantoms and test
phantoms. It trains and answers in processes of its own, so that the peak memory of its detection is
its own. Every case is a line of the runs file (`families.jsonl`) as soon as it is done: what is
there is skipped, a training that was stopped goes on from its checkpoint. First every family is
measured in distribution, then under each shift. A family that cannot go on is named, the others go
on, and the exit status is 1.
"""

import argparse
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from benchmarks.detectors import each_family, family_table
from inference.detector import Card
from inference.detectors import families
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.distances import DistanceRule
from inference.metrics import CaseScore, false_positives_per_case, froc_score
from inference.preprocess import SERIES, Prepared, reference_of
from inference.training import calibrate, cases, evaluate, fit, records

SEGMENTATION = 0.4
LIFTS = (0.0, 1.5, 3.0)  # of logits: what so little training leaves far too low
MOST = 100  # candidates of a case that are counted, those with the highest scores
FALSE_POSITIVES_PER_CASE = 1.0  # at the operating point, on the validation phantoms
SHIFTS = ("low-field", "slices-3mm", "half-dose")  # scanner, thickness, dose
_RAW = {"segmentation": SEGMENTATION, "temperature": 1.0, "bias": 0.0, "probability": 0.5}


@dataclass(frozen=True)
class Budget:
    """What every family gets: CPU seconds of one thread, and so many phantoms of each use."""

    seconds: float
    training: int
    validation: int
    test: int
    shifted: int  # under each shift

    @property
    def name(self) -> str:
        """Of what a training has: test phantoms may be added to a runs file later."""
        return f"{self.seconds:g}s-{self.training}-{self.validation}"


@dataclass(frozen=True)
class Places:
    """Where things lie: phantoms, checkpoints, and the runs file."""

    cache: Path
    work: Path
    runs: Path


class Lifted(VoxelwiseDetector):
    """A detector all of whose logits are raised by the same amount."""

    lift = 0.0

    def logits(self, ready: Prepared, halvings: int = 0) -> NDArray[np.float32]:
        """The networks' logits and the lift."""
        return super().logits(ready, halvings) + np.float32(self.lift)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", help="default: every family")
    parser.add_argument("--seconds", type=float, default=30, help="of CPU, one thread")
    parser.add_argument("--training", type=int, default=6, help="phantoms")
    parser.add_argument("--validation", type=int, default=3)
    parser.add_argument("--test", type=int, default=6)
    parser.add_argument("--shifted", type=int, default=3, help="test phantoms of each shift")
    parser.add_argument("--cache", type=Path, default=Path("var/training"))
    parser.add_argument("--work", type=Path, default=Path("var/families"))
    parser.add_argument("--runs", type=Path, default=family_table.RUNS)
    parser.add_argument("--table", action="store_true", help="write the table only")
    options = parser.parse_args()
    stopped: list[str] = []
    if not options.table:
        budget = Budget(
            options.seconds, options.training, options.validation, options.test, options.shifted
        )
        places = Places(options.cache, options.work, options.runs)
        stopped = run_all(options.families or list(families.FAMILIES), budget, places)
    page = (
        family_table.PAGE if options.runs == family_table.RUNS else options.runs.with_suffix(".md")
    )
    page.write_text(family_table.page(family_table.read(options.runs)))
    print(page)
    if stopped:
        raise SystemExit(f"could not go on, as said above: {', '.join(stopped)}")


def run_all(chosen: Sequence[str], budget: Budget, places: Places) -> list[str]:
    """Do what is not done yet: in distribution for every family, then under each shift.

    Returns
    -------
    list
        Families that could not go on; why is said as it happens.
    """
    places.work.mkdir(parents=True, exist_ok=True)
    each_family.make_phantoms(chosen, cases.TRAINING_SEEDS[: budget.training], places.cache)
    rounds = [("none", budget.test), *((each, budget.shifted) for each in SHIFTS)]
    todo = [(family, shift, n) for shift, n in rounds for family in chosen if n]
    stopped: list[str] = []
    for family, shift, n in tqdm(todo, unit="part"):
        if family in stopped:
            continue
        if shift != "none" and families.family_of(family).inputs == ("ct",):
            continue  # these shifts are of MR
        try:
            each_family.apart(partial(train, family, budget, places))
            each_family.apart(partial(measure, family, budget, places, shift, n))
        except SystemExit as problem:
            tqdm.write(str(problem), sys.stderr)
            stopped.append(family)
    return stopped


def checkpoint_of(family: str, budget: Budget, places: Places) -> Path:
    """Where a family's training is kept."""
    return places.work / f"{family}-{budget.seconds:g}s-{budget.training}.pt"


def trained(family: str, budget: Budget, places: Places) -> fit.Fit:
    """A family's training, begun, continued or as it ended."""
    seeds = cases.TRAINING_SEEDS[: budget.training]
    checkpoint = checkpoint_of(family, budget, places)
    return each_family.train_within(budget.seconds, family, places.cache, checkpoint, seeds)


def train(family: str, budget: Budget, places: Places) -> None:
    """Train a family and choose its operating point, unless the runs file has it."""
    if any(row["family"] == family for row in _rows(places.runs, budget, "training")):
        return
    torch.set_num_threads(1)
    ended = trained(family, budget, places)
    detector = _detector(family, ended.average, _RAW, 0.0)
    lift, point, false = operating_point(detector, _examinations(
        cases.VALIDATION_SEEDS[: budget.validation], "none", places.cache, detector.inputs
    ))  # fmt: skip
    records.append({
        "kind": "training",
        "family": family,
        "budget": budget.name,
        "of": asdict(budget),
        "steps": ended.step,
        "cpu_seconds": round(ended.seconds, 1),
        "parameters": sum(each.numel() for each in ended.average.parameters()),
        "lift": lift,
        "operating_point": point,
        "validation_false_positives": false,
    }, places.runs)  # fmt: skip


def operating_point(
    detector: Lifted, examinations: Iterator[cases.Examination]
) -> tuple[float, dict[str, float], float]:
    """The lift with the best FROC score on validation phantoms, and the operating point there.

    Last, how many false positives a case that point lets through on them, counted as on the test's.

    The score is by the centroids' distance: by overlap a candidate that fills the head would be the
    best of all. Where candidates are all true or all false, nothing can be calibrated: scores stay
    as they are.
    """
    seen = [evaluate.see(detector, each) for each in tqdm(examinations, unit="validation")]

    def counted(lift: float) -> list[records.Timed]:
        lifted = [replace(each, passes=each.passes + np.float32(lift)) for each in seen]
        return [evaluate.count(detector, each, SEGMENTATION, most=MOST) for each in lifted]

    found = {lift: counted(lift) for lift in LIFTS}
    lift = max(LIFTS, key=lambda each: froc_score(by_distance(found[each])))
    scores = [each.score for each in found[lift]]
    try:
        point = calibrate.operating_point(scores, SEGMENTATION, FALSE_POSITIVES_PER_CASE)
    except ValueError:
        point = _RAW
    false = false_positives_per_case(scores, family_table.threshold_of(point))
    return lift, point, round(false, 3)


def by_distance(timed: Sequence[records.Timed]) -> list[CaseScore]:
    """The same candidates, counted by how far their centroids lie from the lesions'."""
    rule = DistanceRule()
    return [
        rule.count(each.places, each.score.diameters_mm)
        for each in timed
        if each.places is not None
    ]


def measure(family: str, budget: Budget, places: Places, shift: str, count: int) -> None:
    """A line for each test phantom of a shift that the runs file lacks."""
    (about,) = (r for r in _rows(places.runs, budget, "training") if r["family"] == family)
    done = {
        row["seed"]
        for row in _rows(places.runs, budget, "case")
        if (row["family"], row["phantoms"]) == (family, shift)
    }
    missing = [seed for seed in cases.TEST_SEEDS[:count] if seed not in done]
    if not missing:
        return
    if not (checkpoint := checkpoint_of(family, budget, places)).exists():
        raise SystemExit(
            f"{family}: {checkpoint} is not here, and another training has another operating point:"
            f" bring it, or take the lines of {family} out of {places.runs} to begin it anew"
        )
    torch.set_num_threads(1)
    network = trained(family, budget, places).average
    detector = _detector(family, network, about["operating_point"], about["lift"])
    examinations = _examinations(missing, shift, places.cache, detector.inputs)
    for examination in tqdm(examinations, total=len(missing), unit="case", desc=family):
        seen = evaluate.see(detector, examination, clock=time.process_time)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        timed = evaluate.count(detector, seen, SEGMENTATION, most=MOST, clock=time.process_time)
        records.append({
            "kind": "case",
            "family": family,
            "budget": budget.name,
            "phantoms": shift,
            "peak_mib": round(peak),
            **records.row_of(replace(timed, places=None)),
        }, places.runs)  # fmt: skip


def _detector(family: str, network: nn.Module, point: dict[str, float], lift: float) -> Lifted:
    known = families.family_of(family)
    card = Card(family, "0", family, "", "", (reference_of(known.inputs),), point, {})
    made = Lifted(card, network, "cpu", window=known.window, opinions="once", inputs=known.inputs)
    made.lift = lift
    return made


def _examinations(
    seeds: Sequence[int], shift: str, cache: Path, inputs: tuple[str, ...]
) -> Iterator[cases.Examination]:
    """Phantoms as files, those series alone that a family takes (and T1c, which the truth is on).

    Every phantom is written with its CT, so that it is made once for all families.
    """
    for seed in seeds:
        made = cases.load_examination(cases.make_examination(seed, cache, shift, SERIES))
        taken = {role: made.series[role] for role in {"t1c", *inputs}}
        yield replace(made, series=taken)


def _rows(runs: Path, budget: Budget, kind: str) -> list[dict[str, Any]]:
    every = family_table.read(runs)
    return [row for row in every if (row["kind"], row["budget"]) == (kind, budget.name)]


if __name__ == "__main__":
    main()
