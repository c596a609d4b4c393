"""Reading time from raw events (requirements R7, R8, S7). Pure: no Django, no clock of its own.

Definition, version 1. In each browser tab events are ordered by their sequence number and placed
on the tab's monotonic clock, which no change of the wall clock moves. A stretch between two
events is, in this order of precedence,

* *loading* before the first complete render (`first_render`);
* *paused* between `pause` and `resume`;
* *hidden* between `hidden` and `visible`;
* *idle* when the time from one input to the next is longer than the idle limit: the whole spell,
  since nobody knows when in it the reader left;
* *active* otherwise, with the time that a reader waits for proposals they asked for: between
  `proposals_asked` and `proposals_shown`, both of which count as input.

A laptop that sleeps stops its monotonic clock: where the wall clock went on by more than
`SLEEP_MS` beyond it, the difference is *suspended* time. Time between the last event of one tab
and the first of the next (a crash, a reload, another machine) is a *gap*. Neither is active.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

VERSION = 1
SLEEP_MS = 5_000.0

# What the machine says by itself; everything else is the reader's input.
MACHINE = frozenset(
    {
        "load_start", "first_render", "all_decoded", "idle_start", "idle_end", "hidden", "visible",
        "blur", "suspended", "reload", "crash_recovered", "outbox_lost", "window_sized",
    }
)  # fmt: skip


class TimedEvent(NamedTuple):
    """What timing needs of an event: its tab, sequence, kind and both clocks (milliseconds).

    `turn` is the number of the lease under which it was sent: tabs that hand a read to and fro
    take turns, and each turn is a stretch of its own.
    """

    tab: str
    seq: int
    kind: str
    mono_ms: float
    wall_ms: int
    turn: int = 0


@dataclass(slots=True)
class Parts:
    """Milliseconds of each kind of time."""

    loading_ms: float = 0.0
    active_ms: float = 0.0
    idle_ms: float = 0.0
    hidden_ms: float = 0.0
    paused_ms: float = 0.0
    suspended_ms: float = 0.0
    gap_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one kind of time, milliseconds from the read's first event."""

    part: str  # a member of `Parts` without its unit: "active", "idle", ...
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class Timing:
    """The reading time of one read."""

    parts: Parts
    elapsed_ms: float  # first complete render to the last event, by the wall clocks
    tabs: int
    flags: tuple[str, ...]
    timeline: tuple[Span, ...] = ()  # without a hole, in order
    version: int = VERSION

    @property
    def active_ms(self) -> int:
        """Active reading time, whole milliseconds."""
        return round(self.parts.active_ms)

    def as_dict(self) -> dict[str, Any]:
        """As it is kept with the read."""
        parts = {name: round(value, 3) for name, value in asdict(self.parts).items()}
        return {
            "version": self.version,
            **parts,
            "elapsed_ms": round(self.elapsed_ms, 3),
            "tabs": self.tabs,
            "flags": list(self.flags),
        }


@dataclass(slots=True)
class _Spent:
    """What has been counted so far: sums by part, and the timeline as [part, start, end]."""

    sums: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    spans: list[list[Any]] = field(default_factory=list)

    def add(self, part: str, span_ms: float) -> None:
        """Count a stretch, and put it at the end of the timeline."""
        if span_ms <= 0:
            return
        self.sums[part] += span_ms
        last: list[Any] = self.spans[-1] if self.spans else ["", 0.0, 0.0]
        if last[0] == part:
            last[2] += span_ms
        else:
            self.spans.append([part, last[2], last[2] + span_ms])


@dataclass(slots=True)
class _Clock:
    """One tab's state while its events are walked through."""

    limit_ms: float
    spent: _Spent
    flags: set[str]
    rendered: bool = False  # a tab that takes over renders again; its clock starts only then
    paused: bool = False
    hidden: bool = False
    spell_ms: float = 0.0  # active so far since the last input
    last: TimedEvent | None = field(default=None)

    def step(self, event: TimedEvent) -> None:
        if self.last is not None:
            self._add(self._mono_between(self.last, event))
        if event.kind not in MACHINE:
            self.end_spell()
        self._turn(event.kind)
        self.last = event

    def _mono_between(self, before: TimedEvent, after: TimedEvent) -> float:
        mono = after.mono_ms - before.mono_ms
        if mono < 0:
            self.flags.add("clock_went_back")
            mono = 0.0
        slept = (after.wall_ms - before.wall_ms) - mono
        if slept > SLEEP_MS:
            self.end_spell()
            self.spent.add("suspended", slept)
            self.flags.add("suspended")
        elif slept < -SLEEP_MS:
            self.flags.add("wall_clock_stepped")
        return mono

    def _add(self, span_ms: float) -> None:
        if not self.rendered:
            self.spent.add("loading", span_ms)
        elif self.paused:
            self.spent.add("paused", span_ms)
        elif self.hidden:
            self.spent.add("hidden", span_ms)
        else:
            self.spell_ms += span_ms

    def end_spell(self) -> None:
        self.spent.add("idle" if self.spell_ms > self.limit_ms else "active", self.spell_ms)
        self.spell_ms = 0.0

    def _turn(self, kind: str) -> None:
        if kind == "first_render":
            self.rendered = True
        elif kind in {"pause", "resume"}:
            self.end_spell()
            self.paused = kind == "pause"
        elif kind in {"hidden", "visible"}:
            self.end_spell()
            self.hidden = kind == "hidden"


def derive(events: Iterable[TimedEvent], *, idle_limit_ms: float) -> Timing:
    """Derive the reading time of one read from its raw events.

    Parameters
    ----------
    events : iterable of TimedEvent
        In any order; a repeated (tab, seq) counts once. Tabs follow each other by their turns.
    idle_limit_ms : float
        The protocol's limit, milliseconds.

    Returns
    -------
    Timing
        Parts add up to the tabs' monotonic time plus suspended time and gaps.
    """
    turns = _turns(events)
    spent, flags = _Spent(), set[str]()
    rendered: set[str] = set()
    for number, turn in enumerate(turns):
        # A tab that takes over renders first, and its clock starts then; one that takes a read
        # back has rendered before.
        clock = _Clock(idle_limit_ms, spent, flags, rendered=turn[0].tab in rendered)
        if number:
            spent.add("gap", float(turn[0].wall_ms - turns[number - 1][-1].wall_ms))
        for event in turn:
            clock.step(event)
        clock.end_spell()
        rendered |= {turn[0].tab} if clock.rendered else set()
    tabs = {turn[0].tab for turn in turns}
    if len(tabs) > 1:
        flags.add("several_tabs")
    parts = Parts(**{f"{part}_ms": total for part, total in spent.sums.items()})
    spans = tuple(Span(*each) for each in spent.spans)
    return Timing(parts, _elapsed_ms(turns), len(tabs), tuple(sorted(flags)), spans)


def _turns(events: Iterable[TimedEvent]) -> list[list[TimedEvent]]:
    turns: dict[tuple[int, str], dict[int, TimedEvent]] = {}
    for event in events:
        turns.setdefault((event.turn, event.tab), {}).setdefault(event.seq, event)
    ordered = [[turn[seq] for seq in sorted(turn)] for turn in turns.values()]
    return sorted(ordered, key=lambda turn: (turn[0].turn, turn[0].wall_ms, turn[0].tab))


def _elapsed_ms(tabs: Sequence[Sequence[TimedEvent]]) -> float:
    renders = [each.wall_ms for tab in tabs for each in tab if each.kind == "first_render"]
    if not renders:
        return 0.0
    return float(max(0, max(each.wall_ms for tab in tabs for each in tab) - min(renders)))
