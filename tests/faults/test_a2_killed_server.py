"""Readers go on while the server is killed again and again: nothing is lost, nothing is double."""

import threading
import time

import numpy as np
import pytest

from tests.faults.checker import check
from tests.faults.form import FORM
from tests.faults.platform import Platform
from tests.faults.readers import ScriptedReader, finish

KILLS, READS, PACE_S = (200, 30, 14.0) if FORM == "long" else (4, 4, 0.0)
PATIENCE_S = 300.0  # on a busy machine a server that is killed each second answers seldom
LONG_LIFE, LONG_LIFE_S = 10, 8.0  # each tenth: on a busy machine no signature is done in a second


@pytest.mark.fault("A2")
@pytest.mark.fault("A6")
def test_a2_readers_lose_nothing_while_the_server_is_killed(platform: Platform) -> None:
    rng = np.random.default_rng(2026)
    platform.start()
    calm = threading.Event()
    readers = [
        ScriptedReader(
            platform, name, seed, reads=READS, calm=calm, pace_s=PACE_S, patience_s=PATIENCE_S
        )
        for seed, name in enumerate(("rae", "gus", "nora"))
    ]
    for reader in readers:
        reader.start()
    kills = 0
    while any(reader.is_alive() for reader in readers):
        lives_long = kills % LONG_LIFE == LONG_LIFE - 1
        time.sleep(LONG_LIFE_S if lives_long else float(rng.uniform(0.2, 1.2)))
        if kills < KILLS:
            platform.kill()
            platform.start()
            kills += 1
        else:
            calm.set()
    signed = finish(readers)
    assert kills == KILLS, "the readers were done before the faults came"
    platform.kill()
    check(platform.examine(), [tab for reader in readers for tab in reader.tabs], signed=signed)
