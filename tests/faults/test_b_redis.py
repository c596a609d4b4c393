"""Redis dies, forgets or hangs up under a real worker: every run ends all the same (B2, B3, B5)."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.faults.platform import ROOT, Platform

# Where there is Redis there is PostgreSQL: the production shape.
pytestmark = [pytest.mark.redis, pytest.mark.postgres]
WITHIN_S = 60.0  # the fault list's own limit
SWEEP_S = 2


@dataclass
class PrivateRedis:
    """A server without any persistence, on a port of its own."""

    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def client(self) -> "redis.Redis":
        """A connection to it."""
        return redis.Redis.from_url(self.url)

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        command = ["redis-server", "--port", str(self.port), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd="/tmp")
        end = time.monotonic() + WITHIN_S
        while True:
            try:
                self.client.ping()
            except redis.ConnectionError:
                assert time.monotonic() < end, "Redis does not start"
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """Kill it, as by `kill -9`: it forgets everything."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture(scope="module")
def broker() -> Iterator[PrivateRedis]:
    """A Redis of our own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        made = PrivateRedis(free.getsockname()[1])
    made.start()
    yield made
    made.kill()


@pytest.fixture(scope="module")
def worker(platform: Platform, broker: PrivateRedis) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with its beat, as the platform starts it; its detector takes no time."""
    platform.broker = broker.url
    command = [
        str(Path(sys.executable).with_name("celery")), "-A", "tests.faults.celery_app", "worker",
        "--beat", "--queues", "cpu,gpu", "--concurrency", "1", "--loglevel", "ERROR",
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=platform.environment(SWEEP_SECONDS=str(SWEEP_S), JOB_LEASE_SECONDS="3"),
    )  # fmt: skip
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    platform.broker = ""


def becomes(platform: Platform, run: str) -> dict[str, Any]:
    """What the run is once it has ended, within the time the fault list allows."""
    end = time.monotonic() + WITHIN_S
    while True:
        state = dict(json.loads(platform.ask("runs"))["runs"][run])
        if state["state"] in {"done", "quarantined"} or time.monotonic() > end:
            return state
        time.sleep(0.5)


DONE = {"state": "done", "results": 1}


def ends_once(platform: Platform, run: str) -> bool:
    """Whether it ended in exactly one result."""
    return DONE.items() <= becomes(platform, run).items()


@pytest.mark.fault("B2")
@pytest.mark.fault("B5")
def test_b2_a_redis_that_was_killed_and_came_back_empty_loses_no_run(
    platform: Platform, broker: PrivateRedis, worker: subprocess.Popen[bytes]
) -> None:
    assert ends_once(platform, platform.ask("enqueue")), "the worker does not work at all"
    broker.kill()
    asked_meanwhile = platform.ask("enqueue")  # the request succeeds: the row is what counts
    broker.start()
    assert ends_once(platform, asked_meanwhile)
    assert worker.poll() is None


@pytest.mark.fault("B2")
@pytest.mark.fault("B3")
def test_b3_a_worker_goes_on_after_its_connections_were_reset(
    platform: Platform, broker: PrivateRedis, worker: subprocess.Popen[bytes]
) -> None:
    """Three resets in three seconds while it is idle, and everything in Redis forgotten."""
    for _ in range(3):
        broker.client.client_kill_filter(_type="normal", skipme=True)
        time.sleep(1)
    broker.client.flushall()
    assert ends_once(platform, platform.ask("enqueue"))
    assert worker.poll() is None
