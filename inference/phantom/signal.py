"""MR signal of tissue fractions under the sequences of one scanner."""

from dataclasses import dataclass

import numpy as np

from inference.phantom.fields import Array
from inference.phantom.tissues import INDEX, NAMES, RELAXATION, Tissues

_R1_PER_MM = 4.3e-3 * 0.42  # 1/ms per mM: relaxivity in plasma, scaled to tissue uptake
_R2_PER_MM = 5.0e-3
_INFLOW_DENSITY = 0.75  # contrast fills vessels: their signal is no longer lost to flow


@dataclass(frozen=True)
class Sequence:
    """Timing of one acquisition."""

    kind: str  # mprage, spin_echo, inversion_recovery
    repetition_ms: float
    echo_ms: float
    inversion_ms: float | None = None
    flip_deg: float = 90.0


def signal(sequence: Sequence, t1: Array, t2: Array, density: Array) -> Array:
    """Return the magnitude signal of tissues by the closed forms of each sequence."""
    if sequence.kind == "mprage":
        ti, tr = np.float32(sequence.inversion_ms or 0), np.float32(sequence.repetition_ms)
        recovered = np.abs(1 - 2 * np.exp(-ti / t1) / (1 + np.exp(-tr / t1)))
        # The readout train mixes in some saturation recovery (about 700 ms at small flip angle).
        return np.asarray(density * (0.9 * recovered + 0.12 * (1 - np.exp(-700 / t1))))
    tr, te = np.float32(sequence.repetition_ms), np.float32(sequence.echo_ms)
    decay = np.exp(-te / t2)
    if sequence.kind == "inversion_recovery":
        ti = np.float32(sequence.inversion_ms or 0)
        return np.asarray(density * np.abs(1 - 2 * np.exp(-ti / t1) + np.exp(-tr / t1)) * decay)
    return np.asarray(density * (1 - np.exp(-tr / t1)) * decay)


def relaxation(field_tesla: float, rng: np.random.Generator) -> Array:
    """T1 (ms), T2 (ms), density of every class for one scanner: (3, class), jittered by 2-4 %."""
    nominal = np.array([RELAXATION[name] for name in NAMES]).T
    nominal[0] *= 0.85 if field_tesla < 2 else 1.0
    jitter = rng.normal(1, [[0.03], [0.04], [0.02]], nominal.shape)
    return np.asarray(nominal * jitter, dtype=np.float32)


def csf_null_ms(t1_csf_ms: float, repetition_ms: float) -> float:
    """Inversion time at which fluid gives no signal: the FLAIR condition."""
    return float(t1_csf_ms * (np.log(2) - np.log(1 + np.exp(-repetition_ms / t1_csf_ms))))


def image(tissues: Tissues, sequence: Sequence, constants: Array) -> Array:
    """Signal before contrast: the classes' signals weighted by their fractions."""
    per_class = signal(sequence, *constants)
    per_class[INDEX["air"]] = 0
    return np.asarray(np.tensordot(per_class, tissues.fractions, 1))


def enhanced(before: Array, tissues: Tissues, sequence: Sequence, constants: Array) -> Array:
    """Signal after contrast: as `before`, recomputed where gadolinium is.

    1/T1 and 1/T2 grow in proportion to the concentration (Solomon-Bloembergen, fast exchange).
    """
    after = before.copy()
    where = np.flatnonzero(tissues.gadolinium > 0.01)
    dose = tissues.gadolinium.ravel()[where]
    total = np.zeros(len(where), np.float32)
    flat = tissues.fractions.reshape(len(NAMES), -1)
    for number, name in enumerate(NAMES):
        share = flat[number, where]
        present = np.flatnonzero(share > 1e-3)
        if name == "air" or not len(present):
            continue
        t1, t2, density = (float(c) for c in constants[:, number])
        if name == "blood":
            density = max(density, _INFLOW_DENSITY)
        mm = dose[present]
        t1_after = np.asarray(1 / (1 / t1 + _R1_PER_MM * mm), np.float32)
        t2_after = np.asarray(1 / (1 / t2 + _R2_PER_MM * mm), np.float32)
        new = signal(sequence, t1_after, t2_after, np.full_like(mm, density))
        total[present] += share[present] * new
    after.ravel()[where] = total
    return after
