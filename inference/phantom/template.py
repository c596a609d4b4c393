"""The MNI152 template that nilearn bundles, as tissue and distance maps on the phantom's grid.

Source and licence of the template: `NOTICE` beside this file.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from edt import edt
from numpy.typing import NDArray
from scipy import ndimage

from inference.grids import sample_along_axes
from inference.phantom.fields import Array

SHAPE = (184, 228, 192)  # z (to superior), y (to posterior), x (to left), 1 mm
ORIGIN = (80, 100, 96)  # the voxel (z, y, x) of the template's origin (anterior commissure)
_BASE_Z = 58  # slices below: no convex cranium, the outline of the head is carried down


@dataclass(frozen=True)
class Template:
    """Maps of shape `SHAPE`: fractions 0-1, distances in mm (positive inside)."""

    grey: Array
    white: Array
    brain: Array
    inside_hull_mm: Array
    inside_head_mm: Array


@lru_cache(maxsize=1)
def load() -> Template:
    """Load the template once a process (some seconds)."""
    from nilearn.datasets import (
        load_mni152_brain_mask,
        load_mni152_gm_template,
        load_mni152_wm_template,
    )

    grey = _on_grid(load_mni152_gm_template(resolution=1))
    white = _on_grid(load_mni152_wm_template(resolution=1))
    brain = _on_grid(load_mni152_brain_mask(resolution=1)) > 0.5
    closed = ndimage.binary_fill_holes(ndimage.binary_closing(brain, iterations=4))
    brain = brain | closed
    hull = _hull(brain)
    head = _head(hull)
    return Template(
        np.clip(grey, 0, 1),
        np.clip(white, 0, 1),
        brain.astype(np.float32),
        _signed_distance(hull),
        _signed_distance(head),
    )


def _on_grid(image: object) -> Array:
    """Resample a nilearn image (RAS) to the phantom's grid (z, y, x; LPS axes)."""
    data = np.asarray(image.get_fdata(dtype=np.float32))  # type: ignore[attr-defined]
    to_index = np.linalg.inv(np.asarray(image.affine))  # type: ignore[attr-defined]
    z, y, x = (np.arange(n) - o for n, o in zip(SHAPE, ORIGIN, strict=True))
    z = np.maximum(z, -72.0)  # the template ends here: carry its lowest slice down
    i = to_index[0, 0] * -x + to_index[0, 3]  # RAS = (-L, -P, S)
    j = to_index[1, 1] * -y + to_index[1, 3]
    k = to_index[2, 2] * z + to_index[2, 3]
    return sample_along_axes(data.transpose(2, 1, 0), (k, j, i))


def _hull(brain: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Close the sulci and cisterns: the inner surface of dura and skull."""
    padded = np.pad(brain, 20)
    distance = edt(~padded)
    grown = distance < 12
    shrunk = edt(grown) > 12
    return np.asarray(shrunk[20:-20, 20:-20, 20:-20] | brain)


def _head(hull: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Carry the outline of the cranium down to face and neck, narrowing, and add a nose."""
    widest = np.asarray(hull[_BASE_Z : _BASE_Z + 25].any(0))
    outline = ndimage.binary_fill_holes(ndimage.binary_dilation(widest, iterations=3))
    depth = edt(outline)
    head = hull.copy()
    for level in range(_BASE_Z):
        head[level] |= depth > 2 + (_BASE_Z - level) * 0.1
    axes = [np.arange(n) - o for n, o in zip(SHAPE, ORIGIN, strict=True)]
    at = np.meshgrid(*axes, indexing="ij", sparse=True)
    nose = ((at[0] + 50) / 20.0) ** 2 + ((at[1] + 74) / 14.0) ** 2 + (at[2] / 11.0) ** 2 < 1
    return np.asarray(head | nose)


def _signed_distance(mask: NDArray[np.bool_]) -> Array:
    inside = edt(mask)
    outside = edt(~mask)
    smooth = ndimage.gaussian_filter((inside - outside).astype(np.float32), 1.5)
    return np.asarray(smooth, dtype=np.float32)
