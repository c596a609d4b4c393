"""Parses files in a child process that may be killed.

A hang, a crash or a memory bomb costs one file, never the server (faults E1-E5).
"""

import atexit
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readerstudy.imaging.refusals import Reason, RefusedFile

# A file may use so much of a processor (E1), and more as it is larger: JPEG 2000 takes a second for
# 8 MB of it. By the processor's time, so that a busy machine refuses nothing; waiting is limited,
# too, for what hangs without working. With the patience it ends before a proxy gives up (120 s).
SECONDS, BYTES_A_SECOND, MAX_SECONDS = 5.0, 2_000_000, 80.0
PATIENCE_SECONDS = 25.0  # that all else may take: the start of the child, a machine that is busy
CHILD = Path(__file__).with_name("sandbox_child.py")
ROOT = Path(__file__).resolve().parents[2]


class Sandbox:
    """One child process, made anew after it had to be killed. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._told: dict[str, Any] = {}  # by the child, of the last file: the next tells the rest

    def parse(
        self, path: Path, key: bytes, target: Path, options: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """De-identify one file; the header as `parsing.Header.as_dict` gives it.

        Raises
        ------
        RefusedFile
            With the child's reason, or HUNG when it took too long or died.
        """
        seconds = allowed(path.stat().st_size)
        order: dict[str, Any] = {"path": str(path), "key": key.hex(), "target": str(target)}
        order |= {"options": dict(options or {}), "seconds": seconds}
        with self._lock:
            line = self._ask(json.dumps(order).encode() + b"\n", seconds + PATIENCE_SECONDS)
            answer: dict[str, Any] = {"refused": "HUNG"} if line is None else json.loads(line)
            if "refused" not in answer:
                answer = self._told = self._told | answer
        if line is None:
            target.unlink(missing_ok=True)
        if "refused" in answer:
            raise RefusedFile(Reason[answer["refused"]])
        return dict(answer)

    def _ask(self, order: bytes, seconds: float) -> bytes | None:
        """The child's line, or None when it had to be killed or died."""
        child = self._running()
        if child.stdin is None or child.stdout is None:
            return None
        try:
            child.stdin.write(order)
            child.stdin.flush()
            line = _line(child.stdout.fileno(), time.monotonic() + seconds)
        except OSError:
            line = b""
        if not line.endswith(b"\n"):
            self._end()
            return None
        return line

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._child is None or self._child.poll() is not None:
            self._told = {}
            self._child = subprocess.Popen(  # noqa: S603 -- our own program, no input in it
                [sys.executable, "-I", str(CHILD), str(ROOT)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._child

    def _end(self) -> None:
        child, self._child, self._told = self._child, None, {}
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe is not None:
                    pipe.close()

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._end()


def allowed(size: int) -> float:
    """The seconds of a processor that a file of so many bytes may use."""
    return min(SECONDS + size / BYTES_A_SECOND, MAX_SECONDS)


def _line(pipe: int, end: float) -> bytes:
    """What the child wrote up to its line's end; less when its time is over or it died."""
    line = b""
    waiting = select.poll()
    waiting.register(pipe, select.POLLIN)
    while not line.endswith(b"\n"):
        left = end - time.monotonic()
        if left <= 0 or not waiting.poll(1000 * left):
            break
        part = os.read(pipe, 1 << 16)
        if not part:
            break
        line += part
    return line


shared = Sandbox()
atexit.register(shared.close)
