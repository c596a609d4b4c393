"""Marks against lesions in patient millimetres: which mark localises which lesion.

The only copy of the rule: the platform scores reads with it, the detector's evaluation scores
proposals with it. A mark that localises a lesion is a lesion localisation (LL), any other mark a
non-lesion localisation (NL); Chakraborty, *Observer Performance Methods for Diagnostic Imaging*
(CRC Press 2017), chapters 12-13. What counts as "on the lesion" is a choice that changes the
result, so it is a named rule of the protocol, and the raw distance and overlap of every pair are
kept with the decision: any other rule can be computed later from the same data.

Coordinates are DICOM patient coordinates (LPS) in millimetres.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.extents import Lesion, Mask, intersection_over_union

__all__ = ["Lesion", "Mask", "MatchError", "MatchRule", "Matching", "match"]

Kind = Literal["centroid", "inside", "overlap"]
Duplicates = Literal["nl", "ignore", "best"]
Floats = NDArray[np.float64]

RULE_VERSION = 1
UNMARKED = -np.inf  # the rating of a lesion that no mark localises


class MatchError(ValueError):
    """Marks, lesions or a rule that cannot be used; says which one and why."""


@dataclass(frozen=True)
class MatchRule:
    """When a mark localises a lesion, and what becomes of a second mark on it.

    Parameters
    ----------
    kind : {"centroid", "inside", "overlap"}
        `centroid`: the mark lies within `radius_mm` of the lesion's centroid. `inside`: it lies in
        the lesion's mask, or, for a lesion without a mask, in the sphere of its diameter.
        `overlap`: the mark's own extent (mask or sphere) and the lesion's share at least
        `min_overlap` of their union, and more than nothing.
    radius_mm : float
        The radius of `centroid`; the other kinds do not use it.
    one_to_one : bool
        True: a mark localises at most one lesion, by the assignment that localises the most
        lesions. False: a mark between two lesions may localise both.
    duplicates : {"nl", "ignore", "best"}
        A further acceptable mark on a localised lesion counts as a non-lesion localisation
        (`nl`) or is left out (`ignore`, `best`). Under `nl` and `ignore` the nearest mark
        localises the lesion, under `best` the one rated highest.
    min_overlap : float
        Least intersection over union for `overlap`, 0 to 1; 0 takes any overlap.
    version : int
        Of this rule's meaning; raised when a change of the code could change a result.
    """

    kind: Kind = "centroid"
    radius_mm: float = 10.0
    one_to_one: bool = True
    duplicates: Duplicates = "ignore"
    min_overlap: float = 0.0
    version: int = RULE_VERSION

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise MatchError(f"Unknown kind {self.kind!r}: use one of {', '.join(get_args(Kind))}.")
        if self.duplicates not in get_args(Duplicates):
            names = ", ".join(get_args(Duplicates))
            raise MatchError(f"Unknown duplicates {self.duplicates!r}: use one of {names}.")
        if not (np.isfinite(self.radius_mm) and self.radius_mm > 0):
            raise MatchError(f"radius_mm is {self.radius_mm}: it must be above 0.")
        if not 0 <= self.min_overlap <= 1:
            raise MatchError(f"min_overlap is {self.min_overlap}: it must be from 0 to 1.")
        if self.version != RULE_VERSION:
            raise MatchError(f"Rule version {self.version}: this software knows {RULE_VERSION}.")


@dataclass(frozen=True)
class Matching:
    """What the marks of one read localise.

    Attributes
    ----------
    rule : MatchRule
    lesion_ids : tuple of str
        Of the m lesions.
    labels : tuple of {"LL", "NL", "ignored"}
        A label a mark; `ignored` marks are duplicates that count as neither.
    lesions_of_mark : tuple of tuple of str
        The lesions that each mark localises: one at most when the rule is one-to-one.
    mark_of_lesion : tuple of (int or None)
        The index of the mark that localises each lesion.
    ll_rating : (m,) array
        Rating of that mark; minus infinity for a lesion nobody marked.
    nl_rating : array
        Ratings of the non-lesion localisations, in the order of the marks.
    distance_mm : (n, m) array
        From each mark to each lesion's centroid.
    overlap : (n, m) array
        Intersection over union of extents; NaN where mark or lesion has no extent.
    acceptable : (n, m) array of bool
        Which pairs the rule's kind allows, before duplicates are settled.
    """

    rule: MatchRule
    lesion_ids: tuple[str, ...]
    labels: tuple[str, ...]
    lesions_of_mark: tuple[tuple[str, ...], ...]
    mark_of_lesion: tuple[int | None, ...]
    ll_rating: Floats
    nl_rating: Floats
    distance_mm: Floats
    overlap: Floats
    acceptable: NDArray[np.bool_]

    @property
    def nearest_mm(self) -> tuple[float | None, ...]:
        """Distance from each mark to the nearest lesion's centroid; None without lesions."""
        if not self.lesion_ids:
            return (None,) * len(self.labels)
        return tuple(float(each) for each in self.distance_mm.min(axis=1))

    def to_json(self) -> dict[str, Any]:
        """The decision and what it was made from, ready for `json.dumps`."""
        return {
            "rule": asdict(self.rule),
            "lesions": list(self.lesion_ids),
            "labels": list(self.labels),
            "lesions_of_mark": [list(each) for each in self.lesions_of_mark],
            "mark_of_lesion": list(self.mark_of_lesion),
            "distance_mm": self.distance_mm.tolist(),
            "overlap": [[None if np.isnan(x) else x for x in row] for row in self.overlap.tolist()],
        }


