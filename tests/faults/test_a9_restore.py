"""Restore drill: a dump is made while readers read; all is destroyed; the dump comes back (A9).

On PostgreSQL, the production shape. What was acknowledged before the dump began is there; what
came after it is gone and said to be gone, by the anchor that was made since.
"""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.faults import postgres
from tests.faults.platform import Platform, drop_database, new_database
from tests.faults.readers import ScriptedReader, finish

pytestmark = pytest.mark.postgres
RETURNS_WITHIN_S = 120.0


@pytest.fixture
def calm() -> threading.Event:
    """Set when the readers may stop."""
    return threading.Event()


@pytest.fixture
def readers(platform: Platform, calm: threading.Event) -> Iterator[list[ScriptedReader]]:
    """Three readers at work, with a first read signed by each."""
    if not postgres.is_installed():
        pytest.skip("NOT RUN: PostgreSQL's programs are not installed (pg_dump)")
    platform.start()
    made = [
        ScriptedReader(platform, name, seed, reads=2, calm=calm, pace_s=0.05)
        for seed, name in enumerate(("rae", "gus", "nora"))
    ]
    for reader in made:
        reader.start()
    while any(not reader.signed and reader.is_alive() for reader in made):
        time.sleep(0.05)
    yield made
    calm.set()


def program(name: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs."""
    path = postgres.PROGRAMS[-1] / name
    done = subprocess.run([path, *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.fault("A9")
def test_a9_a_dump_made_while_readers_read_comes_back_whole(
    platform: Platform, readers: list[ScriptedReader], calm: threading.Event, tmp_path: Path
) -> None:
    acknowledged = {
        event for reader in readers for tab in reader.tabs for event in tab.acknowledged
    }
    signed = {read for reader in readers for read in reader.signed}
    assert len(signed) >= len(readers), "the readers were gone before the dump began"
    assert acknowledged
    dump, files = tmp_path / "dump", tmp_path / "files"
    program("pg_dump", "--format=custom", f"--file={dump}", platform.database)
    shutil.copytree(platform.folder, files)  # the dump first: files are never changed
    while any(reader.is_alive() and len(reader.signed) < 3 for reader in readers):
        time.sleep(0.05)
    anchor = Path(platform.ask("act", "anchor", str(tmp_path)))
    calm.set()
    finish(readers)
    platform.kill()
    began = time.monotonic()
    restored = _restored(platform, dump, files)
    try:
        restored.start()
        took = time.monotonic() - began
        assert took < RETURNS_WITHIN_S
        found = json.loads(restored.ask("verify", str(anchor)))
        assert "truncated" in found.pop("against the anchor")
        assert set(found.values()) == {""}, found
        found = restored.examine()
        events = {event for _read, event, _tab, _seq in found["events"]}
        sent = {each["event_id"] for reader in readers for tab in reader.tabs for each in tab.made}
        assert acknowledged <= events <= sent
        assert events != sent, "nothing came after the dump: the drill shows nothing"
        there = {read for read, each in found["reads"].items() if each["state"] == "submitted"}
        assert signed <= there
        assert all(each["signatures"] == each["recorded"] == (read in there)
                   for read, each in found["reads"].items())  # fmt: skip
        reader = ScriptedReader(restored, "rae", 9, reads=1)
        reader.start()
        assert finish([reader])
    finally:
        restored.end()


def _restored(platform: Platform, dump: Path, files: Path) -> Platform:
    """Everything destroyed, then brought back under the same names."""
    url, name = platform.database.rsplit("/", 1)
    drop_database(f"{url}/postgres", name)
    shutil.rmtree(platform.folder)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(platform.database)
    new_database(f"{url}/postgres", name)
    program("pg_restore", "--exit-on-error", f"--dbname={platform.database}", str(dump))
    shutil.copytree(files, platform.folder)
    return replace(platform, server=None, port=0)
