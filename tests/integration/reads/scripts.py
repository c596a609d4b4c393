"""What a control arm's reader may do, in any order: scripts that Hypothesis makes.

A step is drawn as plain values and played against a browser, so that the same script runs in
every world. Wrong doors, wrong passwords, stale windows and hidden ids are among the steps.
"""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from readerstudy.accounts.models import User
from readerstudy.reads.disclosure import MEANING
from readerstudy.studies.models import Study
from tests.cast import PASSWORD
from tests.integration.reads.worlds import Recorder, Traffic, canary_id

WINDOWS = (str(UUID(int=1)), str(UUID(int=2)))
MARKS = [str(UUID(int=50 + number)) for number in range(3)]
IDS = [*map(canary_id, range(5)), str(UUID(int=99)), "not-an-id"]
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
DOORS = [
    "/api/reads/{id}?tab={tab}", "/api/reads/{id}/events", "/api/reads/{id}/submit",
    "/api/reads/{id}/next-images", "/api/reads/{read}/heat-maps",
    "/api/reads/{id}/heat-maps", "/api/reads/{read}/known-lesions",
    "/api/reads/{id}/known-lesions", "/api/proposals/{id}", "/api/proposals?read={read}",
    "/api/reads/{read}?tab={tab}&expand=ai&fields=truth", "/api/worklist?truth__isnull=true",
    "/api/worklist?ordering=-proposals&search={id}", "/api/reads/{read}/proposals",
    "/api/studies/{study}/truth", "/api/studies/{study}/reads?detector={id}", "/reading/",
    "/reading/{study}/", "/reading/{study}/history/", "/reading/{study}/training/",
    "/reading/{study}/certificate/", "/reading/{study}/start/", "/studies/{study}/",
    "/studies/{study}/standard/", "/detectors/",
    "/studies/{study}/results/", "/audit/?words={id}", "/dicomweb/{token}/studies",
    "/imaging/{token}/series/{id}/pack", "/health", "/api/me", "/metrics",
]  # fmt: skip

_mark = st.fixed_dictionaries(
    {"mark_id": st.sampled_from(MARKS), "position_mm": st.just([1.0, 1.0, 0.0])}
)
_decision = st.fixed_dictionaries({"proposal": st.sampled_from(IDS)})
_events = st.one_of(
    st.tuples(
        st.sampled_from(["first_render", "scroll", "pause", "resume", "hidden", "visible"]),
        st.just({}),
    ),
    st.tuples(st.just("mark_put"), _mark),
    st.tuples(
        st.just("mark_rated"),
        st.fixed_dictionaries(
            {"mark_id": st.sampled_from(MARKS), "rating": st.sampled_from([0, 61, 100])}
        ),
    ),
    st.tuples(st.just("mark_removed"), st.fixed_dictionaries({"mark_id": st.sampled_from(MARKS)})),
    st.tuples(st.just("answer_set"), st.just({"key": "likelihood", "value": 66})),
    st.tuples(st.just("answer_set"), st.just({"key": "management", "value": "treat"})),
    st.tuples(
        st.sampled_from(["proposal_viewed", "proposal_rejected", "proposal_undecided"]), _decision
    ),
    st.tuples(
        st.sampled_from(["proposal_accepted", "proposal_edited"]),
        st.builds(lambda mark, decision: mark | decision, _mark, _decision),
    ),
    st.tuples(st.just("mark_put"), st.builds(lambda mark, each: mark | each, _mark, _decision)),
)
_window = st.sampled_from(WINDOWS)
_step = st.one_of(
    st.tuples(st.just("open"), _window),
    st.tuples(st.just("events"), _window, st.lists(_events, min_size=1, max_size=6)),
    st.tuples(st.just("whole"), _window),
    st.tuples(st.just("reload"), _window),
    st.tuples(st.just("take-over"), _window),
    st.tuples(st.just("sign"), _window, st.sampled_from([PASSWORD, "wrong"])),
    st.tuples(st.sampled_from(["next-images", "problem", "worklist", "session"])),
    st.tuples(
        st.just("door"), st.sampled_from(METHODS), st.sampled_from(DOORS), st.sampled_from(IDS)
    ),
)
scripts = st.lists(_step, min_size=15, max_size=30)
Script = list[tuple[Any, ...]]
# A case that is complete: what chance alone would seldom make, so that scripts get to sign.
WHOLE: list[tuple[str, dict[str, Any]]] = [
    ("first_render", {}),
    ("mark_put", {"mark_id": MARKS[0], "position_mm": [1.0, 1.0, 0.0]}),
    *(("mark_rated", {"mark_id": mark, "rating": 61}) for mark in MARKS),
    ("answer_set", {"key": "likelihood", "value": 66}),
    ("answer_set", {"key": "management", "value": "treat"}),
]


