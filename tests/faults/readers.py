"""Scripted readers on real HTTP: each reads case after case and keeps trying, as a browser does."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np

from tests.faults import wild
from tests.faults.platform import Browser, Gone, Platform
from tests.scripted import NOT_JSON, Refused, Tab

R = TypeVar("R")
PATIENCE_S = 300.0
# An answer that says "not now": the browser keeps what it has and tries again.
AGAIN = {502, 503, 504}
GONE = {403, 404, 409}  # for a reader who was withdrawn
LATER = {NOT_JSON, "studies.halted"}  # a captive portal's page; a study that is suspended
NOTHING_LEFT = "reads.nothing_left"  # who read all their cases: no refusal


class ScriptedReader(threading.Thread):
    """One reader: reads case after case, and keeps trying as a browser does.

    With `is_wild` the reader also does what people and browsers do to a read (`tests.faults.wild`);
    one that `leaves` is withdrawn some time and may sign fewer reads. All read on until `calm` is
    set, so that no fault comes too late; `pace_s` is how long they rest between two cases, on
    average, and `patience_s` how long they try before they give up.
    """

    def __init__(
        self,
        platform: Platform,
        username: str,
        seed: int,
        *,
        reads: int,
        is_wild: bool = False,
        leaves: bool = False,
        calm: threading.Event | None = None,
        pace_s: float = 0.0,
        patience_s: float = PATIENCE_S,
    ) -> None:
        super().__init__(daemon=True)
        self.platform, self.username, self.reads = platform, username, reads
        self.is_wild, self.leaves, self.calm = is_wild, leaves, calm
        self.pace_s, self.patience_s = pace_s, patience_s
        self.rng = np.random.default_rng(seed)
        self.browser = Browser(platform)
        self.tabs: list[Tab] = []
        self.signed: set[str] = set()
        self.refusals: list[int] = []  # every status that was no answer
        self.acts: Counter[str] = Counter()  # what a wild reader did
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Read; keep what went wrong for the test to see."""
        try:
            self.sign_in()
            while len(self.signed) < self.reads or (self.calm and not self.calm.is_set()):
                self.read_one(Tab(self.browser.send, self.platform.study))
                time.sleep(float(self.rng.uniform(0, 2 * self.pace_s)))
        except Refused as refused:
            is_withdrawn = self.leaves and refused.status in GONE
            if not is_withdrawn and refused.code != NOTHING_LEFT:
                self.failure = refused
        except BaseException as error:  # noqa: BLE001 -- shown by the test's own thread
            self.failure = error

    def sign_in(self) -> None:
        """Sign in, as often as it takes."""
        self.persist(lambda: self.browser.sign_in(self.username))

    def read_one(self, tab: Tab) -> None:
        """One case: some batches, some of them sent twice, then the signature."""
        self.persist(tab.open)
        if tab.packet["read"]["read_only"]:  # another window of the reader's was there just now
            self.persist(tab.take_over)
        self.tabs.append(tab)
        tab.does("first_render")
        for _ in range(int(self.rng.integers(3, 12))):
            tab.does("scroll", float(self.rng.uniform(0.1, 5)))
            if self.rng.random() < 0.3:
                self.persist(tab.flush)
            if self.rng.random() < 0.1:
                self.repeat(tab)
            if self.is_wild and self.rng.random() < 0.1:
                wild.step_clock(self, tab)
        if self.is_wild:
            tab = wild.disturb(self, tab)
        for _ in range(int(self.rng.integers(1, 4))):
            tab.mark(rating=float(self.rng.integers(0, 101)))
        tab.answer_all(likelihood=float(self.rng.integers(0, 101)))
        tab.does("submit_asked")
        if self.is_wild and self.rng.random() < 0.3:
            wild.deliver_in_disorder(self, tab)
        self.persist(tab.flush)
        self.persist(tab.sign)
        self.signed.add(tab.read_id)

    def repeat(self, tab: Tab) -> None:
        """Send the last events again, as after an answer that was lost."""
        again = tab.made[-5:]
        self.persist(lambda: tab.deliver(again))
        tab.acknowledged |= {each["event_id"] for each in again}

    def persist(self, act: Callable[[], R]) -> R:
        """Do it until it is answered."""
        end = time.monotonic() + self.patience_s
        while True:
            try:
                return act()
            except Gone:
                if time.monotonic() > end:
                    raise
            except Refused as refused:
                if refused.code == NOTHING_LEFT:
                    raise
                self.refusals.append(refused.status)
                is_for_later = refused.status in AGAIN or refused.code in LATER
                if not is_for_later or time.monotonic() > end:
                    raise
            time.sleep(0.1)


def finish(readers: Sequence[ScriptedReader], *, within_s: float = 3 * PATIENCE_S) -> set[str]:
    """Wait for all of them; answers the reads whose signature was acknowledged."""
    signed = wait_for(readers, within_s=within_s)
    all_did_well(readers)
    return signed


def wait_for(readers: Sequence[ScriptedReader], *, within_s: float) -> set[str]:
    """The reads whose signature was acknowledged, once all readers have ended."""
    end = time.monotonic() + within_s
    for reader in readers:
        reader.join(max(0.0, end - time.monotonic()))
    return {each for reader in readers for each in reader.signed}


def all_did_well(readers: Sequence[ScriptedReader]) -> None:
    """Assert that each read what they should and met no error of ours."""
    for reader in readers:
        assert not reader.is_alive(), f"{reader.username} has signed {len(reader.signed)} only"
        assert reader.failure is None, f"{reader.username}: {reader.failure!r}"
        assert reader.leaves or len(reader.signed) >= reader.reads
        assert 500 not in reader.refusals, "an error of ours reached a reader"
