"""Is an examination like those the detectors were trained on? Findings, each with what to do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.preprocess import ROLES
from inference.volume import Volume

MAX_SLICE_MM = 1.6
MIN_COVERAGE_MM = 120.0
MIN_SIGNAL_TO_NOISE = 12.0


@dataclass(frozen=True)
class Finding:
    """One doubt about an examination."""

    code: str
    role: str
    words: str


def check(examination: Mapping[str, Volume]) -> list[Finding]:
    """Return doubts about an examination, none if it is like the training phantoms.

    Missing series; T1c with thick slices, a short field of view, the vertex cut off, or much
    noise. A detector runs all the same: the findings say why to trust it less.
    """
    findings = [
        Finding("missing", role, f"no {role}: proposals rest on the other series")
        for role in ROLES
        if role not in examination
    ]
    if "t1c" in examination:
        findings += _grid(examination["t1c"]) + _images(examination["t1c"])
    return findings


def _grid(t1c: Volume) -> list[Finding]:
    """Slice spacing and coverage."""
    thickest = float(t1c.spacing_mm.max())
    coverage = float((np.array(t1c.voxels.shape) * t1c.spacing_mm).min())
    found = []
    if thickest > MAX_SLICE_MM:
        words = f"slices of {thickest:.1f} mm: lesions under {2 * thickest:.0f} mm are missed"
        found.append(Finding("thick", "t1c", words))
    if coverage < MIN_COVERAGE_MM:
        words = f"only {coverage:.0f} mm covered: what lies outside is not analysed"
        found.append(Finding("short", "t1c", words))
    return found


def _images(t1c: Volume) -> list[Finding]:
    """Vertex cut off; noise against signal."""
    found = []
    upward = t1c.affine[2, :3]
    axis = int(np.abs(upward).argmax())
    top = np.take(t1c.voxels, -1 if upward[axis] > 0 else 0, axis)
    bright = float(np.percentile(t1c.voxels, 90))
    if (top > 0.5 * bright).mean() > 0.08:
        found.append(
            Finding("cut", "t1c", "the top slice still shows the head: the vertex is cut off")
        )
    ratio = signal_to_noise(t1c.voxels)
    if ratio < MIN_SIGNAL_TO_NOISE:
        words = f"signal is {ratio:.0f} times the noise: small lesions drown in it"
        found.append(Finding("noise", "t1c", words))
    return found


def signal_to_noise(voxels: NDArray[np.float32]) -> float:
    """Signal of the head over noise: white noise by the second difference along rows.

    Differences of neighbours that are flat in the image hold noise alone: their median absolute
    value over 0.6745 and the square root of 6 (the norm of 1, -2, 1) is its standard deviation
    (after Immerkaer 1996, in one dimension), taken where there is signal.
    """
    middle = voxels[:, :, 1:-1]
    curvature = voxels[:, :, 2:] - 2 * middle + voxels[:, :, :-2]
    head = middle > 0.5 * np.percentile(voxels, 90)
    if not head.any():
        return 0.0
    noise = float(np.median(np.abs(curvature[head]))) / 0.6745 / math.sqrt(6)
    return float(np.median(middle[head])) / max(noise, 1e-9)
