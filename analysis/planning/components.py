"""The variances that a plan rests on: from pilot data or from published conjectures."""

import math
from dataclasses import dataclass

from scipy import stats

from analysis.results import MrmcResult
from analysis.tables import DataError

# Correlations of the errors that Rockette et al., Acad Radiol 1999; 6:637-642 found typical, as
# used in the tables of Obuchowski, AJR 2000; 175:603-608.
TYPICAL_R1, TYPICAL_R2, TYPICAL_R3 = 0.48, 0.40, 0.35


@dataclass(frozen=True)
class Components:
    """Obuchowski-Rockette variances at `n_cases` cases.

    Attributes
    ----------
    var_r, var_tr : float
        Between readers, and reader x modality; do not depend on the number of cases.
    var_error, cov1, cov2, cov3 : float
        Of the errors of figures of merit on `n_cases` cases; they shrink as 1 / cases.
    n_cases : int
    effect : float or None
        The observed difference of a pilot's two modalities.
    source : str
        Where the numbers are from.
    """

    var_tr: float
    var_error: float
    cov1: float
    cov2: float
    cov3: float
    n_cases: int
    var_r: float = 0.0
    effect: float | None = None
    source: str = "given"


def from_result(pilot: MrmcResult, pair: tuple[str, str] | None = None) -> Components:
    """Components of a pilot study; the effect is that of the pair of modalities (default: first).

    Raises
    ------
    DataError
        When the pilot is not an Obuchowski-Rockette analysis or did not compare the pair.
    """
    missing = {"var_tr", "cov1", "cov2", "cov3", "var_error"} - set(pilot.components)
    if missing:
        raise DataError(
            f"The pilot has no {', '.join(sorted(missing))}: analyse it with method 'or'."
        )
    values = {name: _number(value) for name, value in pilot.components.items()}
    return Components(
        var_tr=values["var_tr"],
        var_error=values["var_error"],
        cov1=values["cov1"],
        cov2=values["cov2"],
        cov3=values["cov3"],
        n_cases=pilot.n_cases,
        var_r=max(values.get("var_r", 0.0), 0.0),
        effect=_effect(pilot, pair),
        source=f"pilot: {pilot.label}, {pilot.n_readers} readers, {pilot.n_cases} cases",
    )


def conjectured(
    auc: float,
    *,
    diseased: int,
    healthy: int,
    reader_range: float = 0.05,
    effect: float | None = None,
    correlations: tuple[float, float, float] = (TYPICAL_R1, TYPICAL_R2, TYPICAL_R3),
) -> Components:
    """Components conjectured from an expected AUC, for a study without pilot data.

    Parameters
    ----------
    auc : float
        Expected average AUC, between 0.5 and 1.
    diseased, healthy : int
        Cases with and without disease that the variances are for.
    reader_range : float
        Expected range over readers of the difference between modalities; its variance is taken
        as (range / 4)^2 / 2 for reader x modality.
    effect : float, optional
        Difference to detect.
    correlations : (r1, r2, r3)
        Of errors: same reader, same modality, neither.

    Notes
    -----
    Variance of an AUC by Obuchowski, as given in Zhou, Obuchowski and McClish,
    *Statistical Methods in Diagnostic Medicine* (2011), section 6.2.1:
    0.0099 exp(-A^2 / 2) [(5 A^2 + 8) + (A^2 + 8) / R] / diseased, A = 1.414 probit(AUC),
    R = healthy / diseased. It was made for ordinal ratings; for continuous ones it is some 40 % too
    large, which errs on the side of more cases.

    Raises
    ------
    DataError
        For numbers outside their range.
    """
    if not 0.5 < auc < 1 or min(diseased, healthy) < 2 or reader_range < 0:
        raise DataError("Give an AUC between 0.5 and 1, two cases a class, a range of 0 or more.")
    r1, r2, r3 = correlations
    if not -1 <= r3 <= min(r1, r2) <= 1:
        raise DataError("The correlations must be ordered: r3 below r1 and r2.")
    a = 1.414 * float(stats.norm.ppf(auc))
    ratio = healthy / diseased
    variance = 0.0099 * math.exp(-(a**2) / 2) * ((5 * a**2 + 8) + (a**2 + 8) / ratio) / diseased
    return Components(
        var_tr=(reader_range / 4) ** 2 / 2,
        var_error=variance,
        cov1=r1 * variance,
        cov2=r2 * variance,
        cov3=r3 * variance,
        n_cases=diseased + healthy,
        effect=effect,
        source=f"conjectured from AUC {auc:g}",
    )


def _number(value: float | None) -> float:
    return 0.0 if value is None or math.isnan(value) else float(value)


def _effect(pilot: MrmcResult, pair: tuple[str, str] | None) -> float:
    for each in pilot.differences:
        names = {pilot.modality_names[each.a], pilot.modality_names[each.b]}
        if pair is None or names == set(pair):
            return abs(each.estimate)
    raise DataError(f"The pilot did not compare {' and '.join(pair or ('two', 'modalities'))}.")
