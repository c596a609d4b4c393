"""The broker of the embedded platform: kombu's file-system transport, with files that appear whole.

kombu creates a message's file first and fills it then. A worker that looks in between takes an
empty message and dies of it (seen twice in some forty starts on a busy machine). Here every file
is written under another name and renamed, and the tables of queues change under one lock.
"""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic_ns
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.transport.filesystem import exchange_queue_t
from kombu.utils.json import dumps, loads

SCHEME = "disk"


def write_whole(path: Path, text: str) -> None:
    """Write a file that others see whole or not at all."""
    part = path.with_name(f".{uuid.uuid4().hex}")
    part.write_text(text)
    part.replace(path)


class Channel(filesystem.Channel):
    """A channel whose messages and tables of queues appear by renaming."""

    def _put(self, queue: Any, payload: Any, **_: Any) -> None:  # type: ignore[override]
        name = f"{monotonic_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        write_whole(Path(self.data_folder_out) / name, dumps(payload))

    def get_table(self, exchange: str) -> list[exchange_queue_t]:
        """The queues that are bound to an exchange."""
        try:
            rows = loads(self._exchange_file(exchange).read_text())
        except FileNotFoundError:
            return []
        return [exchange_queue_t(*row) for row in rows]

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        bound = exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._tables_locked():
            table = self.get_table(exchange)
            if bound not in table:
                write_whole(self._exchange_file(exchange), dumps([bound, *table]))

    def _delete(
        self, queue: str, exchange: str, routing_key: str, pattern: str, *_args: Any, **_: Any
    ) -> None:
        self._purge(queue)
        bound = exchange_queue_t(routing_key or "", pattern or "", queue or "")
        with self._tables_locked():
            table = self.get_table(exchange)
            if bound in table:
                kept = [each for each in table if each != bound]
                write_whole(self._exchange_file(exchange), dumps(kept))

    @contextmanager
    def _tables_locked(self) -> Iterator[None]:
        self.control_folder.mkdir(exist_ok=True)
        descriptor = os.open(self.control_folder / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)  # which unlocks


class Transport(filesystem.Transport):
    """Broker address `disk://localhost/`."""

    Channel = Channel


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"
