"""Take the face out of a head's volume (PS3.15 E.3.2), simply and the same way each time. Pure.

The head is what is brighter than air. Below the brow and in front, a shell under the skin is set
to air: its depth grows from nothing at the brow by `SLOPE` millimetres for each millimetre below
it, up to `DEEPEST_MM`, so that eyes, nose, lips and cheeks go and the brain, which lies deeper
there, stays. Ears and the head's outline above the brow stay. The brow is found from the top of
the head, so the top must be in the volume; without it nothing is done.

What this is not: a registration to an atlas. See docs/dicom.md, *Faces*, for what was measured.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GRID_MM = 2.0  # the mask is found on voxels of about this size
BROW = 0.5  # below the top of the head, of the head's length from front to back
SLOPE = 0.6
DEEPEST_MM = 40.0
FRONT_MM = 45.0  # the face begins so far in front of the head's middle
MARGIN_MM = 4.0  # of air in front of the skin: ghosts of it
BRIGHT = 0.12  # of the 99th percentile above air: tissue
LEAST_HEIGHT_MM = 100.0
_RIM = 4
AIR_MM = 5.0  # that must be above the head
Mask = NDArray[np.bool_]


class NotAHead(ValueError):
    """No face can be found in the volume: too little of a head, or its top is cut off."""


@dataclass(frozen=True)
class Volume:
    """Frames sorted along their normal.

    Attributes
    ----------
    values : (frames, rows, columns)
        Any numbers that rise with the signal.
    origin_mm : (3,)
        The first voxel's centre, LPS.
    steps_mm : (3, 3)
        Row k: how far one step along the array's axis k leads, LPS.
    """

    values: NDArray[np.float32]
    origin_mm: NDArray[np.float64]
    steps_mm: NDArray[np.float64]


def face(volume: Volume) -> Mask:
    """The voxels to be set to air: (frames, rows, columns).

    Raises
    ------
    NotAHead
        Where the head's top is not in the volume or there is no head.
    """
    spacing = np.linalg.norm(volume.steps_mm, axis=1)
    stride = [max(1, round(GRID_MM / each)) for each in spacing]
    coarse = volume.values[:: stride[0], :: stride[1], :: stride[2]]
    steps = volume.steps_mm * np.array(stride)[:, None]
    found = _face(coarse, volume.origin_mm, steps)
    for axis, times in enumerate(stride):
        found = np.repeat(found, times, axis=axis)
    frames, rows, columns = volume.values.shape
    whole: Mask = found[:frames, :rows, :columns]
    return whole


def _face(
    values: NDArray[np.float32], origin: NDArray[np.float64], steps: NDArray[np.float64]
) -> Mask:
    from scipy import ndimage  # slow to load

    head = _head(values)
    y, z = (_coordinate(axis, values.shape, origin, steps) for axis in (1, 2))
    inside_z = np.broadcast_to(z, head.shape)[head]
    top = float(np.percentile(inside_z, 99.9))
    if top - inside_z.min() < LEAST_HEIGHT_MM or top > z.max() - AIR_MM:
        raise NotAHead("The top of the head is not in the volume.")
    front, back = np.percentile(np.broadcast_to(y, head.shape)[head], [0.5, 99.5])
    brow, centre = top - BROW * (back - front), (front + back) / 2  # LPS: smaller is in front
    spacing = np.linalg.norm(steps, axis=1)
    depth = ndimage.distance_transform_edt(np.pad(head, 1, mode="edge"), sampling=spacing)
    depth = depth[1:-1, 1:-1, 1:-1]
    before = ndimage.distance_transform_edt(~head, sampling=spacing) <= MARGIN_MM
    allowed = np.clip((brow - z) * SLOPE, 0.0, DEEPEST_MM)
    region = (y < centre - FRONT_MM) & (z < brow)
    mask: Mask = region & ((head & (depth <= allowed)) | (before & ~head))
    return mask


def _head(values: NDArray[np.float32]) -> Mask:
    from scipy import ndimage

    air = float(values.min())
    bright = values - air > BRIGHT * (float(np.percentile(values, 99)) - air)
    bright = np.pad(bright, _RIM, mode="edge")  # a head that is cut off goes on at the border
    bright = ndimage.binary_opening(bright)
    labels, count = ndimage.label(bright)
    if not count:
        raise NotAHead("There is no head in the volume.")
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    head = ndimage.binary_closing(labels == sizes.argmax(), iterations=3)
    head = head[_RIM:-_RIM, _RIM:-_RIM, _RIM:-_RIM]
    for index in range(len(head)):  # sinuses and airways are inside
        head[index] = ndimage.binary_fill_holes(head[index])
    filled: Mask = head
    return filled


def _coordinate(
    axis: int, shape: tuple[int, ...], origin: NDArray[np.float64], steps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One LPS coordinate of every voxel."""
    parts = [np.arange(size) * steps[number, axis] for number, size in enumerate(shape)]
    whole: NDArray[np.float64] = (
        origin[axis] + parts[0][:, None, None] + parts[1][None, :, None] + parts[2][None, None, :]
    )
    return whole
