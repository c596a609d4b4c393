"""Metastases: solid, ring-enhancing, haemorrhagic, with oedema and mass effect."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from inference.phantom.anatomy import Head
from inference.phantom.fields import (
    Array,
    Box,
    Points,
    box_around,
    distances,
    offsets,
    smooth_field,
)
from inference.phantom.tissues import INDEX

_LESION_TISSUES = ("tumour", "necrosis", "haemorrhage")
MIN_DIAMETER_MM, MAX_DIAMETER_MM = 2.0, 32.0
MEDIAN_MM = 5.8
SMALLEST_MM = 1.5  # that can be asked for: beneath it a voxel of 1 mm shows next to nothing
_FINE = 7  # parts of a voxel's side by which the smallest are summed


@dataclass(frozen=True)
class Sizes:
    """The diameters that metastases are drawn from: lognormal, up to 32 mm.

    Attributes
    ----------
    median_mm
        A head with many small ones teaches a detector more for the seconds that it takes to make.
    smallest_mm
        What a smaller diameter becomes. With another than the usual 2 mm a seed's lesions are
        others from the first that was smaller.

    Raises
    ------
    ValueError
        If the smallest is under 1.5 mm, or larger than the largest.
    """

    median_mm: float = MEDIAN_MM
    smallest_mm: float = MIN_DIAMETER_MM

    def __post_init__(self) -> None:
        if not SMALLEST_MM <= self.smallest_mm <= MAX_DIAMETER_MM:
            allowed = f"{SMALLEST_MM} to {MAX_DIAMETER_MM:g}"
            raise ValueError(f"smallest_mm is {self.smallest_mm}: give {allowed}")


USUAL = Sizes()


@dataclass(frozen=True)
class Planted:
    """A metastasis in the anatomy grid (1 mm)."""

    number: int
    kind: str  # solid, ring, haemorrhagic, leptomeningeal, at-vessel, or one of `kinds`
    nominal_mm: float  # diameter of the sphere it was drawn from
    box: Box
    fraction: Array  # soft fraction of the lesion in its box
    enhancement: float  # relative to a vessel's 1.6


@dataclass(frozen=True)
class Shape:
    """Where a lesion goes: soft fraction, and radius-like coordinate in mm from its centre."""

    centre: Points
    radius: float
    box: Box
    rho: Array
    fraction: Array


def never() -> bool:
    """No lesion is dry but those that oedema's own chance leaves so."""
    return False


def plant(
    head: Head,
    count: int | None,
    dose: float,
    rng: np.random.Generator,
    sizes: Sizes = USUAL,
    dry: Callable[[], bool] = never,
) -> list[Planted]:
    """Put metastases into the head; `count` None draws a number (1-22, mostly a few).

    Each for which `dry` answers yes has no oedema; all else is drawn as if it had.
    """
    if count is None:
        count = int(np.clip(rng.lognormal(1.1, 0.9), 1, 22))
    places, weights = seats(head) if count else (np.empty((0, 3), np.int64), np.empty(0))
    taken = np.zeros(head.brain.shape, bool)
    planted: list[Planted] = []
    for number in range(1, count + 1):
        shape = _find_room(head, places, weights, taken, rng, sizes)
        if shape is None:
            continue
        taken[shape.box] |= shape.fraction > 0.05
        mass_effect(head, shape, rng)
        planted.append(grow(head, shape, number, dose, rng, is_dry=dry()))
    white_matter_spots(head, rng)
    return planted


def plant_smaller(
    head: Head, later: list[Planted], shrink: float, dose: float, rng: np.random.Generator
) -> list[Planted]:
    """Put metastases where a later examination has its own, `shrink` times as wide.

    One that would be under the least diameter is not there yet.
    """
    planted: list[Planted] = []
    for each in later:
        radius = each.nominal_mm * shrink / 2
        if 2 * radius < MIN_DIAMETER_MM:
            continue
        middle = np.array(ndimage.center_of_mass(each.fraction))
        centre = middle + [part.start for part in each.box]
        shape = outline(head, centre, radius, rng)
        mass_effect(head, shape, rng)
        planted.append(grow(head, shape, each.number, dose, rng))
    white_matter_spots(head, rng)
    return planted


