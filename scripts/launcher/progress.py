"""A bar for long steps: what is done and what is left; a wheel where nobody can know that."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from scripts.launcher import children

WIDTH = 28
WHEEL = "|/-\\"


class Failed(Exception):
    """A step that failed; its text is the one line that says what to do."""


def say(text: str) -> None:
    """Print one line at once; to nobody where the terminal is closed."""
    with suppress(OSError):
        print(text, flush=True)


def _turn(label: str, seconds: float) -> None:
    wheel = WHEEL[int(seconds * 4) % len(WHEEL)]
    print(f"\r  {label:<22} {wheel:<{WIDTH}} {'':9} {seconds:4.0f} s", end="", flush=True)


def _draw(label: str, done: int, total: int, seconds: float) -> None:
    share = min(1.0, done / total) if total else 0.0
    bar = "█" * int(share * WIDTH) + "·" * (WIDTH - int(share * WIDTH))
    print(f"\r  {label:<22} {bar} {done:>4}/{total:<4} {seconds:4.0f} s", end="", flush=True)


def run_with_bar(
    label: str,
    command: list[str],
    *,
    log: Path,
    measure: Callable[[], int] | None = None,
    total: int = 0,
    cwd: Path,
    env: dict[str, str] | None = None,
) -> None:
    """Run `command`, its output to `log`, and draw how far it is.

    Parameters
    ----------
    measure : callable, optional
        Returns how many of `total` parts are done; without it a wheel turns.

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
            if tty and measure:
                _draw(label, min(measure(), total - 1), total, time.monotonic() - start)
            elif tty:
                _turn(label, time.monotonic() - start)
            time.sleep(0.25)
    seconds = time.monotonic() - start
    if process.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise Failed(f"{label} failed. The log is {log}; it ends:\n{tail}")
    if not tty:
        say(f"  {label}: {f'{total} done' if measure else 'done'} in {seconds:.0f} s")
        return
    if measure:
        _draw(label, total, total, seconds)
        say("")
    else:
        say(f"\r  {label:<22} {'done':<{WIDTH}} {'':9} {seconds:4.0f} s")
