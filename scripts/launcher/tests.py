"""`make test`: every test, with the servers that are there; in CI with all of them."""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from scripts.launcher import children, tools
from scripts.launcher.progress import say
from scripts.launcher.setup import FRONTEND, PYTHON, ROOT, set_up, static_files

# What the tests talk to: the command or file that shows it is there, and Debian's packages.
PEERS = {
    "dcmdump": ["dcmtk"],
    "dciodvfy": ["dicom3tools"],
    "Orthanc": ["orthanc", "orthanc-dicomweb"],
    "psql": ["postgresql"],
    "redis-server": ["redis-server"],
    "nginx": ["nginx-light"],
    str(tools.NGINX_JS): ["libnginx-mod-http-js"],
}


# glibc gives what large arrays took back to the system at once and has it faulted in again for the
# next one: a tenth of a phantom's time. Tests are soon done, so they keep it.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_TOP_PAD_": str(1 << 24),
}


def _install_peers() -> None:
    """In CI only: Debian starts the servers it installs, which would surprise who asked for tests.

    Elsewhere their tests are skipped, with a loud line each.
    """
    missing = [name for tool, names in PEERS.items() if not _there(tool) for name in names]
    if missing and tools.may_install():
        tools.apt_install(missing)


def _there(tool: str) -> bool:
    if tool.startswith("/"):
        return Path(tool).is_file()
    return shutil.which(tool, path=os.environ.get("PATH", "") + ":/usr/sbin") is not None


def _postgres_url() -> str:
    return os.environ.get("TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


def _command(arguments: list[str]) -> list[str]:
    return [str(PYTHON), "-m", "pytest", *arguments]


# pytest ends its fixtures, which have started servers, when it is told so by Ctrl-C's signal.
TOLD = signal.SIGINT


def _tests(label: str, command: list[str], cwd: Path = ROOT) -> int:
    say(f"\n=== {label}")
    return children.run(command, cwd=cwd, told=TOLD, check=False)


@dataclass(frozen=True)
class _Suite:
    """Tests that run beside others; what they say is shown later."""

    label: str
    arguments: list[str]
    log: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, begun: "list[children.Process]") -> int:
        """Run them behind whatever else wants the processor: browsers wait for real seconds.

        The process is put into `begun`: it runs in a thread, which no signal reaches.
        """
        command = ["nice", "-n", "10", *_command(self.arguments)]
        environment = {**os.environ, **self.environment}
        with self.log.open("w") as log:
            begun.append(children.start(command, cwd=ROOT, env=environment, stdout=log, stderr=log))
            return int(begun[-1].wait())

    def show(self, running: "Future[int]") -> None:
        """Print what was said so far, and go on until the end."""
        say(f"\n=== {self.label}")
        shown = 0
        while True:
            is_done = running.done()
            if self.log.exists():
                with self.log.open() as log:
                    log.seek(shown)
                    sys.stdout.write(log.read())
                    sys.stdout.flush()
                    shown = log.tell()
            if is_done:
                return
            time.sleep(0.5)


@contextmanager
def _beside(suites: list[_Suite]) -> Iterator[list[int]]:
    """Run suites, one after the other, beside what the block runs; then show what they said.

    Yields a list that holds their exit statuses at the end.
    """
    codes: list[int] = []
    begun: list[children.Process] = []
    with ThreadPoolExecutor(1) as pool:
        running = [pool.submit(suite.run, begun) for suite in suites]
        try:
            yield codes
            for suite, future in zip(suites, running, strict=True):
                suite.show(future)
        except BaseException:  # Ctrl-C: what waits must not begin, what runs is told
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(future.done() for future in running):  # one may just be beginning
                children.end([each for each in begun if each.poll() is None], told=TOLD)
                time.sleep(0.05)
            raise
    codes += [future.result() for future in running]


def _suites(logs: Path) -> list[_Suite]:
    """What needs no browser."""
    # A worker more than cores: tests of faults wait for leases to end.
    at_once = ["-n", "3", "--dist", "worksteal"]
    both = ["tests/faults", "tests/integration"]  # what takes longest first: no core waits for it
    servers = {
        "DATABASE_URL": _postgres_url(),
        "BROKER_URL": os.environ.get("TEST_BROKER_URL", "redis://127.0.0.1:6379/9"),
    }
    # PostgreSQL's wait for servers a third of their time: beside the browsers no core idles then.
    # Its demonstration comes last: the browsers' has made the phantoms that both take.
    return [
        _Suite(
            "PostgreSQL and Redis",
            [*at_once, *both, "tests/production"],
            logs / "postgresql.log",
            servers,
        ),
        _Suite(
            "SQLite, embedded queue",
            [*at_once, *both, "tests/architecture", "tests/unit"],
            logs / "sqlite.log",
        ),
    ]


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
    # More processes than cores test at once: threads of one would only spin, waiting for a core.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    for name, value in KEEP_MEMORY.items():
        os.environ.setdefault(name, value)
    # Where it is forbidden, each of some hundred processes compiles the platform anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    Path(os.environ["READERSTUDY_VAR"]).mkdir(parents=True, exist_ok=True)
    static_files()
    if rest:
        return _tests("pytest", _command(rest))
    with (
        tempfile.TemporaryDirectory(prefix="readerstudy-tests-") as logs,
        _beside(_suites(Path(logs))) as beside,
    ):
        codes = [_tests("browser code (Vitest)", ["npm", "test"], FRONTEND)]
        label = "the journeys in a real browser; the other tests run beside them, shown after them"
        codes.append(_tests(label, _command(["tests/e2e"])))
    return int(any([*codes, *beside]))  # a suite that was killed has a negative code
