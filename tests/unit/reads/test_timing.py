"""Reading time from raw events: what counts, what does not, and what may not matter."""

from collections.abc import Sequence
from dataclasses import asdict
from random import Random  # noqa: TID251 -- what Hypothesis seeds and gives

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.reads.timing import SLEEP_MS, VERSION, TimedEvent, Timing, derive

LIMIT_MS = 60_000.0
NOON = 1_790_000_000_000  # some wall clock, milliseconds


def log(*steps: tuple[float, str], tab: str = "a", wall: int = NOON) -> list[TimedEvent]:
    """Events of one tab from (seconds, kind), both clocks going alike."""
    return [
        TimedEvent(tab, seq, kind, 1000 * second, wall + round(1000 * second))
        for seq, (second, kind) in enumerate(steps, start=1)
    ]


def time_of(events: Sequence[TimedEvent]) -> Timing:
    return derive(events, idle_limit_ms=LIMIT_MS)


def test_r1_the_clock_starts_at_the_first_complete_render() -> None:
    timing = time_of(log((0, "load_start"), (3, "first_render"), (10, "scroll"), (20, "scroll")))
    assert timing.parts.loading_ms == 3000
    assert timing.active_ms == 17_000
    assert timing.version == VERSION


def test_r8_a_break_stops_the_clock() -> None:
    timing = time_of(
        log(
            (0, "first_render"),
            (10, "pause"),
            (400, "resume"),
            (410, "scroll"),
            (411, "submit_asked"),
        )
    )
    assert timing.parts.paused_ms == 390_000
    assert timing.active_ms == 21_000


@pytest.mark.fault("C9")
def test_c9_a_hidden_tab_does_not_count_and_both_times_are_told() -> None:
    timing = time_of(log((0, "first_render"), (10, "hidden"), (610, "visible"), (620, "scroll")))
    assert timing.parts.hidden_ms == 600_000
    assert timing.active_ms == 20_000
    assert timing.elapsed_ms == 620_000


@pytest.mark.parametrize(("gap", "active"), [(60, 60), (60.001, 0)])
def test_r8_a_spell_over_the_limit_is_idle_as_a_whole(gap: float, active: float) -> None:
    timing = time_of(log((0, "first_render"), (gap, "scroll")))
    assert timing.parts.active_ms == pytest.approx(1000 * active)
    assert timing.parts.idle_ms == pytest.approx(1000 * (gap - active))


def test_what_the_machine_says_by_itself_does_not_end_an_idle_spell() -> None:
    timing = time_of(
        log((0, "first_render"), (30, "all_decoded"), (59, "idle_start"), (90, "scroll"))
    )
    assert timing.active_ms == 0
    assert timing.parts.idle_ms == 90_000


@pytest.mark.fault("C8")
def test_c8_a_laptop_that_slept_is_marked_and_its_sleep_does_not_count() -> None:
    before = log((0, "first_render"), (10, "scroll"))
    after = TimedEvent("a", 3, "scroll", 12_000, NOON + 12_000 + 1_800_000)
    timing = time_of([*before, after])
    assert timing.parts.suspended_ms == 1_800_000
    assert timing.active_ms == 12_000
    assert "suspended" in timing.flags
    assert timing.elapsed_ms == 1_812_000


@pytest.mark.fault("C7")
@pytest.mark.parametrize("step_ms", [-86_400_000, -6_000, 31_536_000_000])
def test_c7_a_stepping_wall_clock_changes_no_active_time_and_is_recorded(step_ms: int) -> None:
    events = log((0, "first_render"), (10, "scroll"), (20, "scroll"))
    stepped = [
        *events[:2],
        TimedEvent("a", 3, "scroll", events[2].mono_ms, events[2].wall_ms + step_ms),
    ]
    timing = time_of(stepped)
    assert timing.active_ms == 20_000
    assert set(timing.flags) & {"suspended", "wall_clock_stepped"}


def test_a_monotonic_clock_that_goes_back_is_flagged_and_adds_nothing() -> None:
    events = [
        TimedEvent("a", 1, "first_render", 5000, NOON),
        TimedEvent("a", 2, "scroll", 1000, NOON + 10),
    ]
    timing = time_of(events)
    assert timing.active_ms == 0
    assert "clock_went_back" in timing.flags


def test_r7_the_time_between_two_tabs_is_a_gap() -> None:
    first = log((0, "first_render"), (10, "scroll"))
    second = log(
        (0, "load_start"), (2, "first_render"), (12, "scroll"), tab="b", wall=NOON + 40_000
    )
    timing = time_of([*first, *second])
    assert timing.parts.gap_ms == 30_000
    assert timing.parts.loading_ms == 2000
    assert timing.active_ms == 20_000
    assert timing.tabs == 2
    assert "several_tabs" in timing.flags


def test_nothing_read_takes_no_time() -> None:
    assert time_of([]).active_ms == 0
    assert time_of([]).elapsed_ms == 0


