"""Every family at one small budget of CPU time, on blocks of phantoms; resumable.

    python -m benchmarks.detectors.quick --seconds 60               # every family
    python -m benchmarks.detectors.quick --seconds 60 cropnet nlmet
    python -m benchmarks.detectors.quick --table                    # from what is there

It compares how fast families learn, not how well they do when they have learnt: minutes in place of
days. `families.py` is the bench of whole examinations, for a budget that is worth the name.

Each family trains and answers in a process of its own, so that its peak memory is its own; what is
done is skipped, and a training that was stopped goes on from its checkpoint.
"""

import argparse
import hashlib
import json
import resource
import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from benchmarks.detectors import each_family
from inference import metrics
from inference.detector import Card
from inference.detectors import families
from inference.detectors.candidates import candidates
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.lesions import Lesion
from inference.metrics import CaseScore
from inference.preprocess import Prepared, reference_of
from inference.training import cases, fit, records
from inference.volume import Volume

HERE = Path(__file__).parent
BLOCK = 96  # voxels of 1 mm along each axis, in the middle of the head
# Crowded phantoms have lesions enough in a block, empty ones vessels only (`cases.plan`).
TEST_SEEDS = (40_001, 40_002, 40_006, 40_007, 40_010, 40_020)
VALIDATION_SEEDS = (41_001, 41_010)
SHIFTS = (0.0, 1.0, 2.0, 3.0, 4.0)  # of logits: what so little training leaves far too low
SEGMENTATION = 0.4
_RAW = {"segmentation": SEGMENTATION, "temperature": 1.0, "bias": 0.0, "probability": 0.5}


@dataclass(frozen=True)
class Budget:
    """What every family gets: CPU seconds of one thread, on how many training phantoms."""

    seconds: float
    training_cases: int