def seats(head: Head) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Voxels where metastases sit, with weights: the junction of grey and white matter."""
    grey = head.tissues["grey"] + 0.3 * head.tissues["deep_grey"]
    junction = ndimage.gaussian_filter(grey, 1.5) * ndimage.gaussian_filter(
        head.tissues["white"], 1.5
    )
    junction[ndimage.uniform_filter(head.brain, 5) < 0.9] = 0
    seats = np.argwhere(junction > 0.08)
    weights = junction[tuple(seats.T)].astype(np.float64)
    return seats, weights / weights.sum()


def _find_room(
    head: Head,
    places: NDArray[np.int64],
    weights: NDArray[np.float64],
    taken: NDArray[np.bool_],
    rng: np.random.Generator,
    sizes: Sizes,
) -> Shape | None:
    """Draw sizes and seats until one lies in the brain and touches no other lesion."""
    for _ in range(12):
        nominal = rng.lognormal(np.log(sizes.median_mm), 0.68)
        nominal = np.clip(nominal, sizes.smallest_mm, MAX_DIAMETER_MM)
        centre = places[rng.choice(len(places), p=weights)] + rng.uniform(-0.5, 0.5, 3)
        shape = outline(head, centre, float(nominal) / 2, rng)
        expected = 4.19 * shape.radius**3
        if not taken[shape.box].any() and shape.fraction.sum() > 0.5 * expected:
            return shape
    return None


def outline(
    head: Head, centre: Points, radius: float, rng: np.random.Generator, lobed: float = 1.0
) -> Shape:
    """Lobulated ellipsoid, cut at the brain's surface; `lobed` is how uneven, 1 as usual."""
    box = box_around(centre, radius * 1.5 + 3, head.brain.shape)
    away = offsets(box, centre)
    axes = np.exp(rng.normal(0, 0.12 + 0.06 * (radius > 6), 3))
    axes /= np.cbrt(axes.prod())
    turn = Rotation.random(random_state=rng).as_matrix() / axes[:, None]
    rho = np.sqrt((np.tensordot(turn, away, 1) ** 2).sum(0)).astype(np.float32)
    lobes = smooth_field(rng, rho.shape, max(2.0, radius * 0.8), 0.10 * lobed)
    lobes += smooth_field(rng, rho.shape, max(1.5, radius * 0.35), 0.06 * lobed)
    uneven = 1 + lobes * min(1.0, radius / 3)
    rho = rho / uneven
    if radius < MIN_DIAMETER_MM / 2:  # a soft edge of 0.9 mm would be a third of such a volume
        fraction = _filled(turn, away, radius * uneven) * head.brain[box]
    else:
        fraction = np.clip((radius - rho) / 0.9 + 0.5, 0, 1) * head.brain[box]
    fraction *= np.sqrt(np.clip(1.25 - head.tissues["csf"][box], 0, 1))
    return Shape(centre, radius, box, rho, fraction.astype(np.float32))


def _filled(turn: Points, away: Array, limit: Array) -> Array:
    """The part of each voxel that an ellipsoid fills, counted on a lattice within the voxel.

    `turn` (3, 3) makes it a ball about `away`'s origin, of radius `limit` in each voxel.
    """
    steps = (np.arange(_FINE) - (_FINE - 1) / 2) / _FINE
    filled = np.zeros(limit.shape, np.float32)
    for step in np.array(np.meshgrid(steps, steps, steps)).reshape(3, -1).T:
        point = np.tensordot(turn, away + step[:, None, None, None], 1)
        filled += (point**2).sum(0) < limit**2
    return np.asarray(filled / np.float32(_FINE**3), dtype=np.float32)


def mass_effect(head: Head, shape: Shape, rng: np.random.Generator) -> None:
    """Push the tissue around a larger lesion outwards, keeping its volume near the lesion."""
    if shape.radius < 3.5:
        return
    push = rng.uniform(0.25, 0.65) * shape.radius**3
    box = box_around(shape.centre, 2.6 * shape.radius + 2, head.brain.shape)
    away = offsets(box, shape.centre)
    distance = distances(box, shape.centre) + 1e-3
    source = np.cbrt(np.maximum(distance**3 - push, 0.02 * distance**3))
    fade = np.clip((2.6 * shape.radius - distance) / shape.radius, 0, 1)
    ratio = 1 + fade * (source / distance - 1)
    corner = np.array([s.start for s in box])[:, None, None, None]
    at = away * ratio + shape.centre[:, None, None, None] - corner
    present = [head.tissues.fractions[number] for number in head.tissues.present]
    for part in (*present, head.tissues.gadolinium):
        part[box] = ndimage.map_coordinates(part[box].copy(), at, order=1, mode="nearest")


