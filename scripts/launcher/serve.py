"""The platform's processes beside each other: web server, Celery worker with its beat, detectors.

Detectors have a worker of their own: an analysis does not wait behind twenty examinations.
"""

import os
import time
import urllib.error
import urllib.request
from pathlib import Path

from scripts.launcher import children
from scripts.launcher.progress import Failed, say
from scripts.launcher.setup import ROOT, VENV, var_dir

START_SECONDS = 180  # on a machine with much else to do


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
        self.processes: dict[str, children.Process] = {}

    def start(self) -> None:
        """Start every process in a group of its own and wait for the first answer."""
        self.logs.mkdir(parents=True, exist_ok=True)
        # Links in mails lead to this port, unless somebody said where the platform is.
        environment = {"SITE_URL": f"http://localhost:{self.port}", **os.environ}
        with children.interrupted_later():  # else `stop` might not know what was just started
            for name, command in self.commands.items():
                with (self.logs / f"{name}.log").open("ab") as log:
                    self.processes[name] = children.start(
                        command, cwd=ROOT, env=environment, stdout=log, stderr=log
                    )
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

    def stop(self, *, seconds: float = 8) -> None:
        """End every process group: politely, then for good."""
        late = children.end(self.processes.values(), seconds=seconds)
        for name, process in self.processes.items():
            if process in late:
                say(f"  the {name} process did not stop in time and is ended")
