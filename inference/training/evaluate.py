"""Run a detector on written phantoms and count: for calibration and for the bench."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inference import brats, distances, metrics
from inference.agreement import Agreement, agreement
from inference.detectors.candidates import candidates
from inference.detectors.voxelwise import VoxelwiseDetector
from inference.lesions import Lesion
from inference.preprocess import Prepared, prepare, resample_labels
from inference.series import read_examination
from inference.training.cases import Examination, load_examination
from inference.training.records import Timed
from inference.volume import Volume

Clock = Callable[[], float]


@dataclass(frozen=True)
class Given:
    """An examination as a detector's networks are given it: the same for all of its inputs.

    Attributes
    ----------
    reference
        Whose grid candidates lie on: T1c's, or of a detector of CT alone CT's.
    labels
        True lesion numbers on that grid.
    volumes
        Of every series, by role.
    seconds
        From files to here.
    """

    examination: Examination
    reference: Volume
    labels: NDArray[np.uint8]
    ready: Prepared
    volumes: Mapping[str, Volume]
    seconds: float


@dataclass(frozen=True)
class Seen:
    """What a detector's networks say of an examination, before any level is chosen.

    Attributes
    ----------
    labels
        True lesion numbers on the grid of `reference`.
    passes
        Logits (pass, z, y, x) on the grid of `given`.
    seconds
        From files to logits, of them `network_seconds` the network's.
    """

    examination: Examination
    reference: Volume
    labels: NDArray[np.uint8]
    given: Prepared
    passes: NDArray[np.float32]
    seconds: float
    network_seconds: float


def evaluate(
    detector: VoxelwiseDetector, folders: Sequence[Path], segmentation: float
) -> Iterator[Timed]:
    """Score all candidates of each examination, whatever their probability."""
    for folder in folders:
        yield count(detector, see(detector, load_examination(folder)), segmentation)


def see(
    detector: VoxelwiseDetector, examination: Examination, clock: Clock = time.perf_counter
) -> Seen:
    """Read an examination and run the detector's networks; `clock` says which seconds count."""
    return answer(detector, give(examination, detector.needs, detector.inputs, clock), clock)


def give(
    examination: Examination,
    needs: tuple[str, ...],
    inputs: tuple[str, ...],
    clock: Clock = time.perf_counter,
) -> Given:
    """Read an examination and prepare it for detectors of these inputs."""
    start = clock()
    volumes = read_examination(examination.series)
    ready = prepare(volumes, needs, inputs)
    seconds = clock() - start
    reference, labels = volumes[ready.reference], examination.labels
    if ready.reference != "t1c":  # the truth lies on T1c
        z, y, x = reference.voxels.shape
        labels = resample_labels(labels, volumes["t1c"].affine, reference.affine, (z, y, x))
    return Given(examination, reference, labels, ready, volumes, seconds)


def answer(detector: VoxelwiseDetector, given: Given, clock: Clock = time.perf_counter) -> Seen:
    """Run the detector's networks on what was prepared for them."""
    before = clock()
    prepared = detector.given(given.volumes, given.ready)
    passes = detector.logits(prepared)
    seconds = clock() - before
    return Seen(
        given.examination,
        given.reference,
        given.labels,
        prepared,
        passes,
        given.seconds + seconds,
        seconds,
    )


def count(
    detector: VoxelwiseDetector,
    seen: Seen,
    segmentation: float,
    *,
    most: int | None = None,
    outlines: bool = True,
    clock: Clock = time.perf_counter,
) -> Timed:
    """Score the candidates: all of them, or so many with the highest scores.

    Without `outlines` neither they nor BraTS-METS' counting are looked at: to choose a level.
    """
    start = clock()
    found = candidates(seen.passes, seen.given, seen.reference, segmentation)
    seconds = seen.seconds + clock() - start
    if most is not None:
        found = sorted(found, key=lambda each: -each.score)[:most]
    reference, labels, examination = seen.reference, seen.labels, seen.examination
    proposals = [Lesion(each.mask, each.offset, reference.affine, 0.0) for each in found]
    diameters = {int(row["id"]): float(row["diameter_mm"]) for row in examination.lesions}
    score = metrics.score_case(
        proposals, [each.score for each in found], labels, reference.affine, diameters
    )
    places = distances.places_of(
        [each.score for each in found],
        [each.centroid_mm for each in proposals],
        [row["centroid_mm"] for row in sorted(examination.lesions, key=lambda row: int(row["id"]))],
    )
    timed = Timed(examination.seed, score, seconds, seen.network_seconds, places=places)
    if not outlines:
        return timed
    marks = zip(sorted(diameters), score.marks, strict=True)
    found_outlines = [
        None if mark is None else _outline(proposals[mark], labels, number)
        for number, mark in marks
    ]
    level = detector.card.operating_point["probability"]
    shown = [
        lesion
        for lesion, each in zip(proposals, found, strict=True)
        if detector.probability(each.score) >= level
    ]
    counted = brats.score(shown, labels, reference.spacing_mm)
    return replace(timed, outlines=tuple(found_outlines), brats=counted)


def _outline(lesion: Lesion, labels: NDArray[np.uint8], number: int) -> Agreement:
    """How a proposal's outline agrees with the lesion it found, in a box around both."""
    truth = np.argwhere(labels == number)
    offset = np.array(lesion.offset)
    low = np.minimum(offset, truth.min(0))
    high = np.maximum(offset + lesion.mask.shape, truth.max(0) + 1)
    z, y, x = (slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    found = np.zeros(tuple(high - low), bool)
    a, b, c = (slice(o, o + n) for o, n in zip(offset - low, lesion.mask.shape, strict=True))
    found[a, b, c] = lesion.mask > 0
    return agreement(found, labels[z, y, x] == number, lesion.spacing_mm)
