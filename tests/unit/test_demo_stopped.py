"""The making of the demonstration, stopped in its midst: kind words, and no process that stays."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOON_S = 60  # also on a busy machine; what sleeps there sleeps for ten minutes
# The command with a worker that only sleeps, in the midst of a phantom that is never done.
MAKING = """
import os, time
import django
django.setup()
from contextlib import ExitStack
from readerstudy.demo import beside, phantoms
from readerstudy.demo.management.commands import make_demo

class Command(make_demo.Command):
    def _handle(self, **options):
        with ExitStack() as at_end, beside.worker(at_end) as worker, phantoms._pool(1) as pool:
            made = pool.submit(os.getpid).result()
            phantoms._cache().mkdir(parents=True)
            (phantoms._cache() / f"1-a.{made}.part").mkdir()
            never = pool.submit(time.sleep, 600)
            while not never.running():
                time.sleep(0.01)
            print(worker.pid, made, flush=True)
            never.result()

if __name__ == "__main__":
    beside.WORKER[:] = ["sleep", "600"]
    Command().handle()
"""


def _is_gone(pid: int) -> bool:
    """Ended; whoever adopted it may not have looked yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def _soon_gone(pids: list[int]) -> bool:
    deadline = time.monotonic() + SOON_S
    while not all(map(_is_gone, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return all(map(_is_gone, pids))


@pytest.fixture
def making(tmp_path: Path) -> "subprocess.Popen[str]":
    script = tmp_path / "making.py"
    script.write_text(MAKING)
    environment = {
        **os.environ,
        "READERSTUDY_VAR": str(tmp_path / "var"),
        "READERSTUDY_CACHE": str(tmp_path / "cache"),
        "DJANGO_SETTINGS_MODULE": "readerstudy.settings",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.Popen(
        [sys.executable, str(script)],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _begun(making: "subprocess.Popen[str]") -> list[int]:
    assert making.stdout
    return [int(each) for each in making.stdout.readline().split()]


# In a process of its own: what runs the tests has signals of its own.
SENDING = """
import signal, sys
from readerstudy.demo import beside

sent = int(sys.argv[1])
signal.signal(sent, signal.Handlers(int(sys.argv[2])))
before = signal.getsignal(sent)
try:
    with beside.interruptible():
        signal.raise_signal(sent)
    print("goes on")
except KeyboardInterrupt:
    print("interrupted")
assert signal.getsignal(sent) == before
"""


def _sent(sent: signal.Signals, before: signal.Handlers) -> str:
    """What a process says that is sent a signal, with what it did at one before."""
    done = subprocess.run(
        [sys.executable, "-c", SENDING, str(int(sent)), str(int(before))],
        cwd=ROOT, capture_output=True, text=True, check=True, timeout=300,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_closed_terminal_and_sigterm_interrupt_as_ctrl_c_does(sent: signal.Signals) -> None:
    assert _sent(sent, signal.SIG_DFL) == "interrupted"


def test_under_nohup_a_closed_terminal_interrupts_nothing() -> None:
    assert _sent(signal.SIGHUP, signal.SIG_IGN) == "goes on"


def test_an_interrupted_demonstration_ends_what_it_began_and_says_how_to_go_on(
    making: "subprocess.Popen[str]", tmp_path: Path
) -> None:
    with making:
        begun = _begun(making)
        asked = time.monotonic()
        making.send_signal(signal.SIGTERM)  # as the launcher does
        _out, said = making.communicate(timeout=300)
    assert time.monotonic() - asked < SOON_S
    assert making.returncode == 130
    assert said.strip() == "Stopped. What was made is kept; the next start goes on with it."
    assert len(begun) == 2
    assert all(map(_is_gone, begun))
    assert list((tmp_path / "cache/phantoms").iterdir()) == []


def test_what_it_began_ends_too_when_it_is_killed(making: "subprocess.Popen[str]") -> None:
    with making:
        begun = _begun(making)
        making.kill()
        making.communicate(timeout=300)
    assert len(begun) == 2
    assert _soon_gone(begun)