@dataclass
class Player:
    """A browser with two windows on one reader's read."""

    study: Study
    browser: Recorder
    session: str | None = None
    packet: dict[str, Any] = field(default_factory=dict)
    fences: dict[str, int] = field(default_factory=dict)
    seqs: dict[str, int] = field(default_factory=dict)
    sent: int = 0

    def step(self, name: str, *values: Any) -> None:
        """Play one step."""
        read = self.packet.get("read", {}).get("id", str(UUID(int=3)))
        if name == "open":
            self._open(*values)
        elif name == "session":
            display = {"width_px": 1, "height_px": 1, "pixel_ratio": 1, "webgl": True}
            path = f"/api/studies/{self.study.pk}/sessions"
            self.session = self.browser.ask("POST", path, {"display": display}).get("session_id")
        elif name == "worklist":
            self.browser.ask("GET", "/api/worklist")
        elif name == "next-images":
            self.browser.ask("GET", f"/api/reads/{read}/next-images")
        elif name == "problem":
            self.browser.ask("POST", f"/api/reads/{read}/problem", {"words": "a slice is missing"})
        elif name == "door":
            self._door(read, *values)
        else:
            getattr(self, f"_{name.replace('-', '_')}")(read, *values)

    def _open(self, tab: str) -> None:
        body = {"session_id": self.session, "tab": tab}
        answer = self.browser.ask("POST", f"/api/studies/{self.study.pk}/reads", body)
        if "read" not in answer:
            return
        if answer["read"]["id"] != self.packet.get("read", {}).get("id"):
            self.seqs, self.fences = {}, {}
        self.packet, self.fences[tab] = answer, answer["read"]["fence"]

    def _reload(self, read: str, tab: str) -> None:
        self.browser.ask("GET", f"/api/reads/{read}?tab={tab}")

    def _take_over(self, read: str, tab: str) -> None:
        answer = self.browser.ask("POST", f"/api/reads/{read}/take-over", {"tab": tab})
        self.fences[tab] = answer.get("fence", 1)

    def _whole(self, read: str, tab: str) -> None:
        self._events(read, tab, WHOLE)

    def _events(self, read: str, tab: str, events: list[tuple[str, dict[str, Any]]]) -> None:
        series = self.packet.get("series", [{"id": str(UUID(int=4))}])[0]["id"]
        made = []
        for kind, payload in events:
            self.sent += 1
            self.seqs[tab] = self.seqs.get(tab, 0) + 1
            placed = {"series": series} if "position_mm" in payload else {}
            made.append(
                {
                    "event_id": str(UUID(int=100_000 + self.sent)), "seq": self.seqs[tab],
                    "kind": kind, "mono_ms": 1000 * self.sent,
                    "wall_ms": 1_790_000_000_000 + 1000 * self.sent, "payload": payload | placed,
                }
            )  # fmt: skip
        body = {"tab": tab, "fence": self.fences.get(tab, 1), "events": made}
        if "acknowledged" not in self.browser.ask("POST", f"/api/reads/{read}/events", body):
            self.seqs[tab] -= len(made)  # nothing of it was stored

    def _sign(self, read: str, tab: str, password: str) -> None:
        body = {
            "tab": tab, "fence": self.fences.get(tab, 1), "last_seq": self.seqs.get(tab, 0),
            "password": password, "meaning": MEANING,
        }  # fmt: skip
        key = f"key of {read[:8]}"
        self.browser.ask("POST", f"/api/reads/{read}/submit", body, **{"Idempotency-Key": key})

    def _door(self, read: str, method: str, path: str, hidden: str) -> None:
        filled = path.format(
            id=hidden, read=read, tab=WINDOWS[0], study=self.study.pk,
            token=self.packet.get("token", "none"),
        )  # fmt: skip
        self.browser.ask(method, filled, None if method in {"GET", "HEAD", "OPTIONS"} else {})


def play_script(user: User, study: Study, script: Script) -> list[Traffic]:
    """The whole traffic of a script, begun as a browser does."""
    player = Player(study, Recorder(user))
    for step in (("worklist",), ("session",), ("open", WINDOWS[0]), *script):
        player.step(*step)
    return player.browser.traffic
