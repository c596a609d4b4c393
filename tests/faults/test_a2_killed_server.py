"""Readers go on while the server is killed again and again: nothing is lost, nothing is double."""

import os
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pytest

from tests.faults.checker import check
from tests.faults.platform import Browser, Gone, Platform
from tests.scripted import Refused, Tab

R = TypeVar("R")
IS_LONG = os.environ.get("FAULTS") == "long"
KILLS, READS = (200, 35) if IS_LONG else (4, 4)
PATIENCE_S = 90.0
# An answer that says "not now": the browser keeps what it has and tries again.
AGAIN = {502, 503, 504}


class ScriptedReader(threading.Thread):
    """One reader: reads case after case, and keeps trying as a browser does."""

    def __init__(self, platform: Platform, username: str, seed: int) -> None:
        super().__init__(daemon=True)
        self.platform, self.username = platform, username
        self.rng = np.random.default_rng(seed)
        self.tabs: list[Tab] = []
        self.signed: set[str] = set()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Read; keep what went wrong for the test to see."""
        try:
            browser = Browser(self.platform)
            self.persist(lambda: browser.sign_in(self.username))
            for _ in range(READS):
                self.read_one(Tab(browser.send, self.platform.study))
        except BaseException as error:  # noqa: BLE001 -- shown by the test's own thread
            self.failure = error

    def read_one(self, tab: Tab) -> None:
        """One case: some batches, some of them sent twice, then the signature."""
        self.persist(tab.open)
        self.tabs.append(tab)
        tab.does("first_render")
        for _ in range(int(self.rng.integers(3, 12))):
            tab.does("scroll", float(self.rng.uniform(0.1, 5)))
            if self.rng.random() < 0.3:
                self.persist(tab.flush)
            if self.rng.random() < 0.1:
                self.persist(lambda: tab.deliver(tab.made[-5:]))
                tab.acknowledged |= {each["event_id"] for each in tab.made[-5:]}
        for _ in range(int(self.rng.integers(1, 4))):
            tab.mark(rating=float(self.rng.integers(0, 101)))
        tab.answer_all(likelihood=float(self.rng.integers(0, 101)))
        tab.does("submit_asked")
        self.persist(tab.flush)
        self.persist(tab.sign)
        self.signed.add(tab.read_id)

    def persist(self, act: Callable[[], R]) -> R:
        """Do it until it is answered."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                return act()
            except Gone:
                if time.monotonic() > end:
                    raise
            except Refused as refused:
                if refused.status not in AGAIN or time.monotonic() > end:
                    raise
            time.sleep(0.1)


@pytest.mark.fault("A2")
@pytest.mark.fault("A6")
def test_a2_readers_lose_nothing_while_the_server_is_killed(platform: Platform) -> None:
    rng = np.random.default_rng(2026)
    platform.start()
    readers = [
        ScriptedReader(platform, name, seed) for seed, name in enumerate(("rae", "gus", "nora"))
    ]
    for reader in readers:
        reader.start()
    kills = 0
    while any(reader.is_alive() for reader in readers):
        time.sleep(float(rng.uniform(0.2, 1.2)))
        if kills < KILLS:
            platform.kill()
            platform.start()
            kills += 1
    for reader in readers:
        reader.join(PATIENCE_S)
        assert reader.failure is None, f"{reader.username}: {reader.failure!r}"
    assert kills >= min(KILLS, 3), "the readers were done before the faults came"
    platform.kill()
    signed = {each for reader in readers for each in reader.signed}
    assert len(signed) == READS * len(readers)
    check(platform.examine(), [tab for reader in readers for tab in reader.tabs], signed=signed)
