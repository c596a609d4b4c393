"""One platform for all browsers: the first process that asks starts it, and stops it at the end."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from scripts.launcher.serve import Platform
from scripts.launcher.setup import PYTHON, ROOT

CASES, TRAINING = 4, 1
OTHERS_S = 1500  # the longest that another process is waited for


@dataclass(frozen=True)
class Site:
    """The running platform: its address and its data folder."""

    url: str
    var: Path

    def manage(self, *arguments: str) -> str:
        """Run one of Django's commands on the running platform's data."""
        return _manage(*arguments)


@contextmanager
def shared_site(folder: Path) -> Iterator[Site]:
    """A small demonstration study, served by the real web server and worker.

    Parameters
    ----------
    folder : Path
        The same for all processes of a run.
    """
    var, told, users = folder / "platform", folder / "address", folder / "users"
    for made in (var, users):
        made.mkdir(exist_ok=True)
    with _environment(var):
        with FileLock(folder / "platform.lock"):
            ours = None if told.exists() else _started()
            if ours is not None:
                told.write_text(f"http://127.0.0.1:{ours.port}", encoding="utf-8")
            mine = users / str(os.getpid())
            mine.touch()
        try:
            yield Site(told.read_text(encoding="utf-8"), var)
        finally:
            mine.unlink()
            if ours is not None:
                _wait_until_empty(users)
                ours.stop()


def _started() -> Platform:
    _manage("migrate", "--no-input", "-v", "0")
    _manage("collectstatic", "--no-input", "-v", "0")
    _manage("make_demo", "--cases", str(CASES), "--training", str(TRAINING))
    platform = Platform(_free_port())
    try:
        platform.start()
    except BaseException:
        platform.stop()
        raise
    return platform


def _manage(*arguments: str) -> str:
    command = [str(PYTHON), "manage.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_empty(users: Path) -> None:
    deadline = time.monotonic() + OTHERS_S
    while any(users.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.5)


@contextmanager
def _environment(var: Path) -> Iterator[None]:
    """What the platform's processes are told: SQLite, the embedded queue, data of their own."""
    cache = os.environ.get("READERSTUDY_CACHE", str(ROOT / "var" / "cache"))
    told = {"READERSTUDY_VAR": str(var), "READERSTUDY_CACHE": cache, "SWEEP_SECONDS": "2"}
    left_out = ("DATABASE_URL", "BROKER_URL")
    kept = {name: os.environ.pop(name, None) for name in (*told, *left_out)}
    os.environ.update(told)
    try:
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
