"""Simulated readers read: the observer model decides, the reading services keep what it did.

Each read sends the events a browser would send, in batches, and is signed. The server's clock is
simulated, so that both periods and the washout lie in the past.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import Max, QuerySet

from readerstudy.accounts.models import Experience, User
from readerstudy.demo.clock import Clock
from readerstudy.demo.observer import Observer, Reading, Shown, Sight
from readerstudy.demo.people import PASSWORD
from readerstudy.reads import disclosure, services
from readerstudy.reads.models import Leave, Read, Session
from readerstudy.studies.models import Case, Study
from readerstudy.truth import selectors as truth
from readerstudy.web.problems import Problem

BATCH = 200
SAME_MM = 8.0  # nearer to a mark than this is the same place, marked already
SESSION_READS = 12  # then a break until the next day
DISPLAY = {
    "width_px": 2560, "height_px": 1440, "pixel_ratio": 1.0, "webgl": True,
    "renderer": "observer model", "test_pattern": "seen",
}  # fmt: skip
OPEN = (Read.State.OPENED, Read.State.PAUSED)
ADMITTED = "The simulated readers go on whatever their training was."
MANAGEMENT = ((65, "treat"), (30, "short"), (-1, "routine"))


def sight_of(case: Case, rng: np.random.Generator) -> Sight:
    """What is to be seen in a case: its lesions, and places near the brain's middle."""
    standard = truth.of_case(case)
    lesions = list(truth.lesions(standard)) if standard else []
    geometry = case.examination.series.filter(role="t1c").values_list("geometry", flat=True)[0]
    if geometry is None:
        raise ValueError(f"The T1 with contrast of {case} has no pack yet: run the worker first.")
    first, last = np.array(geometry["positions_mm"][0]), np.array(geometry["positions_mm"][-1])
    rows, columns = geometry["rows"], geometry["columns"]
    across = np.array(geometry["row_cosine"]) * geometry["pixel_spacing_mm"][1] * columns
    down = np.array(geometry["column_cosine"]) * geometry["pixel_spacing_mm"][0] * rows
    middle = (first + last) / 2 + across / 2 + down / 2
    return Sight(
        centroids_mm=[(each.x_mm, each.y_mm, each.z_mm) for each in lesions],
        diameters_mm=[each.diameter_mm for each in lesions],
        brain_mm=[tuple(map(float, middle + rng.normal(0, 25, 3))) for _ in range(40)],  # type: ignore[misc]
    )


@dataclass
class Hand:
    """A simulated reader's browser: numbers events and knows its own clock."""

    clock: Clock
    rng: np.random.Generator
    tab: UUID
    mono_ms: float = 0.0
    events: list[dict[str, Any]] = field(default_factory=list)
    sent: int = 0

    def unsent(self) -> list[dict[str, Any]]:
        """What was done since the last time that this was asked."""
        since, self.sent = self.sent, len(self.events)
        return self.events[since:]

    def uuid(self) -> UUID:
        """An id from the seeded generator."""
        return UUID(bytes=self.rng.bytes(16), version=4)

    def does(self, kind: str, after_s: float = 0.0, **payload: Any) -> None:
        """Note one event, so many seconds after the last."""
        self.mono_ms += after_s * 1000
        self.clock.forward(seconds=after_s)
        self.events.append(
            {
                "event_id": self.uuid(),
                "seq": len(self.events) + 1,
                "kind": kind,
                "mono_ms": round(self.mono_ms, 1),
                "wall_ms": int(self.clock.time.timestamp() * 1000),
                "payload": payload,
            }
        )


