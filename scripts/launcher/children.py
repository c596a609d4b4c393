"""Processes that we start: told once when we are to stop, waited for, never left behind."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO, Any

# Closing the terminal, `kill` and Ctrl-C: each means that everything is to stop.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_SECONDS = 25

Process = subprocess.Popen[Any]
Output = int | IO[Any] | None


def interruptible() -> None:
    """Let each of the signals end us alike from now on, in the background too.

    Under nohup a terminal may close.
    """
    is_kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    for number in STOPPING:
        if number != signal.SIGHUP or not is_kept:
            signal.signal(number, _stop)


def _stop(_signal: int, _frame: object) -> None:
    # No `print`: what is interrupted may be one. Nobody reads it where the terminal is closed.
    with suppress(OSError):
        os.write(2, b"\nStopping what was started; Ctrl-C again waits no longer.\n")
    raise KeyboardInterrupt


def start(
    command: list[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: Output = None,
    stderr: Output = None,
) -> Process:
    """Start a process in a session of its own: a terminal's Ctrl-C reaches it through us alone.

    It is told to end, too, when we vanish without a word (SIGKILL).
    """
    return subprocess.Popen(
        _tied(command), cwd=cwd, env=env, stdout=stdout, stderr=stderr, start_new_session=True
    )


def _tied(command: list[str]) -> list[str]:
    """Bound to the thread that starts it, where util-linux is there: on every Debian."""
    return [*_tie(), *command]


@cache
def _tie() -> tuple[str, ...]:
    """What binds a command to us; nothing where it is not there, or knows no such option."""
    found = shutil.which("setpriv")
    tie = (found or "", "--pdeathsig", "TERM")
    can_tie = found and subprocess.run([*tie, "true"], check=False).returncode == 0
    return tie if can_tie else ()


@contextmanager
def started(
    command: list[str], *, told: signal.Signals = signal.SIGTERM, **where: Any
) -> Iterator[Process]:
    """Run a process beside the block; `where` as for `start`.

    Where the block is interrupted, the process is told so and has time to end what it started
    itself (`subprocess.run` kills after a quarter of a second).
    """
    process = None
    try:
        with interrupted_later():  # else nobody would know what was just started
            process = start(command, **where)
        yield process
    except BaseException:
        if process is not None:
            end([process], told=told)
        raise


def run(command: list[str], *, check: bool = True, **how: Any) -> int:
    """Run a process to its end; answers its exit status. `how` as for `started`.

    Raises
    ------
    CalledProcessError
        When it fails and `check` is set.
    """
    with started(command, **how) as process:
        status = int(process.wait())
    if check and status:
        raise subprocess.CalledProcessError(status, command)
    return status


def end(
    processes: Iterable[Process],
    *,
    told: signal.Signals = signal.SIGTERM,
    seconds: float = PATIENCE_SECONDS,
) -> list[Process]:
    """Tell each group to end, wait, and kill what is left; answers who had to be killed.

    Whoever asks again meanwhile waits no longer.
    """
    processes = list(processes)
    late = []
    for process in processes:
        _signal_group(process, told)
    deadline = time.monotonic() + seconds
    try:
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
    finally:
        with interrupted_later():  # whoever asks a third time leaves nothing behind either
            for process in processes:
                if process.poll() is None:
                    late.append(process)
                _signal_group(process, signal.SIGKILL)
                process.wait()
    return late


@contextmanager
def interrupted_later() -> Iterator[None]:
    """Hold the signals back until the end of the block; only the main thread gets any."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    asked: list[int] = []  # not by a mask: what the block starts would inherit it
    kept = {
        number: signal.signal(number, lambda which, _frame: asked.append(which))
        for number in STOPPING
    }
    try:
        yield
    finally:
        masked = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        for number, handler in kept.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, masked)
    if asked:
        signal.raise_signal(asked[0])


def _signal_group(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
