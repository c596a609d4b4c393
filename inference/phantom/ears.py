"""Ears: auricles outside the scalp, external canals, tympanic cavities, the joint of the jaw.

Sizes are those of anatomy books (an auricle about 62 by 35 mm, its long axis leaning back by 15 to
20 degrees; a canal of 25 mm and 6 to 8 mm across, the inner two thirds in bone); courses are in MNI
millimetres. How far an auricle stands off is less than in life: pads of a head coil press it to the
head, and an image has to hold it. Cartilage has no class of its own and is drawn as skin is.

Nothing of the brain, its coverings and its vessels is touched, and the random numbers are the ears'
own: a head's lesions, vessels and noise are what they are without ears.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from inference.phantom.anatomy import Head
from inference.phantom.fields import (
    Array,
    Box,
    Points,
    box_around,
    paint_tube,
    smooth_curve,
    smooth_field,
)
from inference.phantom.tissues import Tissues

# Right side, as (right, anterior, superior). Where the canal meets the head's skin is looked for.
_CANAL = ((50.0, -22.0, -42.5), (56.0, -22.0, -44.0), (63.0, -24.0, -44.5), (69.0, -25.0, -43.5))
_CAVITY = ((49.0, -24.0, -37.0), (47.0, -23.0, -41.0), (46.5, -22.0, -45.0))
_ANTRUM = ((49.0, -26.0, -37.0), (52.0, -33.0, -39.0))
_JOINT = ((46.0, -11.0, -47.0), (60.0, -13.0, -47.0))  # head of the mandible, across
_RAMUS = ((54.0, -11.0, -49.0), (56.0, -8.0, -64.0), (56.0, -6.0, -76.0))
_ABOVE = (69.0, -25.0, -13.0)  # over the canal's outer end: which way is up in this head
_FROM_DURA_MM = 1.5  # nothing is drawn nearer to the brain's coverings
_MARGIN = 3  # voxels between an auricle and the border of the grid
_REACH = (48, 42)  # voxels about the canal's opening, along z and y, that an auricle may take


@dataclass(frozen=True)
class Auricle:
    """One auricle's measures in mm (degrees); `stand_off` is that of the rim, from the skin."""

    half_height: float
    half_width: float
    lean_deg: float
    stand_off: float
    plate: float


def add(head: Head, rng: np.random.Generator) -> None:
    """Draw both ears into a head that is otherwise complete."""
    shared = rng.normal(0, 1, 5)
    for side in (-1, 1):
        own = 0.9 * shared + 0.4 * rng.normal(0, 1, 5)
        auricle = Auricle(
            half_height=31 + 2 * own[0],
            half_width=17 + 1.3 * own[1],
            lean_deg=17 + 4 * own[2],
            stand_off=float(np.clip(10 + 3 * own[3], 5, 16)),
            plate=float(np.clip(1.5 + 0.15 * own[4], 1.2, 1.8)),
        )
        _jaw(head, side, rng)
        outer, out = _canal(head, side, rng)
        _auricle(head, side, outer, out, auricle, rng)


def _points(head: Head, course: tuple[tuple[float, ...], ...], side: int) -> Points:
    """Subject voxels (z, y, x) of a course given in MNI mm."""
    mni = np.array(course, dtype=np.float64)
    return head.deformation.to_subject(np.stack([mni[:, 2], -mni[:, 1], -side * mni[:, 0]], 1))


def _box(head: Head, points: Points, margin: float) -> Box:
    middle = (points.min(0) + points.max(0)) / 2
    half = float(np.ptp(points, axis=0).max()) / 2 + margin
    return box_around(middle, half, head.brain.shape)


def _tube(box: Box, points: Points, radii: float | np.ndarray) -> Array:
    """A tube's soft fraction in a box."""
    volume = np.zeros(tuple(part.stop - part.start for part in box), np.float32)
    paint_tube(volume, points - [part.start for part in box], np.asarray(radii))
    return volume


def _free(head: Head, box: Box) -> Array:
    """Where something may be drawn: away from the dura, and no vessel's."""
    away = np.clip(-head.inside_hull_mm[box] - np.float32(_FROM_DURA_MM), 0, 1)
    empty = (head.tissues["blood"][box] <= 0) & (head.brain[box] <= 0)
    return np.asarray(away * empty, dtype=np.float32)


