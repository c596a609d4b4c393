"""The way from truth to the one rule that matches marks with lesions, and to agreement.

What agreement needs is loaded where it is asked for: tables and figures take a second to load, and
the first reader who signs a training case would wait for them.
"""

from collections.abc import Mapping, Sequence
from math import dist
from typing import Any

from analysis import matching

Point = tuple[float, float, float]
ENOUGH = 3  # cases or lesions, for an interval


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


Place = tuple[Point, float]


def pairs(
    first: Sequence[Place], second: Sequence[Place], rule: Mapping[str, Any]
) -> list[tuple[int, int]]:
    """The lesions that two opinions share: indices into both, each lesion once.

    Parameters
    ----------
    first, second : sequence of (centroid in mm, LPS; diameter in mm)
    rule : mapping
        Of the study's analysis plan; always one to one here.
    """
    if not first or not second:
        return []
    lesions = [matching.Lesion(str(number), *place) for number, place in enumerate(first)]
    extents = [matching.Lesion(str(number), *place) for number, place in enumerate(second)]
    found = matching.match(
        [point for point, _ in second],
        [0.0] * len(second),
        lesions,
        matching.MatchRule(**{**rule, "one_to_one": True}),
        extents=extents,
    )
    return [(number, mark) for number, mark in enumerate(found.mark_of_lesion) if mark is not None]


def agreement(
    rows: Sequence[tuple[tuple[bool, Sequence[Place]], tuple[bool, Sequence[Place]]]],
    rule: Mapping[str, Any],
) -> dict[str, Any]:
    """How far two independent opinions agree.

    Parameters
    ----------
    rows : sequence of ((diseased, lesions), (diseased, lesions))
        The two opinions of each case, in the order they were stated. The two truth readers of a
        case need not be those of another, so that agreement by chance is Fleiss's (Scott's).

    Returns
    -------
    dict
        Counts of cases and lesions; `kappa` with its interval (None below three cases, or where
        nobody ever differed in what they called); `positive_agreement` of lesions, twice the
        shared over all stated; distances in mm; `diameter`: mean difference, second less first,
        with limits of agreement (None below three shared lesions).
    """
    shared = [pairs(one[1], two[1], rule) for one, two in rows]
    stated = [len(one[1]) + len(two[1]) for one, two in rows]
    both = [
        (one[1][i], two[1][j])
        for (one, two), found in zip(rows, shared, strict=True)
        for i, j in found
    ]
    distances = [dist(one[0], two[0]) for one, two in both]
    n_shared, n_stated = len(both), sum(stated)
    return {
        "cases": len(rows),
        "same_status": sum(one[0] == two[0] for one, two in rows),
        "both_diseased": sum(one[0] and two[0] for one, two in rows),
        "both_healthy": sum(not one[0] and not two[0] for one, two in rows),
        "kappa": _kappa([[int(one[0]), int(two[0])] for one, two in rows]),
        "lesions": n_stated,
        "shared": n_shared,
        "in_one_only": n_stated - 2 * n_shared,
        "positive_agreement": 2 * n_shared / n_stated if n_stated else None,
        "mean_distance_mm": sum(distances) / n_shared if n_shared else None,
        "max_distance_mm": max(distances, default=None),
        "diameter": _diameters(both),
    }


def _kappa(ratings: list[list[int]]) -> Any:
    if len(ratings) < ENOUGH or len({each for row in ratings for each in row}) < 2:  # noqa: PLR2004
        return None
    from analysis.agreement import fleiss_kappa

    return fleiss_kappa(ratings)


def _diameters(both: Sequence[tuple[Place, Place]]) -> Any:
    if len(both) < ENOUGH:
        return None
    from analysis.agreement import bland_altman

    return bland_altman([one[1] for one, _ in both], [two[1] for _, two in both])
