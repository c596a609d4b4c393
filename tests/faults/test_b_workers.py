"""Workers that die or freeze in the middle of a run: one result, never two, never none."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.platform import ROOT, Platform

LEASE_S = 6  # two beats of three may come late
ENDS_WITHIN_S = 300


def worker(platform: Platform, run: str, began: Path, seconds: float) -> subprocess.Popen[bytes]:
    """A worker process on one run."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.work", run, str(began), str(seconds)],
        cwd=ROOT, env=platform.environment(JOB_LEASE_SECONDS=str(LEASE_S)),
    )  # fmt: skip


def wait_for(began: Path) -> None:
    """Until the worker's detector has begun."""
    end = time.monotonic() + ENDS_WITHIN_S
    while not began.exists():
        assert time.monotonic() < end, "the worker did not begin"
        time.sleep(0.05)


def runs(platform: Platform) -> dict[str, Any]:
    """What the database holds of runs."""
    return dict(json.loads(platform.ask("runs")))


@pytest.mark.fault("B1")
def test_b1_a_killed_workers_run_is_taken_up_by_another(platform: Platform, tmp_path: Path) -> None:
    run = platform.ask("enqueue")
    first = worker(platform, run, tmp_path / "one", 600)
    wait_for(tmp_path / "one")
    first.send_signal(signal.SIGKILL)
    first.wait()
    state = runs(platform)["runs"][run]
    assert (state["state"], state["results"]) == ("running", 0)
    time.sleep(LEASE_S)
    assert runs(platform)["woken"] == 1
    assert worker(platform, run, tmp_path / "two", 0).wait(ENDS_WITHIN_S) == 0
    assert runs(platform)["runs"][run] == {
        "state": "done", "attempt": 2, "fence": 2, "results": 1,
    }  # fmt: skip


@pytest.mark.fault("B9")
def test_b9_a_frozen_worker_that_goes_on_later_changes_nothing(
    platform: Platform, tmp_path: Path
) -> None:
    run = platform.ask("enqueue")
    frozen = worker(platform, run, tmp_path / "one", 10)  # it is frozen long before
    wait_for(tmp_path / "one")
    os.kill(frozen.pid, signal.SIGSTOP)
    time.sleep(LEASE_S + 0.5)
    assert worker(platform, run, tmp_path / "two", 0).wait(ENDS_WITHIN_S) == 0
    os.kill(frozen.pid, signal.SIGCONT)
    assert frozen.wait(ENDS_WITHIN_S) == 0
    assert runs(platform)["runs"][run] == {
        "state": "done", "attempt": 2, "fence": 2, "results": 1,
    }  # fmt: skip


@pytest.mark.fault("B4")
def test_b4_a_run_longer_than_its_lease_keeps_it_by_its_heartbeat(
    platform: Platform, tmp_path: Path
) -> None:
    run = platform.ask("enqueue")
    slow = worker(platform, run, tmp_path / "one", 2.5 * LEASE_S)
    wait_for(tmp_path / "one")
    time.sleep(1.3 * LEASE_S)
    second = worker(platform, run, tmp_path / "two", 0)
    assert second.wait(ENDS_WITHIN_S) == 0
    assert not (tmp_path / "two").exists()
    assert slow.wait(ENDS_WITHIN_S) == 0
    assert runs(platform)["runs"][run] == {
        "state": "done", "attempt": 1, "fence": 1, "results": 1,
    }  # fmt: skip
