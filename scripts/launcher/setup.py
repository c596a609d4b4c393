"""Everything that `make demo` and `make test` need, made once and made again when it changed."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from scripts.launcher import children, tools
from scripts.launcher.progress import run_with_bar, say

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
FRONTEND = ROOT / "frontend"
STAMPS = ROOT / ".stamps"


def var_dir() -> Path:
    """Where data, logs and caches lie."""
    return Path(os.environ.get("READERSTUDY_VAR", ROOT / "var")).resolve()


def _digest(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _when_changed(
    stamp: Path, made: Path, inputs: Iterable[Path], make: Callable[[], object]
) -> None:
    """Call `make` unless `made` is there and was made from these very inputs."""
    digest = _digest(inputs)
    if made.exists() and stamp.exists() and stamp.read_text() == digest:
        return
    make()
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(digest)


def _python_packages(lock: Path) -> None:
    # pip is the last that is made of it; the Python it leads to leaves with an upgrade of Debian.
    if not (PYTHON.exists() and (VENV / "bin" / "pip").exists()):
        children.run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    log = STAMPS / f"{lock.stem}.log"
    total = sum(1 for line in lock.read_text().splitlines() if line and line[0] not in "#-")

    def seen() -> int:
        words = ("Collecting ", "Requirement already satisfied: ")
        return sum(line.startswith(words) for line in log.read_text(errors="replace").splitlines())

    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(lock)]
    run_with_bar("Python packages", command, log=log, measure=seen, total=total, cwd=ROOT)


def _node_packages() -> None:
    log, modules = STAMPS / "npm.log", FRONTEND / "node_modules"
    total = (FRONTEND / "package-lock.json").read_text().count('"node_modules/')

    def seen() -> int:
        return sum(1 for _ in modules.glob("*/package.json")) + sum(
            1 for _ in modules.glob("@*/*/package.json")
        )

    command = ["npm", "ci", "--no-audit", "--no-fund"]
    run_with_bar("Browser packages", command, log=log, measure=seen, total=total, cwd=FRONTEND)


def _frontend_build() -> None:
    # No bar: Vite says how many modules there are once all of them are done.
    run_with_bar("Frontend build", ["npm", "run", "build"], log=STAMPS / "vite.log", cwd=FRONTEND)


def _frontend_sources() -> list[Path]:
    files = [path for path in (FRONTEND / "src").rglob("*") if path.is_file()]
    names = ("package.json", "package-lock.json", "vite.config.ts", "tsconfig.json")
    return files + [FRONTEND / name for name in names if (FRONTEND / name).exists()]


def manage(*arguments: str, quiet: bool = True) -> None:
    """Run one of Django's commands in the virtual environment."""
    children.run(
        [str(PYTHON), "manage.py", *arguments],
        cwd=ROOT,
        stdout=subprocess.DEVNULL if quiet else None,
    )


def set_up(*, tests: bool = False) -> None:
    """Packages and frontend build, each only when it is missing or its inputs changed."""
    tools.check_python()
    tools.check_node()
    say("Setting up")
    locks = [ROOT / "requirements.lock"] + ([ROOT / "requirements-dev.lock"] if tests else [])
    for lock in locks:
        _when_changed(STAMPS / lock.name, PYTHON, [lock], partial(_python_packages, lock))
    lock = FRONTEND / "package-lock.json"
    _when_changed(STAMPS / "npm", FRONTEND / "node_modules", [lock], _node_packages)
    _when_changed(STAMPS / "vite", FRONTEND / "dist", _frontend_sources(), _frontend_build)


def static_files() -> None:
    """Static files, collected anew when the frontend or a package changed."""
    static = var_dir() / "static"
    built = [path for path in (FRONTEND / "dist").rglob("*") if path.is_file()]
    _when_changed(
        var_dir() / "static.stamp",
        static / "staticfiles.json",
        [*built, ROOT / "requirements.lock"],
        lambda: manage("collectstatic", "--clear", "--no-input", "-v", "0"),
    )
