"""What enhances without being a metastasis: sinuses, arteries, veins, dura, plexus, pituitary."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from inference.phantom.anatomy import Head
from inference.phantom.fields import Array, Points, paint_tube, smooth_curve, smooth_field
from inference.phantom.template import SHAPE

Mni = tuple[float, float, float]

# Courses in MNI mm (right, anterior, superior), for the right side where they come in pairs.
_SAGITTAL_SINUS: tuple[Mni, ...] = (
    (0, 70, 2), (0, 72, 22), (0, 62, 46), (0, 42, 66), (0, 16, 80), (0, -14, 86), (0, -44, 81),
    (0, -72, 64), (0, -92, 40), (0, -103, 12), (0, -101, -12),
)  # fmt: skip
_TRANSVERSE: tuple[Mni, ...] = (
    (0, -101, -12), (18, -98, -16), (40, -82, -20), (54, -60, -26), (50, -44, -36), (36, -38, -54),
)  # fmt: skip
_PAIRED: tuple[tuple[tuple[Mni, ...], float, float], ...] = (
    (_TRANSVERSE, 3.2, 2.6),  # and sigmoid sinus
    (((0, -42, 2), (3, -30, 12), (5, -10, 17), (3, 4, 14)), 1.0, 0.8),  # internal cerebral vein
    (((0, -46, 0), (14, -34, -8), (20, -16, -14), (16, 0, -20)), 1.0, 0.7),  # basal vein
    (((16, -4, -50), (14, 4, -38), (11, 2, -30), (12, 8, -22), (10, 4, -18)), 2.2, 1.9),  # carotid
    (
        ((10, 4, -18), (22, 6, -19), (35, 3, -15), (42, -8, -4), (45, -24, 8), (50, -42, 16)),
        1.5,
        0.7,
    ),
    (((35, 3, -15), (43, 12, -4), (50, 10, 14), (52, 4, 32)), 1.0, 0.6),  # its anterior branch
    (((10, 4, -18), (3, 16, -14), (2, 32, 4), (2, 30, 24), (2, 8, 34), (2, -20, 40)), 1.2, 0.6),
    (((1, -14, -16), (12, -16, -14), (22, -34, -6), (16, -58, 0), (10, -78, 2)), 1.2, 0.6),
    (((1, -22, -30), (14, -26, -32), (26, -40, -32), (34, -56, -36)), 0.8, 0.5),  # AICA
)
_SINGLE: tuple[tuple[tuple[Mni, ...], float, float], ...] = (
    (((0, -101, -12), (0, -82, -6), (0, -62, 2), (0, -42, 2)), 2.0, 1.6),  # straight sinus
    (((0, -26, -58), (0, -24, -44), (1, -22, -30), (1, -14, -16)), 1.7, 1.6),  # basilar artery
)


@dataclass(frozen=True)
class Enhancing:
    """Soft fractions of vessels (0-1), painted in the subject's grid."""

    vessels: Array


def _points(head: Head, course: tuple[Mni, ...], side: int, rng: np.random.Generator) -> Points:
    """Subject voxels (z, y, x) of a course given in MNI mm, each landmark shifted a little."""
    mni = np.array(course, dtype=np.float64) + rng.normal(0, 1.0, (len(course), 3))
    mni[:, 0] *= side
    return head.deformation.to_subject(np.stack([mni[:, 2], -mni[:, 1], -mni[:, 0]], 1))


def add(head: Head, dose: float, rng: np.random.Generator) -> Enhancing:
    """Paint all that takes up contrast in a head without metastases.

    Parameters
    ----------
    dose
        Factor on every concentration: injected dose, delay and clearance together.
    """
    vessels = np.zeros(SHAPE, np.float32)
    sinus = _major(vessels, head, rng)
    _cortical(vessels, head, sinus, rng)
    _sulcal(vessels, head, rng)
    _medullary(vessels, head, rng)
    tissues = head.tissues
    tissues.put("blood", vessels * np.float32(0.95))
    tissues.gadolinium += vessels * np.float32(1.6 * dose)
    _dura_and_mucosa(head, dose, rng)
    _plexus_and_pituitary(head, dose, rng)
    return Enhancing(vessels)


