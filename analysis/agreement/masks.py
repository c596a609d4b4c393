"""Agreement of delineations: overlap, surface distance, volume; consensus of several masks.

Hausdorff distance at 95 % and surface Dice (Nikolov et al., J Med Internet Res 2021; 23:e26151)
on voxel surfaces: the surface of a mask is its voxels with a face neighbour outside, weighted
equally. STAPLE: Warfield, Zou and Wells, IEEE Trans Med Imaging 2004; 23:903-921.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from analysis.results import finite
from analysis.tables import DataError

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Overlap:
    """How far two masks agree.

    Attributes
    ----------
    dice : float
        1 for two empty masks.
    hd95_mm : float
        Infinite when one mask only is empty, 0 when both are.
    surface_dice : float
        Share of both surfaces within the tolerance of the other.
    volume_difference_mm3 : float
        Second minus first.
    """

    dice: float
    hd95_mm: float
    surface_dice: float
    volume_a_mm3: float
    volume_b_mm3: float
    volume_difference_mm3: float

    def to_json(self) -> dict[str, float | None]:
        """The numbers; None for an infinite distance."""
        return {name: finite(value) for name, value in asdict(self).items()}


def compare_masks(
    a: Mask, b: Mask, *, spacing_mm: Sequence[float], tolerance_mm: float = 1.0
) -> Overlap:
    """Compare two masks of one grid.

    Parameters
    ----------
    a, b : (Z, Y, X) arrays of bool
    spacing_mm : three floats
        Voxel spacing along the axes.
    tolerance_mm : float
        Of the surface Dice.

    Raises
    ------
    DataError
        For masks of different shapes.
    """
    a, b = np.asarray(a, dtype=bool), np.asarray(b, dtype=bool)
    if a.shape != b.shape or len(spacing_mm) != a.ndim:
        raise DataError(f"Masks of shapes {a.shape} and {b.shape} cannot be compared.")
    voxel = float(np.prod(spacing_mm))
    sizes = int(a.sum()), int(b.sum())
    dice = 1.0 if sum(sizes) == 0 else 2.0 * int((a & b).sum()) / sum(sizes)
    if min(sizes) == 0:
        same = max(sizes) == 0
        hd95, surface = (0.0, 1.0) if same else (float("inf"), 0.0)
    else:
        there, back = surface_distances(a, b, spacing_mm)
        hd95 = float(max(np.percentile(there, 95), np.percentile(back, 95)))
        near = int((there <= tolerance_mm).sum() + (back <= tolerance_mm).sum())
        surface = near / (len(there) + len(back))
    volumes = sizes[0] * voxel, sizes[1] * voxel
    return Overlap(dice, hd95, surface, *volumes, volumes[1] - volumes[0])


def surface_distances(a: Mask, b: Mask, spacing_mm: Sequence[float]) -> tuple[Floats, Floats]:
    """Distances (mm) from each surface voxel of one mask to the other's surface, both ways.

    Only the box around both masks is looked at: time does not grow with the volume.
    """
    box = ndimage.find_objects((a | b).astype(np.uint8))[0]
    edges = [_surface(np.pad(each[box], 1)) for each in (a, b)]
    fields = [ndimage.distance_transform_edt(~edge, sampling=spacing_mm) for edge in edges]
    return (
        np.asarray(fields[1][edges[0]], dtype=float),
        np.asarray(fields[0][edges[1]], dtype=float),
    )


def _surface(mask: Mask) -> Mask:
    return np.asarray(mask & ~ndimage.binary_erosion(mask), dtype=bool)


def majority(masks: Sequence[Mask]) -> Mask:
    """Voxels that more than half of the masks hold."""
    stack = _stack(masks)
    return np.asarray(stack.sum(axis=0) * 2 > len(stack), dtype=bool)


@dataclass(frozen=True, eq=False)
class Consensus:
    """STAPLE's estimate: probability a voxel, and each reader's sensitivity and specificity."""

    probability: Floats
    sensitivity: Floats
    specificity: Floats
    iterations: int
    converged: bool

    @property
    def mask(self) -> Mask:
        """Voxels with a probability of one half or more."""
        return np.asarray(self.probability >= 0.5, dtype=bool)


def staple(masks: Sequence[Mask], *, iterations: int = 200, tolerance: float = 1e-7) -> Consensus:
    """Hidden truth of several readers' masks by expectation maximisation.

    The prior of a voxel is the mean share of voxels marked; sensitivities and specificities start
    at 0.99.

    Raises
    ------
    DataError
        For fewer than two masks, masks of different shapes, or masks without any voxel.
    """
    stack = _stack(masks)
    marked = stack.reshape(len(stack), -1)
    prior = float(marked.mean())
    if prior in (0.0, 1.0):
        raise DataError("All masks are empty (or full): there is nothing to agree on.")
    # Voxels with the same pattern of votes have the same probability: work on patterns.
    patterns, inverse, counts = np.unique(marked, axis=1, return_inverse=True, return_counts=True)
    p, q = np.full(len(stack), 0.99), np.full(len(stack), 0.99)
    weight, done, step = np.zeros(patterns.shape[1]), False, 0
    while step < iterations and not done:
        weight = _posterior(patterns, p, q, prior)
        new_p = (patterns * weight * counts).sum(axis=1) / (weight * counts).sum()
        new_q = (~patterns * (1 - weight) * counts).sum(axis=1) / ((1 - weight) * counts).sum()
        done = bool(max(np.abs(new_p - p).max(), np.abs(new_q - q).max()) < tolerance)
        p, q, step = new_p, new_q, step + 1
    probability = weight[np.ravel(inverse)].reshape(stack.shape[1:])
    return Consensus(probability, p, q, step, done)


def _posterior(patterns: Mask, p: Floats, q: Floats, prior: float) -> Floats:
    tiny = 1e-12
    p, q = np.clip(p, tiny, 1 - tiny)[:, None], np.clip(q, tiny, 1 - tiny)[:, None]
    yes = np.log(prior) + np.where(patterns, np.log(p), np.log1p(-p)).sum(axis=0)
    no = np.log1p(-prior) + np.where(patterns, np.log1p(-q), np.log(q)).sum(axis=0)
    return np.asarray(1 / (1 + np.exp(np.clip(no - yes, -700, 700))), dtype=float)


def _stack(masks: Sequence[Mask]) -> Mask:
    if len(masks) < 2 or len({np.shape(mask) for mask in masks}) > 1:
        raise DataError("A consensus needs two masks at least, all of one shape.")
    return np.stack([np.asarray(mask, dtype=bool) for mask in masks])
