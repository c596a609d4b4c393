"""Measure images in and out beside Orthanc and nginx, in one run on one machine.

    python -m benchmarks.imaging.speed [--slices 160] [--seconds 3] [--only intake]

One client process on the same machine sends with keep-alive; a figure is requests for each second
of the server's own CPU time (user and system, its children too), and for each second of the wall.
Compare rows of one run only.
"""

import argparse
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.imaging import intake, peers, searching
from benchmarks.imaging.measuring import Request, measure


def prepared(env: dict[str, str]) -> dict[str, Any]:
    """A platform with something in it."""
    python = str(peers.ROOT / ".venv/bin/python")
    subprocess.run(
        [python, "manage.py", "migrate", "--no-input", "-v0"], cwd=peers.ROOT, env=env, check=True
    )
    done = subprocess.run(
        [python, "manage.py", "shell", "-v0", "-c", "import benchmarks.imaging.prepare"],
        cwd=peers.ROOT, env=env, check=True, capture_output=True, text=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def outgoing(
    told: dict[str, Any],
    run: Callable[..., Any],
    us: peers.Server,
    behind: peers.Server | None,
    them: peers.Server | None,
    static: peers.Server | None,
) -> None:
    """Pixels and metadata."""
    sop, uids = told["sop_uids"], f"studies/{told['study_uid']}/series/{told['series_uid']}"
    base = f"/dicomweb/{told['token']}/{uids}"
    pack = f"/imaging/{told['token']}/series/{told['series']}/pack"
    run("a series in one answer: ours", us, [Request(pack, {}, size=told["pack_bytes"])], 4)
    if behind:
        run("a series in one answer: ours, behind nginx", behind,
            [Request(pack, {}, size=told["pack_bytes"])], 4)  # fmt: skip
    if static:
        whole = Path(told["pack"])
        file = Request(f"/{whole.parent.name}/{whole.name}", {}, size=told["pack_bytes"])
        run("a series in one answer: nginx, a file", static, [file], 4)
    accept = {"Accept": 'multipart/related; type="application/octet-stream"'}
    for clients in (1, 8, 32):
        frames = [
            Request(f"{base}/instances/{each}/frames/1", accept, size=100_000) for each in sop
        ]
        run(f"a frame by WADO-RS, {clients} clients: ours", us, frames, clients)
        if behind:
            run(f"a frame, {clients} clients: ours, behind nginx", behind, frames, clients)
        if them:
            frames = [
                Request(f"/dicom-web/{uids}/instances/{each}/frames/1", accept, size=100_000)
                for each in sop
            ]
            run(f"a frame by WADO-RS, {clients} clients: Orthanc", them, frames, clients)
    json_type = {"Accept": "application/dicom+json"}
    run("metadata of a series: ours", us, [Request(f"{base}/metadata", json_type, size=1000)], 1)
    if behind:
        run("metadata of a series: ours, behind nginx", behind,
            [Request(f"{base}/metadata", json_type, size=1000)], 1)  # fmt: skip
    if them:
        path = f"/dicom-web/{uids}/metadata"
        run("metadata of a series: Orthanc", them, [Request(path, json_type, size=1000)], 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=160)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only", choices=["outgoing", "searching", "intake"])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source"
        env = os.environ | {
            "READERSTUDY_VAR": str(folder / "var"), "BENCH_SOURCE": str(source),
            "BENCH_SLICES": str(asked.slices), "PYTHONPATH": str(peers.ROOT),
            "PROXY_KEY": peers.PROXY["PROXY_KEY"],
            "BENCH_STUDIES": "100 1000 10000" if asked.only in {None, "searching"} else "",
        }  # fmt: skip
        told = prepared(env | peers.PROXY)
        print("command-line import:", told["imported"])

        def run(
            what: str, server: peers.Server, requests: list[Request], clients: int
        ) -> dict[str, float]:
            return measure(what, server, requests, clients, asked.seconds)

        store = Path(str(told["pack"])).parents[1]
        with (
            peers.ours(env) as us,
            peers.proxied(env, folder) as behind,
            peers.orthanc(folder) as them,
            peers.nginx(folder, store) as static,
        ):
            if asked.only in {None, "outgoing"}:
                if them:  # Orthanc holds what we made, to answer for the same UIDs
                    load = [
                        Request("/instances", {}, Path(str(each)).read_bytes())
                        for each in told["files"]
                    ]
                    measure("(Orthanc takes our files)", them, load, 1, 0)
                outgoing(told, run, us, behind, them, static)
            if asked.only in {None, "searching"}:
                searching.searching(told, run, us)
            if asked.only in {None, "intake"}:
                if them:
                    peers.empty(them)
                intake.stow(told, run, us, them, source)
                with peers.receiver(env) as ours:
                    intake.c_store(ours, them, source)


if __name__ == "__main__":
    main()
