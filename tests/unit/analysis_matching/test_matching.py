"""S6: Which marks localise which lesions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.matching import Lesion, Mask, MatchError, MatchRule, match

A = Lesion("1", (0.0, 0.0, 0.0), 6.0)
B = Lesion("2", (12.0, 0.0, 0.0), 4.0)


def labels(marks: list[tuple[float, float, float]], ratings: list[float], **rule: object) -> object:
    return match(marks, ratings, [A, B], MatchRule(**rule)).labels


def test_a_mark_at_exactly_the_radius_localises_and_one_beyond_does_not() -> None:
    assert labels([(-10.0, 0, 0), (0, 10.000001, 0)], [50, 50]) == ("LL", "NL")


def test_inside_takes_the_lesions_own_diameter_when_it_has_no_mask() -> None:
    found = match([(3.0, 0, 0), (12.0, 2.1, 0)], [1, 1], [A, B], MatchRule("inside"))
    assert found.labels == ("LL", "NL")


def test_inside_asks_the_mask_before_the_sphere() -> None:
    voxels = np.zeros((4, 4, 4), dtype=bool)
    voxels[3, 0, 0] = True  # a voxel at x = 6 mm, outside of the sphere
    affine = np.diag([2.0, 2.0, 2.0, 1.0])
    lesion = Lesion("1", (0, 0, 0), 6.0, Mask(voxels, affine))
    found = match([(6.9, 0.9, -0.9), (0, 0, 0)], [1, 1], [lesion], MatchRule("inside"))
    assert found.labels == ("LL", "NL")


@pytest.mark.parametrize(
    ("duplicates", "expected", "rating"),
    [("nl", ("LL", "NL"), 20), ("ignore", ("LL", "ignored"), 20), ("best", ("ignored", "LL"), 90)],
)
def test_a_second_mark_on_a_lesion_counts_as_the_rule_says(
    duplicates: str, expected: tuple[str, str], rating: float
) -> None:
    found = match([(1.0, 0, 0), (2.0, 0, 0)], [20, 90], [A], MatchRule(duplicates=duplicates))
    assert found.labels == expected
    assert found.ll_rating.tolist() == [rating]


def test_one_to_one_localises_as_many_lesions_as_can_be() -> None:
    # The mark in the middle is nearer to A; greedy matching would leave B without a mark.
    middle, left = (5.5, 0.0, 0.0), (-6.0, 0.0, 0.0)
    found = match([middle, left], [1, 1], [A, B])
    assert found.lesions_of_mark == (("2",), ("1",))


def test_many_to_one_lets_one_mark_localise_two_lesions() -> None:
    found = match([(6.0, 0, 0)], [70], [A, B], MatchRule(one_to_one=False))
    assert found.lesions_of_mark == (("1", "2"),)
    assert found.ll_rating.tolist() == [70, 70]


def test_overlap_of_spheres_is_the_lens_over_the_union() -> None:
    mark = Lesion("m", (3.0, 0, 0), 6.0)
    rule = MatchRule("overlap")
    found = match([mark.centroid_mm], [1], [A], rule, extents=[mark])
    lens = np.pi * (4 * 3 + 3) * (2 * 3 - 3) ** 2 / 12  # r = 3, d = 3
    assert found.overlap[0, 0] == pytest.approx(lens / (2 * 36 * np.pi - lens), rel=1e-12)
    assert found.labels == ("LL",)


def test_overlap_of_masks_agrees_with_overlap_of_spheres() -> None:
    def ball(x: float) -> Lesion:
        grid = np.indices((60, 60, 60)) * 0.25 - 7.0
        centre = np.array([x, 0, 0]).reshape(3, 1, 1, 1)
        affine = np.diag([0.25, 0.25, 0.25, 1.0])
        affine[:3, 3] = -7.0
        inside = np.linalg.norm(grid - centre, axis=0) <= 3
        return Lesion("b", (x, 0, 0), 6.0, Mask(inside, affine))

    def sphere(x: float) -> Lesion:
        return Lesion("s", (x, 0, 0), 6.0)

    values = []
    for a, b in itertools.product((ball(0), sphere(0)), (ball(2.0), sphere(2.0))):
        found = match([(0, 0, 0)], [1], [b], MatchRule("overlap"), extents=[a])
        values.append(found.overlap[0, 0])
    assert values == pytest.approx([values[-1]] * 4, rel=0.02)


@pytest.mark.parametrize(
    ("marks", "ratings", "message"),
    [
        ([(0, 0, np.nan)], [1], "Mark 1 has a position"),
        ([(0, 0, 0), (1, 0, 0)], [1, np.inf], "Mark 2 has a rating"),
        ([(0, 0, 0)], [1, 2], "1 marks have 2 ratings"),
        ([(0, 0)], [1], "x, y, z"),
    ],
)
def test_marks_that_cannot_be_used_are_named(
    marks: list[tuple[float, ...]], ratings: list[float], message: str
) -> None:
    with pytest.raises(MatchError, match=message):
        match(marks, ratings, [A])


@pytest.mark.parametrize(
    "rule",
    [{"kind": "near"}, {"radius_mm": 0}, {"duplicates": "max"}, {"version": 9}, {"min_overlap": 2}],
)
def test_a_rule_that_means_nothing_is_refused(rule: dict[str, object]) -> None:
    with pytest.raises(MatchError):
        MatchRule(**rule)


def test_no_marks_and_no_lesions_are_defined() -> None:
    assert match([], [], [A]).ll_rating.tolist() == [-np.inf]
    alone = match([(0, 0, 0)], [5], [])
    assert (alone.labels, alone.nearest_mm) == (("NL",), (None,))
    assert match([], [], []).labels == ()


def test_twice_the_same_lesion_is_refused() -> None:
    with pytest.raises(MatchError, match="Lesion 1 is there twice"):
        match([], [], [A, A])


def test_overlap_without_extents_says_so() -> None:
    with pytest.raises(MatchError, match="neither mask nor diameter"):
        match([(0, 0, 0)], [1], [A], MatchRule("overlap"))


coordinate = st.floats(-20, 20, allow_nan=False)
points = st.lists(st.tuples(coordinate, coordinate, coordinate), max_size=5, unique=True)


@settings(max_examples=60, deadline=None)
@given(marks=points, lesions=points, seed=st.integers(0, 99), kind=st.sampled_from(["nl", "best"]))
def test_one_to_one_is_optimal_and_free_of_the_order_of_marks(
    marks: list[tuple[float, float, float]],
    lesions: list[tuple[float, float, float]],
    seed: int,
    kind: str,
) -> None:
    ratings = list(range(len(marks)))
    truth = [Lesion(str(i), centre, 5.0) for i, centre in enumerate(lesions)]
    rule = MatchRule(duplicates=kind)
    found = match(marks, ratings, truth, rule)
    chosen = sum(label == "LL" for label in found.labels)
    assert chosen == _most_pairs(found.acceptable)
    order = np.random.default_rng(seed).permutation(len(marks))
    again = match([marks[i] for i in order], [ratings[i] for i in order], truth, rule)
    if kind == "best":  # distinct ratings leave no tie
        assert again.ll_rating.sum() == found.ll_rating.sum()
    assert sorted(again.labels) == sorted(found.labels)


def _most_pairs(acceptable: np.ndarray) -> int:
    n, m = acceptable.shape
    small = acceptable if n <= m else acceptable.T
    return max(
        (
            sum(small[i, p] for i, p in enumerate(places))
            for places in itertools.permutations(range(max(n, m)), min(n, m))
        ),
        default=0,
    )


@pytest.mark.parametrize(
    ("rule", "expected", "of_lesions", "of_nl"),
    [
        (MatchRule(radius_mm=6), ("LL", "LL", "NL"), [60, 80], [20]),
        (MatchRule(radius_mm=4), ("ignored", "LL", "NL"), [60, -np.inf], [20]),
        (MatchRule(radius_mm=4, duplicates="nl"), ("NL", "LL", "NL"), [60, -np.inf], [80, 20]),
        (MatchRule(radius_mm=4, duplicates="best"), ("LL", "ignored", "NL"), [80, -np.inf], [20]),
        (MatchRule("inside"), ("NL", "LL", "NL"), [60, -np.inf], [80, 20]),
    ],
)
def test_the_example_of_the_documentation(
    rule: MatchRule, expected: tuple[str, ...], of_lesions: list[float], of_nl: list[float]
) -> None:
    lesions = [Lesion("a", (0.0, 0.0, 0.0), 6.0), Lesion("b", (9.0, 0.0, 0.0), 4.0)]
    found = match([(4.0, 0, 0), (1.0, 0, 0), (30.0, 0, 0)], [80, 60, 20], lesions, rule)
    assert found.labels == expected
    assert found.ll_rating.tolist() == of_lesions
    assert found.nl_rating.tolist() == of_nl
