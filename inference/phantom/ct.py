"""CT of a phantom's head after contrast: Hounsfield units of its tissues, spacing, noise."""

import numpy as np
from scipy import ndimage

from inference.phantom.acquisition import FIELD_OF_VIEW_MM, resample
from inference.phantom.fields import Array, Points, smooth_field
from inference.phantom.template import SHAPE
from inference.phantom.tissues import NAMES, Tissues
from inference.volume import Volume

# Nominal values at 120 kV, as in textbooks of cranial CT; cortical bone, so that the diploe, which
# is bone and fat in the phantom, comes out between 300 and 700.
HOUNSFIELD: dict[str, float] = {
    "white": 27, "grey": 37, "deep_grey": 36, "csf": 6, "bone": 1100, "fat": -90, "muscle": 55,
    "blood": 48, "dura": 55, "oedema": 18, "tumour": 37, "necrosis": 14, "haemorrhage": 68,
    "mucosa": 42, "air": -1000,
}  # fmt: skip
# What the phantom's uptake (1.6 in a vessel) adds, as iodine: vessels near 120 HU, lesions by 20
# to 55.
_HU_PER_UPTAKE = 45.0
SLICE_MM = 1.25
_KERNEL_MM = 0.45  # of a soft-tissue kernel, as a Gaussian
_LOWEST, _HIGHEST = -1024.0, 3071.0  # of 12 bits


def hounsfield(tissues: Tissues) -> Array:
    """Hounsfield units (z, y, x) of tissue fractions with contrast."""
    values = np.array([HOUNSFIELD[name] for name in NAMES], np.float32)
    return np.asarray(
        np.tensordot(values, tissues.fractions, 1) + np.float32(_HU_PER_UPTAKE) * tissues.gadolinium
    )


def acquire(tissues: Tissues, to_patient: Points, rng: np.random.Generator) -> Volume:
    """An axial CT of the head: no tilt, 1.25 mm slices, correlated noise of 4 to 7 HU.

    It shares the patient's coordinates with the MR of the case, as a planning CT does that was
    registered.
    """
    shape, affine = _grid(to_patient)
    inside = hounsfield(tissues) - np.float32(HOUNSFIELD["air"])  # beyond the phantom is air: 0
    image = resample(inside, to_patient, shape, affine) + np.float32(HOUNSFIELD["air"])
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    image = ndimage.gaussian_filter(image, _KERNEL_MM / spacing)
    noise = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), (0.4, 0.8, 0.8))
    image += noise * np.float32(rng.uniform(4, 7) / noise.std())
    image += smooth_field(rng, shape, 60, 1.5)  # shading that calibration leaves
    return Volume(np.clip(image, _LOWEST, _HIGHEST).astype(np.float32), affine, "ct")


def _grid(to_patient: Points) -> tuple[tuple[int, int, int], Points]:
    """Shape (slices, rows, columns) and affine of axial slices centred on the head."""
    spacing = np.array([SLICE_MM, 1.0, 1.0])
    z, y, x = (int(n) for n in np.array(FIELD_OF_VIEW_MM) // spacing)
    affine = np.eye(4)
    affine[:3, :3] = np.eye(3)[::-1] * spacing  # columns: slice to superior, row, column
    middle = (to_patient @ [*(np.array(SHAPE) - 1) / 2, 1.0])[:3]
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array([z, y, x]) - 1) / 2)
    return (z, y, x), affine
