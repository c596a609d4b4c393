"""H5: an export from which one event was dropped, doubled or changed is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from readerstudy.results import store
from readerstudy.web.problems import Problem

EVENTS = b"read,seq,kind\n" + b"".join(b"r1,%d,scroll\n" % seq for seq in range(1, 6))
FILES = {"events.csv": EVENTS, "reads.csv": b"read\nr1\n", "audit.jsonl": b"{}\n"}
THIRD = b"r1,3,scroll\n"
HARM: dict[str, Callable[[Path], object]] = {
    "dropped": lambda folder: _write(folder, EVENTS.replace(THIRD, b"")),
    "doubled": lambda folder: _write(folder, EVENTS.replace(THIRD, THIRD * 2)),
    "changed": lambda folder: _write(folder, EVENTS.replace(THIRD, b"r1,9,scroll\n")),
    "gone": lambda folder: (folder / "events.csv").unlink(),
    "unlisted": lambda folder: _listed(folder, lambda line: "events.csv" not in line),
}  # fmt: skip


def _write(folder: Path, content: bytes) -> None:
    assert content != EVENTS
    (folder / "events.csv").write_bytes(content)


def _listed(folder: Path, keep: Callable[[str], bool]) -> None:
    path = folder / store.MANIFEST
    path.write_text("".join(line for line in path.read_text().splitlines(True) if keep(line)))


@pytest.mark.fault("H5")
@pytest.mark.parametrize("harm", HARM)
def test_h5_an_event_dropped_or_doubled_in_frozen_data_is_found(tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "frozen"
    whole = store.write(folder, FILES)
    assert store.read(folder, whole) == FILES
    HARM[harm](folder)
    with pytest.raises(Problem) as refused:
        store.read(folder, whole)
    assert refused.value.code == "results.altered"
