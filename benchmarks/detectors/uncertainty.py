"""Whether a detector's uncertainty tells its true proposals from its false ones.

    python -m benchmarks.detectors.uncertainty --cases 100
    python -m benchmarks.detectors.uncertainty --cases 20 --opinions dropout

Runs the detector on held-out phantoms (those that are not in the cache are made and go again unless
`--keep` is said), however faint a proposal is, and keeps of each its probability, its uncertainty
and whether it met a metastasis, as JSON lines beside this file: a run that was stopped goes on.
Then it prints how well the uncertainty separates them, with intervals over cases, at the shipped
threshold and down to the faintest, how well the probability alone does, and whether a regression on
both foretells more than one on the probability. With `--opinions` it asks the same of an ensemble
or of dropout (`benchmarks.detectors.opinions`), which the default has not; with `--shift` of
phantoms unlike the training's.
"""

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

import inference
from benchmarks.detectors import opinions
from inference import beyond, metrics
from inference.detector import Card, card_of, load_card
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.doubt import Doubted, doubt
from inference.lesions import Lesion
from inference.series import read_examination
from inference.training import records
from inference.training.cases import (
    TEST_SEEDS,
    VALIDATION_SEEDS,
    Examination,
    load_examination,
    make_examination,
)
from inference.training.known import FAINTEST
from inference.volume import Affine

HERE = Path(__file__).parent


def judged_which(
    proposals: Sequence[Lesion], examination: Examination, affine: Affine
) -> tuple[set[int], set[int]]:
    """Numbers of a phantom's right proposals and of its wrong ones; `affine` is of the labels.

    A second proposal on a metastasis that is found already is neither right nor wrong, as in every
    other figure of the bench.
    """
    diameters = {int(row["id"]): float(row["diameter_mm"]) for row in examination.lesions}
    scores = [each.probability for each in proposals]
    score = metrics.score_case(proposals, scores, examination.labels, affine, diameters)
    return {n for n in score.marks if n is not None}, set(score.false_marks)


def judged(proposals: Sequence[Lesion], examination: Examination, affine: Affine) -> Doubted:
    """A phantom's proposals that are right or wrong, by `judged_which`."""
    right, wrong = judged_which(proposals, examination, affine)
    rows = [
        (each.probability, each.uncertainty or 0.0, n in wrong)
        for n, each in enumerate(proposals)
        if n in right | wrong
    ]
    return Doubted.of(examination.seed, rows)


def at_every_level(card: Card) -> VoxelwiseDetector:
    """A card's detector that proposes however faint a candidate is.

    Raises
    ------
    TypeError
        If it has no candidates.
    """
    point = {**card.operating_point, "probability": FAINTEST}
    detector = load_card(replace(card, operating_point=point), "cpu")
    if not isinstance(detector, VoxelwiseDetector):
        raise TypeError(f"{card.value} is not voxelwise: it gives no candidates to judge")
    return detector


def _judging(
    detector: VoxelwiseDetector, seeds: Sequence[int], cache: Path, shift: str, *, keep: bool
) -> Iterator[Doubted]:
    """Each phantom's proposals in turn; a phantom that was made for it goes when it is done."""
    for seed in tqdm(seeds, unit="case"):
        folder = make_examination(seed, cache, shift)
        examination = load_examination(folder)
        volumes = read_examination(examination.series)
        yield judged(detector.found(volumes)[0], examination, volumes["t1c"].affine)
        if not keep:
            shutil.rmtree(folder)


def read(path: Path) -> list[Doubted]:
    """Read what was kept; none where there is no file."""
    return [Doubted.from_json(row) for row in records.rows(path)] if path.exists() else []


def _chosen(options: argparse.Namespace) -> tuple[VoxelwiseDetector, float, Path]:
    """The detector at every level, the probability that it is shown from, and its file."""
    kind = "" if options.shift == "none" else f".{options.shift}"
    if options.opinions is None:
        card = card_of(options.detector)
        path = HERE / f"uncertainty-{card.name}-{card.version}{kind}.jsonl"
        return at_every_level(card), card.operating_point["probability"], path
    places = opinions.Places(options.cache, options.work, options.seconds)
    made = opinions.detector(options.opinions, places, VALIDATION_SEEDS[: options.validation])
    shown = made.card.operating_point["probability"]
    path = HERE / f"uncertainty-{options.opinions}{kind}.jsonl"
    return opinions.at_every_level(made, min(shown, FAINTEST)), shown, path


def said(cases: Sequence[Doubted], level: float) -> dict[str, Any]:
    """The figures of proposals of a probability and more, as plain values."""
    return {
        "from_probability": level,
        **doubt(cases, level).to_json(),
        "beyond_probability": beyond.to_json(beyond.beyond(cases, level)),
        "beyond_probability_by_logits": beyond.to_json(
            beyond.beyond([beyond.of_logits(each) for each in cases], level)
        ),
    }


def main() -> None:
    """Measure what is missing, then print the figures of the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("var/training"))
    parser.add_argument("--detector", default=inference.default_detector())
    parser.add_argument("--opinions", choices=opinions.KINDS, help="in place of a detector")
    parser.add_argument("--work", type=Path, default=Path("var/opinions"))
    parser.add_argument("--seconds", type=float, default=60, help="of CPU for each training")
    parser.add_argument("--validation", type=int, default=4, help="phantoms to calibrate opinions")
    parser.add_argument("--shift", default="none", help="phantoms unlike the training's, by name")
    parser.add_argument("--cases", type=int, default=len(TEST_SEEDS))
    parser.add_argument("--keep", action="store_true", help="leave phantoms in the cache")
    options = parser.parse_args()
    detector, shown, path = _chosen(options)
    seeds = TEST_SEEDS[: options.cases]
    there = {each.seed for each in read(path)}
    missing = [seed for seed in seeds if seed not in there]
    judging = _judging(detector, missing, options.cache, options.shift, keep=options.keep)
    for each in judging:
        records.append(each.to_json(), path)
    cases = [each for each in read(path) if each.seed in set(seeds)]
    for level in (shown, FAINTEST):
        print(json.dumps(said(cases, level), indent=1))


if __name__ == "__main__":
    main()
