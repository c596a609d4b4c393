"""Products of scores over all pairs of cases, counted without the pairs: exact against them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.multireader import dominance
from analysis.multireader.dominance import product_sums


def by_pairs(ratings: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Every product of doubled scores, one pair of cases at a time."""
    healthy, diseased = ratings[:, ~truth], ratings[:, truth]
    score = np.zeros((len(ratings), healthy.shape[1], diseased.shape[1]))
    for i in range(healthy.shape[1]):
        for j in range(diseased.shape[1]):
            below, above = healthy[:, i], diseased[:, j]
            both = ~(np.isnan(below) | np.isnan(above))
            score[:, i, j] = np.where(both, (above > below) * 1.0 + (above >= below), 0.0)
    return np.asarray(np.einsum("rij,sij->rs", score, score))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    cases=st.integers(2, 40),
    kind=st.sampled_from(["all different", "ties", "few levels", "missing", "mixed"]),
    few=st.sampled_from([0, 20_000]),
)
def test_sums_are_those_over_pairs(seed: int, cases: int, kind: str, few: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.random(cases) < 0.5
    truth[0], truth[-1] = True, False
    ratings = rng.normal(size=(3, cases)) + truth
    if kind == "ties":
        ratings = ratings.round(1)
    if kind == "few levels":
        ratings = ratings.round()
    if kind == "missing":
        ratings[rng.random(ratings.shape) < 0.3] = np.nan
    if kind == "mixed":
        ratings[0] = ratings[0].round()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dominance, "FEW", few)
        assert np.array_equal(product_sums(ratings, truth), by_pairs(ratings, truth))


def test_blocks_of_curves_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    truth = np.arange(600) % 3 == 0
    ratings = rng.normal(size=(5, 600)) + truth
    whole = product_sums(ratings, truth)
    monkeypatch.setattr(dominance, "CELLS", 1200)
    assert np.array_equal(product_sums(ratings, truth), whole)
