"""From signal in the head to the images of a series: grid, slice profile, artefacts, noise."""

import numpy as np
from numpy.typing import NDArray
from scipy import fft, ndimage

from inference.phantom.fields import Array, Points, smooth_field
from inference.phantom.scanner import Protocol, Scanner
from inference.phantom.template import ORIGIN, SHAPE
from inference.volume import Volume

FIELD_OF_VIEW_MM = (176.0, 224.0, 192.0)  # up, back, left: of axial series slices, rows, columns


def anatomy_affine(isocentre_mm: Points) -> Points:
    """Voxel (z, y, x) of the anatomy grid -> patient LPS mm, 4 x 4."""
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = 1.0
    affine[:3, 3] = np.array([-ORIGIN[2], -ORIGIN[1], -ORIGIN[0]]) - isocentre_mm
    affine[3, 3] = 1.0
    return affine


def grid(
    scanner: Scanner, protocol: Protocol, to_patient: Points
) -> tuple[tuple[int, int, int], Points]:
    """Shape (slices, rows, columns) and affine of a series centred on the head."""
    spacing = np.array([protocol.spacing_mm, 1.0, 1.0])
    axes = scanner.axes(protocol)
    field = np.array(FIELD_OF_VIEW_MM)[np.abs(axes).argmax(axis=0)]
    slices, rows, columns = (int(n) for n in field // spacing)
    turn_lps = axes[::-1]  # rows z, y, x -> x, y, z: columns stay slice, row, column
    affine = np.eye(4)
    affine[:3, :3] = turn_lps * spacing
    middle = (to_patient @ [*(np.array(SHAPE) - 1) / 2, 1.0])[:3]
    half = (np.array([slices, rows, columns]) - 1) / 2
    affine[:3, 3] = middle - affine[:3, :3] @ half
    return (slices, rows, columns), affine


def resample(
    image: Array, to_patient: Points, shape: tuple[int, int, int], affine: Points
) -> Array:
    """Sample an image of the anatomy grid at the voxels of another grid."""
    step = np.linalg.inv(to_patient) @ affine
    return np.asarray(
        ndimage.affine_transform(
            image,
            step[:3, :3],
            step[:3, 3],
            shape,
            order=1,
            output=np.float32,
            prefilter=False,
        )
    )


def acquire(
    image: Array, scanner: Scanner, protocol: Protocol, to_patient: Points, rng: np.random.Generator
) -> Volume:
    """Acquire a series: slab profile, receive field, texture, motion, ringing, Rician noise."""
    shape, affine = grid(scanner, protocol, to_patient)
    fine, fine_affine, every = _fine_slices(shape, affine, protocol)
    slab = resample(image, to_patient, fine, fine_affine)
    width = 0.42 * protocol.thickness_mm / (protocol.spacing_mm / every)
    slab = ndimage.gaussian_filter(slab, (width if every > 1 else 0.3, 0.3, 0.3))
    stack = slab[every // 2 :: every][: shape[0]]
    stack = stack * np.exp(smooth_field(rng, shape, 80 / protocol.spacing_mm**0.5, scanner.bias))
    stack *= 1 + smooth_field(rng, shape, 3, 0.015)
    if scanner.motion_mm:
        stack = moved(stack, scanner.motion_mm / np.linalg.norm(affine[:3, 1:3], axis=0), rng)
    if rng.random() < 0.35:
        stack = _ringing(stack, float(rng.uniform(0.78, 0.95)))
    noise = scanner.noise / np.sqrt(max(1.0, protocol.thickness_mm / 2))
    return Volume(_rician(stack, noise, rng), affine, protocol.role)


def _fine_slices(
    shape: tuple[int, int, int], affine: Points, protocol: Protocol
) -> tuple[tuple[int, int, int], Points, int]:
    """Split thick slices into an odd number of thin ones, to integrate over the slice profile."""
    every = max(1, 2 * round((protocol.spacing_mm - 1) / 2) + 1) if protocol.spacing_mm > 2 else 1
    fine = affine.copy()
    fine[:3, 0] /= every
    fine[:3, 3] -= fine[:3, 0] * (every // 2)
    return (shape[0] * every, shape[1], shape[2]), fine, every


def moved(stack: Array, voxels: Points, rng: np.random.Generator) -> Array:
    """A head that moves while k-space is filled, line by line along the rows' direction.

    It rests between a few sudden shifts in the plane, by `voxels` (row, column; root mean square);
    a shift of the head is a ramp of phase on the lines that come after it. The middle of k-space,
    which says where things lie, is taken where the head was first: the truth stays true.
    """
    lines = stack.shape[1]
    when = np.sort(rng.integers(0, lines, rng.integers(3, 9)))
    places = rng.normal(0, 1, (len(when) + 1, 2)) * voxels
    at = places[np.searchsorted(when, np.arange(lines), side="right")]
    at -= at[lines // 2]
    at = np.fft.ifftshift(at, axes=0)  # in the order of the spectrum's frequencies
    rows, columns = np.fft.fftfreq(lines)[:, None], np.fft.fftfreq(stack.shape[2])[None]
    ramp = np.exp(-2j * np.pi * (rows * at[:, :1] + columns * at[:, 1:]))
    spectrum = fft.fft2(stack, axes=(1, 2)) * ramp.astype(np.complex64)
    return np.abs(fft.ifft2(spectrum, axes=(1, 2))).astype(np.float32)


def _ringing(stack: Array, kept: float) -> Array:
    """Cut the outer part of k-space along the phase-encoding direction (rows)."""
    spectrum = np.fft.rfft(stack, axis=1)
    spectrum[:, int(spectrum.shape[1] * kept) :] = 0
    return np.abs(np.fft.irfft(spectrum, stack.shape[1], axis=1)).astype(np.float32)


def _rician(stack: Array, sigma: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Magnitude of a complex image with Gaussian noise in both channels."""
    real = stack + rng.standard_normal(stack.shape, np.float32) * np.float32(sigma)
    imaginary = rng.standard_normal(stack.shape, np.float32) * np.float32(sigma)
    return np.asarray(np.sqrt(real**2 + imaginary**2), dtype=np.float32)
