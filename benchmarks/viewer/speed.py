"""The reading room beside OHIF and beside the raw fetch of the same bytes, in one run.

    python -m benchmarks.viewer.speed [--rounds 3] [--slow-rounds 1] [--steps 60]

A real server on a platform of its own with four series of 160 slices (84 MB), read in a real
browser: the room; OHIF as published on npm, on Orthanc and on our own DICOMweb; the same packs
fetched and dropped; Cornerstone's bare stack viewports. Each visit is a fresh browser context.
Compare the rows of one run only: they share the machine's state. docs/performance-viewer.md.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benchmarks.imaging import peers as servers
from benchmarks.viewer import ohif, peers, reading
from benchmarks.viewer.slow_link import slow_link
from scripts.launcher.tools import CHROMIUM_FLAGS, find_chromium

SLICES, FRAME = 160, 256
IMAGES = SLICES * reading.SERIES
CASES, NEXT = 5, 4  # a case for training among them
MBIT_S, ROUND_TRIP_MS = 100, 20
Rows = dict[str, list[float]]


def environment(folder: Path, wanted: dict[str, tuple[int, int, int, int]]) -> dict[str, str]:
    """Of a platform of its own; `wanted`: cases, readers, slices, pixels a side, by study."""
    return os.environ | {
        "READERSTUDY_VAR": str(folder / "var"), "BENCH_SOURCE": str(folder / "source"),
        "BENCH_WANTED": json.dumps(wanted), "PYTHONPATH": str(servers.ROOT), "LOG_LEVEL": "ERROR",
    }  # fmt: skip


def prepared(env: dict[str, str]) -> dict[str, Any]:
    """Make the platform; answers what `prepare` prints."""
    python = str(servers.ROOT / ".venv" / "bin" / "python")

    def manage(*arguments: str) -> str:
        command = [python, "manage.py", *arguments]
        done = subprocess.run(command, cwd=servers.ROOT, env=env, capture_output=True, text=True)  # noqa: PLW1510
        if done.returncode:
            raise SystemExit(done.stderr[-2000:])
        return done.stdout

    manage("migrate", "--no-input", "-v0")
    manage("collectstatic", "--no-input", "-v0")
    told = manage("shell", "-v0", "-c", "import benchmarks.viewer.prepare")
    found: dict[str, Any] = json.loads(told.strip().splitlines()[-1])
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's, as the browser tests start it."""
    path = os.environ.get("CHROMIUM") or find_chromium()
    with (
        sync_playwright() as driver,
        driver.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS)) as browser,
    ):
        yield browser


def visit(
    browser: Browser, base: str, told: dict[str, Any], rows: Rows, *, kind: str
) -> reading.Sitting:
    """One cold visit of the room by the next reader, and the raw fetch in the same page."""
    reader = told["readers"].pop()
    with reading.sitting(browser, base, told["study"], reader) as here:
        times, raw = here.ready(), here.raw()
        rows[f"{kind}: room, first picture"].append(times["first"])
        rows[f"{kind}: room, decoded"].append(times["decoded"])
        asked = min(times["opening"], times["asked"])  # the case, or its images
        rows[f"{kind}: room, decoded, from asking for the case or its images"].append(
            times["decoded"] - asked
        )
        rows[f"{kind}: room, decoded, from asking for its packs"].append(
            times["decoded"] - times["asked"]
        )
        rows[f"{kind}: raw fetch of the same {raw['bytes'] / 1e6:.0f} MB"].append(raw["ms"])
        rows["code before the first picture: room, kB"].append(
            here.page.evaluate(reading.CODE, times["first"]) + here.codec_kb
        )
        compressed = sum("=jpeg-ls" in each for each in here.packs)
        rows[f"{kind}: room, packs of {reading.SERIES} that came compressed"].append(compressed)
    return here


def peer(browser: Browser, port: int, uid: str, rows: Rows, *, kind: str) -> None:
    """One cold visit of OHIF."""
    seen = ohif.opened(browser, f"http://127.0.0.1:{port}", uid, IMAGES)
    rows[f"{kind}, first picture"].append(seen.first)
    rows[f"{kind}, decoded"].append(seen.decoded)
    rows["code before the first picture: OHIF, kB"].append(seen.code_kb)


