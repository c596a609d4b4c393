"""Agreement between readers: categories, numbers, and delineations."""

from analysis.agreement.categories import cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha
from analysis.agreement.lesions import (
    DelineatedCase,
    Delineations,
    LesionOverlap,
    compare_lesions,
    delineations,
)
from analysis.agreement.masks import Overlap, compare_masks, majority, staple
from analysis.agreement.quantities import bland_altman, icc
from analysis.agreement.result import Agreement

__all__ = [
    "Agreement",
    "DelineatedCase",
    "Delineations",
    "LesionOverlap",
    "Overlap",
    "bland_altman",
    "cohen_kappa",
    "compare_lesions",
    "compare_masks",
    "delineations",
    "fleiss_kappa",
    "gwet_ac1",
    "icc",
    "krippendorff_alpha",
    "majority",
    "staple",
]
