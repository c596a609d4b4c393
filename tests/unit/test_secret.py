"""A secret of the first run: its owner's only, and one, however many processes start together."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from readerstudy.secret import first_run_secret

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_but_its_owner_may_read_it(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        made = first_run_secret(tmp_path / "key")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert len(made) > 80
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_it_is_made_once(tmp_path: Path) -> None:
    assert first_run_secret(tmp_path / "key") == first_run_secret(tmp_path / "key")
    assert first_run_secret(tmp_path / "key") != first_run_secret(tmp_path / "other")


@pytest.mark.parametrize("same_number", [False, True])
def test_a_process_that_comes_second_takes_the_firsts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, same_number: bool
) -> None:
    """Another process is through while we are in the midst of it.

    Processes of two containers that share a folder can have the same number, 1.
    """
    path, said = tmp_path / "key", []
    code = (
        "import os, sys; from pathlib import Path; from readerstudy.secret import first_run_secret;"
        f"os.getpid = lambda: {os.getpid() if same_number else 1};"
        f"print(first_run_secret(Path({str(path)!r})), end='')"
    )
    real = os.link

    def meanwhile(*paths: Path) -> None:
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        said.append(done.stdout)
        real(*paths)

    monkeypatch.setattr(os, "link", meanwhile)
    ours = first_run_secret(path)
    assert said == [ours]
    assert path.read_text() == ours
    assert [each.name for each in tmp_path.iterdir()] == ["key"]