@dataclass(frozen=True)
class Block:
    """The middle of a phantom on the network's grid, with the lesions that reach into it."""

    seed: int
    given: Prepared
    labels: np.ndarray
    diameters_mm: dict[int, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("families", nargs="*", help="default: every family")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--training", type=int, default=6, help="phantoms")
    parser.add_argument("--work", type=Path, default=Path("var/quick"))
    parser.add_argument("--cache", type=Path, default=Path("var/training"))
    parser.add_argument("--out", type=Path, default=HERE / "quick")
    parser.add_argument("--weights", nargs="*", default=[], metavar="FAMILY=FILE",
                        help="also measure weights that were trained elsewhere")  # fmt: skip
    parser.add_argument("--table", action="store_true", help="write the table only")
    options = parser.parse_args()
    budget = Budget(options.seconds, options.training)
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    if not options.table:
        chosen = options.families or list(families.FAMILIES)
        training = cases.TRAINING_SEEDS[: budget.training_cases]
        seeds = [*training, *VALIDATION_SEEDS, *TEST_SEEDS]
        each_family.make_phantoms(chosen, seeds, options.cache)
        for each in options.weights:
            family, _, path = each.partition("=")
            each_family.apart(partial(run_weights, family, Path(path), options.cache, options.out))
        for family in tqdm(chosen, unit="family"):
            each_family.apart(
                partial(run, family, budget, options.cache, options.work, options.out)
            )
    target = options.out.with_suffix(".md")
    target.write_text(table(options.out))
    print(target)


def run(family: str, budget: Budget, cache: Path, work: Path, out: Path) -> None:
    """Train and measure one family, unless its result is there."""
    name = f"{family}-{budget.seconds:g}s"
    if (out / f"{name}.json").exists():
        return
    torch.set_num_threads(1)
    trained = _train(family, budget, cache, work)
    about = {"budget": asdict(budget), "steps": trained.step, "seconds": round(trained.seconds, 1)}
    _keep(out, name, family, trained.average, cache, about)


def run_weights(family: str, weights: Path, cache: Path, out: Path) -> None:
    """Measure weights (safetensors) on the same blocks, unless their result is there."""
    content = weights.read_bytes()
    name = f"{family}-{hashlib.sha256(content).hexdigest()[:12]}"
    if (out / f"{name}.json").exists():
        return
    torch.set_num_threads(1)
    network = families.filled(family, content)
    _keep(out, name, family, network, cache, {"budget": {"weights": weights.name}, "steps": None})


def _keep(
    out: Path, name: str, family: str, network: nn.Module, cache: Path, about: dict[str, Any]
) -> None:
    """Measure a network and write its raw scores and its figures, the figures last."""
    known = families.family_of(family)
    card = Card(family, "0", family, "", "", (reference_of(known.inputs),), _RAW, {})
    detector = VoxelwiseDetector(
        card, network, "cpu", window=known.window, opinions="once", inputs=known.inputs
    )
    validation = [_block_of(cache, seed, known.inputs) for seed in VALIDATION_SEEDS]
    passes = [detector.logits(each.given) for each in validation]
    shift = max(SHIFTS, key=lambda by: _froc(validation, passes, by))
    test = [_block_of(cache, seed, known.inputs) for seed in TEST_SEEDS]
    timed = [_measure(detector, each, shift) for each in tqdm(test, unit="block")]
    records.save(timed, out / f"{name}.jsonl")
    found = {
        "family": family,
        **about,
        "parameters": sum(each.numel() for each in network.parameters()),
        "shift": shift,
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        **summary(timed),
    }
    part = out / f"{name}.part"
    part.write_text(json.dumps(found, indent=1) + "\n")
    part.replace(out / f"{name}.json")


def _train(family: str, budget: Budget, cache: Path, work: Path) -> fit.Fit:
    seeds = cases.TRAINING_SEEDS[: budget.training_cases]
    checkpoint = work / f"{family}-{budget.seconds:g}.pt"
    return each_family.train_within(budget.seconds, family, cache, checkpoint, seeds)


def _block_of(cache: Path, seed: int, roles: tuple[str, ...]) -> Block:
    case = cases.load(cases.path_of(cases.folder_of(cache, roles), seed))
    low = [(n - BLOCK) // 2 for n in case.labels.shape]
    z, y, x = (slice(a, a + BLOCK) for a in low)
    labels = np.array(case.labels[z, y, x])
    voxels = cases.decode(np.array(case.voxels[:, z, y, x]))
    diameters = {int(n): float(mm) for n, mm in case.lesions[:, :2] if (labels == int(n)).any()}
    # The grid's axes point to superior, posterior, left.
    affine = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [1.0, 0, 0, 0], [0, 0, 0, 1]])
    return Block(case.seed, Prepared(voxels, affine, (), roles), labels, diameters)


def _score(block: Block, passes: np.ndarray, shift: float) -> CaseScore:
    given = block.given
    reference = Volume(given.voxels[0], given.affine, given.reference)  # the first of the channels
    found = candidates(passes + np.float32(shift), given, reference, SEGMENTATION)
    proposals = [Lesion(each.mask, each.offset, given.affine, 0.0) for each in found]
    scores = [each.score for each in found]
    return metrics.score_case(proposals, scores, block.labels, given.affine, block.diameters_mm)


def _froc(blocks: list[Block], passes: list[np.ndarray], shift: float) -> float:
    pairs = zip(blocks, passes, strict=True)
    return metrics.froc_score([_score(block, each, shift) for block, each in pairs])


def _measure(detector: VoxelwiseDetector, block: Block, shift: float) -> records.Timed:
    before = time.process_time()
    passes = detector.logits(block.given)
    network_seconds = time.process_time() - before
    score = _score(block, passes, shift)
    return records.Timed(block.seed, score, time.process_time() - before, network_seconds)


def summary(timed: list[records.Timed]) -> dict[str, Any]:
    """The figures of one family, with 95 % bootstrap intervals over blocks."""
    scores = [each.score for each in timed]

    def at_one(low: float, high: float) -> metrics.Statistic:
        return lambda some: metrics.sensitivity(some, metrics.threshold_at(some, 1), low, high)

    threshold = max(metrics.threshold_at(scores, 1), -1e300)  # not found is -inf
    dice = np.concatenate([each.dice[each.hits >= threshold] for each in scores])
    return {
        "lesions": int(sum(len(each.hits) for each in scores)),
        "sensitivity": _estimate(scores, at_one(0, np.inf)),
        "below_3_mm": _estimate(scores, at_one(0, 3)),
        "from_3_mm": _estimate(scores, at_one(3, np.inf)),
        "froc_score": _estimate(scores, metrics.froc_score),
        "dice_of_found": round(float(dice.mean()), 3) if len(dice) else None,
        "network_seconds": round(float(np.median([each.network_seconds for each in timed])), 2),
    }


