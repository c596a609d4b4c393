"""Images sent to us and to Orthanc: by STOW-RS and by C-STORE, files a CPU second of the server."""

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.imaging import peers
from benchmarks.imaging.measuring import Request, measure

BOUNDARY = "boundary-of-the-benchmark"
MULTIPART = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
TOGETHER = 25


def body(files: Sequence[Path]) -> bytes:
    """Files as one request's body."""
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    parts = b"".join(head + each.read_bytes() + b"\r\n" for each in files)
    return parts + f"--{BOUNDARY}--\r\n".encode()


def stow(
    told: dict[str, Any],
    run: Callable[..., Any],
    us: peers.Server,
    them: peers.Server | None,
    source: Path,
) -> None:
    """A file a request, as many scanners send them, from one client and from eight; then 25."""
    files = sorted(source.iterdir())
    _warm_up(told, us, them, files[0])
    # Each run sends what was not there before: Orthanc keeps one copy, emptied in between.
    for name, together, clients in (("one", 1, 1), ("eight", 1, 8), ("many", TOGETHER, 1)):
        groups = [files[at : at + together] for at in range(0, len(files), together)]
        words = f"STOW-RS, {together} a request, {clients} clients"
        here = f"/dicomweb/collections/{told['collections'][name]}/studies"
        key = {"Authorization": f"Bearer {told['senders'][name]}", "Content-Type": MULTIPART}
        sent = [Request(here, key, body(each), counts=len(each)) for each in groups]
        run(f"{words}: ours, de-identified", us, sent, clients)
        if them:
            kind = {"Content-Type": MULTIPART}
            there = [Request("/dicom-web/studies", kind, each.body, counts=each.counts)
                     for each in sent]  # fmt: skip
            run(f"{words}: Orthanc, as it came", them, there, clients)
            peers.empty(them)


def _warm_up(told: dict[str, Any], us: peers.Server, them: peers.Server | None, file: Path) -> None:
    """A file before: ours starts its sandbox with the first one, which is no part of a file."""
    place = f"/dicomweb/collections/{told['collections']['warm']}/studies"
    key = {"Authorization": f"Bearer {told['senders']['warm']}", "Content-Type": MULTIPART}
    measure("(one before)", us, [Request(place, key, body([file]))], 1, 0)
    if them:
        there = Request("/dicom-web/studies", {"Content-Type": MULTIPART}, body([file]))
        measure("(one before, to Orthanc)", them, [there], 1, 0)
        peers.empty(them)


def c_store(us: peers.Server, them: peers.Server | None, source: Path) -> None:
    """All files in one association, sent by dcmtk's `dcmsend`; one goes before, to warm up."""
    if shutil.which("dcmsend") is None:
        print("C-STORE: dcmsend is not installed")
        return
    files = sorted(source.iterdir())
    for name, server in (("ours, de-identified", us), ("Orthanc, as it came", them)):
        if server is None:
            continue
        command = ["dcmsend", "-aet", "BENCH", "-aec", "READERSTUDY", "127.0.0.1",
                   str(server.dicom_port)]  # fmt: skip
        subprocess.run([*command, str(files[0])], check=True, capture_output=True)
        command += ["--scan-directories", str(source)]
        start, cpu = time.perf_counter(), server.cpu_seconds()
        subprocess.run(command, check=True, capture_output=True)
        wall, used = time.perf_counter() - start, max(server.cpu_seconds() - cpu, 0.01)
        print(f"C-STORE, one association: {name:30s} per_cpu {len(files) / used:9.1f} "
              f"per_wall {len(files) / wall:9.1f}", flush=True)  # fmt: skip
