"""A PostgreSQL server of a test's own, which may be killed."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

STARTS_WITHIN_S = 180.0
# Debian keeps the servers' programs off the PATH.
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [Path(shutil.which("initdb") or "")]
ACCOUNT = "postgres"  # initdb refuses to run as root


def is_installed() -> bool:
    """Whether a server can be made here."""
    return (PROGRAMS[-1] / "initdb").exists()


def _as_owner(*command: str) -> list[str]:
    return ["runuser", "-u", ACCOUNT, "--", *command] if os.geteuid() == 0 else list(command)


@dataclass
class PrivatePostgres:
    """One cluster in an empty folder, which its account must reach, on a port of its own."""

    folder: Path
    port: int = 0
    max_connections: int = 100
    wal_mebibytes: int = 1024  # what it may take for its log before a checkpoint

    @property
    def url(self) -> str:
        """Of its only database."""
        return f"postgresql://{ACCOUNT}@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        """Create the cluster and start it."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, ACCOUNT)
        initdb = str(PROGRAMS[-1] / "initdb")
        options = ["--auth=trust", f"--username={ACCOUNT}", "--encoding=UTF8", "--no-sync",
                   "--wal-segsize=1"]  # fmt: skip
        subprocess.run(
            _as_owner(initdb, *options, "-D", str(self.folder)),
            check=True, capture_output=True, cwd="/",
        )  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        """Start the server and wait until it has recovered and answers."""
        options = (
            f"-p {self.port} -h 127.0.0.1 -k {self.folder} -N {self.max_connections}"
            f" -c max_wal_size={self.wal_mebibytes}MB -c min_wal_size=2MB"
        )
        end = time.monotonic() + STARTS_WITHIN_S
        while True:  # a killed server's last children may hold its memory for a moment
            done = subprocess.run(
                _as_owner(
                    str(PROGRAMS[-1] / "pg_ctl"), "-D", str(self.folder), "-o", options,
                    "-l", str(self.folder / "log"), "-w", "start",
                ),
                check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
            )  # fmt: skip
            if done.returncode == 0:
                return
            assert time.monotonic() < end, (self.folder / "log").read_text()[-2000:]
            time.sleep(0.1)

    def mend(self) -> None:
        """Start it where it has ended by itself, as it does when its log cannot be written."""
        if not self._is_up():
            (self.folder / "postmaster.pid").unlink(missing_ok=True)
            self.start()

    def _is_up(self) -> bool:
        ready = [str(PROGRAMS[-1] / "pg_ctl"), "-D", str(self.folder), "status"]
        done = subprocess.run(_as_owner(*ready), check=False, capture_output=True, cwd="/")
        return done.returncode == 0

    def kill(self) -> None:
        """Kill the server and every process of it, as by `kill -9` or a lost power supply."""
        postmaster = int((self.folder / "postmaster.pid").read_text().split()[0])
        for process in (postmaster, *_children(postmaster)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def settings(self) -> dict[str, str]:
        """The settings on which an acknowledged commit depends, as the platform's role has them."""
        names = ("fsync", "full_page_writes", "synchronous_commit")
        with psycopg.connect(self.url) as connection:
            found = {name: connection.execute(f"SHOW {name}").fetchone() for name in names}
        return {name: row[0] for name, row in found.items() if row}


def _children(parent: int) -> list[int]:
    """The processes that name it as their parent (proc(5), fourth field of stat)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(stat.parent.name))
    return found
