"""How lesions of each class look: the differences that neuroradiology textbooks give.

They are differences of the average, as overlapping distributions: glioblastomas larger, more
irregular, thick-walled, infiltrating beyond what enhances; metastases round with sharp edges and
oedema that follows white matter; melanoma bright before contrast; lung more often with a necrotic
core and much oedema; breast solid, brightly enhancing; radiation necrosis a feathery, net-like rim
with much oedema, recurrence nodular. How far apart the classes lie is our choice: figures measured
on them are no evidence about patients.
"""

from dataclasses import dataclass

Range = tuple[float, float]  # mean and standard deviation


@dataclass(frozen=True)
class Look:
    """How lesions of a class look: each a mean and a standard deviation between lesions."""

    diameter_mm: Range
    lobes: Range  # how far the edge strays, as part of the radius
    core: Range  # of the radius that does not enhance
    net: Range  # how far the rim is broken into a net
    uptake: Range  # of contrast, robust standard deviations
    bright_before: Range  # on T1 without contrast
    oedema_mm: Range
    infiltration: Range  # how softly the oedema ends, and how it crosses into what enhances


LOOKS = {
    "metastasis": Look((13, 4), (0.08, 0.03), (0.35, 0.2), (0.1, 0.08), (4, 1), (0, 0.4),
                       (6, 3), (0.3, 0.15)),
    "glioblastoma": Look((24, 6), (0.2, 0.06), (0.6, 0.12), (0.3, 0.12), (4, 1), (0, 0.4),
                         (7, 3), (0.7, 0.15)),
    "lung": Look((13, 5), (0.1, 0.04), (0.5, 0.15), (0.12, 0.1), (4, 1), (0, 0.4), (8, 3),
                 (0.3, 0.15)),
    "breast": Look((12, 4), (0.08, 0.03), (0.15, 0.12), (0.1, 0.08), (4.8, 1), (0, 0.4), (5, 2.5),
                   (0.3, 0.15)),
    "melanoma": Look((10, 4), (0.08, 0.03), (0.15, 0.12), (0.1, 0.08), (3.5, 1), (2.2, 1),
                     (5, 2.5), (0.3, 0.15)),
    "other": Look((12, 5), (0.1, 0.05), (0.35, 0.2), (0.15, 0.1), (4, 1.2), (0.3, 0.7), (6, 3),
                  (0.3, 0.15)),
    "necrosis": Look((17, 5), (0.16, 0.05), (0.55, 0.15), (0.5, 0.15), (3, 0.9), (0, 0.4), (9, 3),
                     (0.4, 0.15)),
    "recurrence": Look((16, 5), (0.12, 0.05), (0.3, 0.18), (0.2, 0.12), (4.2, 1), (0, 0.4), (7, 3),
                       (0.35, 0.15)),
}  # fmt: skip
