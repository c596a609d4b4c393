"""What the design page draws: time lines and the forecast of balance."""

import pytest

from readerstudy.studies.design import Step, simulate_balance, timeline
from readerstudy.studies.randomisation import ImpossibleError, Plan, ReaderSlot

SEED = "0f" * 32


def plan(n_readers: int, **changes: object) -> Plan:
    fields: dict[str, object] = {
        "design": "crossover",
        "readers": tuple(ReaderSlot(f"R{n}", (str(n % 3),)) for n in range(n_readers)),
        "cases": ("C-1", "C-2"),
        "arms": ("A", "B"),
    }
    return Plan(**(fields | changes))


def test_a_crossover_has_two_groups_with_a_washout_between_their_periods() -> None:
    groups = timeline(
        design="crossover", arms=["A", "B"], washout_days=28, reader_blocks=2, training=True
    )
    assert [group.name for group in groups] == ["AB", "BA"]
    assert groups[1].steps == (
        Step("training", 0, "", 0),
        Step("period", 1, "B", 0),
        Step("washout", 1, "", 28),
        Step("period", 2, "A", 0),
    )


@pytest.mark.parametrize(
    ("design", "names"),
    [
        ("parallel", ["A", "B"]),
        ("sequential", ["AB"]),
        ("split_plot", ["1/AB", "1/BA", "2/AB", "2/BA"]),
    ],
)
def test_each_design_has_its_groups(design: str, names: list[str]) -> None:
    groups = timeline(
        design=design, arms=["A", "B"], washout_days=7, reader_blocks=2, training=False
    )
    assert [group.name for group in groups] == names


def test_the_forecast_says_how_often_groups_differ() -> None:
    even = simulate_balance(plan(6), runs=50, seed=SEED)
    assert even.overall == {0: 1.0}
    odd = simulate_balance(plan(7), runs=50, seed=SEED)
    assert odd.overall == {1: 1.0}
    assert sum(odd.within_strata.values()) == pytest.approx(1)


def test_the_forecast_refuses_what_cannot_be_randomised() -> None:
    with pytest.raises(ImpossibleError, match="cannot fill"):
        simulate_balance(plan(1), runs=10)


@pytest.mark.parametrize("runs", [0, 2001])
def test_the_forecast_has_a_limit(runs: int) -> None:
    with pytest.raises(ValueError, match="runs"):
        simulate_balance(plan(4), runs=runs)
