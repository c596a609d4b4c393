"""How much memory we and all that we started take at most, looked at once a second (Linux)."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

EVERY_SECONDS = 1.0
PROC = Path("/proc")


class Peak:
    """The most memory that this process and its descendants took together during the block.

    Each page counts once: what processes share is divided among them (PSS).
    """

    def __init__(self, *, every_s: float = EVERY_SECONDS) -> None:
        self.kib = 0
        self._every_s, self._over = every_s, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @property
    def gib(self) -> float:
        """In GiB; 0 where the system does not tell."""
        return self.kib / 1024**2

    def _watch(self) -> None:
        while True:
            self.kib = max(self.kib, sum(map(_pss_kib, family(os.getpid()))))
            if self._over.wait(self._every_s):
                return

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()


def family(pid: int) -> Iterator[int]:
    """A process and its descendants, in whichever sessions they are."""
    yield pid
    with suppress(OSError):  # it ends meanwhile
        for task in (PROC / str(pid) / "task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def _pss_kib(pid: int) -> int:
    with suppress(OSError):
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
