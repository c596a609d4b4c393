"""F8: what readers see beside the images is tested against the standard."""

import numpy as np
import pytest

from readerstudy.truth.caseset import LEVEL, tells

HALVES = [True] * 15 + [False] * 15


@pytest.mark.fault("F8")
def test_f8_an_order_by_truth_is_found_in_either_direction() -> None:
    up = tells({"order": list(range(30)), "size": [1.0] * 30}, HALVES)
    down = tells({"order": list(range(30, 0, -1)), "size": [1.0] * 30}, HALVES)
    assert up == down, "the direction would tell who reads it the truth"
    first, second = up
    assert (first.attribute, first.auc, first.is_strong) == ("order", 1.0, True)
    assert first.p <= 0.001
    assert (second.auc, second.p, second.is_strong) == (0.5, 1.0, False)


@pytest.mark.fault("F8")
def test_f8_the_area_is_that_of_all_pairs() -> None:
    rng = np.random.default_rng(7)
    values, truth = rng.integers(0, 6, 40), rng.random(40) < 0.4
    ties = values[truth][:, None] - values[~truth][None, :]
    area = np.mean((ties > 0) + 0.5 * (ties == 0))
    (found,) = tells({"x": list(map(float, values))}, list(truth))
    assert found.auc == pytest.approx(max(area, 1 - area), abs=5e-4)


@pytest.mark.fault("F8")
def test_f8_chance_is_called_strong_no_more_often_than_the_level_says() -> None:
    rng = np.random.default_rng(11)
    false = 0
    for _ in range(60):
        attributes = {name: list(rng.normal(size=24)) for name in "abcde"}
        truth = list(rng.permuted([True] * 12 + [False] * 12))
        false += any(each.is_strong for each in tells(attributes, truth))
    assert false <= 60 * LEVEL + 3 * np.sqrt(60 * LEVEL * (1 - LEVEL))


@pytest.mark.fault("F8")
def test_f8_what_was_drawn_at_random_is_shown_and_stops_nothing() -> None:
    attributes = {"order": [float(place) for place in range(30)], "size": [1.0] * 30}
    (found, _size) = tells(attributes, HALVES, drawn={"order"})
    assert (found.attribute, found.auc, found.is_strong) == ("order", 1.0, False)
    assert not any(each.is_strong for each in tells(attributes, HALVES, drawn=attributes))


def test_one_class_tells_nothing() -> None:
    assert tells({"x": [1.0, 2.0]}, [True, True]) == []
    assert tells({"x": []}, []) == []
