"""Fault B10: workers are told to stop for a deployment; a run is finished or handed back."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import copied
from tests.faults.platform import ROOT, Platform
from tests.faults.test_b_workers import LEASE_S, wait_for

pytestmark = pytest.mark.postgres  # deployments are of the production shape
Worker = Callable[..., "subprocess.Popen[bytes]"]
WITHIN_S = 300.0
SOON_S = 120.0  # also on a busy machine; a detector that is not told goes on for ten minutes


@pytest.fixture
def platform(prepared: Platform, tmp_path: Path) -> Iterator[Platform]:
    """One for each test: the run that one test leaves behind would be the next one's to take up."""
    with copied(prepared, tmp_path / "platform", on_postgres=True) as made:
        yield made


@pytest.fixture
def worker(platform: Platform) -> Iterator[Worker]:
    """Starts workers as docker-compose.yml does: SIGTERM is the soft end (REMAP_SIGTERM)."""
    started: list[subprocess.Popen[bytes]] = []

    def start(**environment: str) -> subprocess.Popen[bytes]:
        command = [
            str(Path(sys.executable).with_name("celery")), "-A", "tests.faults.celery_app",
            "worker", "--queues", "cpu,detectors", "--concurrency", "1", "--loglevel", "ERROR",
        ]  # fmt: skip
        usual = {"REMAP_SIGTERM": "SIGQUIT", "JOB_LEASE_SECONDS": str(LEASE_S)}
        env = platform.environment(**usual | environment)
        process = subprocess.Popen(
            command, cwd=ROOT, env=env, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def told_to_stop(process: "subprocess.Popen[bytes]") -> float:
    """Tell the worker to stop, as a deployment does; answers after how many seconds it has."""
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(WITHIN_S)
    return time.monotonic() - began


def state(platform: Platform, run: str) -> dict[str, Any]:
    """What the database holds of the run."""
    return dict(json.loads(platform.ask("runs"))["runs"][run])


@pytest.mark.fault("B10")
def test_b10_a_run_that_is_nearly_done_is_finished(
    platform: Platform, tmp_path: Path, worker: Worker
) -> None:
    run, began, known = platform.ask("enqueue"), tmp_path / "began", tmp_path / "known"
    first = worker(DETECT_S="2", DETECT_BEGAN=str(began), DETECT_KNOWN=str(known), SOFT_S="60")
    assert platform.ask("wake") == "1"
    wait_for(began)
    wait_for(known)
    assert told_to_stop(first) < SOON_S
    assert state(platform, run) == {"state": "done", "attempt": 1, "fence": 1, "results": 1}


@pytest.mark.fault("B10")
def test_b10_a_long_run_is_handed_back_and_soon_taken_up(
    platform: Platform, tmp_path: Path, worker: Worker
) -> None:
    run, began, known = platform.ask("enqueue"), tmp_path / "began", tmp_path / "known"
    first = worker(DETECT_S="600", DETECT_BEGAN=str(began), DETECT_KNOWN=str(known), SOFT_S="1")
    assert platform.ask("wake") == "1"
    wait_for(began)
    wait_for(known)  # told to stop in the moment before, Celery waits for a run of no request
    assert told_to_stop(first) < SOON_S
    assert state(platform, run)["results"] == 0
    worker()
    end = time.monotonic() + WITHIN_S
    while state(platform, run)["state"] != "done":
        assert time.monotonic() < end, state(platform, run)
        platform.ask("wake")  # as the sweep does
    assert state(platform, run) == {"state": "done", "attempt": 2, "fence": 2, "results": 1}


@pytest.mark.fault("B10")
@pytest.mark.fault("F14")
def test_b10_without_its_soft_end_a_worker_would_wait_for_the_run(
    platform: Platform, tmp_path: Path, worker: Worker
) -> None:
    """Broken on purpose: where the deployment lacks REMAP_SIGTERM, the stop is not soon."""
    platform.ask("enqueue")
    began = tmp_path / "began"
    first = worker(DETECT_S="600", DETECT_BEGAN=str(began), SOFT_S="1", REMAP_SIGTERM="")
    assert platform.ask("wake") == "1"
    wait_for(began)
    first.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        first.wait(8)
