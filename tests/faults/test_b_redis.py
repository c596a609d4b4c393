"""Redis dies, forgets or hangs up under a real worker: every run ends all the same (B2, B3, B5)."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.brokers import PrivateRedis, Worker
from tests.faults.platform import Platform

# Where there is Redis there is PostgreSQL: the production shape.
pytestmark = [pytest.mark.redis, pytest.mark.postgres]
WITHIN_S = 60.0  # the fault list's own limit, beyond what a run takes on a machine that is busy
PATIENCE_S = 600.0
FULL_S = 5.0  # a worker that stops of it has stopped by then


@pytest.fixture(scope="module")
def broker() -> Iterator[PrivateRedis]:
    """A Redis of our own."""
    made = PrivateRedis()
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def worker(platform: Platform, broker: PrivateRedis) -> Iterator[Worker]:
    """A worker whose detector takes no time."""
    platform.broker = broker.url
    made = Worker(platform)
    made.start()
    yield made
    made.kill()
    platform.broker = ""


def becomes(platform: Platform, run: str, within_s: float) -> dict[str, Any]:
    """What the run is once it has ended, or after so many seconds."""
    end = time.monotonic() + within_s
    while True:
        state = dict(json.loads(platform.ask("runs"))["runs"][run])
        if state["state"] in {"done", "quarantined"} or time.monotonic() > end:
            return state
        time.sleep(0.5)


DONE = {"state": "done", "results": 1}


def ends_once(platform: Platform, run: str, within_s: float = PATIENCE_S) -> bool:
    """Whether it ended in exactly one result."""
    return DONE.items() <= becomes(platform, run, within_s).items()


def usual_s(platform: Platform) -> float:
    """How long a run takes here and now, from the asking on, while nothing is broken."""
    began = time.monotonic()
    assert ends_once(platform, platform.ask("enqueue")), "the worker does not work at all"
    return time.monotonic() - began


@pytest.mark.fault("B2")
@pytest.mark.fault("B5")
def test_b2_a_redis_that_was_killed_and_came_back_empty_loses_no_run(
    platform: Platform, broker: PrivateRedis, worker: Worker
) -> None:
    ends_within_s = WITHIN_S + usual_s(platform)
    broker.kill()
    asked_meanwhile = platform.ask("enqueue")  # the request succeeds: the row is what counts
    broker.start()
    assert ends_once(platform, asked_meanwhile, ends_within_s)
    assert worker.process
    assert worker.process.poll() is None


@pytest.mark.fault("B5")
def test_b5_a_redis_that_is_full_refuses_no_request(
    platform: Platform, broker: PrivateRedis, worker: Worker
) -> None:
    """It takes nothing more (`noeviction`); the run is a row, and starts when there is room."""
    ends_within_s = WITHIN_S + usual_s(platform)
    broker.client.config_set("maxmemory-policy", "noeviction")
    broker.client.config_set("maxmemory", "1")
    asked_meanwhile = platform.ask("enqueue")
    broker.client.config_set("maxmemory", "0")
    assert ends_once(platform, asked_meanwhile, ends_within_s)


@pytest.mark.fault("B5")
def test_b5_a_redis_that_is_full_stops_no_worker_that_takes_a_message(
    platform: Platform, broker: PrivateRedis, worker: Worker
) -> None:
    """What it writes of a message that it was given is refused, then all it asks for anew."""
    ends_within_s = WITHIN_S + usual_s(platform)
    worker.hold()
    given = platform.ask("enqueue")
    broker.client.config_set("maxmemory-policy", "noeviction")
    broker.client.config_set("maxmemory", "1")
    worker.let_go()
    time.sleep(FULL_S)
    assert worker.process
    assert worker.process.poll() is None
    broker.client.config_set("maxmemory", "0")
    assert ends_once(platform, given, ends_within_s)


@pytest.mark.fault("B2")
@pytest.mark.fault("B3")
def test_b3_a_worker_goes_on_after_its_connections_were_reset(
    platform: Platform, broker: PrivateRedis, worker: Worker
) -> None:
    """Three resets in three seconds while it is idle, and everything in Redis forgotten."""
    ends_within_s = WITHIN_S + usual_s(platform)
    for _ in range(3):
        broker.client.client_kill_filter(_type="normal", skipme=True)
        time.sleep(1)
    broker.client.flushall()
    assert ends_once(platform, platform.ask("enqueue"), ends_within_s)
    assert worker.process
    assert worker.process.poll() is None
