"""The platform's processes beside each other: web server, Celery worker with its beat, detectors.

Detectors have a worker of their own: an analysis does not wait behind twenty examinations.
"""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.launcher.progress import Failed, say
from scripts.launcher.setup import ROOT, VENV, var_dir

START_SECONDS = 60


def _commands(port: int, workers: int) -> dict[str, list[str]]:
    binary = VENV / "bin"
    celery = [
        str(binary / "celery"), "-A", "readerstudy", "worker",
        "--concurrency", "1", "--loglevel", "WARNING",
    ]  # fmt: skip
    return {
        "web": [
            str(binary / "granian"), "--interface", "wsgi", "--host", "127.0.0.1",
            "--port", str(port), "--workers", str(workers), "--blocking-threads", "4",
            "--no-access-log", "--log-level", "warning", "readerstudy.wsgi:application",
        ],
        "worker": [*celery, "-n", "worker@localhost", "--beat", "--queues", "cpu"],
        # A detector takes every core for a while: whoever reads goes first.
        "detectors": ["nice", *celery, "-n", "detectors@localhost", "--queues", "detectors,gpu"],
    }  # fmt: skip


class Platform:
    """Starts the processes, waits until the web answers, and stops all of them."""

    def __init__(self, port: int, *, workers: int = 2) -> None:
        self.port = port
        self.logs: Path = var_dir() / "logs"
        self.commands = _commands(port, workers)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start every process in a group of its own and wait for the first answer."""
        self.logs.mkdir(parents=True, exist_ok=True)
        # Links in mails lead to this port, unless somebody said where the platform is.
        environment = {"SITE_URL": f"http://localhost:{self.port}", **os.environ}
        with _interrupted_later():  # else what was just started might not be known to `stop`
            for name, command in self.commands.items():
                with (self.logs / f"{name}.log").open("ab") as log:
                    self.processes[name] = subprocess.Popen(
                        command, cwd=ROOT, env=environment, stdout=log, stderr=log,
                        start_new_session=True,
                    )  # fmt: skip
        self._wait_for_web()

    def _wait_for_web(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self._check_alive()
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5)
            except (OSError, urllib.error.URLError):
                time.sleep(0.2)
            else:
                return
        raise Failed(f"The web server does not answer; its log is {self.logs / 'web.log'}.")

    def _check_alive(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise Failed(f"The {name} process stopped; its log is {self.logs / name}.log.")

    def watch(self) -> None:
        """Wait until a signal interrupts.

        Raises
        ------
        Failed
            When a process ends by itself.
        """
        while True:
            self._check_alive()
            time.sleep(0.5)

    def stop(self) -> None:
        """End every process group: politely, then for good."""
        for process in self.processes.values():
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + 8
        for name, process in self.processes.items():
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                say(f"  the {name} process did not stop in time and is ended")
            _signal_group(process, signal.SIGKILL)
            process.wait()


@contextmanager
def _interrupted_later() -> Iterator[None]:
    """Hold Ctrl-C and SIGTERM back until the end of the block."""
    asked: list[int] = []
    kept = {
        number: signal.signal(number, lambda which, _frame: asked.append(which))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return
