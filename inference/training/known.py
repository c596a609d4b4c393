"""The table of known lesions: what a detector proposes on phantoms, and what each proposal is."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from inference.detector import card_of, load_card
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.explain import pictures
from inference.explain.similar import FALSE
from inference.lesions import Lesion
from inference.preprocess import prepare
from inference.series import read_examination
from inference.training.cases import Examination, load_examination

FAINTEST = 0.02  # probability: faint proposals are what a reader doubts, so they belong here


def known_lesions(
    name_at_version: str, folders: Sequence[Path]
) -> Iterator[tuple[dict[str, str | float], NDArray[np.uint8]]]:
    """Rows of the table and their pictures.

    A row has `seed`, `kind` (of the lesion it meets, or "false") and features.
    """
    card = card_of(name_at_version)
    point = {**card.operating_point, "probability": FAINTEST}
    detector = load_card(replace(card, operating_point=point))
    if isinstance(detector, VoxelwiseDetector):
        detector.is_differentiable = False  # no heat maps: nobody looks at them
    for folder in tqdm(folders, unit="case"):
        examination = load_examination(folder)
        volumes = read_examination(examination.series)
        ready = prepare(volumes)
        for lesion in detector.detect(volumes):
            kind = _kind(lesion, examination)
            row = {"seed": examination.seed, "kind": kind, **lesion.explanation["features"]}
            yield row, pictures.picture(lesion, ready)


def _kind(lesion: Lesion, examination: Examination) -> str:
    """The kind of the lesion that a proposal shares most voxels with."""
    box = tuple(
        slice(first, first + n) for first, n in zip(lesion.offset, lesion.mask.shape, strict=True)
    )
    met = examination.labels[box][lesion.mask > 0]
    counts = np.bincount(met[met > 0])
    if not counts.size:
        return FALSE
    number = int(counts.argmax())
    return next(str(row["kind"]) for row in examination.lesions if row["id"] == number)
