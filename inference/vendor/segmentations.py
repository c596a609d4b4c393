"""Segments of a DICOM Segmentation (PS3.3 A.51): binary, fractional or label map."""

from collections.abc import Iterator

import highdicom as hd
import numpy as np
from scipy import ndimage

from inference.lesions import Extent
from inference.vendor.values import Read, Segment, UnusableResult

HALF = 0.5  # of a fractional segment's maximum
MAX_SEGMENTS = 200
_ALL_NEIGHBOURS = np.ones((3, 3, 3), bool)


def read(seg: hd.seg.Segmentation) -> Read:
    """Read every segment, split where its voxels do not touch (26 neighbours).

    A maker may put all lesions into one segment or one into each: both come out as lesions. An
    empty segment is no lesion.

    Raises
    ------
    UnusableResult
        Where frames do not lie on one regular grid, or there are too many segments.
    """
    numbers = list(seg.segment_numbers)
    if len(numbers) > MAX_SEGMENTS:
        raise UnusableResult(f"it has {len(numbers)} segments: at most {MAX_SEGMENTS} are read")
    found = [each for number in numbers for each in _parts(seg, int(number))]
    frame = str(seg.get("FrameOfReferenceUID", ""))
    return Read(
        str(seg.StudyInstanceUID), frozenset([frame] if frame else []), segments=tuple(found)
    )


def _parts(seg: hd.seg.Segmentation, number: int) -> Iterator[Segment]:
    try:
        volume = seg.get_volume(segment_numbers=[number], combine_segments=False)
    except (RuntimeError, ValueError) as wrong:
        raise UnusableResult(
            f"the frames of segment {number} do not lie on one regular grid: export them again on"
            " the grid of the series"
        ) from wrong
    whole = np.asarray(volume.array)[..., 0] >= HALF
    pieces, _ = ndimage.label(whole, structure=_ALL_NEIGHBOURS)
    for piece, box in enumerate(ndimage.find_objects(pieces), start=1):
        mask = (pieces[box] == piece).astype(np.uint8)
        offset = (box[0].start, box[1].start, box[2].start)
        extent = Extent(mask, offset, np.asarray(volume.affine, np.float64))
        yield Segment(str(seg.SOPInstanceUID), number, extent)
