"""Scanners: vendor, field strength, protocol and grid of each of the four series."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from inference.phantom.fields import Array, Points
from inference.phantom.signal import Sequence, csf_null_ms, relaxation
from inference.phantom.tissues import INDEX

ROLES = ("t1c", "t1", "t2", "flair")


@dataclass(frozen=True)
class Protocol:
    """How one series is acquired."""

    role: str
    sequence: Sequence
    is_3d: bool
    thickness_mm: float
    spacing_mm: float  # between slices, centre to centre
    is_sagittal: bool = False  # slices from left to right; else axial


@dataclass(frozen=True)
class Scanner:
    """One machine on one day."""

    vendor: str  # SIEMENS, GE, PHILIPS
    field_tesla: float
    constants: Array  # (3, class): T1, T2 in ms, density
    noise: float  # standard deviation, relative to white matter on T1
    bias: float  # strength of the receive field
    orientation: Points  # (3, 3) columns: slice, row, column direction as (z, y, x)
    protocols: dict[str, Protocol]
    motion_mm: float = 0.0  # of the head while a series is acquired, root mean square

    def axes(self, protocol: Protocol) -> Points:
        """Columns: slice, row, column direction of a series as (z, y, x)."""
        up, back, left = self.orientation.T
        # Rows run down and columns back, so that the normal points to the patient's right.
        return np.stack([-left, -up, back], axis=1) if protocol.is_sagittal else self.orientation


def draw(rng: np.random.Generator, slice_mm: float | None = None) -> Scanner:
    """Draw a scanner; `slice_mm` fixes the slice spacing of T1c."""
    vendor = str(rng.choice(["SIEMENS", "GE", "PHILIPS"]))
    field = float(rng.choice([1.5, 3.0]))
    constants = relaxation(field, rng)
    spacing = slice_mm or float(rng.choice([1.0, 1.2, 1.5], p=[0.5, 0.25, 0.25]))
    protocols = {
        "t1c": _t1("t1c", spacing, rng),
        "t1": _t1("t1", _slices(rng), rng),
        "t2": _t2(_slices(rng), rng),
        "flair": _flair(_slices(rng), float(constants[0, INDEX["csf"]]), rng),
    }
    tilt = rng.normal((0, 0, -6), (1.5, 1.5, 5))  # axial slices lean towards the AC-PC line
    orientation = Rotation.from_euler("zyx", tilt, degrees=True).as_matrix()
    if rng.random() < 0.3:
        orientation = np.eye(3)
    noise, bias = float(rng.uniform(0.008, 0.03)), float(rng.uniform(0.04, 0.14))
    return Scanner(vendor, field, constants, noise, bias, orientation, protocols)


def _slices(rng: np.random.Generator) -> float:
    """Slice spacing of the accompanying series: mostly thick 2-D stacks."""
    return float(rng.choice([1.5, 3.0, 4.0, 5.0], p=[0.2, 0.2, 0.3, 0.3]))


def _stack(role: str, sequence: Sequence, spacing: float) -> Protocol:
    is_3d = spacing < 2
    return Protocol(role, sequence, is_3d, spacing if is_3d else 0.9 * spacing, spacing)


def _t1(role: str, spacing: float, rng: np.random.Generator) -> Protocol:
    if spacing < 2:
        timing = (rng.uniform(1900, 2300), rng.uniform(2.2, 3.6), rng.uniform(850, 1000))
        mprage = Sequence("mprage", *timing, flip_deg=float(rng.choice([8, 9, 10, 12])))
        return _stack(role, mprage, spacing)
    spin = Sequence("spin_echo", rng.uniform(450, 700), rng.uniform(8, 14))
    return _stack(role, spin, spacing)


def _t2(spacing: float, rng: np.random.Generator) -> Protocol:
    return _stack(
        "t2", Sequence("spin_echo", rng.uniform(3800, 6500), rng.uniform(85, 110)), spacing
    )


def _flair(spacing: float, t1_csf_ms: float, rng: np.random.Generator) -> Protocol:
    repetition = rng.uniform(7500, 9500)
    inversion = csf_null_ms(t1_csf_ms, repetition)
    sequence = Sequence("inversion_recovery", repetition, rng.uniform(95, 130), inversion)
    return _stack("flair", sequence, spacing)
