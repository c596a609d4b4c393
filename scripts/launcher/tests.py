"""`make test`: every test, with the servers that are there; in CI with all of them."""

import os
import shutil
import subprocess
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
}


def _install_peers() -> None:
    missing = [name for tool, names in PEERS.items() if not _there(tool) for name in names]
    if missing and tools.may_install():
        tools.apt_install(missing)


def _there(tool: str) -> bool:
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin") is not None


def _postgres_url() -> str:
    return os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


def _redis_url(own: int = 0) -> str:
    """The broker of a suite: suites that run at once have databases of their own, side by side."""
    url = os.environ.get("TEST_BROKER_URL", "redis://127.0.0.1:6379/8")
    server, _slash, number = url.rpartition("/")
    return f"{server}/{int(number) + own}" if number.isdigit() else url


def _pytest(label: str, arguments: list[str], **extra: str) -> int:
    say(f"\n=== {label}")
    command = [str(PYTHON), "-m", "pytest", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, env={**os.environ, **extra}).returncode


@contextmanager
def _beside(label: str, arguments: list[str], log: Path, codes: list[int]) -> Iterator[None]:
    """Run a suite beside what is done meanwhile; print what it said, and keep its code, after."""
    say(f"\n=== {label}: beside the next, its output is in {log} until it ends")
    command = [str(PYTHON), "-m", "pytest", *arguments]
    environment = {**os.environ, "TEST_BROKER_URL": _redis_url(own=1)}
    with log.open("wb") as output:
        suite = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        yield
        codes.append(suite.wait())
    finally:
        suite.terminate()
        say(f"\n=== {label}")
        say(log.read_text(errors="replace"))


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
    for folder in (test_var, Path(os.environ["READERSTUDY_VAR"])):
        folder.mkdir(parents=True, exist_ok=True)
    manage("collectstatic", "--no-input", "-v", "0")
    if rest:
        return _pytest("pytest", rest)
    say("\n=== browser code (Vitest)")
    codes = [subprocess.run(["npm", "test"], check=False, cwd=FRONTEND).returncode]
    folders = ["tests/architecture", "tests/unit", "tests/integration", "tests/faults"]
    codes.append(_pytest("SQLite, embedded queue", ["-n", "2", "--dist", "worksteal", *folders]))
    # A browser's tests wait a good deal, for pictures and proposals: the other core works on.
    with _beside("the journeys in a real browser", ["tests/e2e"], test_var / "e2e.log", codes):
        codes.append(
            _pytest(
                "PostgreSQL and Redis",
                ["-n", "2", "--dist", "worksteal", "tests/integration", "tests/faults"],
                DATABASE_URL=_postgres_url(),
                BROKER_URL=_redis_url(),
            )
        )
    return int(any(codes))  # a suite that was killed has a negative code
