"""Deliveries: start one and add files; `finishing` ends it."""

import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging import archives, store
from readerstudy.imaging.models import Collection, Sender, Upload
from readerstudy.imaging.options import Options
from readerstudy.imaging.protocol import Protocol
from readerstudy.imaging.refusals import Reason, RefusedFile
from readerstudy.imaging.services.finishing import finish_upload
from readerstudy.imaging.services.tally import REFUSED, Outcome, Tally
from readerstudy.web.problems import Invalid, Problem

MAX_FILE_BYTES = 64 * 1024**3
TOGETHER = 25  # files of a folder or archive are counted in the report together
WAITS: Outcome = {"state": "done", "reason": "", "count": 1}  # until the delivery ends


@transaction.atomic
def create_collection(
    *, name: str, protocol: Protocol | None = None, options: Options | None = None
) -> Collection:
    """A new, empty collection with a de-identification key of its own.

    `protocol` is what is asked of its images, `options` what stays of them; the usual when left
    out.
    """
    asked = {} if protocol is None else {"imaging_protocol": protocol.as_dict()}
    asked |= {} if options is None else {"deidentification": options.as_dict()}
    return Collection.objects.create(name=name[:120], uid_key=secrets.token_bytes(32), **asked)


@transaction.atomic
def start_upload(
    collection: Collection,
    *,
    by: User | None,
    source: str = "browser",
    series: Iterable[UUID] = (),
    sender: Sender | None = None,
) -> Upload:
    """Begin a delivery into a collection; `series` are of it though no file of theirs comes.

    One of a `sender` stands open for what it sends, until nothing has come for a while.
    """
    report, now = _empty(), timezone.now()
    report["series"] = {str(pk): {"stored": 0, "repeated": 0} for pk in series}
    upload = Upload.objects.create(
        collection=collection, by=by, source=source, created_at=now, touched_at=now,
        sender=sender, report=report,
    )  # fmt: skip
    detail = {"collection": str(collection.id), "source": source}
    if sender is not None:
        detail["sender"] = str(sender.pk)
    record("imaging.start_upload", subject=f"upload:{upload.id}", by=by, detail=detail)
    return upload


def _empty() -> dict[str, Any]:
    return {"series": {}, "refused": {}, "files": [], "elements": {}}


def add_file(
    upload: Upload,
    stream: IO[bytes],
    *,
    study_uid: str | None = None,
    name: str = "",
    length: int = 0,
) -> Outcome:
    """Take in one file, or each file of a ZIP archive; nothing identified stays on disk.

    A NIfTI volume (its side-car, a slice of one) waits in the spool until the delivery ends.

    Parameters
    ----------
    study_uid : str, optional
        The only Study Instance UID taken, the sender's own or the one it was replaced by.
    name : str, optional
        Its path in a data set; used for nothing else.
    length : int, optional
        Its bytes as the sender says; too many are refused before one is read.

    Returns
    -------
    dict
        `state` (stored, repeated, refused; of an archive or a volume: done), `reason` in words,
        `count`; of one file also its `instance`, or the `code` of its refusal.

    Raises
    ------
    Problem
        409 for a delivery that is finished, 413 for a file that is too large, 507 where the disk
        has no room for it.
    """
    must_receive(upload)
    must_fit(length)
    tally = Tally(upload, study_uid)
    if place := tally.place_for(name):
        return _wait(stream, place)
    try:
        return _add(tally, stream)
    finally:
        tally.write()


def add_path(upload: Upload, path: Path, *, name: str = "") -> Outcome:
    """Take in a file that lies in the spool already, as `add_file`; it is removed."""
    must_receive(upload)
    tally = Tally(upload)
    try:
        if place := tally.place_for(name):
            place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.replace(place)
            return dict(WAITS)
        return _archive(tally, path) if archives.is_zip(path) else tally.take(path)
    finally:
        path.unlink(missing_ok=True)
        tally.write()


def note_known(upload: Upload, sha256: Iterable[str]) -> set[str]:
    """Which of these source files were stored before: counted in the delivery, not sent again.

    Raises
    ------
    Problem
        409 for a delivery that is finished.
    """
    must_receive(upload)
    return Tally(upload).note_known(sha256)


def must_receive(upload: Upload) -> None:
    """Refuse what is sent to a delivery that is finished."""
    if upload.state != Upload.State.RECEIVING:
        raise Problem("imaging.finished", "This upload is finished; start another one.")


def must_fit(length: int) -> None:
    """Refuse a file by the length that is said of it: too large, or more than the disk has."""
    if length > MAX_FILE_BYTES:
        raise too_large()
    if length > shutil.disk_usage(store.spool_file().parent).free:
        raise no_space()