def grow(
    head: Head,
    shape: Shape,
    number: int,
    dose: float,
    rng: np.random.Generator,
    *,
    is_dry: bool = False,
) -> Planted:
    """Lay down tumour, necrosis, contrast uptake and oedema."""
    diameter = 2 * shape.radius
    kind = _kind(diameter, rng)
    fraction = shape.fraction
    head.tissues.put("haemorrhage" if kind == "haemorrhagic" else "tumour", fraction, shape.box)
    enhancement = rng.uniform(0.45, 1.25) * (0.85 if diameter < 4 else 1.0)
    uneven = 1 + smooth_field(rng, fraction.shape, max(1.5, shape.radius * 0.5), 0.18)
    uptake = fraction * np.clip(uneven, 0.4, 1.5) * np.float32(enhancement * dose)
    if kind == "ring":
        necrosis = _necrosis(shape, rng)
        head.tissues.put("necrosis", necrosis, shape.box)
        uptake = uptake * (1 - necrosis) + np.float32(0.08 * dose) * necrosis
    gadolinium = head.tissues.gadolinium[shape.box]
    gadolinium[:] = gadolinium * (1 - fraction) + uptake
    _oedema(head, shape, rng, is_dry=is_dry)
    return Planted(number, kind, diameter, shape.box, fraction, float(enhancement))


def _kind(diameter_mm: float, rng: np.random.Generator) -> str:
    ring = diameter_mm > 8 and rng.random() < 0.45 + 0.02 * diameter_mm
    if rng.random() < 0.07:
        return "haemorrhagic"
    return "ring" if ring else "solid"


def _necrosis(shape: Shape, rng: np.random.Generator) -> Array:
    """Fluid core behind an irregular rim."""
    lumps = np.clip(smooth_field(rng, shape.rho.shape, max(2.0, shape.radius * 0.6)), -1, 1.5)
    rim = np.maximum(rng.uniform(0.14, 0.3) * shape.radius + 0.6 * lumps, 1.2)
    return np.asarray(np.clip(shape.radius - rim - shape.rho + 0.5, 0, 1) * shape.fraction)


def _oedema(head: Head, shape: Shape, rng: np.random.Generator, *, is_dry: bool) -> None:
    """Vasogenic oedema: it spreads along white matter and spares the cortex."""
    diameter = 2 * shape.radius
    if rng.random() > np.clip((diameter - 4) / 8, 0.08, 0.92):
        return
    extent = rng.uniform(0.4, 1.6) * shape.radius + rng.uniform(2, 7)
    box = box_around(shape.centre, shape.radius + 1.8 * extent + 3, head.brain.shape)
    distance = distances(box, shape.centre)
    fingers = smooth_field(rng, distance.shape, max(4.0, extent), 0.35)
    if is_dry:
        return
    limit = shape.radius + extent * (1 + fingers)
    white = ndimage.gaussian_filter(head.tissues["white"][box], 0.7)
    amount = np.clip((limit - distance) / 3 + 0.5, 0, 1) * np.clip(white * 1.3 - 0.12, 0, 1)
    infiltrate(head, np.asarray(amount * 0.85, dtype=np.float32), box)


def white_matter_spots(head: Head, rng: np.random.Generator) -> None:
    """Age-related hyperintensities: bright on FLAIR, no enhancement."""
    box: Box = (slice(40, None), slice(None), slice(None))
    shape = head.brain[box].shape
    spots = np.clip((smooth_field(rng, shape, 5) - rng.uniform(1.7, 2.6)) * 3, 0, 0.7)
    infiltrate(head, spots * (head.tissues["white"][box] > 0.7), box)


def infiltrate(head: Head, amount: Array, box: Box) -> None:
    """Turn tissue that is no lesion into oedema."""
    fractions = head.tissues.fractions
    lesion = sum((fractions[INDEX[n]][box] for n in _LESION_TISSUES), np.float32(0))
    amount = amount * np.clip(1 - lesion, 0, 1)
    keep = {name: fractions[INDEX[name]][box].copy() for name in _LESION_TISSUES}
    head.tissues.put("oedema", amount, box)
    for name, before in keep.items():
        now = fractions[INDEX[name]][box]
        fractions[INDEX["oedema"]][box] += now - before
        now[:] = before
