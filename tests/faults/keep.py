"""Take images of two series in one batch, as a sender's request does; run as a module.

Arguments: `killed WAY FOLDER PLACE=NAME...` has a child for each place keep a folder's files in a
collection of that name, and be killed there, as by `kill -9`; it answers what their ends were.
`take WAY FOLDER NAME...` keeps the files in these collections. The way is `batch`, or `alone`: file
by file, as from a browser and by the command line. `state NAME...` answers what is kept of each,
and `end NAME...` that too, once what stands open has been packed.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

django.setup()

from readerstudy.imaging import prepared, services, store  # noqa: E402 -- Django must be set up
from readerstudy.imaging.models import Collection, Instance, Sender, Series, Upload  # noqa: E402
from readerstudy.imaging.services import intake, standing, tally  # noqa: E402

OWNERS: dict[str, Any] = {
    "name": store, "settle": store, "settle_names": store, "insert": prepared,
    "note_growth": intake, "write": tally.Tally, "_keep": standing.Batch, "keep": store,
    "sync_folder": store,
}  # fmt: skip


def die_at(place: str) -> None:
    """Die where a function is called for the n-th time, `before` it or `after` it."""
    moment, name, count = place.split(":")
    owner, calls = OWNERS[name], 0
    true: Callable[..., Any] = getattr(owner, name)

    def dying(*args: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == int(count) and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = true(*args, **named)
        if calls == int(count):
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, dying)


def ended_at(way: str, folder: Path, place: str, name: str) -> int:
    """The status of a child that takes the folder and is killed at a place: minus the signal."""
    child = os.fork()  # no connection is open yet: it opens its own
    if child == 0:
        try:
            die_at(place)
            take(way, folder, name)
        except BaseException:  # noqa: BLE001 -- printed; the parent's code must not go on twice
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def take(way: str, folder: Path, name: str) -> dict[str, int]:
    """Keep a folder's files; how many were stored and how many are repeats."""
    return {"batch": take_together, "alone": take_alone}[way](folder, name)


def take_alone(folder: Path, name: str) -> dict[str, int]:
    collection = Collection.objects.filter(name=name).first()
    collection = collection or services.create_collection(name=name)
    upload = services.import_folder(folder, collection=collection, by=None)
    counts = {"stored": upload.stored, "repeated": upload.repeated}
    return {each: count for each, count in counts.items() if count}


def take_together(folder: Path, name: str) -> dict[str, int]:
    collection = Collection.objects.filter(name=name).first()
    if collection is None:
        collection = services.create_collection(name=name)
        services.add_sender(collection, name="PACS", by=None)
    sender = Sender.objects.get(collection=collection)
    batch = standing.Batch(collection, lambda: standing.standing_tally(sender, collection))
    for path in sorted(folder.iterdir()):
        batch.add_path(path)
    outcomes = [each["state"] for each in batch.flush()]
    return {each: outcomes.count(each) for each in sorted(set(outcomes))}


def state(name: str) -> dict[str, Any]:
    """What is kept of a collection by its rows, and what of its files is whole."""
    collection = Collection.objects.get(name=name)
    kept = Instance.objects.filter(series__examination__collection=collection)
    kept = kept.select_related("series__examination")
    series = Series.objects.filter(examination__collection=collection)
    return {
        "files": sorted(each.source_sha256 for each in kept),
        "whole": sum(store.sha256(store.path_of(each)) == each.sha256 for each in kept),
        "packs": sorted(each.pack_sha256 for each in series),
        "examinations": collection.examinations.count(),
        "said": sum(Upload.objects.filter(collection=collection).values_list("stored", flat=True)),
    }


def ended(names: list[str]) -> dict[str, Any]:
    """End and pack what stands open of these collections; what is kept, and what nothing names."""
    for each in Upload.objects.filter(collection__name__in=names, state=Upload.State.RECEIVING):
        services.end_upload(each, by=None)
        services.perform(each.pk)
    left = [str(each) for each in store.leftovers(before=time.time() + 1)]
    return {"left": left, "kept": {name: state(name) for name in names}}


if __name__ == "__main__":
    told: dict[str, Any] = {}
    match sys.argv[1:]:
        case ["killed", way, folder, *places]:
            told = {place: ended_at(way, Path(folder), *place.split("=")) for place in places}
            if set(told.values()) != {-signal.SIGKILL}:
                sys.exit(f"Not all were killed, see above: {told}")
        case ["take", way, folder, *names]:
            told = {name: take(way, Path(folder), name) for name in names}
        case ["state", *names]:
            told = {name: state(name) for name in names}
        case ["end", *names]:
            told = ended(names)
    print(json.dumps(told))  # noqa: T201 -- its output is its answer
