"""A bar for long steps: what is done and what is left."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from scripts.launcher import children

WIDTH = 28


class Failed(Exception):
    """A step that failed; its text is the one line that says what to do."""


def say(text: str) -> None:
    """Print one line at once; to nobody where the terminal is closed."""
    with suppress(OSError):
        print(text, flush=True)


def _draw(label: str, done: int, total: int, seconds: float) -> None:
    share = min(1.0, done / total) if total else 0.0
    bar = "█" * int(share * WIDTH) + "·" * (WIDTH - int(share * WIDTH))
    print(f"\r  {label:<22} {bar} {done:>4}/{total:<4} {seconds:4.0f} s", end="", flush=True)


def run_with_bar(
    label: str,
    command: list[str],
    *,
    log: Path,
    measure: Callable[[], int],
    total: int,
    cwd: Path,
    env: dict[str, str] | None = None,
) -> None:
    """Run `command`, its output to `log`, and draw how far it is.

    Parameters
    ----------
    measure : callable
        Returns how many of `total` parts are done.

    Raises
    ------
    Failed
        When the command fails; names the log and quotes its last lines.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    tty = sys.stdout.isatty()
    if not tty:
        say(f"  {label} ...")
    with (
        log.open("wb") as out,
        children.started(command, cwd=cwd, env=env, stdout=out, stderr=out) as process,
    ):
        while process.poll() is None:
            if tty:
                _draw(label, min(measure(), total - 1), total, time.monotonic() - start)
            time.sleep(0.25)
    seconds = time.monotonic() - start
    if process.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise Failed(f"{label} failed. The log is {log}; it ends:\n{tail}")
    if tty:
        _draw(label, total, total, seconds)
        say("")
    else:
        say(f"  {label}: {total} done in {seconds:.0f} s")
