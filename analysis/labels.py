"""Headings in words, with units, of every field that a table for people shows; the one place.

JSON, CSV and the terminal keep the short names, which scripts rely on.
"""

from collections.abc import Mapping
from types import MappingProxyType

HEADINGS: Mapping[str, str] = MappingProxyType(
    {
        # who and what
        "reader": "Reader",
        "modality": "Modality",
        "modality_a": "Modality A",
        "modality_b": "Modality B",
        "test": "Modality",
        "reference": "Compared with",
        "case": "Case",
        "a": "A",
        "b": "B",
        "level": "Group",
        "group": "Readers of group",
        "label": "Diameter",
        "name": "Statistic",
        "effect": "Effect on log time",
        "interval": "Interval",
        # how many
        "n_readers": "Readers",
        "n_cases": "Cases",
        "n_lesions": "Lesions",
        "n_reads": "Reads",
        "n_censored": "Reads cut off",
        "readers": "Readers",
        "cases": "Cases",
        "lesions": "Lesions",
        "diseased": "Cases with disease",
        "reads": "Reads",
        "marks": "Marks",
        "found": "Found, over all reads",
        "pairs": "Pairs of lesions",
        "only_a": "Lesions of A only",
        "only_b": "Lesions of B only",
        "events": "Count",
        "units": "Of",
        "trials": "Simulated studies",
        "failed": "Could not be analysed",
        # estimates
        "estimate": "Estimate",
        "share": "Share",
        "std_error": "Standard error",
        "variance": "Variance, given the reader",
        "df": "Degrees of freedom",
        "df1": "Degrees of freedom, numerator",
        "df2": "Degrees of freedom, denominator",
        "statistic": "Test statistic",
        "p_value": "p",
        "p_adjusted": "p, adjusted for the number of pairs",
        "ci_low": "Interval from",
        "ci_high": "to",
        "alpha": "Level of error (alpha)",
        "margin": "Margin",
        "p_noninferior": "p, non-inferiority (one-sided)",
        "p_equivalent": "p, equivalence",
        "noninferior": "Non-inferior",
        "superior": "Superior",
        "equivalent": "Equivalent",
        "warnings": "Notes",
        # curves
        "auc": "AUC",
        "auc_b": "AUC, modality B",
        "mu": "Separation of the classes (mu)",
        "mu_std_error": "Standard error of mu",
        "visible": "Share of visible disease (alpha)",
        "visible_std_error": "Standard error of alpha",
        "intercept": "Intercept (a)",
        "slope": "Slope (b)",
        "intercept_std_error": "Standard error of a",
        "slope_std_error": "Standard error of b",
        # components of variance
        "var_r": "Reader",
        "var_c": "Case",
        "var_tr": "Modality \N{MULTIPLICATION SIGN} reader",
        "var_tc": "Modality \N{MULTIPLICATION SIGN} case",
        "var_rc": "Reader \N{MULTIPLICATION SIGN} case",
        "var_error": "Error",
        "var_ai": "AI, given its ratings",
        "cov1": "Covariance 1 (same reader, two modalities)",
        "cov2": "Covariance 2 (two readers, same modality)",
        "cov3": "Covariance 3 (two readers, two modalities)",
        "N": "Cases without disease",
        "D": "Cases with disease",
        "ND": "Cases without \N{MULTIPLICATION SIGN} with disease",
        "R": "Reader",
        "NR": "Reader \N{MULTIPLICATION SIGN} cases without",
        "DR": "Reader \N{MULTIPLICATION SIGN} cases with",
        "RND": "Reader \N{MULTIPLICATION SIGN} both",
        # times
        "ratio": "Ratio of times, B / A",
        "log_estimate": "Log of the ratio",
        "geometric_mean_s": "Geometric mean, adjusted (s)",
        "median_s": "Median, observed (s)",
        "observed_geometric_mean_s": "Geometric mean, observed (s)",
        "sd_log": "Standard deviation, log scale",
        "distribution": "Distribution",
        "sigma": "Scale, log time",
        "aic": "AIC (less is better)",
        # agreement
        "ms_cases": "Mean square of cases",
        "ms_readers": "Mean square of readers",
        "ms_error": "Mean square of error",
        "lower": "Lower limit of agreement",
        "upper": "Upper limit of agreement",
        "sd": "Standard deviation of differences",
        "lower_ci_low": "Lower limit, interval from",
        "lower_ci_high": "Lower limit, interval to",
        "upper_ci_low": "Upper limit, interval from",
        "upper_ci_high": "Upper limit, interval to",
        "dice": "Dice",
        "lesion_dice": "Lesion-wise Dice",
        "f1": "F1 of lesions",
        "hd95_mm": "Hausdorff distance, 95th percentile (mm)",
        "surface_dice": "Surface Dice",
        "volume_a_mm3": "Volume of A (mm\N{SUPERSCRIPT THREE})",
        "volume_b_mm3": "Volume of B (mm\N{SUPERSCRIPT THREE})",
        "volume_difference_mm3": "Volume, B less A (mm\N{SUPERSCRIPT THREE})",
        "low_mm": "Diameter from (mm)",
        "high_mm": "to below (mm)",
        # planning
        "power": "Power",
        "ncp": "Non-centrality",
        "critical": "Critical value",
        "mean_effect": "Mean difference found",
        "seed": "Seed",
        # decisions
        "decision": "Decision",
        "what": "What",
        "file": "File",
        "rows": "Rows",
        "quantity": "Quantity",
        "value": "Value",
    }
)
# Of fitted ROC curves: letters that mean something else in other tables.
CURVES: Mapping[str, str] = MappingProxyType(
    {"a": "intercept", "b": "slope", "alpha": "visible"}
    | {f"{name}_std_error": f"{word}_std_error" for name, word in
       (("a", "intercept"), ("b", "slope"), ("alpha", "visible"))}
)  # fmt: skip


def heading(name: object) -> str:
    """A field's name in words; one that is not listed with its first letter large."""
    text = str(name)
    if text in HEADINGS:
        return HEADINGS[text]
    words = text.replace("_", " ").strip()
    return words[:1].upper() + words[1:]
