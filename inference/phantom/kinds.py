"""Lesions of named classes in a head: primaries, glioblastoma, necrosis and recurrence.

They look as `looks` says and are drawn by the means of `lesions`. All of them push the brain aside
before the first is laid down, so that none is moved after its place is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.phantom.anatomy import Head
from inference.phantom.fields import Array, Box, box_around, distances, smooth_field
from inference.phantom.lesions import (
    MAX_DIAMETER_MM,
    Planted,
    Shape,
    infiltrate,
    mass_effect,
    outline,
    seats,
    white_matter_spots,
)
from inference.phantom.looks import LOOKS, Look, Range

KINDS = tuple(LOOKS)
_APART_MM = 7  # between two lesions: what surrounds each is its own
_TRIES = 40
_SMALLEST_MM = 5.0
_USUAL_LOBES = 0.08  # of `lesions.outline`, as a share of the radius
_MOST_LOBED = 2.5  # as much more: beyond it pieces would come off
_USUAL_UPTAKE = (4.0, 0.85)  # robust standard deviations, and the enhancement that gives them
_BRIGHT = 3.0  # deviations before contrast of tissue that is all blood or melanin


@dataclass(frozen=True)
class _Drawn:
    """A lesion to come: its class, how that class looks, its size."""

    kind: str
    look: Look
    radius: float


def known(kinds: Sequence[str]) -> None:
    """Check the names of classes.

    Raises
    ------
    ValueError
        For a class that is not one of `KINDS`.
    """
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise ValueError(f"no lesions of kind {unknown[0]!r}; there are: {', '.join(KINDS)}")


def plant(head: Head, kinds: Sequence[str], dose: float, rng: np.random.Generator) -> list[Planted]:
    """Put one lesion of each named class into the head, the largest first.

    One that finds no room is left out. The classes are `known`.
    """
    drawn = sorted((_draw(each, rng) for each in kinds), key=lambda each: -each.radius)
    places, weights = seats(head)
    taken = np.zeros(head.brain.shape, bool)
    room = [(each, _room(head, each, places, weights, taken, rng)) for each in drawn]
    shapes = [(each, shape) for each, shape in room if shape is not None]
    for _, shape in shapes:
        mass_effect(head, shape, rng)
    planted = [
        _grow(head, shape, number, each, dose, rng)
        for number, (each, shape) in enumerate(shapes, start=1)
    ]
    white_matter_spots(head, rng)
    return planted


def _draw(kind: str, rng: np.random.Generator) -> _Drawn:
    look = LOOKS[kind]
    diameter = np.clip(rng.normal(*look.diameter_mm), _SMALLEST_MM, MAX_DIAMETER_MM)
    return _Drawn(kind, look, float(diameter) / 2)


def _room(
    head: Head,
    drawn: _Drawn,
    places: NDArray[np.int64],
    weights: NDArray[np.float64],
    taken: NDArray[np.bool_],
    rng: np.random.Generator,
) -> Shape | None:
    """A place in the brain that is away from every other lesion; it is taken then."""
    lobed = min(_positive(rng, drawn.look.lobes) / _USUAL_LOBES, _MOST_LOBED)
    for _ in range(_TRIES):
        centre = places[rng.choice(len(places), p=weights)] + rng.uniform(-0.5, 0.5, 3)
        around = box_around(centre, drawn.radius + _APART_MM, head.brain.shape)
        near = distances(around, centre) < drawn.radius + _APART_MM
        if (taken[around] & near).any():
            continue
        shape = outline(head, centre, drawn.radius, rng, lobed)
        if shape.fraction.sum() > 0.5 * 4.19 * drawn.radius**3:
            taken[shape.box] |= shape.fraction > 0.05
            return shape
    return None


def _grow(
    head: Head, shape: Shape, number: int, drawn: _Drawn, dose: float, rng: np.random.Generator
) -> Planted:
    """Lay down tumour, blood or melanin, necrosis, contrast uptake and oedema."""
    look, fraction = drawn.look, shape.fraction
    bright = np.float32(np.clip(rng.normal(*look.bright_before) / _BRIGHT, 0, 1))
    head.tissues.put("tumour", fraction, shape.box)
    head.tissues.put("haemorrhage", fraction * bright, shape.box)
    necrosis = _core(shape, look, rng)
    head.tissues.put("necrosis", necrosis, shape.box)
    deviations, usual = _USUAL_UPTAKE
    enhancement = max(_positive(rng, look.uptake) / deviations * usual, 0.15)
    uneven = np.clip(
        1 + smooth_field(rng, fraction.shape, max(1.5, shape.radius * 0.5), 0.15), 0, 2
    )
    uptake = fraction * uneven * _net(shape, look, rng) * np.float32(enhancement * dose)
    uptake = uptake * (1 - necrosis) + np.float32(0.08 * dose) * necrosis
    gadolinium = head.tissues.gadolinium[shape.box]
    gadolinium[:] = gadolinium * (1 - fraction) + uptake
    _oedema(head, shape, look, rng)
    return Planted(number, drawn.kind, 2 * shape.radius, shape.box, fraction, float(enhancement))


def _core(shape: Shape, look: Look, rng: np.random.Generator) -> Array:
    """What does not enhance in the middle: fluid, behind an uneven wall."""
    part = min(_positive(rng, look.core), 0.85)
    uneven = smooth_field(rng, shape.rho.shape, max(2.0, shape.radius * 0.6), 0.08 * shape.radius)
    edge = part * shape.radius + uneven * (part > 0)
    core = np.clip(edge - shape.rho, 0, 1) * shape.fraction  # one under a voxel is none
    return np.asarray(core, dtype=np.float32)


def _net(shape: Shape, look: Look, rng: np.random.Generator) -> Array:
    """The share of uptake that is left where the wall is broken into a net."""
    field = smooth_field(rng, shape.rho.shape, max(1.5, shape.radius * 0.25))
    holes = np.clip((field - 1.2 + 2 * _positive(rng, look.net)) * 2, 0, 1)
    return np.asarray(1 - 0.8 * holes, dtype=np.float32)


def _oedema(head: Head, shape: Shape, look: Look, rng: np.random.Generator) -> None:
    """Oedema along white matter; infiltration ends softly and crosses into grey matter."""
    extent, crosses = _positive(rng, look.oedema_mm), _positive(rng, look.infiltration)
    if extent < 1:
        return
    box: Box = box_around(shape.centre, shape.radius + 1.8 * extent + 3, head.brain.shape)
    distance = distances(box, shape.centre)
    limit = shape.radius + extent * (1 + smooth_field(rng, distance.shape, max(4.0, extent), 0.35))
    white = ndimage.gaussian_filter(head.tissues["white"][box], 0.7)
    seeps = np.maximum(np.clip(white * 1.3 - 0.12, 0, 1), crosses * head.brain[box] * 0.8)
    amount = np.clip((limit - distance) / (1 + 5 * crosses) + 0.5, 0, 1) * np.clip(seeps, 0, 1)
    infiltrate(head, np.asarray(amount * 0.85, dtype=np.float32), box)


def _positive(rng: np.random.Generator, drawn: Range) -> float:
    return max(0.0, float(rng.normal(*drawn)))
