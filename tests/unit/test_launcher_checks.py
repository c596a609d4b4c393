"""A tool that is missing or too old, a port that is taken: one clear line says what to do."""

import ast
import builtins
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.launcher import setup, tools
from scripts.launcher.progress import Failed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put programs that print these words on the path, and nothing else."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def put(**said: str) -> None:
        for name, words in said.items():
            (tmp_path / name).write_text(f"#!/bin/sh\necho {words}\n")
            (tmp_path / name).chmod(0o755)

    return put


def line_of(check: Callable[[], object]) -> str:
    with pytest.raises(Failed) as failed:
        check()
    words = str(failed.value)
    assert "\n" not in words
    return words


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        words = line_of(lambda: tools.check_port(port))
    assert words == (
        f"Port {port} is taken: stop what runs there, or use `make demo PORT={port + 1}`."
    )
    tools.check_port(port)


def test_a_taken_port_is_said_before_anything_is_set_up(tmp_path: Path) -> None:
    """The command as `make demo` calls it: its only line, and no trace."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "scripts.launcher", "demo", "--port", str(port)],
            cwd=ROOT, env={**os.environ, "READERSTUDY_VAR": str(tmp_path / "var")},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.strip().splitlines()) == 1
    assert f"Port {port} is taken" in done.stderr
    assert not (tmp_path / "var").exists()


MAKES = {"MAKELEVEL", "MAKEFLAGS", "MFLAGS"}
NO_PORT = "is no port: give one from 1 to 65535, as `make demo PORT=8000`."


@pytest.mark.parametrize("typed", ["0", "80000", "-1", "8_000", "²", "9" * 5000])
def test_a_number_that_is_no_port(typed: str) -> None:
    assert line_of(lambda: tools.port_of(typed)) == f"{typed} {NO_PORT}"


def test_a_word_that_is_no_port(tmp_path: Path) -> None:
    """Make puts what it is told on its command line into the environment too."""
    # As typed, not as within the make that runs the tests.
    environment = {key: each for key, each in os.environ.items() if key not in MAKES}
    done = subprocess.run(
        ["make", "demo", "PORT=abc", f"PYTHON={sys.executable}"],
        cwd=ROOT, env={**environment, "READERSTUDY_VAR": str(tmp_path / "var")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    first, *of_make = done.stderr.strip().splitlines()
    assert first == f"abc {NO_PORT}"
    assert all(each.startswith("make: ***") for each in of_make)
    assert done.stdout == ""


def test_a_port_that_only_root_may_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def bind(_socket: Any, _address: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(socket.socket, "bind", bind)
    assert line_of(lambda: tools.check_port(80)) == (
        "Port 80 is for root only: use one above 1023, as `make demo PORT=8000`."
    )


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_a_missing_node_or_npm(programs: Callable[..., None], missing: str) -> None:
    programs(node="v22.12.0", npm="10.0.0")
    (Path(os.environ["PATH"]) / missing).unlink()
    assert line_of(tools.check_node) == (
        f"{missing} is missing: install Node 20.19 or newer (nodejs.org), with npm."
    )


@pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3", "v21.7.3", "v22.11.0"])
def test_a_node_that_is_too_old(programs: Callable[..., None], version: str) -> None:
    programs(node=version, npm="10.0.0")
    have = ".".join(version[1:].split(".")[:2])
    assert line_of(tools.check_node) == (
        f"Node {have} is too old: install Node 20.19 or newer (of Node 22, 22.12 or newer)."
    )


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v24.0.0"])
def test_a_node_that_is_new_enough(programs: Callable[..., None], version: str) -> None:
    programs(node=version, npm="10.0.0")
    tools.check_node()


def test_a_python_that_is_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12, "final", 0))
    assert line_of(tools.check_python) == (
        "Python 3.10 is too old: install Python 3.11 or newer (apt install python3)."
    )


def test_a_python_that_could_not_even_read_the_launcher(tmp_path: Path) -> None:
    """Ubuntu 22.04 has 3.10: nothing that it lacks is loaded before it is told."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, typing; sys.version_info = (3, 10, 12, 'final', 0); del typing.Self"
    )
    done = subprocess.run(
        [sys.executable, "-m", "scripts.launcher", "demo"],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("Python 3.10 is too old: install Python 3.11 or newer")
    for path in (ROOT / "scripts/__init__.py", ROOT / "scripts/launcher/__init__.py"):
        ast.parse(path.read_text(), feature_version=(3, 6))


def test_a_fault_of_the_machine_is_one_line_too() -> None:
    code = (
        "import runpy, sys; from scripts.launcher import setup, tools\n"
        "def full(): raise OSError(28, 'No space left on device', '/somewhere')\n"
        "tools.check_port, setup.set_up = print, full\n"
        "sys.argv = ['scripts.launcher', 'demo', '--port', '9']\n"
        "runpy.run_module('scripts.launcher', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.strip() == "No space left on device: /somewhere"


def test_an_environment_whose_python_is_gone_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary, lock = tmp_path / "venv/bin", tmp_path / "requirements.lock"
    binary.mkdir(parents=True)
    (binary / "pip").touch()
    (binary / "python").symlink_to("/usr/bin/python3.9-that-was-upgraded")
    lock.touch()
    monkeypatch.setattr(setup, "VENV", tmp_path / "venv")
    monkeypatch.setattr(setup, "PYTHON", binary / "python")
    monkeypatch.setattr(setup, "run_with_bar", lambda *_a, **_k: None)
    setup._python_packages(lock)
    assert subprocess.run([binary / "python", "-c", "import pip"], check=False).returncode == 0


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    real = builtins.__import__

    def imported(name: str, *more: Any) -> Any:
        if name == missing:
            raise ImportError(name)
        return real(name, *more)

    monkeypatch.setattr(builtins, "__import__", imported)
    assert line_of(tools.check_python) == "Python's venv is missing: apt install python3-venv."


def test_this_python_is_fine() -> None:
    tools.check_python()


def test_no_chromium_where_none_can_be_installed(
    programs: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert line_of(tools.check_chromium) == (
        "The browser tests need Chromium: apt install chromium, then `make test` again."
    )


def test_root_gets_chromium_from_debian(
    programs: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(**{"apt-get": "fine"})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    asked: list[str] = []

    def install(packages: list[str]) -> None:
        asked.extend(packages)
        programs(chromium="Chromium")

    monkeypatch.setattr(tools, "apt_install", install)
    assert tools.check_chromium() == str(Path(os.environ["PATH"]) / "chromium")
    assert asked == ["chromium"]


def test_a_package_that_apt_cannot_install_is_said_with_its_words(
    programs: Callable[..., None],
) -> None:
    programs()
    apt = Path(os.environ["PATH"]) / "apt-get"
    apt.write_text("#!/bin/sh\necho 'E: no such package' >&2\nexit 100\n")
    apt.chmod(0o755)
    assert line_of(lambda: tools.apt_install(["nothing"])) == (
        "apt-get update failed: E: no such package"
    )
