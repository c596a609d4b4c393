"""Features of a proposed lesion, measured on the normalised images."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.explain import vessels
from inference.geometry import counts_along
from inference.lesions import Lesion
from inference.preprocess import GRID_MM, Prepared, resample
from inference.volume import Volume

_NEAR_MM, _FAR_MM = 2.0, 9.0  # the surroundings: a shell between these distances
_OEDEMA_ABOVE = 2.0  # robust standard deviations over the brain's median on FLAIR

Bools = NDArray[np.bool_]
Floats = NDArray[np.float32]


def measure(lesion: Lesion, ready: Prepared) -> dict[str, float]:
    """Measure size, shape, contrast and surroundings.

    Intensities are in robust standard deviations of the patient's own brain (see `preprocess`),
    so that they compare between scanners.

    Returns
    -------
    dict
        `diameter_mm`, `volume_mm3`, `elongation` (longest over middle axis), `contrast_sd` (T1c,
        lesion against its surroundings), `core_to_rim` (T1c; below 1: ring), `vessel_mm` (to the
        nearest vessel-like structure, see `vessels`; at most its `REACH_MM`), and, where the
        series is there, `uptake_sd` (T1c against T1) and `oedema_percent` (bright part of the
        surroundings on FLAIR). Of a detector of CT alone CT stands for T1c.
        Of a lesion outside of what `ready` shows (a model that prepares images itself may look
        below the head) the first three only.
    """
    inside, box = on_grid(lesion, ready)
    own = {
        "diameter_mm": lesion.diameter_mm,
        "volume_mm3": lesion.volume_mm3,
        "elongation": elongation(lesion),
    }
    if not inside.any():
        return {name: round(value, 2) for name, value in own.items()}
    channels = {
        role: ready.voxels[number][box]
        for number, role in enumerate(ready.roles)
        if role not in ready.missing
    }
    distance = ndimage.distance_transform_edt(~inside, sampling=GRID_MM)
    shell = (distance > _NEAR_MM) & (distance <= _FAR_MM)
    t1c = channels[ready.reference]
    # What fills the whole head has no surroundings: 0 is the brain's median.
    around = float(np.median(t1c[shell])) if shell.any() else 0.0
    features = {
        **own,
        "contrast_sd": float(t1c[inside].mean() - around),
        "core_to_rim": core_to_rim(t1c, inside, around),
        "vessel_mm": _vessel_mm(lesion, ready),
    }
    if "t1" in channels and "t1c" in channels:
        features["uptake_sd"] = float((t1c[inside] - channels["t1"][inside]).mean())
    if "flair" in channels and shell.any():
        features["oedema_percent"] = 100 * float((channels["flair"][shell] > _OEDEMA_ABOVE).mean())
    return {name: round(value, 2) for name, value in features.items()}


def _vessel_mm(lesion: Lesion, ready: Prepared) -> float:
    inside, box = on_grid(lesion, ready, vessels.MARGIN)
    contrast = ready.voxels[(ready.roles.index(ready.reference), *box)]
    return vessels.vessel_distance_mm(contrast, inside)


def on_grid(
    lesion: Lesion, ready: Prepared, margin: float = _FAR_MM / GRID_MM + 2
) -> tuple[Bools, tuple[slice, slice, slice]]:
    """The mask on the network's grid, in a box with so many voxels around it, and that box."""
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(lesion.mask.shape) - 1)
    mm = (corners + lesion.offset) @ lesion.affine[:3, :3].T + lesion.affine[:3, 3]
    inverse = np.linalg.inv(ready.affine)
    at = mm @ inverse[:3, :3].T + inverse[:3, 3]
    shape = np.array(ready.voxels.shape[1:])
    low = np.clip(np.floor(at.min(0) - margin), 0, shape - 1).astype(int)
    high = np.clip(np.ceil(at.max(0) + margin) + 1, low + 1, shape).astype(int)
    affine, source = ready.affine.copy(), lesion.affine.copy()
    affine[:3, 3] += ready.affine[:3, :3] @ low
    source[:3, 3] += lesion.affine[:3, :3] @ (np.array(lesion.offset) - 1)
    z, y, x = (int(n) for n in high - low)
    mask = Volume(np.pad(lesion.mask, 1).astype(np.float32), source, "mask")
    soft = resample(mask, affine, (z, y, x))
    inside = soft >= 0.5 * max(float(soft.max()), 1e-6)
    a, b, c = (slice(int(start), int(stop)) for start, stop in zip(low, high, strict=True))
    return np.asarray(inside), (a, b, c)


def elongation(lesion: Lesion) -> float:
    """Ratio of the longest to the middle principal axis: vessels are long, metastases round."""
    if np.count_nonzero(lesion.mask) < 4:
        return 1.0
    # A voxel's own extent (variance 1/12 of its side squared) keeps flat pieces finite.
    spread = _covariance_mm2(lesion) + np.diag(lesion.spacing_mm**2 / 12)
    axes = np.sqrt(np.linalg.eigvalsh(spread))
    return float(axes[2] / axes[1])


def _covariance_mm2(lesion: Lesion) -> NDArray[np.float64]:
    """Of the voxels' places along (z, y, x), as `numpy.cov` has it, by the mask's projections.

    By the places themselves, a mask that holds a whole head takes 430 MB.
    """
    along = counts_along(lesion.mask)
    number = along[0].sum()
    steps = [np.arange(len(each)) - np.arange(len(each)) @ each / number for each in along]
    found = np.diag([step**2 @ each for step, each in zip(steps, along, strict=True)])
    for first, second, third in ((0, 1, 2), (0, 2, 1), (1, 2, 0)):
        seen = np.count_nonzero(lesion.mask, axis=third)
        found[first, second] = found[second, first] = steps[first] @ seen @ steps[second]
    return np.asarray(found / (number - 1) * np.outer(lesion.spacing_mm, lesion.spacing_mm))


def core_to_rim(t1c: Floats, inside: Bools, around: float) -> float:
    """Enhancement of the inner third against the border, both over the surroundings."""
    depth = ndimage.distance_transform_edt(inside, sampling=GRID_MM)
    if depth.max() < 2.5:
        return 1.0
    core = t1c[depth > 0.67 * depth.max()].mean() - around
    rim = t1c[inside & (depth < 0.4 * depth.max())].mean() - around
    return float(core / max(rim, 0.1))