def _estimate(scores: list[CaseScore], statistic: metrics.Statistic) -> dict[str, Any]:
    value = statistic(scores)
    if not np.isfinite(value):
        return {"value": None, "interval": None}
    low, high = metrics.interval(scores, statistic, draws=300)
    return {"value": round(value, 3), "interval": [round(low, 3), round(high, 3)]}


WORDS = (
    "Written by `python -m benchmarks.detectors.quick`; raw scores in `quick/`, the counting rule"
    " in README.md. Sensitivity is at one false positive a block, by the rule of the bench; 95 %"
    " intervals over blocks in brackets. Families of CT see the same heads as CT shows them: their"
    " blocks are cut on CT's own grid, so that they hold other lesions in part. **A budget of CPU"
    " seconds shows how fast families learn from nothing, not what they reach**; on a busy machine"
    " a CPU second is worth less, so look at the steps as well. What a paper reports on patients"
    " stands in a column of its own."
)
HEADS = (
    "family", "after", "input", "lesions", "sensitivity", "below 3 mm", "3 mm and more",
    "FROC score", "Dice of found", "parameters", "steps", "network, CPU s a block", "peak MiB",
    "its paper, on patients (not comparable)",
)  # fmt: skip


def table(out: Path) -> str:
    """The table as Markdown, the best FROC score first; one part a budget."""
    found = [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]
    literature = json.loads((HERE / "literature.json").read_text())
    lines = ["# Families at a small budget", "", WORDS]
    for budget in sorted({json.dumps(each["budget"]) for each in found}):
        rows = [each for each in found if json.dumps(each["budget"]) == budget]
        of = json.loads(budget)
        given = (
            f"{of['seconds']:g} CPU seconds each, {of['training_cases']} training phantoms"
            if "seconds" in of
            else f"Weights trained elsewhere: `{of['weights']}`"
        )
        head = f"## {given}; {len(TEST_SEEDS)} test blocks of {BLOCK} mm"
        lines += ["", head, "", f"| {' | '.join(HEADS)} |", f"|{' --- |' * len(HEADS)}"]
        rows.sort(key=lambda each: -(each["froc_score"]["value"] or 0))
        papers = [literature.get(each["family"], "\N{EN DASH}") for each in rows]
        pairs = zip(rows, papers, strict=True)
        lines += [f"| {' | '.join([*_cells(each), paper])} |" for each, paper in pairs]
        missing = [name for name in families.FAMILIES if name not in {r["family"] for r in rows}]
        if "seconds" in of and missing:
            lines += ["", f"Not measured at this budget yet: {', '.join(missing)}."]
    return "\n".join(lines) + "\n"


def _cells(row: dict[str, Any]) -> list[str]:
    estimates = ("sensitivity", "below_3_mm", "from_3_mm", "froc_score")
    dice = row["dice_of_found"]
    known = families.family_of(row["family"])
    return [
        row["family"],
        known.after,
        " and ".join(each for each in ("MR", "CT") if each in _machines(known.inputs)),
        str(row["lesions"]),
        *(_interval(row[name]) for name in estimates),
        "\N{EN DASH}" if dice is None else f"{dice:.2f}",
        f"{row['parameters'] / 1e6:.2f} M",
        str(row["steps"] or "\N{EN DASH}"),
        f"{row['network_seconds']:.2f}",
        str(row["peak_mib"]),
    ]


def _machines(roles: tuple[str, ...]) -> set[str]:
    return {"CT" if each == "ct" else "MR" for each in roles}


def _interval(estimate: dict[str, Any]) -> str:
    if estimate["value"] is None:
        return "\N{EN DASH}"
    low, high = estimate["interval"]
    return f"{estimate['value']:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
