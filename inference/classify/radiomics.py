"""Some forty features of a lesion: shape, intensities, texture, surroundings.

In the manner of the image biomarker standard (Zwanenburg et al. 2020), on scikit-image; not its
reference values to the digit: grey levels are eight steps over the lesion's own range.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.classify.patches import Patch
from inference.preprocess import ROLES

_LEVELS = 8
_TEXTURES = ("contrast", "homogeneity", "energy", "correlation")
_NEAR_MM, _FAR_MM = 2.0, 9.0

Bools = NDArray[np.bool_]
_Texture = Callable[..., NDArray[np.float64]]  # scikit-image has no types


def features(patch: Patch) -> dict[str, float]:
    """Features by name; every patch has the same names in the same order."""
    found = dict(_shape(patch.mask))
    depth = ndimage.distance_transform_edt(patch.mask)
    away = ndimage.distance_transform_edt(~patch.mask)
    core = depth > 0.6 * depth.max()
    shell = (away > _NEAR_MM) & (away <= _FAR_MM)
    for role, image in zip(ROLES, patch.voxels, strict=True):
        inside = image[patch.mask].astype(np.float64)
        low, high = np.percentile(inside, (10, 90))
        spread = max(float(inside.std()), 1e-6)
        found |= {
            f"{role}_mean": float(inside.mean()),
            f"{role}_sd": float(inside.std()),
            f"{role}_p10": float(low),
            f"{role}_p90": float(high),
            f"{role}_skewness": float(((inside - inside.mean()) ** 3).mean() / spread**3),
            f"{role}_core_less_rim": float(image[core].mean() - image[patch.mask & ~core].mean())
            if (patch.mask & ~core).any()
            else 0.0,
            f"{role}_around": float(image[shell].mean()) if shell.any() else 0.0,
        }
    shell_flair = patch.voxels[ROLES.index("flair")][shell]
    found["oedema_part"] = float((shell_flair > 1.5).mean()) if shell.any() else 0.0
    for role in ("t1c", "flair"):
        found |= dict(_texture(patch.voxels[ROLES.index(role)], patch.mask, role))
    return found


def table(patches: list[Patch]) -> NDArray[np.float64]:
    """Features (patch, feature) of many patches."""
    return np.array([list(features(each).values()) for each in patches])


def _shape(mask: Bools) -> Iterator[tuple[str, float]]:
    points = np.argwhere(mask)
    volume = float(len(points))
    surface = float(
        sum(np.abs(np.diff(np.pad(mask, 1).astype(int), axis=a)).sum() for a in (0, 1, 2))
    )
    axes = (
        np.sqrt(np.linalg.eigvalsh(np.cov(points.T) + np.eye(3) / 12)) if volume > 1 else np.ones(3)
    )
    yield "log_volume", float(np.log(volume))
    # Faces of voxels overstate a smooth surface by half: a ball has 1 here.
    yield "sphericity", float(1.5 * np.pi ** (1 / 3) * (6 * volume) ** (2 / 3) / surface)
    yield "elongation", float(axes[1] / axes[2])
    yield "flatness", float(axes[0] / axes[2])


def _texture(image: NDArray[np.float32], mask: Bools, role: str) -> Iterator[tuple[str, float]]:
    """Grey level co-occurrence in the lesion's largest slice, mean over four directions."""
    from skimage import feature

    graycomatrix: _Texture = feature.graycomatrix
    graycoprops: _Texture = feature.graycoprops
    plane = int(mask.sum((1, 2)).argmax())
    rows, columns = (np.flatnonzero(mask[plane].any(axis)) for axis in (1, 0))
    cut = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inside, values = mask[plane][cut], image[plane][cut]
    low, high = values[inside].min(), values[inside].max()
    steps = np.clip((values - low) / max(float(high - low), 1e-6) * _LEVELS, 0, _LEVELS - 1)
    grey = np.where(inside, 1 + steps.astype(np.uint8), 0).astype(np.uint8)  # 0: outside
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    counts = graycomatrix(grey, [1], angles, _LEVELS + 1, symmetric=True)[1:, 1:].astype(np.float64)
    counts /= np.maximum(counts.sum((0, 1), keepdims=True), 1)
    for each in _TEXTURES:
        yield f"{role}_{each}", float(np.nan_to_num(graycoprops(counts, each)).mean())
