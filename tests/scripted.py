"""A scripted reader: does what the reading room does, and keeps its own log of it.

The log is the ground truth of the fault tests: what was sent, what was acknowledged, how long the
script was active. The transport is Django's test client, or real HTTP to a real process.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.test import Client

from readerstudy.reads.disclosure import MEANING
from tests.cast import PASSWORD

DISPLAY = {"width_px": 2560, "height_px": 1440, "pixel_ratio": 1.0, "webgl": True}
NOT_JSON = "not JSON"
NOON = 1_790_000_000_000  # the scripts' wall clock starts here, milliseconds
Answer = tuple[int, dict[str, Any]]
Transport = Callable[[str, str, Any, Mapping[str, str]], Answer]


def parsed(content: bytes) -> dict[str, Any]:
    """A JSON body; what is none (a captive portal's page) is no answer of ours."""
    try:
        return dict(json.loads(content or b"{}"))
    except ValueError:
        return {"code": NOT_JSON}


def through(client: Client) -> Transport:
    """Send by Django's test client."""

    def send(method: str, path: str, body: Any, headers: Mapping[str, str]) -> Answer:
        content = "" if body is None else json.dumps(body)
        response = client.generic(
            method, path, content, content_type="application/json", headers=dict(headers)
        )
        return response.status_code, parsed(response.content)

    return send


@dataclass
class Refused(Exception):
    """An answer that is not 2xx."""

    status: int
    body: dict[str, Any]

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.body.get("code"))


@dataclass
class Tab:
    """One browser tab with one read open."""

    send: Transport
    study: UUID | str = ""
    tab: str = field(default_factory=lambda: str(uuid4()))
    session: str | None = None
    packet: dict[str, Any] = field(default_factory=dict)
    ahead: dict[str, Any] = field(default_factory=dict)  # the images that the sitting began with
    fence: int = 0
    mono_ms: float = 0.0
    wall_ms: int = NOON
    made: list[dict[str, Any]] = field(default_factory=list)  # every event, in order
    outbox: list[dict[str, Any]] = field(default_factory=list)  # not acknowledged yet
    acknowledged: set[str] = field(default_factory=set)
    key: str = field(default_factory=lambda: str(uuid4()))
    before: list["Tab"] = field(default_factory=list)  # windows that had the read before this one
    unused: set[str] = field(default_factory=set)  # events sent while another window had the read

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> dict[str, Any]:
        """One request; anything but 2xx raises."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        status, answer = self.send(method, path, body, named)
        if not 200 <= status < 300 or answer.get("code") == NOT_JSON:
            raise Refused(status, answer)
        return answer

    @property
    def read_id(self) -> str:
        """Of the open read."""
        return str(self.packet["read"]["id"])

    def open(self) -> dict[str, Any]:
        """Start a session if there is none, and open or continue the own next read."""
        if self.session is None:
            begun = self.call("POST", f"/api/studies/{self.study}/sessions", {"display": DISPLAY})
            self.session, self.ahead = begun["session_id"], begun["next_images"]
        body = {"session_id": self.session, "tab": self.tab}
        self.packet = self.call("POST", f"/api/studies/{self.study}/reads", body)
        self.fence = self.packet["read"]["fence"]
        return self.packet

    def reload(self) -> dict[str, Any]:
        """The packet again."""
        self.packet = self.call("GET", f"/api/reads/{self.read_id}?tab={self.tab}")
        return self.packet

    def take_over(self) -> int:
        """Become the tab that may write."""
        answer = self.call("POST", f"/api/reads/{self.read_id}/take-over", {"tab": self.tab})
        self.fence = answer["fence"]
        return self.fence

    def does(self, kind: str, after_s: float = 1.0, **payload: Any) -> dict[str, Any]:
        """Something happens, so many seconds after the last."""
        self.mono_ms += after_s * 1000
        self.wall_ms += round(after_s * 1000)
        event = {
            "event_id": str(uuid4()),
            "seq": len(self.made) + 1,
            "kind": kind,
            "mono_ms": self.mono_ms,
            "wall_ms": self.wall_ms,
            "payload": payload,
        }
        self.made.append(event)
        self.outbox.append(event)
        return event

    def deliver(self, events: list[dict[str, Any]]) -> dict[str, Any]:
        """Send these events as they are."""
        body = {"tab": self.tab, "fence": self.fence, "events": events}
        return self.call("POST", f"/api/reads/{self.read_id}/events", body)

    def flush(self, size: int = 200) -> dict[str, Any]:
        """Send the outbox; drop what is acknowledged by name."""
        receipt: dict[str, Any] = {}
        for batch in [self.outbox[at : at + size] for at in range(0, len(self.outbox), size)]:
            receipt = self.deliver(batch)
            self.acknowledged |= set(receipt["acknowledged"])
            self.outbox = [
                each for each in self.outbox if each["event_id"] not in self.acknowledged
            ]
        return receipt

    def mark(self, rating: float | None = 80, **more: Any) -> str:
        """Put a mark and rate it; answers its id."""
        mark_id = str(uuid4())
        place = {"position_mm": [1.0, 1.0, 0.5], "series": self.packet["series"][0]["id"]} | more
        self.does("mark_put", mark_id=mark_id, **place)
        if rating is not None:
            self.does("mark_rated", mark_id=mark_id, rating=rating)
        return mark_id

    def answer_all(self, likelihood: float = 70) -> None:
        """Answer every required question."""
        for each in self.packet["questions"]:
            if not each["is_required"]:
                continue
            value = likelihood if each["kind"] == "rating" else each["choices"][0]["value"]
            self.does("answer_set", key=each["key"], value=value)

    def read_case(self, *, marks: int = 1) -> None:
        """A whole, complete read, all of it sent."""
        self.does("load_start", 0)
        self.does("first_render")
        self.does("scroll", 5)
        for _ in range(marks):
            self.mark()
        if not marks:
            self.does("no_lesion_said", said=True)
        self.answer_all()
        self.does("submit_asked")
        self.flush()

    def sign(self, **changes: Any) -> dict[str, Any]:
        """Submit the read."""
        body = {
            "tab": self.tab,
            "fence": self.fence,
            "last_seq": len(self.made),
            "password": PASSWORD,
            "meaning": MEANING,
        } | changes
        return self.call(
            "POST", f"/api/reads/{self.read_id}/submit", body, Idempotency_Key=self.key
        )

    def next_tab(self) -> "Tab":
        """A fresh tab of the same reader and session, with a new id (C11)."""
        return Tab(self.send, self.study, session=self.session, packet=self.packet)

    def read_and_sign(self, *, marks: int = 1) -> dict[str, Any]:
        """Open, read and sign the next case."""
        self.open()
        self.read_case(marks=marks)
        return self.sign()
