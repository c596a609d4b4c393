"""Large files in chunks, as tus 1.0 has it: what arrived stays, and sending goes on from there."""

import fcntl
from datetime import timedelta
from pathlib import Path
from typing import IO

from django.utils import timezone

from readerstudy.imaging import store
from readerstudy.imaging.models import Part, Upload
from readerstudy.imaging.services import delivering
from readerstudy.imaging.services.tally import Outcome
from readerstudy.web.problems import Invalid, Problem

KEPT = timedelta(days=2)
MAX_PARTS = 1000  # at once, of one delivery
CHUNK = 1024 * 1024
HEX = frozenset("0123456789abcdef")


def start_part(upload: Upload, *, length: int, sha256: str = "", name: str = "") -> Part:
    """Announce a file of so many bytes; its name where it is part of a data set.

    Raises
    ------
    Problem
        400 for a checksum that is none, 409 for a delivery that is finished, 413 for a file that
        is too large, 507 where the disk has no room for it.
    """
    delivering.must_receive(upload)
    if sha256 and (len(sha256) != 64 or set(sha256) - HEX):  # noqa: PLR2004 -- of SHA-256
        raise Invalid("imaging.checksum", "A checksum is SHA-256 in 64 hexadecimal digits.")
    if upload.parts.count() >= MAX_PARTS:
        raise delivering.too_large()
    delivering.must_fit(length)
    part = Part.objects.create(
        upload=upload, length=length, sha256=sha256, created_at=timezone.now()
    )
    store.part_path(part.pk).touch(mode=0o600)
    if name:
        beside = _name_path(part)
        beside.touch(mode=0o600)
        beside.write_text(name, encoding="utf-8")
    return part


def _name_path(part: Part) -> Path:
    """Where a file's name waits with it: in no row, for it may name a patient."""
    return store.part_path(part.pk).with_suffix(".name")


def _name(part: Part) -> str:
    beside = _name_path(part)
    return beside.read_text(encoding="utf-8") if beside.exists() else ""


def offset_of(part: Part) -> int:
    """How much of it is there."""
    path = store.part_path(part.pk)
    return path.stat().st_size if path.exists() else 0


def append(part: Part, stream: IO[bytes], *, offset: int) -> tuple[int, Outcome | None]:
    """Add a chunk; the file is taken in once it is whole.

    Returns
    -------
    offset, outcome
        How much is there now; what became of the file, once it is whole.

    Raises
    ------
    Problem
        409 for a chunk that does not go on where the file ends, 423 while another is written,
        413 for more than was announced, 460 where the whole is not what its checksum says, 507
        where the disk is full: then what was there is gone, so that the disk has room.
    """
    delivering.must_receive(part.upload)
    path = store.part_path(part.pk)
    try:
        with path.open("r+b") as out:
            _lock(out)
            there = out.seek(0, 2)
            if there != offset:
                raise Problem("imaging.offset", f"{there} bytes are there: go on from there.")
            there = _write(out, stream, there, part.length)
    except FileNotFoundError:
        raise Problem("imaging.gone", "The file was wiped: send it anew.", status=410) from None
    except OSError as error:
        if error.errno in store.FULL:
            forget(part)
            raise delivering.no_space() from error
        raise
    return there, take_whole(part) if there == part.length else None


def _lock(out: IO[bytes]) -> None:
    try:
        fcntl.flock(out, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        words = "Another chunk of this file is being written."
        raise Problem("imaging.busy", words, status=423) from None


def _write(out: IO[bytes], stream: IO[bytes], there: int, length: int) -> int:
    """Write what comes, as it comes: what arrived before a connection broke stays."""
    while data := stream.read(CHUNK):
        if there + len(data) > length:
            out.truncate(there)
            raise Problem("imaging.too_long", "More came than was announced.", status=413)
        out.write(data)
        out.flush()
        there += len(data)
    return there


def take_whole(part: Part) -> Outcome:
    """Take in a file that has arrived; its chunks are wiped.

    Raises
    ------
    Problem
        460 (tus) where it is not what its checksum says.
    """
    path = store.part_path(part.pk)
    if part.sha256 and store.sha256(path) != part.sha256:
        forget(part)
        words = "What arrived is not what was sent: it is wiped, send it again."
        raise Problem("imaging.checksum", words, status=460)
    outcome = delivering.add_path(part.upload, path, name=_name(part))
    forget(part)
    return outcome


def take_what_is_whole(upload: Upload) -> None:
    """Take in files that arrived whole just before a server died; wipe those that never will."""
    for part in upload.parts.select_related("upload__collection"):
        if offset_of(part) == part.length and upload.state == Upload.State.RECEIVING:
            take_whole(part)
        else:
            forget(part)


def forget(part: Part) -> None:
    """Wipe a file that arrives in chunks. Safe to repeat."""
    store.part_path(part.pk).unlink(missing_ok=True)
    _name_path(part).unlink(missing_ok=True)
    Part.objects.filter(pk=part.pk).delete()


def wipe_old_parts() -> int:
    """Wipe what nobody went on sending."""
    old = list(Part.objects.filter(created_at__lt=timezone.now() - KEPT))
    for part in old:
        forget(part)
    return len(old)
