"""What the shipped head says the kind is of proposals that are no lesions.

    python -m benchmarks.detectors.kinds_of_false --cases 20 --shift none slices-3mm

Runs the detector on held-out phantoms, however faint a proposal is, and asks the head of those that
it answers for (5 mm and more): of each its probability, its diameter, whether it met a metastasis,
and the head's probabilities, as JSON lines beside this file. A run that was stopped goes on.
Phantoms that are not in the cache are made and stay there.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import inference
from benchmarks.detectors.uncertainty import at_every_level, judged_which
from inference.classify import classified
from inference.classify.shipped import shipped
from inference.detector import Card, card_of
from inference.series import read_examination
from inference.training import records
from inference.training.cases import TEST_SEEDS, load_examination, make_examination
from inference.training.known import FAINTEST

HERE = Path(__file__).parent
CONFIDENT = 0.9  # that it is a metastasis

Row = dict[str, Any]


def _asked(card: Card, wanted: Sequence[tuple[str, int]], cache: Path) -> Iterator[Row]:
    """A row for each phantom: what the head says of its proposals that are large enough."""
    detector = at_every_level(card)
    for shift, seed in tqdm(wanted, unit="case"):
        examination = load_examination(make_examination(seed, cache, shift))
        volumes = read_examination(examination.series)
        lesions, ready, _ = detector.found(volumes)
        right, wrong = judged_which(lesions, examination, volumes["t1c"].affine)
        rows = []
        for number in sorted(right | wrong):
            lesion = lesions[number]
            said = classified(lesion, ready).classification
            if said:  # not of small ones
                rows.append(
                    {
                        "probability": round(lesion.probability, 4),
                        "diameter_mm": round(lesion.diameter_mm, 2),
                        "is_wrong": number in wrong,
                        "kinds": said["probabilities"],
                    }
                )
        yield {
            "phantoms": shift,
            "seed": seed,
            "head": shipped().value,
            "proposals": len(lesions),
            "wrong": len(wrong),
            "asked": rows,
        }


def table(rows: Sequence[Row], probability: float) -> dict[str, Any]:
    """Of wrong and of right proposals of a probability and more: what the head says of them.

    Returns
    -------
    dict
        For each: how many were `asked`, the mean probability of a `metastasis`, and of how many it
        is said `confidently`. So few come from one phantom or two that no interval is given.
    """
    found: dict[str, Any] = {"from_probability": probability, "phantoms": len(rows)}
    for name, is_wrong in (("wrong", True), ("right", False)):
        values = _tumour(rows, probability, is_wrong=is_wrong)
        found[name] = {"asked": len(values)}
        if len(values):
            found[name]["metastasis"] = round(float(values.mean()), 3)
            found[name]["confidently"] = int((values >= CONFIDENT).sum())
    return found


def _tumour(rows: Sequence[Row], probability: float, *, is_wrong: bool) -> np.ndarray:
    """The head's probability of a metastasis, of each proposal."""
    return np.array(
        [
            each["kinds"]["tumour"]["metastasis"]
            for row in rows
            for each in row["asked"]
            if each["is_wrong"] is is_wrong and each["probability"] >= probability
        ]
    )


def main() -> None:
    """Ask what is missing, then print what was said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("var/training"))
    parser.add_argument("--detector", default=inference.default_detector())
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--shift", nargs="+", default=["none"])
    options = parser.parse_args()
    card = card_of(options.detector)
    path = HERE / f"kinds-{card.name}-{card.version}.jsonl"
    there = {(r["phantoms"], r["seed"]) for r in records.rows(path)} if path.exists() else set()
    wanted = [(s, seed) for s in options.shift for seed in TEST_SEEDS[: options.cases]]
    missing = [each for each in wanted if each not in there]
    for row in _asked(card, missing, options.cache) if missing else ():
        records.append(row, path)
    rows = [r for r in records.rows(path) if (r["phantoms"], r["seed"]) in set(wanted)]
    for level in (card.operating_point["probability"], FAINTEST):
        print(json.dumps(table(rows, level), indent=1))


if __name__ == "__main__":
    main()
