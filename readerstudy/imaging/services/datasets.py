"""Volumes that come as NIfTI: in the private spool until their delivery ends, then imported.

What a case is, and what a mask says, the apps above know: they register an importer. Files lie
under the names they came with, for names say which sequence they are; a name may name a patient,
so no name is kept anywhere else.
"""

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from readerstudy.audit.services import record
from readerstudy.imaging import layouts, store
from readerstudy.imaging.models import Upload
from readerstudy.web.problems import Problem

KEPT = timedelta(days=2)
MADE_KEPT = timedelta(hours=6)  # an examination is made within minutes
MADE_PREFIX = "dataset-"
WIPED = (
    "NIfTI volumes that had waited two days for this delivery to end were wiped: "
    "send them again in a new one."
)
FAULT = "The volumes could not be worked on: the disk or the memory failed."
log = structlog.get_logger(__name__)
Beat = Callable[[int, int], None]
Importer = Callable[[Upload, Path, Beat], list[dict[str, Any]]]
_importers: list[Importer] = []


def register_importer(importer: Importer) -> Importer:
    """Add what makes cases of a folder of volumes.

    It is given the delivery, the folder, and whom to tell how many examinations are done, of how
    many; it answers for each examination `{"number", "is_taken", "words", "volumes"}`.
    """
    if importer not in _importers:
        _importers.append(importer)
    return importer


def place_for(upload: Upload, name: str) -> Path | None:
    """Where a file sent under that name waits; None where it is no part of a data set."""
    place = layouts.place_of(name)
    return None if place is None else store.dataset_folder(upload.pk) / place


def take(upload: Upload, *, lease: timedelta) -> None:
    """Import the volumes of a delivery, if it has any. Safe to repeat: what is there is skipped.

    Raises
    ------
    Problem
        503 for a disk or a memory that does not do: the volumes are kept, to be tried again.
    """
    folder = store.dataset_folder(upload.pk)
    if not folder.is_dir():
        return

    def beat(done: int, total: int) -> None:
        note(upload.pk, lease_until=timezone.now() + lease, ready=[done, total])

    try:
        told = [each for importer in _importers for each in importer(upload, folder, beat)]
        note(upload.pk, lease_until=timezone.now() + lease, datasets=told)
        shutil.rmtree(folder)
    except (OSError, MemoryError) as fault:
        # Its words may hold a volume's path, and that a patient's name: they go no further.
        what = type(fault).__name__, getattr(fault, "errno", None)
        log.warning("volumes could not be read", job=str(upload.pk), error=what)
        raise Problem("imaging.volumes", FAULT, status=503) from None
    upload.refresh_from_db()


@transaction.atomic
def note(upload_id: UUID, *, lease_until: datetime, **values: Any) -> None:
    """Write into the report as it is now: files are counted in it meanwhile."""
    locked = Upload.objects.select_for_update().get(pk=upload_id)
    locked.report |= values
    locked.lease_until = lease_until
    locked.save(update_fields=["report", "lease_until"])


def lost(upload: Upload) -> list[str]:
    """What to say of a delivery whose volumes were wiped before it ended."""
    return [WIPED] if upload.report.get("volumes_wiped") else []


def wipe_old() -> int:
    """Wipe volumes of deliveries that are done, failed or gone, or that nobody goes on sending.

    And what a worker that was killed left of an examination it was making.
    """
    parent = store.dataset_folder(UUID(int=0)).parent
    # Folders before rows: a delivery that starts meanwhile is not among them.
    there = list(parent.iterdir()) if parent.is_dir() else []
    goes_on = Upload.objects.filter(state__in=[Upload.State.RECEIVING, Upload.State.WORKING])
    states = {pk.hex: state for pk, state in goes_on.values_list("pk", "state")}
    old = [each for each in there if _is_over(each, states.get(each.name))]
    made = store.spool_file().parent.glob(f"{MADE_PREFIX}*")
    old += [each for each in made if _quiet_for(each) > MADE_KEPT]
    for each in old:
        shutil.rmtree(each, ignore_errors=True)
    return len(old)


def _is_over(folder: Path, state: str | None) -> bool:
    """Whether nobody needs the volumes of a delivery in that state any more."""
    if state == Upload.State.RECEIVING:
        return _quiet_for(folder) > KEPT and _give_up(UUID(folder.name))
    return state != Upload.State.WORKING


def _quiet_for(folder: Path) -> timedelta:
    """How long ago something was last written in a folder."""
    newest = 0.0
    for each in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):  # a file that is being written gets its name meanwhile
            newest = max(newest, each.lstat().st_mtime)
    return timedelta(seconds=time.time() - newest)


@transaction.atomic
def _give_up(upload_id: UUID) -> bool:
    """Note that a delivery's volumes are wiped, unless it was ended or goes on by other files."""
    locked = Upload.objects.select_for_update().filter(pk=upload_id).first()
    if locked is None or locked.state != Upload.State.RECEIVING or locked.parts.exists():
        return False
    if timezone.now() - (locked.touched_at or locked.created_at) <= KEPT:
        return False
    locked.report["volumes_wiped"] = True
    locked.save(update_fields=["report"])
    record("imaging.wipe_volumes", subject=f"upload:{locked.pk}", by=None)
    return True
