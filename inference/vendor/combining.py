"""Put the files of each examination together: a report measures a Segmentation's segments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from inference.lesions import Extent
from inference.vendor.values import Delivered, Grid, Measured, Read, Segment, UnusableResult


@dataclass(frozen=True)
class Result:
    """What one AI said of one examination; no lesion is a result too."""

    study_uid: str
    frames_of_reference: frozenset[str]
    lesions: tuple[Delivered, ...]
    grid: Grid | None = None  # of a NIfTI mask, which names no frame of reference


def combine(files: Sequence[Read]) -> Result:
    """The lesions of one examination's files.

    A segment that a report measures is one lesion with the report's probability, in as many
    pieces as it has; a segment that none measures gives a lesion for each piece, without a
    probability; a group with coordinates only is a ball of its diameter.

    Raises
    ------
    UnusableResult
        When the files are about several examinations, two reports measure one segment, a group
        measures a segment that is not there and has no coordinates, or a lesion is there twice.
    ValueError
        Without files.
    """
    if not files:
        raise ValueError("there is no file to combine")
    if len({each.study_uid for each in files}) > 1:
        raise UnusableResult("the files are about several examinations")
    masks = [each for each in files if each.grid is not None]
    if masks and len(files) > 1:
        raise UnusableResult("two files are about it, a NIfTI mask among them: deliver one")
    pieces: dict[tuple[str, int], list[Segment]] = {}
    for segment in (each for one in files for each in one.segments):
        pieces.setdefault((segment.sop_uid, segment.number), []).append(segment)
    groups = [each for one in files for each in one.measured]
    lesions = [lesion for group in groups for lesion in _measured(group, pieces)]
    taken = [group.segment for group in groups if group.segment]
    if len(set(taken)) < len(taken):
        raise UnusableResult("two measurement groups are about one segment: deliver one report")
    lesions += [
        Delivered(None, extent=segment.extent)
        for key, parts in pieces.items()
        if key not in taken
        for segment in parts
    ]
    if len({_what(each) for each in lesions}) < len(lesions):
        raise UnusableResult("a lesion is there twice: deliver each once")
    frames = frozenset(frame for one in files for frame in one.frames_of_reference)
    grid = masks[0].grid if masks else None
    return Result(files[0].study_uid, frames, tuple(sorted(lesions, key=_falling)), grid)


def by_examination(files: Iterable[Read]) -> dict[str, list[Read]]:
    """The files by their Study Instance UID."""
    found: dict[str, list[Read]] = {}
    for each in files:
        found.setdefault(each.study_uid, []).append(each)
    return found


def _measured(group: Measured, pieces: dict[tuple[str, int], list[Segment]]) -> list[Delivered]:
    parts = pieces.get(group.segment, []) if group.segment else []
    if parts:
        return [Delivered(group.probability, extent=joined([each.extent for each in parts]))]
    if group.centre_mm is None or group.diameter_mm is None:
        raise UnusableResult(
            "the report measures a Segmentation that is not there: deliver both together"
        )
    return [Delivered(group.probability, centre_mm=group.centre_mm, diameter_mm=group.diameter_mm)]


def joined(extents: Sequence[Extent]) -> Extent:
    """One extent of several on the same grid."""
    low = np.min([each.offset for each in extents], axis=0)
    high = np.max([np.add(each.offset, each.mask.shape) for each in extents], axis=0)
    mask = np.zeros(tuple(high - low), np.uint8)
    for each in extents:
        start = np.subtract(each.offset, low)
        box = tuple(slice(a, a + n) for a, n in zip(start, each.mask.shape, strict=True))
        mask[box] |= each.mask > 0
    z, y, x = (int(n) for n in low)
    return Extent(mask, (z, y, x), extents[0].affine)


def _what(lesion: Delivered) -> object:
    """What is equal for equal voxels, or for equal places and diameters."""
    if (extent := lesion.extent) is None:
        return lesion.centre_mm, lesion.diameter_mm
    return extent.mask.tobytes(), extent.mask.shape, extent.offset, extent.affine.tobytes()


def _falling(lesion: Delivered) -> float:
    """Most probable first; those without a probability last."""
    return 1.0 if lesion.probability is None else -lesion.probability
