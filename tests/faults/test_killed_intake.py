"""Intake is killed between the parts of a batch: a file is kept whole or not at all."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import generate_uid

from tests import dicom
from tests.faults.platform import Platform

FILES = 6
# Where a batch of two series of three files each is killed: `readerstudy.imaging.services.together`
# names all files of a series, has each on the disk, then their names, then writes their rows; the
# count of the delivery is written with the last.
PLACES = (
    "before:name:1", "after:name:2", "after:settle:1", "before:settle_names:1", "before:insert:1",
    "before:note_growth:1", "after:note_growth:1", "after:name:5", "before:insert:2",
    "before:write:1", "after:write:1", "after:_keep:1",
)  # fmt: skip
COMMITTED = {"after:_keep:1"}
# Of files that are taken one by one, and how many are committed then: a file's row is written, then
# it gets its name and is on the disk with it, then the row is committed; the count of the delivery
# is written after 25 files, or the last.
ALONE = {
    "after:insert:1": 0, "after:sync_folder:1": 0, "after:keep:1": 0, "after:sync_folder:4": 3,
    "before:write:1": 6, "after:write:1": 6,
}  # fmt: skip


def killed(platform: Platform, way: str, folder: Path, names: dict[str, str]) -> None:
    """Take the folder into a collection for each place, in a process that is killed there."""
    places = [f"{place}={name}" for place, name in names.items()]
    ends = told(platform, "killed", way, str(folder), *places)
    assert list(ends.values()) == [-signal.SIGKILL] * len(places)


def told(platform: Platform, *arguments: str) -> dict[str, Any]:
    return dict(json.loads(platform.ask("keep", *arguments)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two series of one examination, as a scanner sends them."""
    study = generate_uid(prefix=None)
    source = tmp_path / "source"
    for name in ("T1 MPRAGE post KM", "FLAIR"):
        dicom.series(source, description=name, study=study, count=FILES // 2)
    assert len(list(source.iterdir())) == FILES
    return source


def test_a_batch_that_is_killed_is_kept_whole_or_not_at_all(
    platform: Platform, folder: Path
) -> None:
    killed(platform, "batch", folder, {place: place for place in PLACES})
    for place, kept in told(platform, "state", *PLACES).items():
        n_kept = FILES if place in COMMITTED else 0
        assert (len(kept["files"]), kept["whole"], kept["said"]) == (n_kept,) * 3, place
    again = told(platform, "take", "batch", str(folder), "undisturbed", *PLACES)
    for place, outcomes in again.items():
        assert outcomes == {"repeated" if place in COMMITTED else "stored": FILES}, place
    end = told(platform, "end", "undisturbed", *PLACES)
    assert end["left"] == []  # what was left by who was killed has been replaced
    good = end["kept"].pop("undisturbed")
    assert (len(good["files"]), good["whole"], good["said"]) == (FILES,) * 3
    assert (len(good["packs"]), all(good["packs"])) == (2, True)
    for place, kept in end["kept"].items():
        assert kept == good, place


@pytest.mark.once  # what it is about lies on the disk; batches are killed on both databases
def test_files_taken_one_by_one_are_each_kept_whole_or_not_at_all_wherever_it_is_killed(
    platform: Platform, folder: Path
) -> None:
    names = {place: f"alone, {place}" for place in ALONE}
    committed = {names[place]: count for place, count in ALONE.items()}
    killed(platform, "alone", folder, names)
    for name, kept in told(platform, "state", *committed).items():
        assert (len(kept["files"]), kept["whole"]) == (committed[name],) * 2, name
    again = told(platform, "take", "alone", str(folder), "alone", *committed)
    for name, outcomes in again.items():
        before = committed.get(name, 0)
        counts = {"stored": FILES - before, "repeated": before}
        assert outcomes == {each: count for each, count in counts.items() if count}, name
    end = told(platform, "end", "alone", *committed)
    assert end["left"] == []
    good = end["kept"].pop("alone")
    assert (len(good["files"]), good["whole"], len(good["packs"])) == (FILES, FILES, 2)
    assert all(good["packs"])
    for name, kept in end["kept"].items():  # what was not counted before the kill is told by none
        assert kept | {"said": FILES} == good, name
