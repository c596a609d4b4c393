"""Run a detector on written phantoms and count: for calibration and for the bench."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from inference import metrics
from inference.detectors.voxelwise import VoxelwiseDetector, candidates
from inference.lesions import Lesion
from inference.metrics import CaseScore
from inference.preprocess import prepare
from inference.series import read_examination
from inference.training.cases import Examination, load_examination


@dataclass(frozen=True)
class Timed:
    """A case's score, and the seconds from files to candidates."""

    seed: int
    score: CaseScore
    seconds: float


def evaluate(
    detector: VoxelwiseDetector, folders: Sequence[Path], segmentation: float
) -> Iterator[Timed]:
    """Score all candidates of each examination, whatever their probability."""
    for folder in folders:
        examination = load_examination(folder)
        yield _evaluate_one(detector, examination, segmentation)


def _evaluate_one(
    detector: VoxelwiseDetector, examination: Examination, segmentation: float
) -> Timed:
    start = time.perf_counter()
    volumes = read_examination(examination.series)
    ready = prepare(volumes, detector.needs)
    t1c = volumes["t1c"]
    found = candidates(detector.logits(ready), ready, t1c, segmentation)
    seconds = time.perf_counter() - start
    proposals = [Lesion(each.mask, each.offset, t1c.affine, 0.0) for each in found]
    diameters = {int(row["id"]): float(row["diameter_mm"]) for row in examination.lesions}
    score = metrics.score_case(
        proposals, [each.score for each in found], examination.labels, t1c.affine, diameters
    )
    return Timed(examination.seed, score, seconds)


def save(results: Sequence[Timed], path: Path) -> None:
    """Keep raw scores as JSON lines: every figure of the card can be computed from them."""
    with path.open("w") as out:
        for each in results:
            row = {
                "seed": each.seed,
                "seconds": round(each.seconds, 2),
                "diameters_mm": each.score.diameters_mm.round(2).tolist(),
                "hits": [None if np.isinf(v) else round(v, 4) for v in each.score.hits.tolist()],
                "dice": each.score.dice.round(4).tolist(),
                "false_scores": each.score.false_scores.round(4).tolist(),
            }
            out.write(json.dumps(row) + "\n")


def read(path: Path) -> list[Timed]:
    """Read raw scores."""
    return [_timed(json.loads(line)) for line in path.read_text().splitlines()]


def _timed(row: dict[str, Any]) -> Timed:
    hits = np.array([-np.inf if v is None else v for v in row["hits"]], dtype=np.float64)
    arrays = (np.array(row[k], dtype=np.float64) for k in ("diameters_mm", "dice", "false_scores"))
    diameters, dice, false = arrays
    return Timed(int(row["seed"]), CaseScore(diameters, hits, dice, false), float(row["seconds"]))


def summary(
    results: Sequence[Timed], threshold: float, temperature: float, bias: float
) -> dict[str, object]:
    """The table of the card: sensitivity by size with intervals, false positives, calibration."""
    cases = [each.score for each in results]
    true = np.concatenate([c.hits[np.isfinite(c.hits)] for c in cases])
    false = np.concatenate([c.false_scores for c in cases])
    scores = np.concatenate([true, false])
    probabilities = 1 / (1 + np.exp(-(scores / temperature + bias)))
    correct = np.arange(len(scores)) < len(true)
    found = np.concatenate([c.dice[c.hits >= threshold] for c in cases])
    return {
        "cases": len(cases),
        "cases_without_lesions": sum(not len(c.hits) for c in cases),
        "lesions": int(sum(len(c.hits) for c in cases)),
        "sensitivity": {
            _name(low, high): _sensitivity(cases, threshold, low, high)
            for low, high in ((0.0, np.inf), *metrics.SIZES_MM)
        },
        "false_positives_per_case": _estimate(
            cases, lambda some: metrics.false_positives_per_case(some, threshold)
        ),
        "froc_score": _estimate(cases, metrics.froc_score, draws=200),
        "sensitivity_at_false_positives": {
            f"{rate:g}": round(
                metrics.sensitivity(cases, metrics.threshold_at(cases, rate), 0, np.inf), 3
            )
            for rate in (0.25, 0.5, 1, 2)
        },
        "dice_of_found": round(float(found.mean()), 3) if len(found) else None,
        "calibration_error": round(metrics.calibration_error(probabilities, correct), 3),
        "seconds_median": round(float(np.median([each.seconds for each in results])), 1),
    }


def _name(low: float, high: float) -> str:
    if np.isinf(high):
        return f">={low:g} mm" if low else "all"
    return f"{low:g}-{high:g} mm"


def _sensitivity(
    cases: Sequence[CaseScore], threshold: float, low: float, high: float
) -> dict[str, object]:
    count = int(sum(((c.diameters_mm >= low) & (c.diameters_mm < high)).sum() for c in cases))
    part = _estimate(cases, lambda some: metrics.sensitivity(some, threshold, low, high))
    return {"n": count, **part}


def _estimate(
    cases: Sequence[CaseScore], statistic: metrics.Statistic, draws: int = 1000
) -> dict[str, object]:
    value = statistic(cases)
    if not np.isfinite(value):
        return {"value": None, "interval": None}
    low, high = metrics.interval(cases, statistic, draws=draws)
    return {"value": round(value, 3), "interval": [round(low, 3), round(high, 3)]}
