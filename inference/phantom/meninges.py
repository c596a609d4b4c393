"""Leptomeningeal metastases: thin, patchy enhancement of pia and sulci, in places nodular.

What textbooks give: sheets that follow the brain's surface into the sulci and between the folia of
the cerebellum, smooth or nodular, most often at the base, the back of the head and the cerebellum;
little or no oedema. How far and how thick they are here is our choice.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.phantom.anatomy import Head
from inference.phantom.fields import Array, Box, Points, box_around, distances, smooth_field
from inference.phantom.lesions import Planted

KIND = "leptomeningeal"
_REACH_MM = (3.5, 11.0)  # from the middle of a sheet along the surface
_THICK_MM = (1.0, 2.0)
_NODULES, _NODULE_MM = (0, 5), (0.9, 2.2)  # how many in a sheet, and their radii
_SULCUS, _DEEPEST_MM = 0.4, 24.0  # fluid near the surface: farther in are the ventricles
_LEAST_MM3 = 15.0
_TRIES = 20


def coat(
    head: Head, count: int, planted: list[Planted], dose: float, rng: np.random.Generator
) -> list[Planted]:
    """Lay `count` leptomeningeal deposits over the brain, numbered on from what is planted.

    One that finds no sulcus away from the other lesions is left out.
    """
    first = max((each.number for each in planted), default=0) + 1
    taken = np.zeros(head.brain.shape, bool)
    for each in planted:
        taken[each.box] |= each.fraction > 0.02
    taken = ndimage.binary_dilation(taken, iterations=2)
    seats, weights = _seats(head)
    coated: list[Planted] = []
    for _ in range(count if len(seats) else 0):
        found = _sheet(head, seats, weights, taken, rng)
        if found is None:
            continue
        reach, box, fraction = found
        enhancement = float(rng.uniform(0.5, 1.1))
        uneven = np.clip(1 + smooth_field(rng, fraction.shape, 4, 0.2), 0.5, 1.5)
        head.tissues.put("tumour", fraction * np.float32(0.85), box)
        gadolinium = head.tissues.gadolinium[box]
        gadolinium[:] = np.maximum(gadolinium, fraction * uneven * np.float32(enhancement * dose))
        taken[box] |= ndimage.binary_dilation(fraction > 0.02, iterations=2)
        number = first + len(coated)
        coated.append(Planted(number, KIND, 2 * reach, box, fraction, enhancement))
    return coated


def _seats(head: Head) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Voxels of sulci and of the surface's fluid; low and at the back they are likelier."""
    depth = head.inside_hull_mm
    seats = np.argwhere((head.tissues["csf"] > _SULCUS) & (depth > 1.5) & (depth < _DEEPEST_MM))
    z, y, _ = head.template_mm[(slice(None), *seats.T)]
    weights = np.where((z < 0) | (y < -60), 3.0, 1.0)
    return seats, weights / max(weights.sum(), 1.0)


def _sheet(
    head: Head,
    seats: NDArray[np.int64],
    weights: NDArray[np.float64],
    taken: NDArray[np.bool_],
    rng: np.random.Generator,
) -> tuple[float, Box, Array] | None:
    """Its reach in mm, its box and its soft fraction: one connected sheet along the pia."""
    for _ in range(_TRIES):
        centre = seats[rng.choice(len(seats), p=weights)].astype(np.float64)
        reach, thick = float(rng.uniform(*_REACH_MM)), float(rng.uniform(*_THICK_MM))
        box = box_around(centre, 1.4 * reach + 3, head.brain.shape)
        fraction = _along_pia(head, centre, reach, thick, box, rng)
        fraction[taken[box]] = 0
        pieces, _ = ndimage.label(fraction > 0.3, structure=np.ones((3, 3, 3), bool))
        sizes = np.bincount(pieces.ravel())
        if len(sizes) < 2 or sizes[1:].max() < _LEAST_MM3:
            continue
        kept = ndimage.binary_dilation(pieces == sizes[1:].argmax() + 1)
        return reach, box, np.asarray(fraction * kept, dtype=np.float32)
    return None


def _along_pia(
    head: Head, centre: Points, reach: float, thick: float, box: Box, rng: np.random.Generator
) -> Array:
    """Where fluid meets cortex, within an uneven distance of the centre, with nodules on it."""
    fluid = ndimage.gaussian_filter(head.tissues["csf"][box], 0.5 * thick)
    cortex = ndimage.gaussian_filter(head.tissues["grey"][box], 0.5 * thick)
    depth = head.inside_hull_mm[box]
    pia = np.clip(5 * fluid * cortex - 0.35, 0, 1) * np.clip(depth, 0, 1)
    distance = distances(box, centre)
    limit = reach * (1 + smooth_field(rng, distance.shape, max(3.0, 0.6 * reach), 0.25))
    fraction = pia * np.clip((limit - distance) / 1.5 + 0.5, 0, 1)
    on = np.argwhere(fraction > 0.5) + [part.start for part in box]
    for _ in range(int(rng.integers(*_NODULES, endpoint=True)) if len(on) else 0):
        away = distances(box, on[rng.integers(len(on))].astype(np.float64))
        fraction = np.maximum(fraction, np.clip(rng.uniform(*_NODULE_MM) - away + 0.5, 0, 1))
    return np.asarray(fraction * np.clip(depth + 0.5, 0, 1), dtype=np.float32)
