"""Every family at one small budget, measured on whole heads from files to candidates; resumable.

    python -m benchmarks.detectors.families                          # every family
    python -m benchmarks.detectors.families --seconds 30 cropnet nlmet
    python -m benchmarks.detectors.families --table                  # from what is there

Each family gets the same CPU seconds of one thread, training phantoms, validation phantoms and test
phantoms. It trains and answers in processes of its own, so that the peak memory of its detection is
its own. What is the same for all, reading and preparing a phantom, is done and timed once
(`family_inputs`). Every case is a line of the runs file (`families.jsonl`) as soon as it is done:
what is there is skipped, a training that was stopped goes on from its checkpoint. A family is
measured whole before the next begins: in distribution, then under each shift. A dear family is
measured on fewer phantoms: no further one of a part (validation, test, each shift) is begun when
those before it took `--limit` CPU seconds times the part's phantoms. A family that cannot go on is
named, the others go on, and the exit status is 1.
"""

import argparse
import hashlib
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from tqdm import tqdm

from benchmarks.detectors import each_family, family_inputs, family_table
from inference.detector import Card
from inference.detectors import families
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.distances import DistanceRule
from inference.metrics import CaseScore, false_positives_per_case, froc_score, threshold_at
from inference.phantom import VERSION
from inference.preprocess import Prepared, reference_of
from inference.training import calibrate, cases, evaluate, fit, records

SEGMENTATION = 0.4
LIFTS = (0.0, 2.0)  # of logits: what so little training leaves far too low
MOST = 100  # candidates of a case that are counted, those with the highest scores
LEAST = 2  # test phantoms in distribution of the dearest family: one has no interval
LOWEST = -1e30  # a threshold that all candidates pass
FALSE_POSITIVES_PER_CASE = 1.0  # at the operating point, on the validation phantoms
OVERLAP = 0.1  # of windows: a head takes 12 of 96 voxels, and 27 where they overlap by a quarter
SHIFTS = ("low-field", "slices-3mm", "half-dose")  # scanner, thickness, dose
PARTS = ("none", *SHIFTS)
_RAW = {"segmentation": SEGMENTATION, "temperature": 1.0, "bias": 0.0, "probability": 0.5}


@dataclass(frozen=True)
class Budget:
    """What every family gets: CPU seconds of one thread, and so many phantoms of each use.

    `limit`: CPU seconds of a detection, on average over a part's phantoms (validation, test in
    distribution, each shift), by which a part ends before all of them are seen.
    """

    seconds: float
    training: int
    validation: int
    test: int
    shifted: int  # under each shift
    limit: float

    @property
    def name(self) -> str:
        """Of what a training has, and of which phantoms; test phantoms may be added later."""
        return f"{self.seconds:g}s-{self.training}-{self.validation}-v{VERSION}"


@dataclass(frozen=True)
class Places:
    """Where things lie: phantoms, checkpoints, and the runs file."""

    cache: Path
    work: Path
    runs: Path


class Lifted(VoxelwiseDetector):
    """A detector all of whose logits are raised by the same amount; windows overlap by little."""

    lift = 0.0

    def logits(self, ready: Prepared, halvings: int = 0) -> NDArray[np.float32]:
        """The networks' logits and the lift."""
        return super().logits(ready, halvings) + np.float32(self.lift)

    def windows(
        self, network: nn.Module, voxels: Tensor, size: Sequence[int], overlap: float
    ) -> Tensor:
        """A network on windows that overlap by `OVERLAP` at most."""
        return super().windows(network, voxels, size, min(overlap, OVERLAP))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", help="default: every family")
    parser.add_argument("--seconds", type=float, default=20, help="of CPU, one thread")
    parser.add_argument("--training", type=int, default=6, help="phantoms")
    parser.add_argument("--validation", type=int, default=4)
    parser.add_argument("--test", type=int, default=5)
    parser.add_argument("--shifted", type=int, default=2, help="test phantoms of each shift")
    parser.add_argument("--limit", type=float, default=4, help="CPU seconds a phantom of a part")
    parser.add_argument("--cache", type=Path, default=Path("var/training"))
    parser.add_argument("--work", type=Path, default=Path("var/families"))
    parser.add_argument("--runs", type=Path, default=family_table.RUNS)
    parser.add_argument("--table", action="store_true", help="write the table only")
    options = parser.parse_args()
    stopped: list[str] = []
    if not options.table:
        names = ("seconds", "training", "validation", "test", "shifted", "limit")
        budget = Budget(**{name: getattr(options, name) for name in names})
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
    """Do what is not done yet, a family whole before the next: in distribution, then shifted.

    Returns
    -------
    list
        Families that could not go on; why is said as it happens.
    """
    places.work.mkdir(parents=True, exist_ok=True)
    each_family.make_phantoms(chosen, cases.TRAINING_SEEDS[: budget.training], places.cache)
    for family in chosen:
        families.build(family)  # what that imports is there in each process that begins then
    stopped: list[str] = []
    for family in tqdm(chosen, unit="family"):
        try:
            each_family.apart(partial(train, family, budget, places))
            each_family.apart(partial(measure, family, budget, places))
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
    detector = detector_of(family, ended.average, _RAW, 0.0)
    seen: list[evaluate.Seen] = []
    seeds = family_inputs.by_lesions(cases.VALIDATION_SEEDS[: budget.validation])
    for seed in tqdm(seeds, unit="validation"):
        if sum(each.seconds for each in seen) < budget.limit * budget.validation:
            seen.append(see(detector, seed, "none", places))
    records.append({
        "kind": "training",
        "family": family,
        "budget": budget.name,
        "of": asdict(budget),
        "network": identity(ended.average),
        "steps": ended.step,
        "cpu_seconds": round(ended.seconds, 1),
        "parameters": sum(each.numel() for each in ended.average.parameters()),
        "validation_cases": len(seen),
        **operating_point(detector, seen),
    }, places.runs)  # fmt: skip


