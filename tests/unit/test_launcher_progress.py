"""A long step shows what is done and what is left, or that it is at work; it never makes it up."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scripts.launcher import progress
from scripts.launcher.memory import Peak

SLOW = [sys.executable, "-c", "import time; time.sleep(2)"]


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [each.rstrip() for each in re.split(r"[\r\n]+", capsys.readouterr().out) if each.strip()]


def in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _self: True)


def run(tmp_path: Path, command: list[str] = SLOW, **how: Any) -> None:
    progress.run_with_bar("A step", command, log=tmp_path / "log", cwd=tmp_path, **how)


def test_a_step_of_known_length_has_a_bar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_terminal(monkeypatch)
    done = iter(range(100))
    run(tmp_path, measure=lambda: next(done), total=4)
    said = lines(capsys)
    assert "·" in said[0]
    assert "0/4" in said[0]
    assert "1/4" in said[1]
    assert "·" not in said[-1]
    assert "4/4" in said[-1]


def test_a_step_of_unknown_length_has_a_wheel_and_no_bar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_terminal(monkeypatch)
    run(tmp_path)
    said = lines(capsys)
    assert [each.split()[2] for each in said[:2]] == ["|", "/"]
    assert not any(sign in each for each in said for sign in "█·")
    assert "done" in said[-1]
    assert said[-1].endswith(" s")


@pytest.mark.parametrize(("how", "words"), [({}, "done"), ({"measure": int, "total": 3}, "3 done")])
def test_a_log_file_gets_two_lines(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: dict[str, Any], words: str
) -> None:
    run(tmp_path, **how)
    first, last = lines(capsys)
    assert first == "  A step ..."
    assert re.fullmatch(rf"  A step: {words} in \d+ s", last)


def test_the_most_memory_is_that_of_all_descendants_together(tmp_path: Path) -> None:
    hold = (  # until both do, and long enough for a machine that is busy to look
        "import os, pathlib, time; held = bytearray(60 * 2**20);"
        f"here = pathlib.Path({str(tmp_path)!r}); (here / str(os.getpid())).touch();"
        "[time.sleep(0.05) for _ in iter(lambda: len([*here.iterdir()]) < 2, False)];"
        "time.sleep(2)"
    )
    both = (
        f"import subprocess, sys; code = {hold!r};"
        "subprocess.Popen([sys.executable, '-c', code], start_new_session=True);"
        "subprocess.run([sys.executable, '-c', code])"
    )
    with Peak(every_s=0.05) as before:
        pass
    with Peak(every_s=0.05) as peak:
        subprocess.run([sys.executable, "-c", both], check=True)
    assert 120 < (peak.kib - before.kib) / 1024 < 200
    assert peak.gib == pytest.approx(peak.kib / 2**20)


def test_a_step_that_fails_names_its_log_and_quotes_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; print('the last word'); sys.exit(3)"]
    with pytest.raises(progress.Failed, match=r"(?s)A step failed\. The log is .*the last word"):
        run(tmp_path, command)
