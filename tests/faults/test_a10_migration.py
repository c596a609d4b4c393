"""Fault A10: the database is migrated, and rolled back, while readers work.

In the long form (`make faults`) it holds a million events.
"""

import json
import threading

import pytest

from tests.faults.checker import check
from tests.faults.form import FORM
from tests.faults.platform import Browser, Platform
from tests.faults.readers import ScriptedReader, finish
from tests.scripted import Tab

IS_LONG = FORM == "long"
ROUNDS = 5 if IS_LONG else 2
EVENTS = 1_000_000
PACE_S = 0.2  # so that they still read when the last migration ends


@pytest.mark.fault("A10")
def test_a10_readers_lose_nothing_while_the_database_is_migrated_and_rolled_back(
    platform: Platform,
) -> None:
    """They go on through both ways: this version runs on the tables of the next one as well."""
    platform.start()
    aside = [_fill(platform)] if IS_LONG else []
    calm = threading.Event()
    readers = [
        ScriptedReader(platform, name, seed, reads=1, calm=calm, pace_s=PACE_S)
        for seed, name in enumerate(("rae", "gus"))
    ]
    for reader in readers:
        reader.start()
    try:
        moved = json.loads(platform.ask("migrate", str(ROUNDS)))
    finally:
        were_there = all(reader.is_alive() for reader in readers)
        calm.set()
    signed = finish(readers)
    assert were_there, "the readers had read all before the last migration ended"
    assert moved["lost_races"] < 20
    assert {status for reader in readers for status in reader.refusals} <= {503}
    found = platform.examine(*aside)
    check(found, [tab for reader in readers for tab in reader.tabs], signed=signed)


def _fill(platform: Platform) -> str:
    """Add so many events to a read of Nora's, who then takes no part; answers the read."""
    browser = Browser(platform)
    browser.sign_in("nora")
    tab = Tab(browser.send, platform.study)
    tab.open()
    for _ in range(20):
        tab.does("scroll")
    tab.flush()
    assert int(platform.ask("fill", tab.read_id, str(EVENTS))) >= EVENTS
    return tab.read_id
