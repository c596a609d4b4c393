"""How far the bench's small metastases stand out from what is around them, and which are found.

    python -m benchmarks.detectors.contrast --detector space-to-depth@4

Of each true lesion below 3 mm of the phantoms of `python -m inference evaluate` (those that are not
in the cache are made): its contrast to noise on T1c over its whole outline, as if one knew where it
is, and whether the detector finds it at one false positive a case, from the raw scores beside this
file.
"""

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

import inference
from inference import metrics
from inference.series import read_examination
from inference.training import records
from inference.training.cases import Examination, load_examination, make_examination

HERE = Path(__file__).parent
BELOW_MM = 3.0
RATE = 1.0  # false positives a case
EDGES = (-np.inf, 5, 8, 12, 20, np.inf)
_GAP, _RING = 2, 4  # voxels from the outline: what is around it begins, and ends


def contrast_to_noise(
    image: NDArray[np.float32], labels: NDArray[np.uint8], number: int, box: tuple[slice, ...]
) -> float:
    """Sum over a lesion's n voxels, less the background's median, in units of sqrt(n) deviations.

    The deviation is 1.4826 times the median absolute one of the voxels around it, so that vessels
    and tissue count as noise as they do for who searches.
    """
    near = tuple(slice(max(0, each.start - _RING), each.stop + _RING) for each in box)
    inside, values = labels[near] == number, image[near]
    around = ndimage.binary_dilation(inside, iterations=_RING)
    around &= ~ndimage.binary_dilation(inside, iterations=_GAP) & (labels[near] == 0)
    middle = float(np.median(values[around]))
    deviation = 1.4826 * float(np.median(np.abs(values[around] - middle)))
    excess = float(values[inside].sum()) - middle * int(inside.sum())
    return excess / (deviation * float(np.sqrt(inside.sum())))


def _rows(of: Examination, result: records.Timed, threshold: float) -> Iterator[tuple[float, bool]]:
    """Contrast to noise of each small lesion, and whether it is found."""
    t1c = read_examination(of.series)["t1c"].voxels
    boxes = ndimage.find_objects(of.labels)
    lesions = sorted(of.lesions, key=lambda each: int(each["id"]))
    for lesion, hit in zip(lesions, result.score.hits, strict=True):
        if lesion["diameter_mm"] < BELOW_MM:
            number = int(lesion["id"])
            found = bool(np.isfinite(hit) and hit >= threshold)
            yield contrast_to_noise(t1c, of.labels, number, boxes[number - 1]), found


def main() -> None:
    """Print a table: lesions by contrast to noise, and the share of them that is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path("var/training"))
    parser.add_argument("--detector", default=inference.default_detector())
    options = parser.parse_args()
    results = records.read(HERE / f"{options.detector.replace('@', '-')}.jsonl")
    threshold = metrics.threshold_at([each.score for each in results], RATE)
    rows: list[tuple[float, bool]] = []
    for each in results:
        of = load_examination(make_examination(each.seed, options.cache))
        rows += _rows(of, each, threshold)
    contrasts, found = np.array([c for c, _ in rows]), np.array([f for _, f in rows])
    print(f"{options.detector}: {found.sum()} of {len(found)} below {BELOW_MM:g} mm at {RATE:g}"
          " false positive a case")  # fmt: skip
    print("| contrast to noise | lesions | found |\n|---|---|---|")
    for low, high in pairwise(EDGES):
        some = (contrasts >= low) & (contrasts < high)
        print(f"| {low:g} to {high:g} | {some.sum()} | {found[some].sum()} |")


if __name__ == "__main__":
    main()