def match(
    marks_mm: ArrayLike,
    ratings: ArrayLike,
    lesions: Sequence[Lesion],
    rule: MatchRule | None = None,
    *,
    extents: Sequence[Lesion | None] | None = None,
) -> Matching:
    """Decide which marks of one read of one case localise which lesions.

    Parameters
    ----------
    marks_mm : (n, 3) array
        Positions in LPS millimetres; n may be 0.
    ratings : (n,) array
        Finite confidences, one a mark.
    lesions : sequence of Lesion
        The reference standard's lesions of the case; may be empty.
    rule : MatchRule, optional
        The protocol's rule; the default rule when left out.
    extents : sequence of (Lesion or None), optional
        Mask or diameter of each mark, needed by `overlap`.

    Returns
    -------
    Matching

    Raises
    ------
    MatchError
        When shapes disagree, a position or rating is not finite, two lesions share an id, or the
        rule needs an extent that mark or lesion does not have.

    Notes
    -----
    With `one_to_one` the assignment (Hungarian algorithm) first localises as many lesions as can
    be, then prefers near marks (for `best`: highly rated ones, then near ones), so the order in
    which marks were put never matters unless two are equal in all of this.
    """
    rule = rule or MatchRule()
    points, scores = _checked(marks_mm, ratings, lesions)
    distance = _distances(points, lesions)
    overlap = _overlaps(lesions, extents, len(points))
    acceptable = _acceptable(rule, points, lesions, distance, overlap)
    preference = _preference(rule, scores, distance, overlap)
    chosen = (_assign if rule.one_to_one else _choose)(preference, acceptable)
    return _settled(rule, scores, lesions, chosen, (distance, overlap, acceptable))


def _checked(
    marks_mm: ArrayLike, ratings: ArrayLike, lesions: Sequence[Lesion]
) -> tuple[Floats, Floats]:
    points = np.asarray(marks_mm, dtype=float)
    scores = np.asarray(ratings, dtype=float).ravel()
    points = points.reshape(0, 3) if points.size == 0 else points
    if points.ndim != 2 or points.shape[1] != 3:
        raise MatchError(f"Marks have shape {points.shape}: give x, y, z in millimetres a mark.")
    if len(points) != len(scores):
        raise MatchError(f"{len(points)} marks have {len(scores)} ratings: give one a mark.")
    for name, values in (("position", points.sum(axis=1)), ("rating", scores)):
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            raise MatchError(f"Mark {bad[0] + 1} has a {name} that is not a finite number.")
    ids = [lesion.id for lesion in lesions]
    if len(set(ids)) < len(ids):
        twice = next(each for each in ids if ids.count(each) > 1)
        raise MatchError(f"Lesion {twice} is there twice: give each lesion its own id.")
    return points, scores


def _distances(points: Floats, lesions: Sequence[Lesion]) -> Floats:
    centres = np.array([lesion.centroid_mm for lesion in lesions], dtype=float).reshape(-1, 3)
    return np.asarray(np.linalg.norm(points[:, None, :] - centres[None, :, :], axis=2))


