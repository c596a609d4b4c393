"""How long it takes to derive active times from raw events, and in how much memory.

    python -m benchmarks.reads.times                    1,000 reads of 200 events
    python -m benchmarks.reads.times --reads 100000     the target: 20 million events in 2 minutes

As a freeze does it, one read at a time, from batches of 20 events as they are stored (packed), but
without the database that hands them over. The peer, in the same run: unpacking the same batches
and adding up the differences of their clocks.
"""

import argparse
import itertools
import json
import os
import resource
import time
from collections.abc import Iterator

import numpy as np

from readerstudy.reads.packing import body_of, clocks_of
from readerstudy.reads.timing import TimedEvent, derive

KINDS = ("scroll", "scroll", "scroll", "window", "mark_put", "mark_rated", "hidden", "visible")
EVENTS, BATCH, TARGET_S, TARGET_EVENTS = 200, 20, 120.0, 20_000_000


def stored(rng: np.random.Generator) -> list[bytes]:
    """One read's packed batches: gestures, some marks, a hidden spell now and then."""
    mono = np.cumsum(rng.exponential(600, EVENTS))
    kinds = ["first_render", *(KINDS[each] for each in rng.integers(0, len(KINDS), EVENTS - 1))]
    events = [
        {
            "kind": kind,
            "mono_ms": float(at),
            "wall_ms": 1_790_000_000_000 + int(at),
            "payload": {"pane": 0, "slice": int(at) % 176},
        }
        for kind, at in zip(kinds, mono, strict=True)
    ]
    return [body_of(events[at : at + BATCH]) for at in range(0, EVENTS, BATCH)]


def many(reads: int) -> Iterator[list[TimedEvent]]:
    """Reads, one in memory at a time; a thousand different ones in turn, unpacked each time."""
    rng = np.random.default_rng(2026)
    some = [stored(rng) for _ in range(min(reads, 1000))]
    for number in range(reads):
        clocks = itertools.chain.from_iterable(map(clocks_of, some[number % len(some)]))
        yield [TimedEvent("t", seq, *each, 1) for seq, each in enumerate(clocks, start=1)]


def main() -> None:
    """Derive, and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reads", type=int, default=1000)
    given = parser.parse_args()
    began, events, active = time.process_time(), 0, 0
    for each in many(given.reads):
        events += len(each)
        active += derive(each, idle_limit_ms=60_000).active_ms
    took = time.process_time() - began
    began, total = time.process_time(), 0.0
    for each in many(given.reads):
        for before, after in itertools.pairwise(each):
            total += after.mono_ms - before.mono_ms
    peer = time.process_time() - began
    answer = {
        "reads": given.reads,
        "events": events,
        "cpu_s": round(took, 2),
        "events_a_second": round(events / took),
        "ratio_to_adding_up": round(took / peer, 1),
        "cpu_s_for_20_million": round(took / events * TARGET_EVENTS, 1),
        "target_s": TARGET_S,
        "active_hours": round(active / 3_600_000),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "load_average": os.getloadavg(),
    }
    print(json.dumps(answer, indent=1))


if __name__ == "__main__":
    main()