def _major(vessels: Array, head: Head, rng: np.random.Generator) -> Points:
    """Paint sinuses and large arteries; return the course of the superior sagittal sinus."""
    sinus = _onto_dura(head, smooth_curve(_points(head, _SAGITTAL_SINUS, 1, rng), 0.7, 0.4, rng))
    calibre = rng.uniform(0.85, 1.15)
    paint_tube(vessels, sinus, np.linspace(1.3, 3.6, len(sinus)) * calibre)
    paired = [(each, side) for each in _PAIRED for side in (-1, 1)]
    for (course, first, last), side in [*paired, *((each, 1) for each in _SINGLE)]:
        line = smooth_curve(_points(head, course, side, rng), 0.7, 0.7, rng)
        line = _onto_dura(head, line) if course is _TRANSVERSE else line
        factor = rng.uniform(0.7, 1.15)
        paint_tube(vessels, line, np.linspace(first, last, len(line)) * factor)
    return sinus


def _onto_dura(head: Head, line: Points, depth_mm: float = -0.5) -> Points:
    """Move a course along the dura's normal until it lies in the dura."""
    depth_at = _lookup(head.inside_hull_mm)
    normal_at = _lookup(head.inwards)
    moved = line.copy()
    for _ in range(4):
        for number, point in enumerate(moved):
            moved[number] = point + normal_at(point) * (depth_mm - depth_at(point))
    return np.asarray(ndimage.gaussian_filter1d(moved, 3, axis=0))


def _walk(
    start: Points, steps: int, step: float, turn: Callable[[Points, Points], Points], first: Points
) -> Points:
    """Walk with inertia: `turn(position, direction)` gives the next direction, not normalised."""
    here, direction, course = start.astype(np.float64), first, []
    for _ in range(steps):
        direction = turn(here, direction)
        direction = direction / (np.linalg.norm(direction) + 1e-6)
        here = here + step * direction
        course.append(here)
    return np.array(course)


def _lookup(field: Array) -> Callable[[Points], Points]:
    """Return a function that reads a field (.., z, y, x) at a point, cut at the edges."""
    last = np.array(field.shape[-3:]) - 1

    def read(point: Points) -> Points:
        z, y, x = np.clip(point.round().astype(int), 0, last)
        return np.asarray(field[..., z, y, x], dtype=np.float64)

    return read