class SimulatedReader:
    """Reads all that the allocation gives one simulated reader, as far as it is open.

    One who was interrupted goes on: later than they stopped, with other draws (ids are drawn).
    """

    def __init__(self, study: Study, user: User, clock: Clock, seed: int) -> None:
        self.study, self.user, self.clock = study, user, clock
        sittings = Session.objects.filter(reader__study=study, reader__user=user).count()
        words = f"{seed}|{user.username}" + (f"|{sittings}" if sittings else "")
        number = int.from_bytes(hashlib.sha256(words.encode()).digest()[:8])
        self.rng = np.random.default_rng(number)
        self.observer = Observer(user.experience, self.rng)
        self.session: UUID | None = None

    def signed(self) -> int:
        """How many reads are done already."""
        return self._reads().exclude(state__in=OPEN).count()

    def _reads(self) -> QuerySet[Read]:
        return Read.objects.filter(reader__study=self.study, reader__user=self.user)

    def read_all(self, done: Callable[[], object]) -> None:
        """Read on, session by session, waiting out the washout on the simulated clock."""
        self._take_up(done)
        count = 0
        while True:
            if count % SESSION_READS == 0:
                self._begin_session()
            try:
                self._read_one()
            except Problem as problem:
                if problem.code == "reads.nothing_left":
                    return
                self._meet(problem)
                continue
            count += 1
            done()

    def _take_up(self, done: Callable[[], object]) -> None:
        """After an interruption: not before it, and first sign what only lacked that."""
        moments = self._reads().aggregate(
            Max("opened_at"), Max("last_event_at"), Max("submitted_at")
        )
        self.clock.time = max([self.clock.time, *(each for each in moments.values() if each)])
        for read in self._reads().filter(state__in=OPEN, last_event_at__isnull=False):
            self._sign(read, Hand(self.clock, self.rng, UUID(read.lease_tab)))
            done()

    def _meet(self, problem: Problem) -> None:
        """Do what keeps the next case closed: wait a day, answer the questions, ask to go on."""
        if problem.code == "reads.washout":
            self.clock.forward(days=1)
        elif problem.code == "reads.questionnaire":
            self._answer(problem.more["questionnaire"])
        elif problem.code == "reads.not_qualified":
            reader = self.study.readers.get(user=self.user)
            services.decide_on_training(
                self.study, reader_code=reader.code, kind=Leave.Kind.ADMIT, reason=ADMITTED,
                by=self.study.created_by,
            )  # fmt: skip
        else:
            raise problem

    def _answer(self, key: str) -> None:
        """Answer the questions about the reader; the draws of the reads stay as they are."""
        level = list(Experience.values).index(self.user.experience)
        answers = {
            "years": self.user.experience_years, "per_week": str(2 + level),
            "ai_use": str(1 + level), "trust": 70 - 15 * level,
        }  # fmt: skip
        services.answer_questionnaire(self.study, key=key, answers=answers, by=self.user)

    def _begin_session(self) -> None:
        self.clock.forward(hours=20)
        session = services.start_session(self.study, display=DISPLAY, by=self.user)
        self.session = session.id

    def _read_one(self) -> None:
        hand = Hand(self.clock, self.rng, UUID(bytes=self.rng.bytes(16), version=4))
        read = services.open_next(
            self.study.pk, session_id=self.session, tab=str(hand.tab), by=self.user
        )
        packet = disclosure.packet(read, number=1, of=1, read_only=False)
        is_on_demand = packet.get("ai", {}).get("state") == "not_asked"
        if is_on_demand:
            packet = self._look_first(hand, read, packet)
        shown = _shown(packet)
        reading = self.observer.read(sight_of(read.case, self.rng), shown)
        self._act(hand, packet, reading, with_ai=shown is not None, has_begun=is_on_demand)
        self._send(hand, read)
        self._sign(read, hand)
        self.clock.forward(seconds=float(self.rng.uniform(5, 40)))

    def _send(self, hand: Hand, read: Read) -> None:
        """Send what was done since the last time."""
        for batch in _batches(hand.unsent()):
            services.append_events(
                read.id, tab=hand.tab, fence=read.lease_fence, batch=batch, by=self.user
            )

    def _look_first(self, hand: Hand, read: Read, packet: dict[str, Any]) -> dict[str, Any]:
        """Look at a case without its proposals, then ask for them or not (R6).

        As the room does: the packet is fetched again once the server has that they were asked for.
        """
        series = packet["series"][0]["id"]
        self._begin(hand, series)
        for _ in range(3):
            hand.does("scroll", float(self.rng.uniform(2, 8)), series=series)
        if not self.observer.asks():
            return packet
        hand.does("proposals_asked", 0.5)
        self._send(hand, read)
        read.refresh_from_db(fields=["ai_from", "last_event_at"])
        return disclosure.packet(read, number=1, of=1, read_only=False)

    def _begin(self, hand: Hand, series: str) -> None:
        hand.does("load_start")
        hand.does("first_render", float(self.rng.uniform(0.4, 1.4)), series=series)
        hand.does("all_decoded", 0.4)

    def _act(
        self,
        hand: Hand,
        packet: dict[str, Any],
        reading: Reading,
        *,
        with_ai: bool,
        has_begun: bool,
    ) -> None:
        """The read as a browser would report it; the time is spread over its steps."""
        series = packet["series"][0]["id"]
        steps = 6 + 2 * len(reading.marks)
        pause = reading.seconds / steps
        if not has_begun:
            self._begin(hand, series)
        if with_ai:
            hand.does("proposals_shown")
        for _ in range(3):
            hand.does("scroll", min(pause, 50.0), series=series)
        copied = packet["draft"]["marks"]  # a second reader's own, of the first stage
        for number, mark in enumerate(reading.marks, start=1 + len(copied)):
            if here := _at(mark.position_mm, copied):
                hand.does("mark_rated", min(pause, 50.0), mark_id=here, rating=mark.rating)
            else:
                self._mark(hand, mark, number, series, min(pause, 50.0))
        for proposal in reading.rejected:
            hand.does("proposal_rejected", 0.5, proposal=proposal)
        if not reading.marks and not copied:
            hand.does("no_lesion_said", min(pause, 50.0), said=True)
        hand.does("answer_set", min(pause, 50.0), key="likelihood", value=reading.rating)
        choice = next(name for above, name in MANAGEMENT if reading.rating > above)
        hand.does("answer_set", min(pause, 50.0), key="management", value=choice)
        hand.does("submit_asked", min(pause, 50.0))

    def _mark(self, hand: Hand, mark: Any, number: int, series: str, pause: float) -> None:
        mark_id = str(hand.uuid())
        place = {
            "mark_id": mark_id,
            "position_mm": [round(value, 2) for value in mark.position_mm],
            "series": series,
            "diameter_mm": round(mark.diameter_mm, 1),
            "number": number,
        }
        if mark.proposal:
            hand.does("proposal_accepted", pause, proposal=mark.proposal, **place)
        else:
            hand.does("mark_put", pause, **place)
        hand.does("mark_rated", pause, mark_id=mark_id, rating=mark.rating)

    def _sign(self, read: Read, hand: Hand) -> None:
        services.submit(
            read.id,
            key=str(hand.uuid()),
            tab=hand.tab,
            fence=read.lease_fence,
            last_seq=len(hand.events),
            password=PASSWORD,
            meaning=disclosure.MEANING,
            by=self.user,
        )


def _shown(packet: dict[str, Any]) -> list[Shown] | None:
    """The proposals that a reader looks at; None without AI, and where nobody asked for it."""
    if "proposals" not in packet.get("ai", {}):
        return None
    return [
        Shown(each["id"], tuple(each["centroid_mm"]), each["diameter_mm"], each["probability"])
        for each in packet["ai"]["proposals"]
    ]


def _at(position_mm: Sequence[float], marks: Sequence[dict[str, Any]]) -> str | None:
    """The id of a mark that is there already; None where there is none."""
    for each in marks:
        if math.dist(position_mm, each["position_mm"]) <= SAME_MM:
            return str(each["mark_id"])
    return None


def _batches(events: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(events), BATCH):
        yield events[start : start + BATCH]
