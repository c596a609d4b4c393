"""Under CI a skipped test is a failure, however it is skipped."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SKIPPED = """
import pytest

@pytest.mark.skip(reason="no peer by a mark")
def test_marked():
    pass

@pytest.mark.skipif(True, reason="no peer by a condition")
def test_on_condition():
    pass

@pytest.fixture
def peer():
    pytest.skip("no peer in a fixture")

def test_by_fixture(peer):
    pass

def test_in_its_midst():
    pytest.skip("no peer in the midst")

@pytest.mark.xfail(reason="known", strict=True)
def test_that_is_known_to_fail():
    assert False

def test_that_runs():
    pass
"""
MODULE = "import pytest\npytest.importorskip('no_such_module')"


def _run(folder: Path, text: str, ci: str) -> "subprocess.CompletedProcess[str]":
    (folder / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "-p", "tests.skips"]
    return subprocess.run(
        [*command, "-p", "no:django", "-p", "no:cacheprovider", str(folder)],
        cwd=ROOT, env={**os.environ, "CI": ci}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_under_ci_each_way_to_skip_a_test_fails_with_its_reason(tmp_path: Path) -> None:
    done = _run(tmp_path, SKIPPED, "true")
    last = done.stdout.splitlines()[-1]
    assert last.startswith("1 failed, 1 passed, 1 xfailed, 3 errors"), done.stdout
    for how in ("by a mark", "by a condition", "in a fixture", "in the midst"):
        assert f"no peer {how}; CI must run them all" in done.stdout


@pytest.mark.parametrize(("ci", "status"), [("", 5), ("true", 2)])
def test_a_module_that_skips_itself_fails_under_ci_alone(
    tmp_path: Path, ci: str, status: int
) -> None:
    assert _run(tmp_path, MODULE, ci).returncode == status
