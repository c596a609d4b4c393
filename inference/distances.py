"""Counting by the centroids' distance, beside overlap (`inference.metrics`) and BraTS-METS' own.

What is kept of a case is where its candidates and its lesions lie, so a case is counted again by
any radius, one-to-one or not, without running the detector. `analysis.matching` decides, as it
does for readers' marks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis import matching
from inference.metrics import CaseScore, Floats

RADIUS_MM = 5.0  # our choice: near the median diameter of the bench's lesions


@dataclass(frozen=True)
class Places:
    """Of one case, all in patient coordinates (LPS, mm).

    Attributes
    ----------
    scores
        (n,) of the candidates, whatever their probability.
    candidates_mm
        (n, 3) centroids of their masks.
    lesions_mm
        (m, 3) centroids of the true lesions, in the order of `CaseScore.diameters_mm`.
    """

    scores: Floats
    candidates_mm: Floats
    lesions_mm: Floats

    def to_json(self) -> dict[str, Any]:
        """For a line of raw scores, to 0.01 mm."""
        return {
            "scores": self.scores.round(4).tolist(),
            "candidates_mm": self.candidates_mm.round(2).tolist(),
            "lesions_mm": self.lesions_mm.round(2).tolist(),
        }


def from_json(row: dict[str, Any]) -> Places:
    """What `Places.to_json` wrote."""
    return Places(
        np.array(row["scores"], dtype=np.float64),
        np.array(row["candidates_mm"], dtype=np.float64).reshape(-1, 3),
        np.array(row["lesions_mm"], dtype=np.float64).reshape(-1, 3),
    )


@dataclass(frozen=True)
class DistanceRule:
    """A candidate finds a lesion when their centroids lie within `radius_mm` of each other.

    `one_to_one`: a candidate finds one lesion at most (the assignment with the most pairs, of those
    the nearest); else every lesion takes its nearest candidate, which may find others too. Further
    candidates within the radius of a lesion count as neither.

    Raises
    ------
    analysis.matching.MatchError
        If the radius is not above 0.
    """

    radius_mm: float = RADIUS_MM
    one_to_one: bool = True

    def __post_init__(self) -> None:
        self._rule()

    def _rule(self) -> matching.MatchRule:
        return matching.MatchRule("centroid", self.radius_mm, self.one_to_one, "ignore")

    def count(self, places: Places, diameters_mm: Floats) -> CaseScore:
        """Count one case; there are no outlines in this, so every Dice is NaN."""
        lesions = [
            matching.Lesion(str(number), (float(x), float(y), float(z)))
            for number, (x, y, z) in enumerate(places.lesions_mm)
        ]
        found = matching.match(places.candidates_mm, places.scores, lesions, self._rule())
        return CaseScore(
            diameters_mm,
            np.asarray(found.ll_rating, dtype=np.float64),
            np.full(len(lesions), np.nan),
            np.asarray(found.nl_rating, dtype=np.float64),
            tuple(found.mark_of_lesion),
        )


def places_of(
    scores: Sequence[float],
    candidates_mm: Sequence[tuple[float, float, float]],
    lesions_mm: Sequence[Sequence[float]],
) -> Places:
    """Places of one case; either may be empty."""
    return Places(
        np.array(scores, dtype=np.float64),
        np.array(candidates_mm, dtype=np.float64).reshape(-1, 3),
        np.array(lesions_mm, dtype=np.float64).reshape(-1, 3),
    )
