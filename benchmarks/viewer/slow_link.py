"""A slow line in front of a server: one rate for all connections together, and a delay.

Under the browser's own HTTP, so that it holds for pages and for workers, for us and for peers.
"""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from benchmarks.imaging.peers import free_port

CHUNK = 16 * 1024


class _Line:
    """What comes from the server shares one rate; each direction takes half of the round trip."""

    def __init__(self, target: int, mbit_s: float, round_trip_ms: float) -> None:
        self.target, self.delay_s = target, round_trip_ms / 2000
        self.bytes_s = mbit_s * 1e6 / 8
        self.free_at = 0.0

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        try:
            with suppress(asyncio.CancelledError):  # the line ends with its benchmark
                await asyncio.gather(
                    self._carry(reader, back, is_shaped=False),
                    self._carry(there, writer, is_shaped=True),
                )
        finally:
            for each in (writer, back):
                each.transport.abort()

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_shaped: bool
    ) -> None:
        """Bytes leave in order, each after its turn on the line and the delay."""
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(64)

        async def deliver() -> None:
            while True:
                due, data = await queue.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not data:
                    break
                sink.write(data)
                await sink.drain()
            sink.close()

        delivering = asyncio.create_task(deliver())
        try:
            while data := await source.read(CHUNK):
                sent = loop.time()
                if is_shaped:
                    self.free_at = max(self.free_at, sent) + len(data) / self.bytes_s
                    sent = self.free_at
                    await asyncio.sleep(max(0.0, sent - loop.time()))
                await queue.put((sent + self.delay_s, data))
        except OSError:
            pass
        await queue.put((0.0, b""))
        await asyncio.gather(delivering, return_exceptions=True)


@contextmanager
def slow_link(target: int, *, mbit_s: float, round_trip_ms: float) -> Iterator[int]:
    """The port of a line to the server at `target` (megabits a second, milliseconds)."""
    port, loop = free_port(), asyncio.new_event_loop()
    line = _Line(target, mbit_s, round_trip_ms)
    ready = threading.Event()

    servers: list[asyncio.Server] = []

    async def serve() -> None:
        servers.append(await asyncio.start_server(line.accept, "127.0.0.1", port))
        ready.set()

    def run() -> None:
        asyncio.set_event_loop(loop)
        serving = loop.create_task(serve())
        loop.run_forever()
        serving.cancel()
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(_end(servers), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)


async def _end(servers: list[asyncio.Server]) -> None:
    """Take no more connections, and end every one that is still open."""
    for each in servers:
        each.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