KINDS = st.sampled_from(
    ["first_render", "scroll", "window", "mark_put", "hidden", "visible", "pause", "resume",
     "idle_start", "blur", "focus"]
)  # fmt: skip
STEPS = st.lists(
    st.tuples(st.integers(0, 200_000), KINDS, st.integers(-1, 1).map(lambda n: n * 7_000)),
    max_size=30,
)


def scripted(steps: Sequence[tuple[int, str, int]], tab: str = "a") -> list[TimedEvent]:
    """Events whose wall clock runs apart from the monotonic one by the third member, ms."""
    events, mono, wall = [TimedEvent(tab, 1, "load_start", 0, NOON)], 0, NOON
    for seq, (span, kind, slip) in enumerate(steps, start=2):
        mono, wall = mono + span, wall + span + slip
        events.append(TimedEvent(tab, seq, kind, mono, wall))
    return events


@given(STEPS)
def test_the_parts_add_up_to_the_monotonic_time(steps: list[tuple[int, str, int]]) -> None:
    events = scripted(steps)
    parts = time_of(events).parts
    shown = parts.loading_ms + parts.active_ms + parts.idle_ms + parts.hidden_ms + parts.paused_ms
    assert shown == pytest.approx(events[-1].mono_ms - events[0].mono_ms)
    assert min(shown, parts.suspended_ms, parts.gap_ms) >= 0


@pytest.mark.fault("C6")
@given(STEPS, st.randoms(use_true_random=False))
def test_c6_order_and_repeats_of_arrival_do_not_matter(
    steps: list[tuple[int, str, int]], rng: Random
) -> None:
    events = scripted(steps)
    mixed = [*events, *events[: len(events) // 2]]
    rng.shuffle(mixed)
    assert time_of(mixed) == time_of(events)


@pytest.mark.fault("C7")
@given(STEPS, st.integers(-(10**11), 10**11))
def test_c7_another_time_zone_or_year_changes_nothing(
    steps: list[tuple[int, str, int]], shift_ms: int
) -> None:
    events = scripted(steps)
    moved = [
        TimedEvent(each.tab, each.seq, each.kind, each.mono_ms + 12_345, each.wall_ms + shift_ms)
        for each in events
    ]
    assert time_of(moved).parts == time_of(events).parts


@given(STEPS, st.integers(1, 300_000), st.integers(1, 300_000))
def test_a_longer_idle_limit_never_shortens_active_time(
    steps: list[tuple[int, str, int]], one: int, other: int
) -> None:
    events, (low, high) = scripted(steps), sorted((one, other))
    assert SLEEP_MS > 0
    assert (
        derive(events, idle_limit_ms=low).active_ms <= derive(events, idle_limit_ms=high).active_ms
    )


def test_two_tabs_that_hand_a_read_to_and_fro_count_no_time_twice() -> None:
    def turn(number: int, tab: str, first_seq: int, *steps: tuple[float, str]) -> list[TimedEvent]:
        return [
            TimedEvent(tab, first_seq + place, kind, 1000 * at, NOON + round(1000 * at), number)
            for place, (at, kind) in enumerate(steps)
        ]

    timing = time_of(
        [
            *turn(1, "a", 1, (0, "first_render"), (10, "scroll")),
            *turn(2, "b", 1, (20, "load_start"), (22, "first_render"), (32, "scroll")),
            *turn(3, "a", 3, (40, "scroll"), (50, "scroll")),
        ]
    )
    assert timing.active_ms == 30_000
    assert timing.parts.gap_ms == 18_000
    assert timing.parts.loading_ms == 2000
    assert timing.tabs == 2


def test_the_timeline_says_when_each_kind_of_time_was() -> None:
    timing = time_of(
        log((0, "load_start"), (2, "first_render"), (5, "scroll"), (10, "pause"), (60, "resume"),
            (61, "hidden"), (70, "visible"), (75, "scroll"), (200, "scroll"))
    )  # fmt: skip
    assert [(each.part, each.start_ms, each.end_ms) for each in timing.timeline] == [
        ("loading", 0, 2000),
        ("active", 2000, 10_000),
        ("paused", 10_000, 60_000),
        ("active", 60_000, 61_000),
        ("hidden", 61_000, 70_000),
        ("active", 70_000, 75_000),
        ("idle", 75_000, 200_000),
    ]


@given(STEPS)
def test_the_timeline_has_no_hole_and_adds_up_to_the_parts(
    steps: list[tuple[int, str, int]],
) -> None:
    timing = time_of(scripted(steps))
    ends = [0.0, *(each.end_ms for each in timing.timeline)]
    assert [each.start_ms for each in timing.timeline] == ends[:-1]
    for part, total in asdict(timing.parts).items():
        spans = [each for each in timing.timeline if f"{each.part}_ms" == part]
        assert sum(each.end_ms - each.start_ms for each in spans) == pytest.approx(total)
