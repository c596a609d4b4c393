"""The reliability diagram of a measured detector: into its card, and as a figure for the documents.

    python -m benchmarks.detectors.reliability --detector space-to-depth@5

From the raw scores of `python -m inference evaluate` beside this file; nothing is run. `evaluate`
puts the same numbers into a card: this is for one that was measured before it did.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import inference
from analysis.figures import reliability_figure, svg
from inference.detector import card_of, write_card
from inference.training import records
from inference.training.ship import threshold_of
from inference.training.summary import reliability

HERE = Path(__file__).parent
IMAGES = HERE.parents[1] / "docs" / "images"


def main() -> None:
    """Write card and figure; print the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--detector", default=inference.default_detector())
    parser.add_argument("--images", type=Path, default=IMAGES)
    options = parser.parse_args()
    card = card_of(options.detector)
    results = records.read(HERE / f"{card.name}-{card.version}.jsonl")
    bins = reliability([each.score for each in results], *threshold_of(card))
    performance = {**card.words.get("performance", {}), "reliability": bins}
    write_card(replace(card, words={**card.words, "performance": performance}), Path(card.folder))
    path = options.images / f"reliability-{card.name}-{card.version}.svg"
    path.write_bytes(svg(reliability_figure(bins)))
    print(
        "| proposals | mean probability | share that were lesions (95 % interval) |\n|---|---|---|"
    )
    for each in bins:
        low, high = each["interval"]
        print(f"| {each['n']} | {each['probability']:.2f} | {each['share']:.2f}"
              f" ({low:.2f} to {high:.2f}) |")  # fmt: skip


if __name__ == "__main__":
    main()
