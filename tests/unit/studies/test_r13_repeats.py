"""R13: some cases are read again by the same reader in the same arm, after one more washout."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.studies.design import timeline
from readerstudy.studies.randomisation import (
    Plan,
    ReaderSlot,
    allocate,
    balance,
    problems,
    repeat_number,
)

SEED = "ab" * 32
seeds = st.binary(min_size=32, max_size=32).map(bytes.hex)
DESIGNS = ("parallel", "crossover", "sequential", "split_plot")


def plan_of(design: str, repeats: int, n_cases: int = 12) -> Plan:
    cases = tuple(f"C-{n:02d}" for n in range(n_cases))
    return Plan(
        design=design,
        readers=tuple(ReaderSlot(f"R{n:02d}") for n in range(8)),
        cases=cases,
        arms=("B",) if design == "sequential" else ("A", "B"),
        training=("T-1", "T-2"),
        case_strata={case: f"stratum {n % 3 + 1}" for n, case in enumerate(cases)},
        repeats=repeats,
    )


@given(st.sampled_from(DESIGNS), st.integers(1, 6), seeds)
def test_r13_each_reader_reads_the_same_cases_again_in_the_arm_of_their_first_period(
    design: str, repeats: int, seed: str
) -> None:
    table = allocate(plan_of(design, repeats), seed)
    chosen: dict[str, set[frozenset[str]]] = {}
    for reader, group in table.groups.items():
        mine = [row for row in table.rows if row.reader == reader]
        again = [row for row in mine if repeat_number(row.period, row.sequence)]
        first = {(row.case, row.arm) for row in mine if row.period == 1}
        assert len(again) == len({row.case for row in again}) == repeats
        assert {(row.case, row.arm) for row in again} <= first
        last = max(row.position for row in mine if row not in again)
        assert min(row.position for row in again) > last, "repeats come after everything else"
        chosen.setdefault(group.split("/")[0] if "/" in group else "", set()).add(
            frozenset(row.case for row in again)
        )
    assert all(len(sets) == 1 for sets in chosen.values()), "the same cases for all of a block"


@given(seeds)
def test_r13_repeats_are_of_all_strata_alike(seed: str) -> None:
    plan = plan_of("crossover", 6)
    again = {row.case for row in allocate(plan, seed).rows if repeat_number(row.period, "AB")}
    assert Counter(plan.case_strata[case] for case in again) == {
        f"stratum {n}": 2 for n in (1, 2, 3)
    }


@given(st.sampled_from(DESIGNS), seeds)
def test_a3_repeats_move_no_other_row_of_the_list(design: str, seed: str) -> None:
    """A list with repeats is the list without them, and more: first reads stay where they were."""
    with_repeats = allocate(plan_of(design, 3), seed)
    without = allocate(replace(plan_of(design, 3), repeats=0), seed)
    assert set(without.rows) < set(with_repeats.rows)
    assert without.groups == with_repeats.groups


def test_r13_more_repeats_than_cases_are_refused_with_what_there_is() -> None:
    assert problems(plan_of("crossover", 13)) == [
        "13 cases cannot be read again: each reader reads 12."
    ]
    assert problems(plan_of("split_plot", 7)) == [
        "7 cases cannot be read again: each reader reads 6."
    ]


def test_s11_the_report_counts_repeats_apart() -> None:
    plan = plan_of("crossover", 3)
    report = balance(plan, allocate(plan, SEED))
    assert report["reads_by_arm"] == {"A": 96, "B": 96}
    assert report["repeats_by_arm"] == {"A": 12, "B": 12}
    assert "repeats_by_arm" not in balance(plan, allocate(replace(plan, repeats=0), SEED))


@pytest.mark.parametrize(("design", "steps"), [("parallel", 3), ("crossover", 5)])
def test_r13_the_drawing_ends_with_a_washout_and_the_repeats(design: str, steps: int) -> None:
    groups = timeline(
        design=design, arms=["A", "B"], washout_days=28, reader_blocks=2, training=False,
        repeats=True,
    )  # fmt: skip
    for group in groups:
        assert len(group.steps) == steps
        assert [step.kind for step in group.steps[-2:]] == ["washout", "repeat"]
        assert group.steps[-1].arm == group.steps[0].arm
