"""The servers that are compared: ours (granian, one process), Orthanc, nginx; their CPU time."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.launcher.tools import NGINX_JS

ROOT = Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
PROXY = {"X_ACCEL_PREFIX": "/protected/", "PROXY_KEY": "of the benchmark"}  # as compose sets it


@dataclass(frozen=True)
class Server:
    """A running server; behind a proxy, with that one's CPU time."""

    port: int
    pid: int
    dicom_port: int = 0
    other_pid: int = 0

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
        total, left = 0.0, [pid for pid in (self.pid, self.other_pid) if pid]
        while left:
            pid = left.pop()
            total += used.get(pid, 0.0)
            left += parents.get(pid, [])
        return total


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int, path: str) -> bool:
    """Whether a server answers a request, or, without a path, takes a connection."""
    try:
        if path:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5).close()
        else:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@contextmanager
def running(
    command: list[str], port: int, path: str, env: dict[str, str], dicom_port: int = 0
) -> Iterator[Server]:
    """Start a server, wait for its first answer, end it."""
    process = subprocess.Popen(
        command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            if _answers(port, path):
                break
            time.sleep(0.1)
        yield Server(port, process.pid, dicom_port)
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
    port, dicom_port = free_port(), free_port()
    config = folder / "orthanc.json"
    config.write_text(
        json.dumps(
            {
                "StorageDirectory": str(folder / "orthanc"),
                "IndexDirectory": str(folder / "orthanc"),
                "HttpPort": port,
                "DicomServerEnabled": True,
                "DicomPort": dicom_port,
                "DicomAlwaysAllowStore": True,
                "AuthenticationEnabled": False,
                "RemoteAccessAllowed": False,
                "Plugins": [str(plugin)],
                "DicomWeb": {"Enable": True},
            }
        )
    )
    command, env = ["Orthanc", str(config)], dict(os.environ)
    with running(command, port, "/system", env, dicom_port) as server:
        yield server


def empty(orthanc_server: Server) -> None:
    """Let Orthanc forget all it has."""
    base = f"http://127.0.0.1:{orthanc_server.port}/studies"
    with urllib.request.urlopen(base) as answer:
        studies = json.load(answer)
    for each in studies:
        urllib.request.urlopen(urllib.request.Request(f"{base}/{each}", method="DELETE")).close()


@contextmanager
def receiver(env: dict[str, str]) -> Iterator[Server]:
    """Our C-STORE receiver."""
    port = free_port()
    command = [
        str(ROOT / ".venv/bin/python"), "manage.py", "dicom_receiver", "--port", str(port),
    ]  # fmt: skip
    with running(command, port, "", env, port) as server:
        yield server


@contextmanager
def proxied(env: dict[str, str], folder: Path) -> Iterator[Server | None]:
    """Ours behind nginx with the locations of docs/nginx.conf; None where it is not installed."""
    if shutil.which("nginx") is None or not NGINX_JS.exists():
        yield None
        return
    port, store = free_port(), Path(env["READERSTUDY_VAR"]) / "store"
    with ours(env | PROXY) as behind:
        command = proxy(folder, port, behind.port, store)
        with running(command, port, "/sign-in/", dict(os.environ)) as server:
            yield Server(port, server.pid, other_pid=behind.pid)


def proxy(folder: Path, port: int, behind: int, store: Path) -> list[str]:
    """The command that starts nginx with docs/nginx.conf, without TLS, in front of a port."""
    config = folder / "proxy.conf"
    config.write_text(
        f"load_module {NGINX_JS};\n"
        f"daemon off; master_process off; pid {folder}/proxy.pid; error_log stderr crit;\n"
        "events {}\n"
        "http { access_log off; sendfile on; keepalive_requests 1000000;\n"
        f"client_body_temp_path {folder}/f; proxy_temp_path {folder}/g;\n"
        f"fastcgi_temp_path {folder}/h; uwsgi_temp_path {folder}/i;\n"
        f"scgi_temp_path {folder}/j;\n"
        f"{_production(port, behind, store)} }}\n"
    )
    return ["nginx", "-c", str(config)]


def _production(port: int, behind: int, store: Path) -> str:
    text = (ROOT / "docs/nginx.conf").read_text()
    text = re.sub(r"(?m)^ *(ssl_|http2 ).*\n", "", text)
    for old, new in (
        ("web:8000", f"127.0.0.1:{behind}"), ("listen 443 ssl", f"listen 127.0.0.1:{port}"),
        ("/var/lib/readerstudy/store", str(store)), ("Proto https", "Proto http"),
        ("/etc/nginx/frames.js", str(ROOT / "docs/nginx-frames.js")),
        ("${PROXY_KEY}", PROXY["PROXY_KEY"]),
    ):  # fmt: skip
        text = text.replace(old, new)
    return text


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
