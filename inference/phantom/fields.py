"""Random fields and tubes: the brushes that the phantom is painted with."""

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.ndimage import gaussian_filter1d

Array = NDArray[np.float32]
Points = NDArray[np.float64]
Box = tuple[slice, slice, slice]


def smooth_field(
    rng: np.random.Generator, shape: tuple[int, ...], scale: float, amplitude: float = 1.0
) -> Array:
    """Return a stationary random field of zero mean.

    White noise on a coarse lattice, interpolated by cubic B-splines along one axis after the
    other (three matrix products), so that a whole head takes a few hundredths of a second.

    Parameters
    ----------
    shape
        (Z, Y, X) in voxels.
    scale
        Lattice spacing in voxels: the field's correlation length is about 1.3 of it.
    amplitude
        Standard deviation.
    """
    weights = [_spline_weights(size, scale) for size in shape]
    nodes = rng.standard_normal(tuple(w.shape[1] for w in weights)).astype(np.float32)
    along_x = nodes @ weights[2].T
    along_y = np.matmul(weights[1], along_x)
    field = (weights[0] @ along_y.reshape(len(nodes), -1)).reshape(shape)
    return np.asarray(field * np.float32(amplitude), dtype=np.float32)


def _spline_weights(size: int, scale: float) -> Array:
    """Cubic B-spline weights (size, nodes), scaled so that unit noise keeps unit variance."""
    nodes = int(np.ceil(size / scale)) + 4
    at = np.arange(size, dtype=np.float64) / scale + 1.5
    distance = np.abs(at[:, None] - np.arange(nodes)[None])
    near = 2 / 3 - distance**2 + distance**3 / 2
    far = (2 - distance) ** 3 / 6
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    return np.asarray(weights / np.sqrt((weights**2).sum(1).mean()), dtype=np.float32)


def box_around(centre: Points, half: float, shape: tuple[int, ...]) -> Box:
    """Slices of a cube of half-width `half` voxels around a point (z, y, x), cut at the edges."""
    low = [max(0, int(np.floor(c - half))) for c in centre]
    high = [min(s, int(np.ceil(c + half)) + 1) for c, s in zip(centre, shape, strict=True)]
    z, y, x = (slice(a, max(a, b)) for a, b in zip(low, high, strict=True))
    return z, y, x


def offsets(box: Box, centre: Points) -> Array:
    """Vectors (z, y, x) from `centre` to each voxel of the box: shape (3, *box)."""
    axes = [np.arange(s.start, s.stop) - c for s, c in zip(box, centre, strict=True)]
    return np.stack(np.meshgrid(*axes, indexing="ij")).astype(np.float32)


def distances(box: Box, centre: Points) -> Array:
    """Distance of each voxel of the box from `centre`: the length of its `offsets`."""
    z, y, x = (
        (np.arange(s.start, s.stop) - c).astype(np.float32) ** 2
        for s, c in zip(box, centre, strict=True)
    )
    return np.asarray(np.sqrt(z[:, None, None] + y[:, None] + x))


def paint_tube(volume: Array, points: Points, radii: NDArray[np.float64] | float) -> None:
    """Paint balls along `points` (N, 3; z, y, x) into `volume` as soft fractions, by maximum."""
    for point, radius in zip(points, np.broadcast_to(radii, len(points)), strict=True):
        box = box_around(point, radius + 1.0, volume.shape)
        distance = distances(box, point)
        # A tube thinner than a voxel fills only part of the voxels that it crosses.
        filled = min(1.0, (radius / 0.5) ** 2)
        soft = np.clip((max(radius, 0.5) - distance) / 0.8 + 0.5, 0, 1) * filled
        np.maximum(volume[box], soft, out=volume[box])


def smooth_curve(
    control: Points, spacing: float, jitter: float, rng: np.random.Generator
) -> Points:
    """Run a spline through control points (N, 3), sampled every `spacing`, with a slow wander."""
    length = float(np.linalg.norm(np.diff(control, axis=0), axis=1).sum())
    count = max(4, int(length / spacing))
    spline = CubicSpline(np.linspace(0, 1, len(control)), control)
    wander = gaussian_filter1d(rng.normal(0, 1, (count, 3)), max(2.0, count / 12), axis=0)
    scale = jitter / max(float(wander.std()), 1e-6)
    return np.asarray(spline(np.linspace(0, 1, count)) + wander * scale)