def _overlaps(
    lesions: Sequence[Lesion], extents: Sequence[Lesion | None] | None, marks: int
) -> Floats:
    table = np.full((marks, len(lesions)), np.nan)
    if extents is None:
        return table
    if len(extents) != marks:
        raise MatchError(f"{marks} marks have {len(extents)} extents: give one a mark, or None.")
    for row, extent in enumerate(extents):
        for column, lesion in enumerate(lesions):
            if extent is not None:
                table[row, column] = intersection_over_union(extent, lesion)
    return table


def _acceptable(
    rule: MatchRule, points: Floats, lesions: Sequence[Lesion], distance: Floats, overlap: Floats
) -> NDArray[np.bool_]:
    if rule.kind == "centroid":
        return np.asarray(distance <= rule.radius_mm)
    if rule.kind == "overlap":
        if overlap.size and np.isnan(overlap).any():
            raise MatchError(
                "The rule asks for overlap, but a mark or a lesion has neither mask nor diameter."
            )
        return np.asarray((overlap > 0) & (overlap >= rule.min_overlap))
    inside = np.zeros(distance.shape, dtype=bool)
    for column, lesion in enumerate(lesions):
        if lesion.mask is not None:
            inside[:, column] = lesion.mask.contains(points)
        elif lesion.diameter_mm is not None:
            inside[:, column] = distance[:, column] <= lesion.diameter_mm / 2
        else:
            raise MatchError(f"Lesion {lesion.id} has neither mask nor diameter to be inside of.")
    return inside


def _preference(rule: MatchRule, scores: Floats, distance: Floats, overlap: Floats) -> Floats:
    """Cost of each pair: closeness in [0, 1), and whole steps of rating for `best`."""
    far = distance / (1 + distance)
    cost = far if rule.kind != "overlap" else (1 - np.nan_to_num(overlap)) * 0.999 + far * 0.0005
    if rule.duplicates == "best" and len(scores):
        _, rank = np.unique(-scores, return_inverse=True)
        cost = cost + (rank * (1 + min(distance.shape)))[:, None]
    return np.asarray(cost, dtype=float)


def _assign(cost: Floats, acceptable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The assignment with the most pairs, and of those the cheapest."""
    chosen = np.zeros(cost.shape, dtype=bool)
    if not acceptable.any():
        return chosen
    never = (1 + float(cost[acceptable].max())) * (1 + min(cost.shape))
    from scipy.optimize import linear_sum_assignment  # loads for a third of a second

    rows, columns = linear_sum_assignment(np.where(acceptable, cost, never))
    chosen[rows, columns] = True
    return chosen & acceptable


def _choose(cost: Floats, acceptable: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every lesion takes its cheapest acceptable mark; a mark may serve several lesions."""
    chosen = np.zeros(cost.shape, dtype=bool)
    open_cost = np.where(acceptable, cost, np.inf)
    for column in np.flatnonzero(acceptable.any(axis=0)):
        chosen[int(np.argmin(open_cost[:, column])), column] = True
    return chosen


def _settled(
    rule: MatchRule,
    scores: Floats,
    lesions: Sequence[Lesion],
    chosen: NDArray[np.bool_],
    raw: tuple[Floats, Floats, NDArray[np.bool_]],
) -> Matching:
    distance, overlap, acceptable = raw
    ids = tuple(lesion.id for lesion in lesions)
    hits = [bool(row.any()) for row in chosen]
    spare = [bool(row.any()) for row in acceptable]
    leftover = "NL" if rule.duplicates == "nl" else "ignored"
    labels = tuple(
        "LL" if hit else leftover if near else "NL" for hit, near in zip(hits, spare, strict=True)
    )
    marks = [int(np.argmax(column)) if column.any() else None for column in chosen.T]
    return Matching(
        rule=rule,
        lesion_ids=ids,
        labels=labels,
        lesions_of_mark=tuple(tuple(ids[i] for i in np.flatnonzero(row)) for row in chosen),
        mark_of_lesion=tuple(marks),
        ll_rating=np.array([UNMARKED if i is None else scores[i] for i in marks], dtype=float),
        nl_rating=scores[[label == "NL" for label in labels]],
        distance_mm=distance,
        overlap=overlap,
        acceptable=acceptable,
    )
