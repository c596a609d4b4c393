"""A Redis of a test's own, and the workers that it feeds."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import redis

from tests.faults.platform import ROOT, Platform

STARTS_WITHIN_S = 180.0
# Messages lapse after a sweep or two: a worker that a busy machine starves must still take some.
SWEEP_S, LEASE_S = 5, 3


def is_installed() -> bool:
    """Whether a server can be started here."""
    return shutil.which("redis-server") is not None


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass
class PrivateRedis:
    """A server without any persistence, on a port of its own."""

    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

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
        end = time.monotonic() + STARTS_WITHIN_S
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


@dataclass
class Worker:
    """A worker with its beat, as the platform starts it; its detector takes `detect_s` seconds."""

    platform: Platform
    detect_s: float = 0.0
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it."""
        command = [
            str(Path(sys.executable).with_name("celery")), "-A", "tests.faults.celery_app",
            "worker", "--beat", "--queues", "cpu,detectors", "--concurrency", "1",
            "--loglevel", "ERROR",
        ]  # fmt: skip
        leases = {"SWEEP_SECONDS": str(SWEEP_S), "JOB_LEASE_SECONDS": str(LEASE_S)}
        self.process = subprocess.Popen(
            command, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=self.platform.environment(DETECT_S=str(self.detect_s), **leases),
        )  # fmt: skip

    def hold(self) -> None:
        """Stop it in its tracks, with its children, until it is `let_go`."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGSTOP)

    def let_go(self) -> None:
        """Let it go on after it was held."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """Kill it and its children, as by `kill -9`."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
