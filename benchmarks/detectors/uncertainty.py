"""Whether a detector's uncertainty tells its true proposals from its false ones.

    python -m benchmarks.detectors.uncertainty --cases 100

Runs the detector on held-out phantoms (those that are not in the cache are made and go again unless
`--keep` is said), however faint a proposal is, and keeps of each its probability, its uncertainty
and whether it met a metastasis, as JSON lines beside this file: a run that was stopped goes on.
Then it prints how well the uncertainty separates them, with intervals over cases, at the shipped
threshold and down to the faintest, and how well the probability alone does.
"""

import argparse
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

import inference
from inference import metrics
from inference.detector import Card, card_of, load_card
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.doubt import Doubted, doubt
from inference.lesions import Lesion
from inference.series import read_examination
from inference.training import records
from inference.training.cases import (
    TEST_SEEDS,
    Examination,
    load_examination,
    make_examination,
)
from inference.training.known import FAINTEST
from inference.volume import Affine

HERE = Path(__file__).parent


def judged(proposals: Sequence[Lesion], examination: Examination, affine: Affine) -> Doubted:
    """Which of a phantom's proposals are wrong; `affine` is of the grid that labels lie on.

    A second proposal on a metastasis that is found already is neither right nor wrong, as in every
    other figure of the bench.
    """
    diameters = {int(row["id"]): float(row["diameter_mm"]) for row in examination.lesions}
    scores = [each.probability for each in proposals]
    score = metrics.score_case(proposals, scores, examination.labels, affine, diameters)
    right, wrong = {n for n in score.marks if n is not None}, set(score.false_marks)
    rows = [
        (each.probability, each.uncertainty or 0.0, n in wrong)
        for n, each in enumerate(proposals)
        if n in right | wrong
    ]
    return Doubted.of(examination.seed, rows)


def _judging(card: Card, seeds: Sequence[int], cache: Path, *, keep: bool) -> Iterator[Doubted]:
    """Each phantom's proposals in turn; a phantom that was made for it goes when it is done."""
    point = {**card.operating_point, "probability": FAINTEST}
    detector = load_card(replace(card, operating_point=point), "cpu")
    if not isinstance(detector, VoxelwiseDetector):
        raise TypeError(f"{card.value} is not voxelwise: it gives no candidates to judge")
    for seed in tqdm(seeds, unit="case"):
        folder = make_examination(seed, cache)
        examination = load_examination(folder)
        volumes = read_examination(examination.series)
        yield judged(detector.found(volumes)[0], examination, volumes["t1c"].affine)
        if not keep:
            shutil.rmtree(folder)


def read(path: Path) -> list[Doubted]:
    """Read what was kept; none where there is no file."""
    return [Doubted.from_json(row) for row in records.rows(path)] if path.exists() else []


def main() -> None:
    """Measure what is missing, then print the figures of the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("var/training"))
    parser.add_argument("--detector", default=inference.default_detector())
    parser.add_argument("--cases", type=int, default=len(TEST_SEEDS))
    parser.add_argument("--keep", action="store_true", help="leave phantoms in the cache")
    options = parser.parse_args()
    card = card_of(options.detector)
    path = HERE / f"uncertainty-{card.name}-{card.version}.jsonl"
    seeds = TEST_SEEDS[: options.cases]
    there = {each.seed for each in read(path)}
    missing = [seed for seed in seeds if seed not in there]
    for each in _judging(card, missing, options.cache, keep=options.keep) if missing else ():
        records.append(each.to_json(), path)
    cases = [each for each in read(path) if each.seed in set(seeds)]
    for level in (card.operating_point["probability"], FAINTEST):
        print(json.dumps({"from_probability": level, **doubt(cases, level).to_json()}, indent=1))


if __name__ == "__main__":
    main()
