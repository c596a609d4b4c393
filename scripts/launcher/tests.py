"""`make test`: every test, with the servers that are there; in CI with all of them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.launcher import tools
from scripts.launcher.progress import say
from scripts.launcher.setup import FRONTEND, PYTHON, ROOT, manage, set_up

# What the tests talk to: the command that shows it is there, and Debian's packages.
PEERS = {
    "dcmdump": ["dcmtk"],
    "dciodvfy": ["dicom3tools"],
    "Orthanc": ["orthanc", "orthanc-dicomweb"],
    "psql": ["postgresql"],
    "redis-server": ["redis-server"],
    "nginx": ["nginx-light"],
}


def _install_peers() -> None:
    missing = [name for tool, names in PEERS.items() if not _there(tool) for name in names]
    if missing and tools.may_install():
        tools.apt_install(missing)


def _there(tool: str) -> bool:
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin") is not None


def _postgres_url() -> str:
    return os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


def _command(arguments: list[str]) -> list[str]:
    return [str(PYTHON), "-m", "pytest", *arguments]


def _pytest(label: str, arguments: list[str], **extra: str) -> int:
    say(f"\n=== {label}")
    environment = {**os.environ, **extra}
    done = subprocess.run(_command(arguments), check=False, cwd=ROOT, env=environment)
    return done.returncode


@contextmanager
def _pytest_beside(label: str, arguments: list[str], **extra: str) -> Iterator[list[int]]:
    """Run tests beside what the block runs, and show their output after it.

    Yields a list that holds the exit status at the end.
    """
    codes: list[int] = []
    with tempfile.TemporaryFile("w+") as log:
        # Browsers wait for real seconds: they go first.
        with subprocess.Popen(
            ["nice", "-n", "5", *_command(arguments)],
            cwd=ROOT, env={**os.environ, **extra}, stdout=log, stderr=subprocess.STDOUT,
        ) as running:  # fmt: skip
            yield codes
        codes.append(running.returncode)
        log.seek(0)
        say(f"\n=== {label}")
        shutil.copyfileobj(log, sys.stdout)


def run(rest: list[str]) -> int:
    """Set up, then run all suites; `rest` goes to pytest instead when given."""
    if os.environ.get("CI"):
        _install_peers()
    set_up(tests=True)
    chromium = tools.check_chromium()
    test_var = ROOT / "var" / "test"
    os.environ.setdefault("READERSTUDY_VAR", str(test_var))
    os.environ.setdefault("READERSTUDY_CACHE", str(ROOT / "var" / "cache"))
    os.environ["CHROMIUM"] = chromium
    Path(os.environ["READERSTUDY_VAR"]).mkdir(parents=True, exist_ok=True)
    manage("collectstatic", "--no-input", "-v", "0")
    if rest:
        return _pytest("pytest", rest)
    say("\n=== browser code (Vitest)")
    codes = [subprocess.run(["npm", "test"], check=False, cwd=FRONTEND).returncode]
    # A worker more than cores: tests of faults wait for leases to end.
    folders = ["tests/architecture", "tests/unit", "tests/integration", "tests/faults"]
    codes.append(_pytest("SQLite, embedded queue", ["-n", "3", "--dist", "worksteal", *folders]))
    with _pytest_beside(
        "PostgreSQL and Redis",
        ["-n", "2", "--dist", "worksteal", "tests/integration", "tests/faults", "tests/production"],
        DATABASE_URL=_postgres_url(),
        BROKER_URL=os.environ.get("TEST_BROKER_URL", "redis://127.0.0.1:6379/9"),
    ) as beside:
        label = "the journeys in a real browser, beside PostgreSQL's and Redis' tests"
        codes.append(_pytest(label, ["tests/e2e"]))
    return int(any([*codes, *beside]))  # a suite that was killed has a negative code