def identity(network: nn.Module) -> str:
    """Of a network's weights and statistics: lines of one family are of one network, or none."""
    content = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        content.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return content.hexdigest()[:12]


def operating_point(detector: Lifted, seen: Sequence[evaluate.Seen]) -> dict[str, Any]:
    """What validation phantoms choose: the lift with the best FROC score, and the point there.

    The score is by the centroids' distance: by overlap a candidate that fills the head would be the
    best of all. Where candidates are all true or all false, nothing can be calibrated:
    probabilities stay as they are.

    Returns
    -------
    dict
        `lift`, `operating_point`, `threshold` (the score from which a candidate counts: not
        rounded, as the point's probability is) and `validation_false_positives` (a case, those that
        it lets through, counted as on the test's phantoms).
    """

    def counted(lift: float) -> list[records.Timed]:
        lifted = [replace(each, passes=each.passes + np.float32(lift)) for each in seen]
        return [
            evaluate.count(detector, each, SEGMENTATION, most=MOST, outlines=False)
            for each in lifted
        ]

    found = {lift: counted(lift) for lift in LIFTS}
    lift = max(LIFTS, key=lambda each: froc_score(by_distance(found[each])))
    scores = [each.score for each in found[lift]]
    # As lines have them: a threshold just above one would be below it as it is written there.
    written = [
        replace(each, false_scores=each.false_scores.round(records.DIGITS)) for each in scores
    ]
    threshold = max(threshold_at(written, FALSE_POSITIVES_PER_CASE), LOWEST)
    try:
        point = calibrate.operating_point(scores, SEGMENTATION, FALSE_POSITIVES_PER_CASE)
    except ValueError:
        point = _RAW
    false = false_positives_per_case(written, threshold)
    return {
        "lift": lift,
        "operating_point": point,
        "threshold": threshold,
        "validation_false_positives": round(false, 3),
    }


def by_distance(timed: Sequence[records.Timed]) -> list[CaseScore]:
    """The same candidates, counted by how far their centroids lie from the lesions'."""
    rule = DistanceRule()
    return [
        rule.count(each.places, each.score.diameters_mm)
        for each in timed
        if each.places is not None
    ]


def measure(family: str, budget: Budget, places: Places) -> None:
    """A line for each test phantom that the runs file lacks: in distribution, then shifted."""
    (about,) = (r for r in _rows(places.runs, budget, "training") if r["family"] == family)
    if not any(_missing(about, budget, places, shift) for shift in PARTS):
        return
    network = the_same(about, budget, places)
    detector = detector_of(family, network, about["operating_point"], about["lift"])
    named = {"kind": "case", "family": family, "budget": budget.name}
    for shift in PARTS:
        while seeds := _missing(about, budget, places, shift):
            row = {"phantoms": shift, "network": about["network"]}
            row |= _measured(detector, seeds[0], shift, places)
            records.append(named | row, places.runs)


def _missing(about: dict[str, Any], budget: Budget, places: Places, shift: str) -> list[int]:
    """Seeds of a part that are not measured yet; none where it has taken its time."""
    family, count = about["family"], budget.test if shift == "none" else budget.shifted
    if shift != "none" and families.family_of(family).inputs == ("ct",):
        return []  # these shifts are of MR
    done = {
        row["seed"]: row["seconds"]
        for row in _rows(places.runs, budget, "case")
        if (row["family"], row["phantoms"]) == (family, shift)
    }
    least = LEAST if shift == "none" else 1
    if len(done) >= least and sum(done.values()) >= budget.limit * count:
        return []
    return [seed for seed in family_inputs.seeds_of(shift, count) if seed not in done]


def the_same(about: dict[str, Any], budget: Budget, places: Places) -> nn.Module:
    """The network whose operating point was chosen: another training has another one."""
    family, remedy = about["family"], f"take its lines out of {places.runs} to begin it anew"
    if not (checkpoint := checkpoint_of(family, budget, places)).exists():
        raise SystemExit(f"{family}: {checkpoint} is not here: bring it, or {remedy}")
    torch.set_num_threads(1)
    network = trained(family, budget, places).average
    if identity(network) != about["network"]:
        raise SystemExit(f"{family}: {checkpoint} is of another training: {remedy}")
    return network


def _measured(detector: Lifted, seed: int, shift: str, places: Places) -> dict[str, Any]:
    seen = see(detector, seed, shift, places)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    timed = evaluate.count(detector, seen, SEGMENTATION, most=MOST, clock=time.process_time)
    return {"peak_mib": round(peak), **records.row_of(replace(timed, places=None))}


def see(detector: Lifted, seed: int, shift: str, places: Places) -> evaluate.Seen:
    """What a detector's network says of a phantom, which was prepared once for all families."""
    given = family_inputs.given(seed, shift, detector.inputs, places.cache, places.work)
    return evaluate.answer(detector, given, time.process_time)


def detector_of(family: str, network: nn.Module, point: dict[str, float], lift: float) -> Lifted:
    """A family's network with an operating point, its logits lifted by so much."""
    known = families.family_of(family)
    card = Card(family, "0", family, "", "", (reference_of(known.inputs),), point, {})
    made = Lifted(card, network, "cpu", window=known.window, opinions="once", inputs=known.inputs)
    made.lift = lift
    return made


def _rows(runs: Path, budget: Budget, kind: str) -> list[dict[str, Any]]:
    every = family_table.read(runs)
    return [row for row in every if (row["kind"], row["budget"]) == (kind, budget.name)]


if __name__ == "__main__":
    main()
