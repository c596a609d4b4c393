"""The way from training feedback to the one rule that matches marks with lesions."""

from collections.abc import Mapping, Sequence
from typing import Any

from analysis import matching

Point = tuple[float, float, float]


def hits(
    marks: Sequence[tuple[Point, float]],
    lesions: Mapping[int, tuple[Point, float]],
    rule: Mapping[str, Any],
) -> list[int | None]:
    """Say for each mark which lesion it localises.

    Parameters
    ----------
    marks : sequence of (position, rating)
        Positions in patient millimetres (LPS).
    lesions : mapping
        Number -> (centroid in mm, LPS; diameter in mm).
    rule : mapping
        Of the protocol's analysis plan (`analysis.matching.MatchRule`).

    Returns
    -------
    list of int or None
        The lesion's number; 0 for a mark on none (NL); None for a further mark on a lesion that
        is found already, where the rule counts it as neither.
    """
    if not marks:
        return []
    found = matching.match(
        [point for point, _ in marks],
        [rating for _, rating in marks],
        [matching.Lesion(str(number), *place) for number, place in lesions.items()],
        matching.MatchRule(**rule),
    )
    pairs = zip(found.labels, found.lesions_of_mark, strict=True)
    return [int(hit[0]) if hit else (0 if label == "NL" else None) for label, hit in pairs]
