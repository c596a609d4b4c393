"""Fault A10: the database is migrated, and rolled back, while readers work."""

import json
import threading

import pytest

from tests.faults.checker import check
from tests.faults.platform import Platform
from tests.faults.readers import ScriptedReader, finish

ROUNDS = 2


@pytest.mark.fault("A10")
def test_a10_readers_lose_nothing_while_the_database_is_migrated_and_rolled_back(
    platform: Platform,
) -> None:
    """They go on through both ways: this version runs on the tables of the next one as well."""
    platform.start()
    calm = threading.Event()
    readers = [
        ScriptedReader(platform, name, seed, reads=1, calm=calm)
        for seed, name in enumerate(("rae", "gus"))
    ]
    for reader in readers:
        reader.start()
    try:
        moved = json.loads(platform.ask("migrate", str(ROUNDS)))
    finally:
        calm.set()
    signed = finish(readers)
    assert moved["lost_races"] < 20
    assert {status for reader in readers for status in reader.refusals} <= {503}
    check(platform.examine(), [tab for reader in readers for tab in reader.tabs], signed=signed)
