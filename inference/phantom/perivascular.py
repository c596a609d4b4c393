"""Metastases beside vessels: small, at a vessel's wall, as easily taken for its bend as overlooked.

How near and how large they are is our choice; contrast, kind of growth and oedema are those of
other small metastases (`lesions.grow`).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.phantom.anatomy import Head
from inference.phantom.fields import Array
from inference.phantom.lesions import MIN_DIAMETER_MM, Planted, Shape, grow, outline

KIND = "at-vessel"
NEAREST_MM = 2.0  # from the lesion's edge to the vessel's, between middles of voxels
_MEDIAN_MM, _SPREAD = 3.6, 0.4
_MAX_DIAMETER_MM = 6.9  # a larger one pushes vessels away: `lesions.mass_effect`
_GAP_MM = 1.0  # between the sphere that it is drawn from and the vessel, at most
_VESSEL = 0.45  # share of blood; veins thinner than a voxel are below it
_TRIES = 20


def plant(
    head: Head, count: int, planted: list[Planted], dose: float, rng: np.random.Generator
) -> list[Planted]:
    """Put `count` metastases beside vessels, numbered on from what is planted.

    One that finds no room is left out. The vessels stay whole.
    """
    first = max((each.number for each in planted), default=0) + 1
    taken = np.zeros(head.brain.shape, bool)
    for each in planted:
        taken[each.box] |= each.fraction > 0.02
    taken = ndimage.binary_dilation(taken, iterations=2)
    away = ndimage.distance_transform_edt(head.tissues["blood"] < _VESSEL)
    inside = ndimage.uniform_filter(head.brain, 5) > 0.9
    beside: list[Planted] = []
    for _ in range(count):
        shape = _room(head, away, inside, taken, rng)
        if shape is None:
            continue
        taken[shape.box] |= ndimage.binary_dilation(shape.fraction > 0.02, iterations=2)
        grown = grow(head, shape, first + len(beside), dose, rng)
        beside.append(replace(grown, kind=KIND))
    return beside


def _room(
    head: Head,
    away: NDArray[np.float64],
    inside: NDArray[np.bool_],
    taken: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Shape | None:
    """Draw sizes and places until one lies in the brain, at a vessel, away from other lesions."""
    for _ in range(_TRIES):
        diameter = rng.lognormal(np.log(_MEDIAN_MM), _SPREAD)
        radius = float(np.clip(diameter, MIN_DIAMETER_MM, _MAX_DIAMETER_MM)) / 2
        wanted = radius + float(rng.uniform(0, _GAP_MM)) + 0.5  # the vessel's own half voxel
        places = np.argwhere(inside & ~taken & (np.abs(away - wanted) < 0.5))
        if not len(places):
            continue
        centre = places[rng.integers(len(places))].astype(np.float64)
        shape = outline(head, centre, radius, rng)
        shape = replace(shape, fraction=_beside(head, shape))
        solid = shape.fraction > 0.5
        if taken[shape.box][solid].any() or shape.fraction.sum() < 0.5 * 4.19 * radius**3:
            continue
        if solid.any() and away[shape.box][solid].min() <= NEAREST_MM:
            return shape
    return None


def _beside(head: Head, shape: Shape) -> Array:
    """Its fraction less what is blood."""
    free = np.clip(1 - head.tissues["blood"][shape.box] / np.float32(0.95), 0, 1)
    return np.asarray(shape.fraction * free, dtype=np.float32)
