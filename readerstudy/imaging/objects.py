"""The object storage behind the store, where a site has one; else all of this does nothing.

One switch, `S3_BUCKET`, gives `STORAGES` an entry `images` (django-storages). What the store keeps
is then an object of the same path, and the store's folder is a cache: a file of it is used only
where it is what its row says, byte for byte (A8). An object appears whole or not at all, before the
row that names it is committed; a crash in between leaves one that a repeat replaces.
"""

import errno
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from readerstudy.web.problems import Problem

log = structlog.get_logger(__name__)
ALIAS = "images"
PART = 1024 * 1024
_OUR_OWN = frozenset([errno.ENOSPC, errno.EDQUOT])
IN_USE = 3600.0  # seconds since a file was last asked for


def is_used() -> bool:
    """Whether images lie in an object storage."""
    return ALIAS in settings.STORAGES


def put(*paths: Path) -> None:
    """Send files of the store, in this order; what has their name is replaced.

    Raises
    ------
    Problem
        503 where the storage does not take one.
    """
    for path in paths if is_used() else ():
        if path.is_relative_to(settings.STORE_DIR):  # the private spool stays here
            with _answering(), path.open("rb") as data:
                _storage().save(_name(path), File(data))


def local(path: Path, sha256: str = "") -> Path:
    """A file of the store, fetched where it is not here or is not what its checksum says.

    Parameters
    ----------
    sha256 : str
        What it must be; empty for what never changes under its name.

    Raises
    ------
    Problem
        503 where the object is damaged, or the storage does not answer.
    FileNotFoundError
        Where there is no such object.
    """
    if not is_used():
        return path
    if not _is_here(path, sha256):
        fetch(path, sha256)
    os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))  # for `forget_old`
    return path


def fetch(path: Path, sha256: str = "") -> Path:
    """A file of the store as the object storage has it now, as `local`."""
    if not is_used():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        digest = _download(path, part)
        if sha256 and digest != sha256:
            log.error("an object is damaged", object=_name(path))
            words = (
                "The images of this case are damaged in the store; its coordinator must be told."
            )
            raise Problem("imaging.damaged", words, status=503)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path


def _download(path: Path, part: Path) -> str:
    """Write an object to `part`; its checksum."""
    digest = hashlib.sha256()
    with _answering(), _storage().open(_name(path)) as data, part.open("wb") as out:
        for piece in iter(lambda: data.read(PART), b""):
            digest.update(piece)
            out.write(piece)
    return digest.hexdigest()


def read(path: Path) -> bytes:
    """A small file that is written anew with its pack: never from the cache.

    Raises
    ------
    FileNotFoundError
        Where there is none.
    """
    return fetch(path).read_bytes()


def exists(path: Path) -> bool:
    """Whether the store has a file."""
    if not is_used():
        return path.exists()
    with _answering():
        return _storage().exists(_name(path))


def checksum(path: Path) -> str:
    """The SHA-256 of what the store has now, never of the cache; empty where it has none."""
    digest = hashlib.sha256()
    try:
        with _answering(), _storage().open(_name(path)) if is_used() else path.open("rb") as data:
            for piece in iter(lambda: data.read(PART), b""):
                digest.update(piece)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()


def listed(folder: Path) -> tuple[list[str], list[str]]:
    """The folders and the files of a folder of the store."""
    if is_used():
        with _answering():
            folders, files = _storage().listdir(_name(folder))
            return list(folders), [each for each in files if each]
    there = list(folder.iterdir()) if folder.is_dir() else []
    return [each.name for each in there if each.is_dir()], [
        each.name for each in there if each.is_file()
    ]


def written_at(path: Path) -> float:
    """When a file of the store was written, in seconds since 1970."""
    if is_used():
        with _answering():
            return _storage().get_modified_time(_name(path)).timestamp()
    return path.stat().st_mtime


def remove(path: Path) -> None:
    """Remove a file, or all of a folder, from storage and cache. Safe to repeat."""
    if is_used():
        with _answering():
            for name in _names(path):
                _storage().delete(name)
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _names(path: Path) -> list[str]:
    """The object of that name and those below it."""
    folders, files = _storage().listdir(_name(path))
    below = [each for folder in folders for each in _names(path / folder)]
    return [_name(path), *(_name(path / each) for each in files if each), *below]


def forget_old() -> int:
    """Take out of the cache what was not asked for the longest, down to `STORE_CACHE_BYTES`."""
    if not is_used():
        return 0
    files = [(each, each.stat()) for each in Path(settings.STORE_DIR).rglob("*") if each.is_file()]
    over = sum(stat.st_size for _, stat in files) - settings.STORE_CACHE_BYTES
    gone, before = 0, time.time() - IN_USE
    for path, stat in sorted(files, key=lambda each: each[1].st_atime):
        if over <= 0 or stat.st_atime > before:
            break
        path.unlink(missing_ok=True)
        over, gone = over - stat.st_size, gone + 1
    return gone


def _is_here(path: Path, sha256: str) -> bool:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return False
    return not sha256 or _sha256(path, stat.st_size, stat.st_ino, stat.st_mtime_ns) == sha256


@lru_cache(maxsize=65_536)
def _sha256(path: Path, _bytes: int, _inode: int, _written_ns: int) -> str:
    """A file's checksum as long as it is the same file."""
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _storage() -> Storage:
    return storages[ALIAS]


def _name(path: Path) -> str:
    return path.relative_to(settings.STORE_DIR).as_posix()


@contextmanager
def _answering() -> Iterator[None]:
    """What goes wrong with the storage is a 503; no such object or a full disk stay as they are.

    Connections are tried again by the client (settings); what comes here has lasted.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OUR_OWN:
            raise
        log.exception("the object storage does not answer", error=type(error).__name__)
        words = "The store does not answer. Nothing is lost; try again in a moment."
        raise Problem("imaging.store", words, status=503) from error
