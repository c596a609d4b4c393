"""E1: Damaged files are taken or refused, in bounded time and memory, and the child lives on."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.imaging import mutants
from readerstudy.imaging import sandbox
from readerstudy.imaging.refusals import RefusedFile
from readerstudy.imaging.sandbox import CHILD, Sandbox
from tests import dicom

pytestmark = pytest.mark.fault("E1")
KEY = mutants.KEY
COUNT = int(os.environ.get("MUTANTS", "2000"))
MEMORY_KB = 500_000
TICKS = os.sysconf("SC_CLK_TCK")
# A child whose parser does something else, with all limits of the real one.
ODD_CHILD = """
import importlib.util, sys, time
spec = importlib.util.spec_from_file_location("sandbox_child", {child!r})
child = importlib.util.module_from_spec(spec)
spec.loader.exec_module(child)
load = child._load

def odd(root):
    parsing = load(root)
    parsing.parse = lambda *_given: {does}
    return parsing

child._load = odd
child.main()
"""


@pytest.fixture
def box() -> Iterator[Sandbox]:
    made = Sandbox()
    yield made
    made.close()


def _child(box: Sandbox) -> int:
    child = box._child
    assert child is not None
    return child.pid


def used_s(pid: int) -> float:
    """The processor's time that a process has used, in its own code and for it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [each for each in status.splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1])


def outcome(box: Sandbox, path: Path, target: Path) -> str:
    try:
        box.parse(path, KEY, target)
    except RefusedFile as refused:
        return refused.reason.name
    return "taken"


def test_e1_what_is_damaged_is_taken_or_refused_in_bounded_time_and_memory(
    box: Sandbox, tmp_path: Path
) -> None:
    """The first inputs of `benchmarks.imaging.mutants`, in the process that intake uses.

    `MUTANTS=100000` for its long form.
    """
    files = mutants.sources(tmp_path)
    path, target = tmp_path / "in.dcm", tmp_path / "out.dcm"
    path.write_bytes(files[0])
    assert outcome(box, path, target) == "taken"
    pid, before = _child(box), used_s(_child(box))
    counts, slowest_s = Counter[str](), 0.0
    for number in range(COUNT):
        path.write_bytes(mutants.mutant(number, files))
        counts[outcome(box, path, target)] += 1
        now = used_s(pid)
        slowest_s, before = max(slowest_s, now - before), now
    assert _child(box) == pid, "it neither died nor was killed"
    assert counts["HUNG"] == 0
    assert min(counts["taken"], COUNT - counts["taken"]) > COUNT // 5, counts
    assert slowest_s < sandbox.SECONDS
    assert peak_kb(pid) < MEMORY_KB


@pytest.mark.parametrize(
    ("does", "least_s"),
    [
        ("[None for each in iter(int, 1)]", 0.0),  # works for ever
        ("time.sleep(1000)", 2.0),  # waits for ever
        ("bytearray(7 << 30)", 0.0),
        ("child.sys.exit(1)", 0.0),
    ],
)
def test_e1_what_hangs_takes_all_memory_or_dies_is_one_refused_file(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, least_s: float
) -> None:
    path = dicom.save(dicom.image(), tmp_path / "one.dcm")
    odd = tmp_path / "odd.py"
    odd.write_text(ODD_CHILD.format(child=str(CHILD), does=does))
    monkeypatch.setattr(sandbox, "CHILD", odd)
    monkeypatch.setattr(sandbox, "SECONDS", 1.0)
    monkeypatch.setattr(sandbox, "PATIENCE_SECONDS", 2.0 if least_s else 300.0)
    began = time.monotonic()
    assert outcome(box, path, tmp_path / "out.dcm") == "HUNG"
    assert least_s <= time.monotonic() - began < 200  # by the limit, not by who waits for it
    box.close()
    monkeypatch.undo()
    assert outcome(box, path, tmp_path / "out.dcm") == "taken"


def test_e1_larger_files_have_more_time_up_to_a_limit() -> None:
    assert sandbox.allowed(500_000) < 5.5
    assert sandbox.allowed(100_000_000) == 55
    assert sandbox.allowed(2 * 1024**3) == sandbox.MAX_SECONDS
