"""What an event may carry; what keeps a read from being signed; which way a read may go."""

import math
from typing import Any
from uuid import uuid4

import pytest

from readerstudy.reads import events, lifecycle
from readerstudy.reads.completeness import Asked, missing
from readerstudy.reads.models import Read
from readerstudy.reads.words import in_words

MARK, SERIES, PROPOSAL = str(uuid4()), str(uuid4()), str(uuid4())
POINT = [1.0, -2.5, 3]
DRAWN = {"series": SERIES, "voxels": "1,2,3,2,2,1:1,2,1"}
VIEW = {"pane": 0, "series": SERIES, "slice": 84}
GOOD: list[tuple[str, dict[str, Any]]] = [
    ("scroll", {"frame": 12, "series": SERIES}),
    ("first_render", {}),
    ("mark_put", {"mark_id": MARK, "position_mm": POINT, "series": SERIES, "number": 1}),
    ("mark_put", {"mark_id": MARK, "position_mm": POINT, "series": SERIES, "diameter_mm": None}),
    ("mark_rated", {"mark_id": MARK, "rating": 0}),
    ("mark_rated", {"mark_id": MARK, "rating": 100}),
    ("mark_moved", {"mark_id": MARK, "position_mm": POINT}),
    ("mark_sized", {"mark_id": MARK, "diameter_mm": 4.5}),
    ("mark_drawn", {"mark_id": MARK, "mask": DRAWN, "diameter_mm": 4.5}),
    ("answer_set", {"key": "likelihood", "value": 70}),
    ("answer_set", {"key": "sites", "value": ["a", "b"]}),
    ("no_lesion_said", {"said": True}),
    ("proposal_rejected", {"proposal": PROPOSAL}),
    (
        "mark_drawn",
        {"mark_id": MARK, "mask": DRAWN, "diameter_mm": 4.5, "threshold_percent": 65},
    ),
    ("mark_rated", {"mark_id": MARK, "rating": 10, "view": VIEW}),
    ("mark_moved", {"mark_id": MARK, "position_mm": POINT, "view": VIEW | {"cut": "coronal"}}),
    ("answer_set", {"key": "likelihood", "value": 70, "view": VIEW}),
    ("proposal_viewed", {"proposal": PROPOSAL, "view": VIEW}),
    (
        "proposal_accepted",
        {
            "proposal": PROPOSAL,
            "mark_id": MARK,
            "position_mm": POINT,
            "series": SERIES,
            "rating": 9,
        },
    ),
]
BAD: list[tuple[str, dict[str, Any]]] = [
    ("arm_changed", {}),
    ("mark_put", {"mark_id": MARK, "series": SERIES}),
    ("mark_put", {"mark_id": "1", "position_mm": POINT, "series": SERIES}),
    ("mark_put", {"mark_id": MARK, "position_mm": [1, 2], "series": SERIES}),
    ("mark_put", {"mark_id": MARK, "position_mm": [1, 2, math.nan], "series": SERIES}),
    ("mark_put", {"mark_id": MARK, "position_mm": [1, 2, 1e9], "series": SERIES}),
    ("mark_put", {"mark_id": MARK, "position_mm": POINT, "series": SERIES, "reader": MARK}),
    ("mark_rated", {"mark_id": MARK, "rating": 101}),
    ("mark_rated", {"mark_id": MARK, "rating": True}),
    ("mark_rated", {"mark_id": MARK, "rating": "80"}),
    ("mark_sized", {"mark_id": MARK, "diameter_mm": 0}),
    ("mark_drawn", {"mark_id": MARK, "mask": None, "diameter_mm": 4.5}),
    ("mark_drawn", {"mark_id": MARK, "mask": DRAWN | {"more": 1}, "diameter_mm": 4.5}),
    ("mark_drawn", {"mark_id": MARK, "mask": DRAWN | {"voxels": "1,2,3"}, "diameter_mm": 4.5}),
    (
        "mark_drawn",
        {"mark_id": MARK, "mask": DRAWN, "diameter_mm": 4.5, "threshold_percent": 101},
    ),
    ("answer_set", {"key": "likelihood", "value": {"deep": 1}}),
    ("answer_set", {"key": "comment", "value": "x" * 5000}),
    ("answer_set", {"key": "comment", "value": "a\x00b"}),
    ("no_lesion_said", {"said": "yes"}),
    ("scroll", {"note": {"deep": {}}}),
    *(
        ("no_lesion_said", {"said": True, "view": view})
        for view in (
            None,
            [0, SERIES, 84],
            VIEW | {"pane": -1},
            VIEW | {"pane": True},
            VIEW | {"pane": 16},
            VIEW | {"slice": 1.5},
            VIEW | {"slice": 10**6},
            VIEW | {"series": "t1c"},
            VIEW | {"cut": "acquired"},
            VIEW | {"cut": ["axial"]},
            VIEW | {"arm": "ai"},
            {"pane": 0, "slice": 84},
        )
    ),
    ("problem_reported", {"words": "Blurred", "view": VIEW}),
    ("scroll", {"x" * 41: 1}),
]