def _lay(tissues: Tissues, name: str, fraction: Array, box: Box) -> None:
    """Lay a class down; what had taken up contrast there is gone."""
    tissues.put(name, fraction, box)
    tissues.gadolinium[box] *= 1 - fraction


def _jaw(head: Head, side: int, rng: np.random.Generator) -> None:
    """The head of the mandible in front of the canal, and the ramus below: cortex and marrow."""
    joint = smooth_curve(_points(head, _JOINT, side), 0.8, 0.3, rng)
    ramus = smooth_curve(_points(head, _RAMUS, side), 0.8, 0.3, rng)
    box = _box(head, np.concatenate([joint, ramus]), 9)
    free = _free(head, box)
    for name, more in (("muscle", 2.0), ("bone", 0.0), ("fat", -1.6)):
        part = np.maximum(_tube(box, joint, 4.4 + more), _tube(box, ramus, 3.8 + more))
        _lay(head.tissues, name, part * free * np.float32(0.9), box)


def _canal(head: Head, side: int, rng: np.random.Generator) -> tuple[Points, int]:
    """Canal and tympanic cavity, bone about their inner parts.

    Answers where the canal's wall ends and which way along x is outwards there: half of the heads
    are mirrored.
    """
    inner = smooth_curve(_points(head, _CANAL, side), 0.6, 0.2, rng)
    outer = inner[-1]
    out = 1 if outer[2] > inner[0, 2] else -1
    opening = outer + np.array([0.0, 0.0, out]) * (_skin(head, outer, out) + 4)
    course = np.concatenate([inner, np.linspace(outer, opening, 40)])
    width = rng.uniform(2.9, 3.7) + 0.5 * np.cos(np.linspace(-1, 2 * np.pi, len(course)))
    cavity, antrum = _points(head, _CAVITY, side), _points(head, _ANTRUM, side)
    hollow = [smooth_curve(each, 0.6, 0.1, rng) for each in (cavity, antrum)]
    box = _box(head, np.concatenate([course, *hollow]), 8)
    free = _free(head, box)
    in_bone = inner[: 2 * len(inner) // 3]
    wall = np.maximum(_tube(box, in_bone, 6.2), _tube(box, hollow[0], 5.0))
    _lay(head.tissues, "bone", wall * free, box)
    lining = np.maximum(_tube(box, course, width + 1.0), _tube(box, hollow[0], 3.0))
    solid = 1 - head.tissues["air"][box]
    _lay(head.tissues, "muscle", lining * free * solid * np.float32(0.8), box)
    air = np.maximum(_tube(box, course, width), _tube(box, hollow[0], 2.3))
    air = np.maximum(air, _tube(box, hollow[1], 2.0))
    _lay(head.tissues, "air", air * free, box)
    return outer, out


def _skin(head: Head, at: Points, out: int) -> float:
    """How far outwards from a point the head's skin is, mm."""
    z, y, x = np.clip(at.round().astype(int), 0, np.array(head.brain.shape) - 1)
    row = head.tissues["air"][z, y]
    outwards = row[x:] if out > 0 else row[x::-1]
    solid = np.flatnonzero(outwards < 0.5)
    return float(solid.max()) if len(solid) else 0.0


def _auricle(
    head: Head, side: int, outer: Points, out: int, auricle: Auricle, rng: np.random.Generator
) -> None:
    """The auricle as a bent plate over the skin, with a rolled rim, about the canal's opening."""
    box = _outwards(head, outer, out)
    surface = _surface(head.tissues["air"][box])
    corner = [box[0].start, box[1].start]
    grid = np.meshgrid(*(np.arange(n) for n in surface.shape), indexing="ij")
    up, back = _axes(head, side, outer, [each + c for each, c in zip(grid, corner, strict=True)])
    height = np.arange(head.tissues["air"][box].shape[2]) - surface[..., None]
    room = (height.shape[2] - 1 - surface).astype(np.float32)
    shape, fat = _plate(auricle, up, back, height.astype(np.float32), room, rng)
    free = head.tissues["air"][box] * _free(head, box)
    _lay(head.tissues, "muscle", shape * free, box)
    _lay(head.tissues, "fat", fat * shape * free, box)


def _outwards(head: Head, outer: Points, out: int) -> Box:
    """A box about the canal's opening whose last axis runs outwards."""
    size = head.brain.shape
    z, y, x = (int(n) for n in outer.round())
    low, high = max(0, z - _REACH[0]), min(size[0], z + _REACH[0])
    front, rear = max(0, y - _REACH[1]), min(size[1], y + _REACH[1])
    across = slice(x, size[2]) if out > 0 else slice(x, None, -1)
    return slice(low, high), slice(front, rear), across


def _surface(air: Array) -> Array:
    """Where the skin ends along the last axis, smooth: (z, y) in voxels."""
    solid = air < 0.5
    last = solid.shape[2] - solid[:, :, ::-1].argmax(2) - 0.5
    last = np.where(solid.any(2), last, 0.0)
    return np.asarray(ndimage.gaussian_filter(last.astype(np.float32), 2.5, mode="nearest"))


def _axes(head: Head, side: int, outer: Points, voxels: list[Array]) -> tuple[Array, Array]:
    """Millimetres upwards and backwards from the canal, in the plane of the head's side."""
    z, y = _points(head, (_ABOVE,), side)[0][:2] - outer[:2]
    length = float(np.hypot(z, y))
    z, y = z / length, y / length
    above, behind = voxels[0] - outer[0], voxels[1] - outer[1]
    up, back = above * z + behind * y, behind * z - above * y
    return np.asarray(up, dtype=np.float32), np.asarray(back, dtype=np.float32)


def _plate(
    auricle: Auricle, up: Array, back: Array, height: Array, room: Array, rng: np.random.Generator
) -> tuple[Array, Array]:
    """An auricle's soft fraction, and the share of it that is fat, over the skin.

    `height` is that of each voxel over the skin, `room` that of the grid's border.
    """
    lean = np.radians(auricle.lean_deg)
    along = up * np.cos(lean) + back * np.sin(lean) - 3
    across = back * np.cos(lean) - up * np.sin(lean) - 9
    wide = auricle.half_width * (1 + 0.2 * np.clip(along / auricle.half_height, -1, 1))
    wobble = smooth_field(rng, (1, *up.shape), 12, 0.04)[0]
    radius = np.hypot(along / auricle.half_height, across / wide) + wobble
    behind = np.clip((across / wide + 1) / 2, 0, 1)
    lobule = np.clip((-along / auricle.half_height - 0.5) * 4, 0, 1)
    concha = np.exp(-((across + 4) ** 2 + (along + 3) ** 2) / (2 * 6.5**2))
    least = float(room[radius < 1].min(initial=np.inf)) - _MARGIN - 2 * auricle.plate
    stands = float(np.clip(least, 1, auricle.stand_off))
    middle = (1.2 + stands * behind**1.3 * (1 - 0.5 * lobule)) * (1 - 0.7 * concha)
    off = height - middle[..., None]
    rim, fold = (radius - 0.93) * wide, (radius - 0.58) * wide
    thick = auricle.plate * (1 + 0.6 * lobule)
    shape = np.clip(thick[..., None] - np.abs(off) + 0.5, 0, 1)
    root = (behind < 0.35)[..., None] & (off < 0) & (height > -3)
    shape = np.maximum(shape, root.astype(np.float32))
    open_to_canal = np.clip(np.hypot(up, back) - 3.5, 0, 1)
    shape = shape * (np.clip((1 - radius) * wide + 0.5, 0, 1) * open_to_canal)[..., None]
    curled = (along > -0.55 * auricle.half_height) & (behind > 0.12)
    for ridge, size, where in ((rim, 2.3, curled), (fold, 1.7, curled & (behind > 0.55))):
        tube = size - np.hypot(ridge[..., None], off - 1.3) + 0.5
        shape = np.maximum(shape, np.clip(tube, 0, 1) * where[..., None])
    shape = shape * np.clip(room[..., None] - height - 2, 0, 1)
    fat = np.clip(0.15 + 0.75 * lobule[..., None] - 0.3 * np.abs(off) / thick[..., None], 0, 0.8)
    return shape.astype(np.float32), np.broadcast_to(fat, shape.shape).astype(np.float32)