def scrolling(
    browser: Browser, base: str, bare: str, told: dict[str, Any], rows: Rows, steps: int
) -> None:
    """Steps a second through loaded series: the room in both its ways, and bare viewports."""
    with reading.sitting(browser, base, told["study"], told["readers"].pop()) as here:
        here.ready()
        here.prefetched(reading.SERIES)
        packet, boxes = here.packet(), here.page.evaluate(reading.BOXES)
        found = here.scrolled(steps)
        rows["steps a second: four panes, proposals drawn"].append(found["with"])
        rows["steps a second: four panes, nothing drawn"].append(found["without"])
    page = browser.new_context(viewport=reading.SIZE).new_page()
    page.goto(bare)
    order = {role: at for at, role in enumerate(("t1c", "flair", "t2", "t1"))}
    series = sorted(packet["series"], key=lambda each: order[each["role"]])
    page.evaluate(
        "([series, token, boxes]) => bare.show(series, token, boxes)",
        [series, packet["token"], boxes],
    )
    rows["steps a second: four bare stack viewports"].append(
        median(page.evaluate("(steps) => bare.scroll(steps)", steps) for _ in range(2))
    )
    page.context.close()


def following(browser: Browser, base: str, told: dict[str, Any], rows: Rows) -> None:
    """Cases one after the other: those whose images were fetched while the one before was read."""
    with reading.sitting(browser, base, told["study"], told["readers"].pop()) as here:
        here.ready()
        for number in range(2, NEXT + 1):
            here.sign()
            times = here.ready(number)
            if number > 2:  # after training there is nothing to fetch ahead
                rows["next case, fetched ahead: from asking, first picture"].append(
                    times["first"] - times["opening"]
                )
                rows["next case, fetched ahead: from the answer, all panes"].append(
                    times["ready"] - times["packet"]
                )
            here.prefetched(reading.SERIES * (number + 1))


def measure(folder: Path, chosen: argparse.Namespace, rows: Rows) -> None:
    """Everything, in rounds: what is compared takes turns."""
    readers = 2 * (chosen.rounds + chosen.slow_rounds + chosen.scrolls + 2)
    env = environment(folder, {"speed": (CASES, readers, SLICES, FRAME)})
    cache = Path(os.environ.get("READERSTUDY_CACHE", servers.ROOT / "var" / "cache"))
    dist, bare = peers.ohif(cache), peers.bare(folder / "bare")
    told = prepared(env)["speed"]
    with servers.orthanc(folder) as orthanc, servers.ours(env) as ours, chromium() as browser:
        sources = {
            "OHIF on our DICOMweb": peers.Source(
                ours.port, f"/dicomweb/collections/{told['collection']}/", f"Bearer {told['key']}"
            )
        }
        uids = {"OHIF on our DICOMweb": told["study_uid"]}
        if orthanc:
            sources["OHIF on Orthanc"] = peers.Source(orthanc.port, "/dicom-web/")
            uids["OHIF on Orthanc"] = peers.send_to_orthanc(
                orthanc.port, folder / "source" / "speed"
            )
        base = f"http://127.0.0.1:{ours.port}"
        with peers.front(folder / "nginx", dist, sources, bare, ours.port) as ports:
            for _ in range(chosen.rounds):
                for name, uid in uids.items():
                    peer(browser, ports[name], uid, rows, kind=name)
                visit(browser, base, told, rows, kind="local")
            for _ in range(chosen.slow_rounds):
                slowly(browser, ours.port, ports, uids, told, rows)
            for _ in range(chosen.scrolls):
                address = f"http://127.0.0.1:{ports['bare']}/"
                scrolling(browser, base, address, told, rows, chosen.steps)
            following(browser, base, told, rows)


def slowly(
    browser: Browser,
    ours: int,
    ports: dict[str, int],
    uids: dict[str, str],
    told: dict[str, Any],
    rows: Rows,
) -> None:
    """The same on a slow line, each alone on it."""
    line = {"mbit_s": MBIT_S, "round_trip_ms": ROUND_TRIP_MS}
    name = "OHIF on Orthanc" if "OHIF on Orthanc" in uids else "OHIF on our DICOMweb"
    with slow_link(ports[name], **line) as port:
        peer(browser, port, uids[name], rows, kind=f"{MBIT_S} Mbit/s: {name}")
    with slow_link(ours, **line) as port:
        visit(browser, f"http://127.0.0.1:{port}", told, rows, kind=f"{MBIT_S} Mbit/s")


def main() -> None:
    """Measure; print medians, ranges and the machine's load."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--slow-rounds", type=int, default=1)
    parser.add_argument("--scrolls", type=int, default=1)
    parser.add_argument("--steps", type=int, default=60)
    chosen = parser.parse_args()
    before = os.getloadavg()
    rows: Rows = defaultdict(list)
    try:
        with tempfile.TemporaryDirectory() as name:
            measure(Path(name), chosen, rows)
    finally:  # what was measured before something failed is told, too
        for what, values in rows.items():
            print(f"{what:60} {median(values):10.1f}   ({min(values):.1f} to {max(values):.1f})")
        print(f"load average before {before[0]:.1f}, after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