def _cortical(vessels: Array, head: Head, sinus: Points, rng: np.random.Generator) -> None:
    """Superficial veins: they run over the surface in the subarachnoid space to the sinus."""
    depth = head.inside_hull_mm
    depth_at, normal_at = _lookup(depth), _lookup(head.inwards)
    top = np.arange(SHAPE[0])[:, None, None] > 62
    surface = np.argwhere((np.abs(depth - 1) < 0.7) & top)
    for _ in range(rng.integers(26, 46)):
        goal = sinus[rng.integers(len(sinus) // 5, len(sinus) * 9 // 10)]
        wanted = rng.uniform(-0.5, 2.5)

        def turn(
            here: Points, direction: Points, goal: Points = goal, wanted: float = wanted
        ) -> Points:
            normal, to_goal = normal_at(here), goal - here
            new = 0.82 * direction + 0.28 * rng.normal(0, 1, 3)
            new = new + 0.14 * to_goal / (np.linalg.norm(to_goal) + 1e-3)
            new = new - 0.9 * normal * (new @ normal)
            return new + 0.25 * normal * np.clip(wanted - depth_at(here), -2, 2)

        steps = int(rng.integers(25, 75))
        course = _walk(surface[rng.integers(len(surface))], steps, 0.9, turn, rng.normal(0, 1, 3))
        paint_tube(vessels, course, np.linspace(0.5, rng.uniform(0.8, 1.5), steps))


def _sulcal(vessels: Array, head: Head, rng: np.random.Generator) -> None:
    """Short vessels deep in sulci: seen end on, they look like small metastases."""
    depth = head.inside_hull_mm
    normal_at = _lookup(head.inwards)
    starts = np.argwhere((head.tissues["csf"] > 0.45) & (depth > 4) & (depth < 22))

    def turn(here: Points, direction: Points) -> Points:
        return 0.8 * direction + 0.3 * rng.normal(0, 1, 3) - 0.2 * normal_at(here)

    for _ in range(rng.integers(35, 70) if len(starts) else 0):
        steps = int(rng.integers(7, 26))
        course = _walk(starts[rng.integers(len(starts))], steps, 0.8, turn, rng.normal(0, 1, 3))
        paint_tube(vessels, course, float(rng.uniform(0.4, 0.95)))


def _medullary(vessels: Array, head: Head, rng: np.random.Generator) -> None:
    """Thin veins that converge, gently bent, through the white matter to the ventricles."""
    white = np.argwhere(head.tissues["white"] > 0.8)
    centre = head.deformation.to_subject(np.array([[14.0, 12.0, 0.0]]))[0]  # z, y, x mm
    for _ in range(rng.integers(15, 40)):
        start = white[rng.integers(len(white))]
        inward = (centre - start) / (np.linalg.norm(centre - start) + 1e-6)

        def turn(_: Points, direction: Points, inward: Points = inward) -> Points:
            return 0.85 * direction + 0.12 * rng.normal(0, 1, 3) + 0.1 * inward

        steps = int(rng.integers(7, 22))
        paint_tube(vessels, _walk(start, steps, 0.7, turn, inward), float(rng.uniform(0.22, 0.4)))


def _dura_and_mucosa(head: Head, dose: float, rng: np.random.Generator) -> None:
    """Dura, falx and mucosa enhance, unevenly."""
    tissues = head.tissues
    patchy = np.clip(1 + smooth_field(rng, SHAPE, 14, 0.4), 0.2, 2)
    tissues.gadolinium += tissues["dura"] * patchy * np.float32(rng.uniform(0.15, 0.5) * dose)
    tissues.gadolinium += tissues["mucosa"] * patchy * np.float32(0.7 * dose)
    z, y, x = head.template_mm
    roof = np.clip(1.2 - np.abs(x + smooth_field(rng, SHAPE, 30, 0.6)), 0, 1)
    falx = roof * (tissues["csf"] > 0.3) * (z > 18 - 0.25 * y) * (head.inside_hull_mm > 0)
    thin = ndimage.gaussian_filter(falx.astype(np.float32), 0.5) * np.float32(0.6)
    tissues.gadolinium += thin * patchy * np.float32(rng.uniform(0.25, 0.6) * dose)


def _plexus_and_pituitary(head: Head, dose: float, rng: np.random.Generator) -> None:
    """Choroid plexus in the atria, pituitary gland and stalk, pineal gland."""
    tissues = head.tissues
    for side in (-1, 1):
        blob = np.zeros(SHAPE, np.float32)
        course = ((14.0, -24.0, 18.0), (24.0, -40.0, 12.0), (30.0, -34.0, -6.0))
        line = smooth_curve(_points(head, course, side, rng), 0.8, 1.0, rng)
        paint_tube(blob, line, float(rng.uniform(1.2, 2.6)))
        blob *= np.clip(tissues["csf"] * 2, 0, 1)
        blob *= np.clip(0.8 + smooth_field(rng, SHAPE, 2.5, 0.4), 0, 1)
        tissues.put("mucosa", blob * np.float32(0.8))
        tissues.gadolinium += blob * np.float32(0.8 * dose)
    gland = np.zeros(SHAPE, np.float32)
    paint_tube(gland, _points(head, ((-2.5, 2, -34), (2.5, 2, -34)), 1, rng), rng.uniform(2.5, 4))
    paint_tube(
        gland,
        smooth_curve(
            _points(head, ((0, 2, -30), (0, 2, -24), (0, -2, -18)), 1, rng), 0.8, 0.1, rng
        ),
        0.9,
    )
    paint_tube(gland, _points(head, ((0, -30, 0),), 1, rng), rng.uniform(1.0, 2.2))
    tissues.put("mucosa", gland * np.float32(0.9))
    tissues.gadolinium += gland * np.float32(0.9 * dose)
