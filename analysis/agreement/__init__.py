"""Agreement between readers: categories, numbers, and delineations."""

from analysis.agreement.categories import cohen_kappa, fleiss_kappa, gwet_ac1, krippendorff_alpha
from analysis.agreement.masks import Overlap, compare_masks, majority, staple
from analysis.agreement.quantities import bland_altman, icc
from analysis.agreement.result import Agreement

__all__ = [
    "Agreement",
    "Overlap",
    "bland_altman",
    "cohen_kappa",
    "compare_masks",
    "fleiss_kappa",
    "gwet_ac1",
    "icc",
    "krippendorff_alpha",
    "majority",
    "staple",
]
