"""What a server takes: batches of events a second, signatures, bytes an event; nothing lost.

    python -m benchmarks.reads.load --database postgresql://postgres@127.0.0.1/postgres
    ... --readers 500 --seconds 600       the target's load: 100 batches of 20 events a second

A real server (granian, two workers) on a database of its own. Batches leave on a schedule, and a
latency counts from the scheduled instant, so that a server that stalls cannot hide it. The peer,
in the same run: the same rows, inserted and committed by psycopg into a bare table.
"""

import argparse
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
import psycopg

from readerstudy.reads import packing

ROOT = Path(__file__).resolve().parents[2]
BATCH, EVERY_S, CSRF = 20, 5.0, "c" * 32
RNG = np.random.default_rng(2026)
TARGET = {"batch_p95_ms": 100, "submit_p95_ms": 150, "bytes_an_event": 150}
PASSWORD = "seven grey geese 7"
MEANING = "I am the reader named here, and these marks, ratings and answers are my own findings."


@dataclass
class Reader:
    """One browser: its session, its open read, what it sent and what was acknowledged."""

    session: str
    read: str
    tab: str
    fence: int
    series: str
    seq: int = 0
    mono_ms: float = 0.0
    acknowledged: set[str] = field(default_factory=set)
    connection: http.client.HTTPConnection | None = None

    def event(self, kind: str, **payload: Any) -> dict[str, Any]:
        """The next thing that happens."""
        self.seq += 1
        self.mono_ms += float(RNG.uniform(20, 400))
        return {
            "event_id": str(uuid4()), "seq": self.seq, "kind": kind, "mono_ms": self.mono_ms,
            "wall_ms": 1_790_000_000_000 + int(self.mono_ms), "payload": payload,
        }  # fmt: skip

    def batch(self) -> list[dict[str, Any]]:
        """Some seconds of reading: mostly gestures, at times a mark with its rating."""
        if self.seq == 0:
            return [self.event("load_start"), self.event("first_render")]
        made: list[dict[str, Any]] = []
        while len(made) < BATCH:
            if RNG.random() < 0.02 and len(made) < BATCH - 1:
                mark = str(uuid4())
                place = {"position_mm": [1.0, 2.0, 0.5], "series": self.series}
                made.append(self.event("mark_put", mark_id=mark, **place))
                made.append(
                    self.event("mark_rated", mark_id=mark, rating=int(RNG.integers(0, 101)))
                )
            else:
                made.append(self.event("scroll", pane=0, slice=int(RNG.integers(0, 191)), steps=3))
        return made

    def post(self, port: int, path: str, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
        """One request, on a connection that is kept."""
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        named = {
            "Content-Type": "application/json", "X-CSRFToken": CSRF,
            "Cookie": f"session={self.session}; csrf={CSRF}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }  # fmt: skip
        self.connection.request("POST", f"/api/reads/{self.read}/{path}", json.dumps(body), named)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")

    def send(self, port: int) -> int:
        """One batch; answers the status."""
        body = {"tab": self.tab, "fence": self.fence, "events": self.batch()}
        status, answer = self.post(port, "events", body)
        self.acknowledged |= set(answer.get("acknowledged", []))
        return status

    def sign(self, port: int) -> int:
        """Complete the read and sign it; answers the status of the signature."""
        self.connection = None  # the server has closed an idle one
        mark = str(uuid4())
        place = {"position_mm": [1.0, 2.0, 0.5], "series": self.series}
        events = [
            self.event("mark_put", mark_id=mark, **place),
            self.event("mark_rated", mark_id=mark, rating=80),
            self.event("answer_set", key="likelihood", value=70),
            self.event("answer_set", key="management", value="treat"),
        ]
        self.post(port, "events", {"tab": self.tab, "fence": self.fence, "events": events})
        body = {
            "tab": self.tab, "fence": self.fence, "last_seq": self.seq, "password": PASSWORD,
            "meaning": MEANING,
        }  # fmt: skip
        began = time.perf_counter()
        status, _ = self.post(port, "submit", body, Idempotency_Key=str(uuid4()))
        self.mono_ms = (time.perf_counter() - began) * 1000
        return status


def drive(readers: list[Reader], port: int, seconds: float) -> tuple[list[float], list[int]]:
    """Every reader sends every five seconds; latencies in milliseconds, statuses."""
    late: list[float] = []
    statuses: list[int] = []
    begin = time.perf_counter() + 0.5

    def one(number: int, reader: Reader) -> None:
        at = begin + EVERY_S * number / len(readers)
        while at < begin + seconds:
            time.sleep(max(0.0, at - time.perf_counter()))
            statuses.append(reader.send(port))
            late.append((time.perf_counter() - at) * 1000)
            at += EVERY_S

    threads = [threading.Thread(target=one, args=each) for each in enumerate(readers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return late, statuses


@contextmanager
def database(url: str) -> Iterator[str]:
    """A database of its own, dropped at the end."""
    name = f"benchmark_reads_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{url.rsplit('/', 1)[0]}/{name}"
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def server(environment: dict[str, str]) -> Iterator[int]:
    """The platform on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        str(Path(sys.executable).with_name("granian")), "--interface", "wsgi", "--no-log",
        "--host", "127.0.0.1", "--port", str(port), "--workers", "2", "--blocking-threads", "4",
        "readerstudy.wsgi:application",
    ]  # fmt: skip
    running = subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait()


def bare_commit_ms(url: str, times: int = 200) -> float:
    """The peer: p95 of inserting twenty such rows into a bare table and committing them."""
    took = []
    rows = [(str(uuid4()), number, "scroll", '{"slice": 84}') for number in range(BATCH)]
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bare (id uuid, seq int, kind text, payload jsonb)")
        connection.commit()
        for _ in range(times):
            began = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.executemany("INSERT INTO bare VALUES (%s, %s, %s, %s)", rows)
            connection.commit()
            took.append((time.perf_counter() - began) * 1000)
    return float(np.percentile(took, 95))


def stored(url: str) -> tuple[set[str], int, dict[str, int]]:
    """Ids of the stored events, how many rows, and the bytes of the table and of each index."""
    with psycopg.connect(url) as connection:
        keys = connection.execute("SELECT keys FROM reads_batch").fetchall()
        ids = [str(each) for (row,) in keys for each in packing.ids(bytes(row))]
        sizes: dict[str, int] = dict(
            connection.execute(
                "SELECT c.relname, pg_relation_size(c.oid) FROM pg_class c"
                " WHERE c.oid = 'reads_batch'::regclass OR c.oid IN"
                " (SELECT indexrelid FROM pg_index WHERE indrelid = 'reads_batch'::regclass)"
            ).fetchall()
        )
    return set(ids), len(ids), sizes


def main() -> None:
    """Prepare, drive, sign, count, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", default="postgresql://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=30)
    given = parser.parse_args()
    with database(given.database) as url, tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "DATABASE_URL": url, "READERSTUDY_VAR": folder, "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
        }  # fmt: skip
        made = subprocess.run(
            [sys.executable, "-m", "benchmarks.reads.prepare", str(given.readers)],
            cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        readers = [Reader(**json.loads(line)) for line in made.stdout.splitlines()]
        with server(environment) as port:
            began = time.perf_counter()
            late, statuses = drive(readers, port, given.seconds)
            took = time.perf_counter() - began
            signed = [reader.sign(port) for reader in readers]
        ids, rows, sizes = stored(url)
        acknowledged = set[str]().union(*(reader.acknowledged for reader in readers))
        answer = {
            "readers": given.readers,
            "offered_batches_a_second": round(len(late) / given.seconds, 1),
            "answered_batches_a_second": round(len(late) / took, 1),
            "refused": sum(status != 200 for status in statuses),
            "batch_ms": {q: round(float(np.percentile(late, q)), 1) for q in (50, 95, 99)},
            "bare_commit_p95_ms": round(bare_commit_ms(url), 2),
            "acknowledged": len(acknowledged),
            "lost": len(acknowledged - ids),
            "double": rows - len(ids),
            "signed": signed.count(200),
            "submit_p95_ms": round(float(np.percentile([r.mono_ms for r in readers], 95)), 1),
            "bytes_an_event": round(sum(sizes.values()) / rows, 1),
            "bytes_by_part": {name: round(size / rows, 1) for name, size in sizes.items()},
            "load_average": os.getloadavg(),
            "target": TARGET,
        }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
