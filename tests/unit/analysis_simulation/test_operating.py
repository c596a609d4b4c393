"""S4: the benchmark analyses as `analysis` does, goes on where it stopped, and counts."""

from pathlib import Path

import numpy as np
import pytest

import analysis
from analysis.simulation.roe_metz import dataset, with_auc
from benchmarks.simulation.operating import load, save, turn
from benchmarks.simulation.tables import interval, markdown
from benchmarks.simulation.trials import KINDS, Point, by_pairs, by_placements

METHODS = {
    "OR jackknife": {"covariance": "jackknife"},
    "OR DeLong": {"covariance": "delong"},
    "OR unbiased": {"covariance": "unbiased"},
    "DBM": {"method": "dbm"},
    "U-statistics": {"method": "ustat", "covariance": "unbiased"},
}


def test_s4_the_benchmarks_methods_are_those_of_mrmc() -> None:
    data = dataset(
        with_auc(0.8), readers=3, healthy=12, diseased=10, rng=np.random.default_rng(2)
    )  # fmt: skip
    found = by_placements(data) | by_pairs(data)
    assert set(found) == set(METHODS)
    for name, options in METHODS.items():
        expected = analysis.mrmc(data, **options)  # type: ignore[arg-type]
        assert found[name].test.p_value == pytest.approx(expected.test.p_value, rel=1e-12)
        assert found[name].modalities[0].ci_low == pytest.approx(
            expected.modalities[0].ci_low, rel=1e-12
        )


@pytest.mark.parametrize("kind", list(KINDS))
def test_s4_every_kind_of_trial_answers(kind: str) -> None:
    answers = KINDS[kind].run(Point(3, 20, 0.85), np.random.default_rng(1))
    assert answers
    assert all(value in (True, False, None) for each in answers.values() for value in each)


def test_s4_a_stopped_run_goes_on_where_it_was(tmp_path: Path) -> None:
    path = tmp_path / "operating.csv"
    key = ("crossed", "HL", 3, 20, "0.85", 1)
    whole: dict = {}
    for number in range(2):
        turn(key, number, whole)
    first: dict = {}
    turn(key, 0, first)
    save(path, first, {key: 1})
    table, chunks = load(path)
    turn(key, chunks[key], table)
    assert table == whole
    save(path, table, {key: 2})
    shown = markdown(path)
    assert "| OR jackknife | 1 | 100 |" in shown
    assert "intervals of one modality's AUC" in shown


def test_monte_carlo_intervals_are_clopper_and_pearsons() -> None:
    assert interval(0, 10) == pytest.approx((0.0, 0.3085), abs=1e-4)
    assert interval(50, 1000) == pytest.approx((0.0373, 0.0654), abs=1e-4)
