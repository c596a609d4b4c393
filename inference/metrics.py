"""Lesion-wise performance: sensitivity, false positives, FROC, calibration, with intervals.

A proposal finds a lesion when their masks overlap, the truth grown by one voxel in every direction
(as BraTS-METS 2023 counts), and each finds at most one of the other (as its present package counts;
the assignment is `analysis.matching`'s). Raw scores are kept, so any threshold can be computed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from analysis import matching
from inference.lesions import Lesion
from inference.volume import Affine

SIZES_MM: tuple[tuple[float, float], ...] = ((0, 3), (3, 5), (5, 10), (10, np.inf))
RULE = matching.MatchRule(kind="overlap", one_to_one=True, duplicates="ignore")
Floats = NDArray[np.float64]
Case = TypeVar("Case")  # of a resampling: whatever a statistic takes


@dataclass(frozen=True)
class CaseScore:
    """What a detector did on one case.

    Attributes
    ----------
    diameters_mm, hits
        Of each true lesion: its size, and the score of the proposal that found it (-inf: none).
    dice
        Of each true lesion with its proposal; 0 where it was not found.
    false_scores
        Scores of the proposals that found nothing.
    marks
        Of each true lesion, which proposal found it (None: none); empty where it was not kept.
    false_marks
        Which proposals found nothing, in the order of `false_scores`; empty likewise.
    """

    diameters_mm: Floats
    hits: Floats
    dice: Floats
    false_scores: Floats
    marks: tuple[int | None, ...] = ()
    false_marks: tuple[int, ...] = ()


Statistic = Callable[[Sequence[CaseScore]], float]


def score_case(
    proposals: Sequence[Lesion],
    scores: Sequence[float],
    labels: NDArray[np.uint8],
    affine: Affine,
    diameters_mm: dict[int, float],
) -> CaseScore:
    """Match proposals with true lesions.

    Parameters
    ----------
    scores
        One a proposal; any monotone confidence.
    labels, affine
        True lesion numbers on the grid of the proposals' masks.
    diameters_mm
        True diameters by lesion number.
    """
    numbers = sorted(diameters_mm)
    truth = [_truth(labels, number, affine) for number in numbers]
    extents = [_extent(str(i), each) for i, each in enumerate(proposals)]
    marks = np.array([each.centroid_mm for each in proposals]).reshape(-1, 3)
    matched = matching.match(marks, scores, truth, RULE, extents=extents)
    dice = [
        0.0 if mark is None else _dice(proposals[mark], labels, number)
        for number, mark in zip(numbers, matched.mark_of_lesion, strict=True)
    ]
    return CaseScore(
        np.array([diameters_mm[number] for number in numbers], dtype=np.float64),
        np.asarray(matched.ll_rating, dtype=np.float64),
        np.array(dice, dtype=np.float64),
        np.asarray(matched.nl_rating, dtype=np.float64),
        tuple(matched.mark_of_lesion),
        tuple(n for n, label in enumerate(matched.labels) if label == "NL"),
    )


def _truth(labels: NDArray[np.uint8], number: int, affine: Affine) -> matching.Lesion:
    """A true lesion, grown by one voxel."""
    found = np.argwhere(labels == number)
    low, high = found.min(0), found.max(0) + 1
    z, y, x = (slice(a, b) for a, b in zip(low, high, strict=True))
    mask = np.pad(labels[z, y, x] == number, 1)
    start = low - 1.0
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ start
    x, y, z = moved[:3, :3] @ np.argwhere(mask).mean(0) + moved[:3, 3]
    grown = ndimage.binary_dilation(mask, np.ones((3, 3, 3), bool))
    extent = matching.Mask(grown, moved)
    return matching.Lesion(str(number), (float(x), float(y), float(z)), mask=extent)


def _extent(name: str, lesion: Lesion) -> matching.Lesion:
    moved = lesion.affine.copy()
    moved[:3, 3] += lesion.affine[:3, :3] @ np.array(lesion.offset, dtype=np.float64)
    mask = matching.Mask(lesion.mask.astype(bool), moved)
    return matching.Lesion(name, lesion.centroid_mm, mask=mask)


def _dice(lesion: Lesion, labels: NDArray[np.uint8], number: int) -> float:
    z, y, x = (slice(o, o + n) for o, n in zip(lesion.offset, lesion.mask.shape, strict=True))
    both = int(((labels[z, y, x] == number) & (lesion.mask > 0)).sum())
    return 2 * both / float((labels == number).sum() + lesion.mask.sum())


def sensitivity(cases: Sequence[CaseScore], threshold: float, low: float, high: float) -> float:
    """Share of lesions of a size (low <= mm < high) that are found; NaN where there are none."""
    hits = np.concatenate(
        [c.hits[(c.diameters_mm >= low) & (c.diameters_mm < high)] for c in cases]
    )
    found = np.isfinite(hits) & (hits >= threshold)  # with a threshold of -inf too
    return float(found.mean()) if len(hits) else float("nan")


def false_positives_per_case(cases: Sequence[CaseScore], threshold: float) -> float:
    """Mean number of false positives a case."""
    return float(np.mean([(c.false_scores >= threshold).sum() for c in cases]))


def predictive_value(cases: Sequence[CaseScore], threshold: float) -> float:
    """Share of the proposals that are lesions (PPV, precision); NaN where there is no proposal.

    A second proposal on a lesion that is found already counts as neither.
    """
    found = sum(int((np.isfinite(c.hits) & (c.hits >= threshold)).sum()) for c in cases)
    false = sum(int((c.false_scores >= threshold).sum()) for c in cases)
    return found / (found + false) if found + false else float("nan")


def threshold_at(cases: Sequence[CaseScore], false_per_case: float) -> float:
    """The lowest threshold with at most so many false positives a case."""
    false = np.sort(np.concatenate([c.false_scores for c in cases]))[::-1]
    allowed = int(false_per_case * len(cases))
    return float(np.nextafter(false[allowed], np.inf)) if allowed < len(false) else -np.inf


def froc_score(cases: Sequence[CaseScore]) -> float:
    """Mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false positives a case (LUNA16)."""
    rates = (0.125, 0.25, 0.5, 1, 2, 4, 8)
    at = [max(threshold_at(cases, rate), -1e300) for rate in rates]
    return float(np.mean([sensitivity(cases, each, 0, np.inf) for each in at]))


def calibration_error(probabilities: Floats, correct: NDArray[np.bool_], bins: int = 10) -> float:
    """Expected calibration error: bins of equal width, weighted by their counts."""
    if not len(probabilities):
        return float("nan")
    rows = reliability(probabilities, correct, bins)
    return sum(count * abs(p - share) for count, p, share in rows) / len(probabilities)


def reliability(
    probabilities: Floats, correct: NDArray[np.bool_], bins: int = 10
) -> list[tuple[int, float, float]]:
    """The reliability diagram: of each bin that is not empty (count, mean probability, share)."""
    which = np.minimum((probabilities * bins).astype(int), bins - 1)
    return [
        (
            int((which == b).sum()),
            float(probabilities[which == b].mean()),
            float(correct[which == b].mean()),
        )
        for b in range(bins)
        if (which == b).any()
    ]


def interval(
    cases: Sequence[Case],
    statistic: Callable[[Sequence[Case]], float],
    seed: int = 1,
    draws: int = 1000,
) -> tuple[float, float]:
    """95 % percentile bootstrap interval over cases."""
    rng = np.random.default_rng(seed)
    chosen = (rng.integers(0, len(cases), len(cases)) for _ in range(draws))
    values = [statistic([cases[i] for i in some]) for some in chosen]
    low, high = np.nanpercentile(values, (2.5, 97.5))
    return float(low), float(high)
