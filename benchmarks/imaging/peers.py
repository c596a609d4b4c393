"""The servers that are compared: ours (granian, one process), Orthanc, nginx; their CPU time."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Of the server and all its descendants that still live, user and system."""
        parents: dict[int, list[int]] = {}
        used: dict[int, float] = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    stat = (folder / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                parents.setdefault(int(stat[1]), []).append(int(folder.name))
                used[int(folder.name)] = (int(stat[11]) + int(stat[12])) / TICKS
        total, left = 0.0, [self.pid]
        while left:
            pid = left.pop()
            total += used.get(pid, 0.0)
            left += parents.get(pid, [])
        return total


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, path: str, env: dict[str, str]) -> Iterator[Server]:
    """Start a server, wait for its first answer, end it."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def ours(env: dict[str, str]) -> Iterator[Server]:
    """One granian process with four threads, as the launcher starts it."""
    port = free_port()
    command = [
        str(ROOT / ".venv/bin/granian"), "--interface", "wsgi", "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1", "--blocking-threads", "4", "--no-access-log",
        "--log-level", "warning", "readerstudy.wsgi:application",
    ]  # fmt: skip
    with running(command, port, "/sign-in/", env) as server:
        yield server


@contextmanager
def orthanc(folder: Path) -> Iterator[Server | None]:
    """Orthanc with its DICOMweb plugin and an empty store; None where it is not installed."""
    plugin = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
    if shutil.which("Orthanc") is None or not plugin.exists():
        yield None
        return
    port = free_port()
    config = folder / "orthanc.json"
    config.write_text(
        json.dumps(
            {
                "StorageDirectory": str(folder / "orthanc"),
                "IndexDirectory": str(folder / "orthanc"),
                "HttpPort": port,
                "DicomServerEnabled": False,
                "AuthenticationEnabled": False,
                "RemoteAccessAllowed": False,
                "Plugins": [str(plugin)],
                "DicomWeb": {"Enable": True},
            }
        )
    )
    with running(["Orthanc", str(config)], port, "/system", dict(os.environ)) as server:
        yield server


@contextmanager
def nginx(folder: Path, root: Path) -> Iterator[Server | None]:
    """Nginx with one worker and a folder of files; None where it is not installed."""
    if shutil.which("nginx") is None:
        yield None
        return
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr crit;\n"
        "events {}\n"
        "http { access_log off; sendfile on; keepalive_requests 1000000;\n"
        f"client_body_temp_path {folder}/a; proxy_temp_path {folder}/b;\n"
        f"fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;\n"
        f"server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
    )
    with running(["nginx", "-c", str(config)], port, "/", dict(os.environ)) as server:
        yield server
