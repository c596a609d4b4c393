"""The MNI152 template that nilearn bundles, as tissue and distance maps on the phantom's grid.

Source and licence of the template: `NOTICE` beside this file.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from edt import edt
from numpy.typing import NDArray
from scipy import ndimage

from inference.grids import sample_along_axes
from inference.phantom.fields import Array

SHAPE = (184, 228, 192)  # z (to superior), y (to posterior), x (to left), 1 mm
ORIGIN = (80, 100, 96)  # the voxel (z, y, x) of the template's origin (anterior commissure)
_BRAIN = 0.2  # of the template's brightest voxel: what is above is brain, as nilearn has it
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
    grey = _on_grid(*_bundled("gm"))
    white = _on_grid(*_bundled("wm"))
    t1, affine = _bundled("t1")
    brain = _on_grid((t1 > _BRAIN).astype(np.float32), affine) > 0.5
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


def _bundled(name: str) -> tuple[Array, NDArray[np.float64]]:
    """One of nilearn's files (x, y, z; RAS), scaled to 1, with its affine.

    As `nilearn.datasets.load_mni152_template` and its like read them: to import those takes as
    long as the rest of `load`, for scikit-learn comes with them.
    """
    import nibabel as nib  # slow to load

    file = f"datasets/data/mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz"
    image = nib.load(str(files("nilearn") / file))
    data = np.asarray(image.dataobj).astype(np.float32)  # type: ignore[attr-defined]
    affine = np.asarray(image.affine)  # type: ignore[attr-defined]
    return data / data.max(), affine


def _on_grid(data: Array, affine: NDArray[np.float64]) -> Array:
    """Resample an image (x, y, z; RAS) to the phantom's grid (z, y, x; LPS axes)."""
    to_index = np.linalg.inv(affine)
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
