"""Tissue classes and the mutable map of fractions that anatomy, vessels and lesions write to."""

from dataclasses import dataclass, field

import numpy as np

from inference.phantom.fields import Array, Box

# name: (T1 ms, T2 ms, proton density). Nominal 3 T values after Wansapura 1999 (grey, white),
# Stanisz 2005 (muscle, blood) and Bottomley 1987 (oedema, tumour); jittered per scanner.
RELAXATION: dict[str, tuple[float, float, float]] = {
    "white": (820, 68, 0.69),
    "grey": (1350, 98, 0.84),
    "deep_grey": (1120, 80, 0.80),
    "csf": (4200, 1900, 1.0),
    "bone": (900, 2, 0.06),
    "fat": (380, 60, 0.54),
    "muscle": (1150, 42, 0.80),
    "blood": (1650, 160, 0.25),  # low: flowing blood is dark or mixed without contrast
    "dura": (1000, 50, 0.55),
    "oedema": (1750, 170, 0.92),
    "tumour": (1450, 115, 0.85),
    "necrosis": (2700, 420, 0.93),
    "haemorrhage": (600, 60, 0.80),
    "mucosa": (1500, 110, 0.85),
    "air": (1000, 1, 0.0),
}
NAMES = tuple(RELAXATION)
INDEX = {name: number for number, name in enumerate(NAMES)}
WHOLE: Box = (slice(None), slice(None), slice(None))


@dataclass
class Tissues:
    """Volume fractions (class, z, y, x) that sum to 1, and gadolinium concentration (mM)."""

    fractions: Array
    gadolinium: Array
    present: set[int] = field(default_factory=set)  # classes that occur: the others stay 0

    @classmethod
    def blank(cls, shape: tuple[int, int, int]) -> "Tissues":
        """Air everywhere."""
        fractions = np.zeros((len(NAMES), *shape), np.float32)
        fractions[INDEX["air"]] = 1
        return cls(fractions, np.zeros(shape, np.float32), {INDEX["air"]})

    def __getitem__(self, name: str) -> Array:
        return np.asarray(self.fractions[INDEX[name]])

    def put(self, name: str, fraction: Array, box: Box = WHOLE) -> None:
        """Lay `fraction` (0-1) of a class over what is there, inside a box."""
        rest = 1 - fraction
        for number in self.present:
            self.fractions[number][box] *= rest
        self.fractions[INDEX[name]][box] += fraction
        self.present.add(INDEX[name])
