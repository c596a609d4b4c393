"""Whether the browser's memory stays where it is while a reader reads case after case.

    python -m benchmarks.viewer.memory [--cases 50]

One reader, one page, a real server; cases of four series of 40 slices (8 MB each). After each
case: the page's heap and its array buffers after a collection of garbage, its elements, and what
the page's and the graphics process hold of the machine's memory (textures are in the latter).
From a snapshot of the heap after the first cases and at the end: what the page's own objects hold,
and what V8's compiled code does, which grows for as long as V8 finds something to compile better.
"""

import argparse
import json
import tempfile
from collections import Counter
from pathlib import Path
from statistics import mean
from typing import Any

from playwright.sync_api import Browser, CDPSession

from benchmarks.imaging import peers as servers
from benchmarks.viewer import reading
from benchmarks.viewer.speed import chromium, environment, prepared

SLICES, FRAME = 40, 160
SETTLING = 5  # cases until what is made once is made
# Types of a snapshot's nodes that a page makes itself; `code` and shapes of objects are V8's.
OWN = ("object", "closure", "array", "string", "concatenated string", "sliced string", "number")


def resident_mb(browser: Browser, kind: str) -> float:
    """What the browser's processes of a kind hold that is theirs alone."""
    session = browser.new_browser_cdp_session()
    told = session.send("SystemInfo.getProcessInfo")["processInfo"]
    session.detach()
    total = 0.0
    for process in told:
        if process["type"].lower() == kind:
            status = Path(f"/proc/{process['id']}/status").read_text()
            total += next(int(x.split()[1]) for x in status.splitlines() if "RssAnon" in x) / 1024
    return total


def held(browser: Browser, session: CDPSession) -> dict[str, float]:
    """Megabytes, and elements of the page, after a collection of garbage."""
    session.send("HeapProfiler.collectGarbage")
    heap: dict[str, Any] = session.send("Runtime.getHeapUsage")
    counters = session.send("Memory.getDOMCounters")
    return {
        "heap": heap["usedSize"] / 1e6,
        "buffers": heap.get("backingStorageSize", 0) / 1e6,
        "elements": counters["nodes"],
        "listeners": counters["jsEventListeners"],
        "page": resident_mb(browser, "renderer"),
        "graphics": resident_mb(browser, "gpu"),
    }


def kinds(session: CDPSession) -> dict[str, float]:
    """Kilobytes of the JavaScript heap by what they hold: the page's own objects, compiled code."""
    chunks: list[str] = []

    def add(event: dict[str, Any]) -> None:
        chunks.append(event["chunk"])

    session.on("HeapProfiler.addHeapSnapshotChunk", add)
    session.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    session.remove_listener("HeapProfiler.addHeapSnapshotChunk", add)
    told = json.loads("".join(chunks))
    meta, nodes = told["snapshot"]["meta"], told["nodes"]
    names, width = meta["node_types"][0], len(meta["node_fields"])
    size_at = meta["node_fields"].index("self_size")
    bytes_of: Counter[str] = Counter()
    for at in range(0, len(nodes), width):
        bytes_of[names[nodes[at]]] += nodes[at + size_at]
    return {
        "own objects": sum(bytes_of[each] for each in OWN) / 1000,
        "compiled code": bytes_of["code"] / 1000,
    }


def main() -> None:
    """Read, print a row a case, and how much a case adds in the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=50)
    count = parser.parse_args().cases
    rows: list[dict[str, float]] = []
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        env = environment(folder, {"memory": (count + 2, 4, SLICES, FRAME)})
        told = prepared(env)["memory"]
        with servers.ours(env) as ours, chromium() as browser:
            base = f"http://127.0.0.1:{ours.port}"
            with reading.sitting(browser, base, told["study"], told["readers"][0]) as here:
                session = here.page.context.new_cdp_session(here.page)
                for number in range(1, count + 1):
                    here.ready(number)
                    here.page.evaluate(reading.SCROLL, 4)
                    # After training, and after the last case, there is nothing to fetch ahead.
                    here.prefetched(reading.SERIES * (number if number == 1 else number + 1))
                    rows.append(held(browser, session))
                    words = " ".join(f"{what} {value:8.1f}" for what, value in rows[-1].items())
                    print(f"case {number:3} {words}", flush=True)
                    if number == SETTLING:
                        first = kinds(session)
                    if number == count:
                        last = kinds(session)
                    here.sign()
    for what in rows[0]:
        values = [row[what] for row in rows[SETTLING:]]
        third = max(1, len(values) // 3)
        early, late = mean(values[:third]), mean(values[-third:])
        each = (late - early) / max(1, len(values) - third)
        print(f"{what:10} {early:8.1f} early, {late:8.1f} late: {each:+.3f} a case")
    for what, early in first.items():
        each = (last[what] - early) / max(1, count - SETTLING)
        print(f"{what:13} {early:8.1f} kB early, {last[what]:8.1f} kB late: {each:+.2f} kB a case")


if __name__ == "__main__":
    main()