@pytest.mark.parametrize(("kind", "payload"), GOOD)
def test_an_event_as_its_kind_says_is_taken(kind: str, payload: dict[str, Any]) -> None:
    assert events.problem(kind, payload) is None


@pytest.mark.parametrize(("kind", "payload"), BAD)
def test_an_event_that_is_not_as_its_kind_says_is_refused_in_words(
    kind: str, payload: dict[str, Any]
) -> None:
    words = events.problem(kind, payload)
    assert words is not None
    assert words.endswith(".")


RATING = Asked("likelihood", "How likely?", "rating", is_required=True)
CHOICE = Asked("next", "What next?", "choice", is_required=True, values=("a", "b"))
IF_B = Asked("why", "Why?", "text", is_required=True, shown_if={"question": "next", "equals": "b"})
OPTIONAL = Asked("size", "Size?", "number", is_required=False, minimum=1, maximum=9)
QUESTIONS = (RATING, CHOICE, IF_B, OPTIONAL)
LEVELS = Asked("sure", "How sure?", "scale", is_required=True, values=("1", "2", "3"))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, ["question:likelihood", "question:next"]),
        ({"likelihood": 0, "next": "a"}, []),
        ({"likelihood": 100.5, "next": "a"}, ["question:likelihood"]),
        ({"likelihood": True, "next": "a"}, ["question:likelihood"]),
        ({"likelihood": 5, "next": "c"}, ["question:next"]),
        ({"likelihood": 5, "next": "b"}, ["question:why"]),
        ({"likelihood": 5, "next": "b", "why": "x"}, []),
        ({"likelihood": 5, "next": "a", "size": 10}, ["question:size"]),
    ],
)
def test_a_read_is_complete_when_every_visible_required_question_fits(
    answers: dict[str, Any], expected: list[str]
) -> None:
    found = missing(unrated=[], marks=1, no_lesion_said=False, questions=QUESTIONS, answers=answers)
    assert [each.what for each in found] == expected


@pytest.mark.parametrize(
    ("level", "is_one"),
    [(1, True), (3, True), (0, False), (4, False), ("2", False), (2.0, False), (True, False)],
)
def test_a_scale_is_answered_by_one_of_its_levels(level: object, *, is_one: bool) -> None:
    found = missing(
        unrated=[], marks=1, no_lesion_said=False, questions=(LEVELS,), answers={"sure": level}
    )
    assert (not found) is is_one


def test_r3_a_mark_without_rating_keeps_the_read_open() -> None:
    found = missing(unrated=[3], marks=1, no_lesion_said=False, questions=(), answers={})
    assert [each.what for each in found] == ["mark:3"]
    assert in_words(found) == ["Mark 3 has no rating."]


@pytest.mark.parametrize(
    ("marks", "said", "complete"),
    [(0, False, False), (0, True, True), (2, False, True), (2, True, False)],
)
def test_r4_no_metastasis_is_said_and_not_implied(
    marks: int,
    *,
    said: bool,
    complete: bool,
) -> None:
    found = missing(unrated=[], marks=marks, no_lesion_said=said, questions=(), answers={})
    assert (not found) is complete


def test_r4_there_is_no_way_back_from_a_signed_read() -> None:
    ways = {verb for state, verb in lifecycle.MOVES if state == lifecycle.SUBMITTED}
    assert ways == {"void"}
    assert {state for state, _ in lifecycle.MOVES} | set(lifecycle.MOVES.values()) == set(
        Read.State.values
    )
    assert lifecycle.next_state(lifecycle.VOIDED, "submit") is None
