"""Many writers at once on one chain of the record. Run as a module.

Usage: python -m tests.faults.write STUDY_ID WRITERS ENTRIES; answers a line of JSON: how many had a
connection before any began, each entry's number, what went wrong, how long an entry took.
"""

import json
import sys
import time
from threading import Barrier, Lock, Thread
from typing import Any
from uuid import UUID

import django

django.setup()

from django.db import connection  # noqa: E402 -- Django must be set up first

from readerstudy.audit import selectors  # noqa: E402
from readerstudy.audit.services import record_view  # noqa: E402


def write(study: UUID, writers: int, entries: int) -> dict[str, Any]:
    """Let all writers begin together, each on a connection of its own."""
    barrier, lock = Barrier(writers, timeout=120), Lock()
    numbers: list[int] = []
    took_ms: list[float] = []
    errors: list[str] = []
    connections: set[int] = set()

    def work(writer: int) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                row = cursor.fetchone()
            with lock:
                connections.add(row[0])
            barrier.wait()
            for number in range(entries):
                began = time.perf_counter()
                entry = record_view("test.view", subject=f"x:{number}", by=None, study=study)
                with lock:
                    numbers.append(entry.number)
                    took_ms.append(1000 * (time.perf_counter() - began))
        except Exception as error:  # noqa: BLE001 -- whatever it was is the answer
            with lock:
                errors.append(repr(error))
        finally:
            connection.close()

    threads = [Thread(target=work, args=(writer,)) for writer in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(180)
    return {
        "connections": len(connections),
        "numbers": numbers,
        "errors": errors[:3],
        "breaks": [each.words for each in selectors.verify(study)],
        "p95_ms": round(sorted(took_ms)[int(0.95 * len(took_ms))]) if took_ms else None,
    }


if __name__ == "__main__":
    print(json.dumps(write(UUID(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))  # noqa: T201
