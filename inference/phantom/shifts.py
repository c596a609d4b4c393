"""Phantoms unlike those of the training: other thickness, planes, contrast dose, scanner.

A shift keeps a seed's anatomy, vessels and lesions, so that a detector's figures under it are
compared case by case with those in distribution. (Up to version 1 of the phantoms a given dose
changed vessels and lesions, for no dose was drawn then: figures of that version are of other
lesions than those in distribution.)
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from inference.phantom.scanner import Scanner


@dataclass(frozen=True)
class Shift:
    """How phantoms differ from the training's; None: drawn as there.

    Attributes
    ----------
    words
        What differs, for tables.
    slice_mm
        Slice spacing of T1c; from 2 mm on T1c is a 2-D spin echo, as in practice.
    dose
        Factor on contrast uptake.
    alter
        Makes another machine.
    """

    words: str
    slice_mm: float | None = None
    dose: float | None = None
    alter: Callable[[Scanner], Scanner] | None = None


def any_machine(rng: np.random.Generator) -> Shift:
    """Draw a machine from a range wider than the scanners', for the training.

    Noise up to 0.08, T1 from 0.65 to 1.1 times (0.55 T to 3 T and more), twice the bias at most,
    T1c slices of 1 to 4 mm, half to twice the dose.
    """
    noise, relaxation, bias = rng.uniform((0.0, 0.65, 1.0), (0.08, 1.1, 2.0))

    def alter(machine: Scanner) -> Scanner:
        constants = machine.constants.copy()
        constants[0] *= relaxation
        return replace(
            machine,
            constants=np.asarray(constants),
            noise=max(machine.noise, float(noise)),
            bias=float(bias) * machine.bias,
        )

    return Shift(
        "any machine",
        slice_mm=float(rng.choice([1.0, 1.2, 1.5, 2.0, 3.0, 4.0])),
        dose=float(rng.uniform(0.5, 2.0)),
        alter=alter,
    )


def low_field(machine: Scanner) -> Scanner:
    """A machine like few of the training: 0.55 T, shorter T1, three times the noise, more bias.

    T1 falls by about a fifth from 1.5 T to 0.55 T (Campbell-Washburn et al. 2019); the noise is
    beyond the 0.03 that scanners draw at most.
    """
    constants = machine.constants.copy()
    constants[0] *= 0.8 if machine.field_tesla < 2 else 0.7
    return replace(
        machine,
        vendor="SIEMENS",  # the one of the three that sells such a field
        field_tesla=0.55,
        constants=np.asarray(constants),
        noise=max(3 * machine.noise, 0.05),
        bias=2 * machine.bias,
    )


def moving(machine: Scanner) -> Scanner:
    """The same machine, and a head that moves by 1 mm (root mean square) during each series."""
    return replace(machine, motion_mm=1.0)


def sagittal(machine: Scanner) -> Scanner:
    """The same machine, and its three-dimensional series acquired in sagittal slices.

    As many sites acquire MPRAGE; stacks of two-dimensional slices stay axial. T1c is always among
    them where its slices are thin.
    """
    turned = {
        role: replace(each, is_sagittal=each.is_3d) for role, each in machine.protocols.items()
    }
    return replace(machine, protocols=turned)


SHIFTS: dict[str, Shift] = {
    "none": Shift("as trained"),
    **{f"slices-{mm}mm": Shift(f"T1c slices of {mm} mm", slice_mm=float(mm)) for mm in range(1, 7)},
    "half-dose": Shift("half the mean contrast dose", dose=0.5),
    "double-dose": Shift("twice the mean contrast dose", dose=2.0),
    "low-field": Shift("another scanner: 0.55 T, more noise and bias", alter=low_field),
    "sagittal": Shift("3-D series in sagittal slices", alter=sagittal),
    "motion": Shift("a head that moves by 1 mm during each series", alter=moving),
}


def shift_of(name: str) -> Shift:
    """A shift by name.

    Raises
    ------
    ValueError
        Naming those there are.
    """
    if name not in SHIFTS:
        raise ValueError(f"no shift {name!r}; there are: {', '.join(SHIFTS)}")
    return SHIFTS[name]