def too_large() -> Problem:
    """413, with the limit."""
    words = f"A file may have {MAX_FILE_BYTES // 1024**3} GiB; send it in parts."
    return Problem("imaging.too_large", words, status=413)


def no_space() -> Problem:
    """507 (A7)."""
    words = "The disk is full. What was stored stays; send the rest once there is space."
    return Problem("imaging.no_space", words, status=507)


def _add(tally: Tally, stream: IO[bytes]) -> Outcome:
    with spooled(stream) as path:
        return _archive(tally, path) if archives.is_zip(path) else tally.take(path)


def _wait(stream: IO[bytes], place: Path) -> Outcome:
    """Keep a file of a data set until its delivery ends."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    spool(stream, place)
    return dict(WAITS)


def spool(stream: IO[bytes], target: Path) -> None:
    """Write what comes to a private file; 413 and 507 as they must be."""
    left = MAX_FILE_BYTES
    try:
        with open(target, "wb", opener=_private) as out:
            while part := stream.read(1024 * 1024):
                left -= len(part)
                if left < 0:
                    raise too_large()
                out.write(part)
    except OSError as error:
        if error.errno in store.FULL:
            raise no_space() from error
        raise


@contextmanager
def spooled(stream: IO[bytes]) -> Iterator[Path]:
    """What comes, as a private file that is wiped at the end; 413 and 507 as they must be."""
    path = store.spool_file()
    try:
        spool(stream, path)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _private(name: str, flags: int) -> int:
    return os.open(name, flags, 0o600)


def _archive(tally: Tally, path: Path) -> Outcome:
    count = 0
    try:
        for name, data in archives.members(path):
            try:
                _member(tally, name, data)
            except RefusedFile as refused:  # it is damaged; others may be whole
                tally.refuse(refused.reason)
            count += 1
            if count % TOGETHER == 0:
                tally.write()
    except RefusedFile as refused:
        return tally.refuse(refused.reason)
    return {"state": "done", "reason": "", "count": count}


def _member(tally: Tally, name: str, data: IO[bytes]) -> None:
    if place := tally.place_for(name):
        try:
            _wait(data, place)
        except RefusedFile:
            place.unlink(missing_ok=True)
            raise
        return
    with spooled(data) as inner:
        tally.take(inner)


def import_folder(
    path: Path,
    *,
    collection: Collection,
    by: User | None,
    source: str = "command",
    progress: Callable[[int, int], None] | None = None,
) -> Upload:
    """Deliver every file under a folder (or one file), as an upload would.

    Parameters
    ----------
    progress : callable, optional
        Told after each file how many are done, of how many.

    Raises
    ------
    Invalid
        400 when there is no file.
    """
    count = sum(1 for _each in _files(path))
    if not count:
        raise Invalid("imaging.no_files", f"There is no file in {path}.")
    upload = start_upload(collection, by=by, source=source)

    def told(done: int) -> None:
        if progress:
            progress(min(done, count), count)

    _take_all(upload, path, told)
    upload.refresh_from_db()
    return finish_upload(upload)


def take_folder(upload: Upload, folder: Path) -> Counter[Reason]:
    """Take files that we made (of a volume) into a delivery that is being finished.

    Answers how many were refused, by reason.

    Raises
    ------
    Problem
        507 when the disk is full.
    """
    refused = _take_all(upload, folder)
    if Reason.NO_SPACE in refused:
        raise no_space()
    return refused


def refuse_files(upload: Upload, reason: Reason, count: int) -> None:
    """Note files of a delivery that are not taken."""
    tally = Tally(upload)
    for _each in range(count):
        tally.refuse(reason)
    tally.write()


def _take_all(
    upload: Upload, path: Path, progress: Callable[[int], None] | None = None
) -> Counter[Reason]:
    tally, refused = Tally(upload), Counter[Reason]()
    try:
        for number, each in enumerate(_files(path), start=1):
            outcome = _archive(tally, each) if archives.is_zip(each) else tally.take(each)
            if outcome["state"] == REFUSED:
                refused[Reason[outcome["code"]]] += 1
            if number % TOGETHER == 0:
                tally.write()
            if progress:
                progress(number)
    finally:
        tally.write()
    return refused


def _files(path: Path) -> Iterator[Path]:
    """A file, or every plain one below a folder: no link, and of a million one folder at a time."""
    if path.is_file():
        yield path
    for folder, below, names in os.walk(path):
        below.sort()
        for name in sorted(names):
            one = Path(folder, name)
            if one.is_file() and not one.is_symlink():
                yield one


def received(upload: Upload) -> int:
    """How many files of a delivery have arrived, as the database has it now."""
    return int(Upload.objects.filter(pk=upload.pk).values_list(F("received"), flat=True)[0])
