"""Lesions of known classes as rows of features: alone (`appearances`), and in phantom heads.

A lesion in a head gives a row by its true outline and, where the detector found it, one by the
detector's, which is what a classifier is given in use. Lesions alone cost a tenth of a second each
and have a true outline only.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import inference
from inference import phantom
from inference.classify import appearances, radiomics
from inference.classify.patches import patch_of
from inference.geometry import longest_axial_diameter_mm
from inference.lesions import Lesion
from inference.phantom.looks import LOOKS
from inference.preprocess import Prepared, prepare

TEACHING_SEEDS = range(50_000, 50_200)
TEST_SEEDS = range(61_000, 61_100)  # heads that no choice was made on
ALONE_SEEDS, ALONE_TEST_SEEDS = range(100_000, 110_000), range(200_000, 210_000)
KINDS = ("glioblastoma", "lung", "breast", "melanoma", "other", "necrosis", "recurrence")
IN_A_HEAD = KINDS * 2
_MOSTLY = 0.5  # of a proposal's voxels that lie in the one lesion it is taken for

Row = dict[str, Any]  # seed, number, kind, place, outline, diameter_mm, features


def path_of(folder: Path, seed: int, detector: str) -> Path:
    """Where the rows of a seed's head lie, with a detector's outlines."""
    return folder / f"kinds-v{phantom.VERSION}-{detector}-{seed}.json"


def make(seed: int, folder: Path, detector: str) -> Path:
    """Make a head with lesions of every class and keep its rows, unless they are there already.

    Parameters
    ----------
    detector
        "name@version" of whose outlines are taken as well: a detector of this package.
    """
    path = path_of(folder, seed, detector)
    if path.exists():
        return path
    case = phantom.make_case(seed, of_kinds=IN_A_HEAD)
    ready = prepare(case.series)
    affine = case.series["t1c"].affine
    true = {each.id: Lesion(each.mask, each.offset, affine, 1.0) for each in case.lesions}
    kinds = {each.id: each.kind for each in case.lesions}
    rows = [_in_head(seed, n, kinds[n], "truth", lesion, ready) for n, lesion in true.items()]
    loaded: Any = inference.load_detector(detector, "cpu")
    proposed, _, _ = loaded.found(case.series)
    for lesion in proposed:
        number = _lesion_under(lesion, case.labels)
        if number:
            rows.append(_in_head(seed, number, kinds[number], "detector", lesion, ready))
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(rows))
    part.replace(path)
    return path


def rows(paths: list[Path]) -> Iterator[Row]:
    """The rows of these heads, in order."""
    for path in paths:
        yield from json.loads(path.read_text())


def alone(seed: int) -> Row:
    """The row of a lesion without a head; the seeds of each range take turns in the classes."""
    kind = KINDS[seed % 100_000 % len(KINDS)]
    patch = appearances.draw(LOOKS[kind], np.random.default_rng([seed, 11]))
    diameter = longest_axial_diameter_mm(patch.mask.astype(np.uint8), np.ones(3))
    return _row(seed, 1, kind, ("alone", "truth"), diameter, radiomics.features(patch))


def _lesion_under(proposal: Lesion, labels: NDArray[np.uint8]) -> int:
    """The number of the lesion that most of a proposal lies in; 0 for none."""
    z, y, x = (
        slice(low, low + size)
        for low, size in zip(proposal.offset, proposal.mask.shape, strict=True)
    )
    counts = np.bincount(labels[z, y, x][proposal.mask > 0], minlength=2)
    number = int(counts[1:].argmax()) + 1
    return number if counts[number] >= _MOSTLY * proposal.mask.sum() else 0


def _in_head(
    seed: int, number: int, kind: str, outline: str, lesion: Lesion, ready: Prepared
) -> Row:
    found = radiomics.features(patch_of(lesion, ready))
    return _row(seed, number, kind, ("head", outline), lesion.diameter_mm, found)


def _row(
    seed: int,
    number: int,
    kind: str,
    seen: tuple[str, str],
    diameter_mm: float,
    found: Mapping[str, float],
) -> Row:
    place, outline = seen
    return {
        "seed": seed,
        "number": number,
        "kind": kind,
        "place": place,
        "outline": outline,
        "diameter_mm": round(diameter_mm, 2),
        "features": {name: float(f"{value:.6g}") for name, value in found.items()},
    }
