"""What works beside the making of the demonstration, and ends with it, however it ends."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from django.conf import settings

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE_SECONDS = 20  # a worker's threads sleep for some ten seconds before they end
INTERRUPTED_SECONDS = 3  # somebody waits for the prompt; what is lost is made again

WORKER = [
    sys.executable, "-m", "celery", "-A", "readerstudy", "worker", "--beat",
    "--queues", "cpu,detectors", "--concurrency", "1", "--loglevel", "WARNING",
]  # fmt: skip

Process = subprocess.Popen[bytes]


@contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the block as Ctrl-C does: past its `finally`s."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    is_kept = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # under nohup a terminal may close
    heard = [each for each in STOPPING if each != signal.SIGHUP or not is_kept]
    kept = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def log() -> Path:
    """Where the worker says what it does."""
    return Path(settings.VAR_DIR) / "logs" / "worker.log"


def last_words() -> str:
    """Where the worker's log is, and its end."""
    return f"The end of its log, {log()}:\n{log().read_text(errors='replace')[-2000:]}"


@contextmanager
def worker(at_end: ExitStack) -> Iterator[Process]:
    """A Celery worker beside the block, told to end after it; waited for at the end of the stack.

    Its threads sleep for some ten seconds before they end: readers read meanwhile.
    """
    log().parent.mkdir(parents=True, exist_ok=True)
    with log().open("ab") as out:
        process = subprocess.Popen(  # noqa: S603 -- our own program
            _tied(WORKER),
            cwd=settings.BASE_DIR,
            env={**os.environ, "OMP_NUM_THREADS": "1"},  # other cores make cases meanwhile
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    at_end.push(_ending(process))
    try:
        yield process
    finally:
        process.terminate()


def _tied(command: list[str]) -> list[str]:
    """Told to end, too, when we vanish without a word, where util-linux is there."""
    tie = ["setpriv", "--pdeathsig", "TERM"]
    has_tool = shutil.which(tie[0]) is not None
    # BusyBox has one that knows no such option.
    can_tie = has_tool and subprocess.run([*tie, "true"], check=False).returncode == 0  # noqa: S603
    return [*tie, *command] if can_tie else command


def _ending(process: Process) -> Callable[..., None]:
    """Wait for a worker that was told to end; nothing of its group stays."""

    def end(failure: type[BaseException] | None, *_more: object) -> None:
        seconds = PATIENCE_SECONDS if failure is None else INTERRUPTED_SECONDS
        try:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=seconds)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    return end
