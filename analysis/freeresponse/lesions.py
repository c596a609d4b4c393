"""Lesion sensitivity by size: how many lesions of each size were found, with what certainty."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.estimates import comparison
from analysis.freeresponse.data import FrocData
from analysis.freeresponse.foms import Estimate, covariance_of, lesion_fraction, one
from analysis.tables import DataError

SIZE_EDGES_MM = (3.0, 5.0, 10.0)  # the bins of the field's studies: < 3, 3-5, 5-10, > 10 mm


@dataclass(frozen=True)
class SizeBin:
    """Lesion sensitivity of one modality in one range of diameters, readers averaged.

    The interval is on the logit scale from the case jackknife (readers fixed); NaN bounds are
    never given: with all or none found it is the exact binomial interval of `lesions` trials.
    """

    modality: str
    label: str
    low_mm: float
    high_mm: float
    lesions: int
    found: int
    reads: int
    estimate: float | None
    ci_low: float | None
    ci_high: float | None

    def to_json(self) -> dict[str, Any]:
        """The bin as JSON; the open end of the last one is null."""
        found = asdict(self)
        found["high_mm"] = None if np.isinf(self.high_mm) else self.high_mm
        return found


def labels(edges_mm: Sequence[float] = SIZE_EDGES_MM) -> tuple[str, ...]:
    """Names of the bins, as "< 3 mm" and "3-5 mm" (the lower edge belongs to the bin)."""
    text = [f"{edge:g}" for edge in edges_mm]
    inner = [f"{low}-{high} mm" for low, high in pairwise(text)]
    return (f"< {text[0]} mm", *inner, f"≥ {text[-1]} mm")


def by_size(
    data: FrocData, *, edges_mm: Sequence[float] = SIZE_EDGES_MM, alpha: float = 0.05
) -> list[SizeBin]:
    """Lesion sensitivity in ranges of diameter, a row a modality and range.

    Lesions of unknown diameter are left out; a range without lesions has no estimate.
    """
    edges = [0.0, *edges_mm, np.inf]
    counts = data.nl_count
    rows = []
    for i, modality in enumerate(data.modalities):
        for (label, chosen), (low, high) in zip(
            _bins(data, edges_mm), pairwise(edges), strict=True
        ):
            tried = data.was_read[i][:, data.lesion_case] & chosen
            found = int((tried & np.isfinite(data.ll[i])).sum())
            middle, bounds = _summary(data, i, chosen, counts, alpha)
            number, reads = int(chosen.sum()), int(tried.sum())
            rows.append(SizeBin(modality, label, low, high, number, found, reads, middle, *bounds))
    return rows


@dataclass(frozen=True)
class SizeDifference:
    """Lesion sensitivity in a range of diameters, one modality minus another, readers fixed.

    The interval and the two-sided p-value are normal with the case jackknife's standard error;
    None where the range has no lesions or they lie in one case.
    """

    test: str
    reference: str
    label: str
    lesions: int
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    p_value: float | None

    def to_json(self) -> dict[str, Any]:
        """The difference as plain values."""
        return asdict(self)


def differences_by_size(
    data: FrocData,
    reference: str,
    *,
    edges_mm: Sequence[float] = SIZE_EDGES_MM,
    alpha: float = 0.05,
) -> list[SizeDifference]:
    """Every modality minus the reference in each range of diameters.

    Raises
    ------
    DataError
        When there is no modality of that name.
    """
    if reference not in data.modalities:
        raise DataError(f"No modality {reference!r}: there are {', '.join(data.modalities)}.")
    base, counts = data.modalities.index(reference), data.nl_count
    rows = []
    for i, name in enumerate(data.modalities):
        if i == base:
            continue
        for label, chosen in _bins(data, edges_mm):
            number = int(chosen.sum())
            sides = [_mean_of_readers(data, side, chosen, counts) for side in (i, base)]
            numbers = _difference(sides, np.unique(data.lesion_case[chosen]), alpha)
            rows.append(SizeDifference(name, reference, label, number, *numbers))
    return rows


def _bins(data: FrocData, edges_mm: Sequence[float]) -> list[tuple[str, NDArray[np.bool_]]]:
    edges = [0.0, *edges_mm, np.inf]
    return [
        (label, (data.diameter_mm >= low) & (data.diameter_mm < high))
        for label, (low, high) in zip(labels(edges_mm), pairwise(edges), strict=True)
    ]


def _difference(
    sides: Sequence[Estimate | None], cases: NDArray[np.intp], alpha: float
) -> tuple[float | None, float | None, float | None, float | None]:
    test, base = sides
    if test is None or base is None:
        return None, None, None, None
    value = test.value - base.value + 0.0
    if cases.size < 2:
        return value, None, None, None
    without = (test.without - base.without)[None, cases]
    error = float(np.sqrt(covariance_of(without)[0, 0]))
    found = comparison((0, 1), value, error, np.inf, alpha)
    return value, found.ci_low, found.ci_high, found.p_value


def _mean_of_readers(
    data: FrocData, i: int, chosen: NDArray[np.bool_], counts: NDArray[np.float64]
) -> Estimate | None:
    """Mean over the readers who tried, with its leave-one-out values; None if nobody did."""
    cases = np.unique(data.lesion_case[chosen])
    readers = [j for j in range(len(data.readers)) if data.was_read[i, j, cases].any()]
    if not readers:
        return None
    found = [_of_reader(data, i, j, chosen, counts) for j in readers]
    return Estimate(
        float(np.mean([each.value for each in found])),
        np.asarray(np.mean([each.without for each in found], axis=0), dtype=float),
    )


def _summary(
    data: FrocData,
    i: int,
    chosen: NDArray[np.bool_],
    counts: NDArray[np.float64],
    alpha: float,
) -> tuple[float | None, tuple[float | None, float | None]]:
    """Mean over the readers who tried, and its interval."""
    cases, number = np.unique(data.lesion_case[chosen]), int(chosen.sum())
    mean = _mean_of_readers(data, i, chosen, counts)
    if mean is None:
        return None, (None, None)
    if cases.size < 2 or mean.value in (0.0, 1.0):
        return mean.value, _exact(mean.value, number, alpha)
    variance = float(covariance_of(mean.without[None, cases])[0, 0])
    return mean.value, _logit_interval(mean.value, variance, number, alpha)


def _of_reader(
    data: FrocData,
    i: int,
    j: int,
    chosen: NDArray[np.bool_],
    counts: NDArray[np.float64],
) -> Estimate:
    """One reader's sensitivity; constant when one case holds all of the lesions tried."""
    marks = one(data, i, j, counts)
    tried = marks.was_read[marks.of] & chosen
    if np.unique(marks.of[tried]).size < 2:
        value = float(np.isfinite(marks.ll[tried]).mean())
        return Estimate(value, np.full(len(marks.truth), value))
    return lesion_fraction(marks, chosen)


def _logit_interval(p: float, variance: float, number: int, alpha: float) -> tuple[float, float]:
    if variance <= 0:
        return _exact(p, number, alpha)
    middle = np.log(p / (1 - p))
    half = stats.norm.isf(alpha / 2) * np.sqrt(variance) / (p * (1 - p))
    low, high = 1 / (1 + np.exp(-(middle - half))), 1 / (1 + np.exp(-(middle + half)))
    return float(low), float(high)


def _exact(p: float, number: int, alpha: float) -> tuple[float, float]:
    """Clopper-Pearson, the number found rounded to whole lesions."""
    k = round(p * number)
    low = float(stats.beta.ppf(alpha / 2, k, number - k + 1)) if k > 0 else 0.0
    high = float(stats.beta.isf(alpha / 2, k + 1, number - k)) if k < number else 1.0
    return low, high
