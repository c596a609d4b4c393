"""Requests, sent with keep-alive from threads of one client, and what they cost the server."""

import http.client
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.imaging import peers


@dataclass(frozen=True)
class Request:
    """One request; `size` is the least that its answer must have."""

    path: str
    headers: dict[str, str]
    body: bytes | None = None
    size: int = 1
    counts: int = 1  # files in its body


def measure(
    what: str, server: peers.Server, requests: Sequence[Request], clients: int, seconds: float
) -> dict[str, float]:
    """Send for so long, or each request once where it has a body; print and answer the figures."""
    times: list[float] = []
    lock, number = threading.Lock(), iter(range(10**9))
    is_once = requests[0].body is not None
    start, cpu = time.perf_counter(), server.cpu_seconds()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        mine = []
        while True:
            with lock:
                count = next(number)
            late = time.perf_counter() - start > seconds
            if (is_once and count >= len(requests)) or (not is_once and late):
                break
            mine.append(_once(connection, requests[count % len(requests)]))
        with lock:
            times.extend(mine)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    wall, used = time.perf_counter() - start, max(server.cpu_seconds() - cpu, 0.01)
    done = sum(each.counts for each in requests) if is_once else len(times)
    ordered = sorted(times)
    figures = {
        "per_cpu": done / used,
        "per_wall": done / wall,
        "p50_ms": 1000 * statistics.median(ordered),
        "p95_ms": 1000 * ordered[int(0.95 * (len(ordered) - 1))],
    }
    row = " ".join(f"{name} {value:9.1f}" for name, value in figures.items())
    print(f"{what:44s} {row}", flush=True)
    return figures


def _once(connection: http.client.HTTPConnection, request: Request) -> float:
    start = time.perf_counter()
    method = "GET" if request.body is None else "POST"
    connection.request(method, request.path, body=request.body, headers=request.headers)
    answer = connection.getresponse()
    length = 0
    while part := answer.read(1 << 20):
        length += len(part)
    if answer.status != 200 or length < request.size:
        raise RuntimeError(f"{request.path}: {answer.status}, {length} bytes")
    return time.perf_counter() - start
