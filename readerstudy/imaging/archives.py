"""Look into ZIP archives: sizes, ratios, counts, names, before a byte is unpacked. Pure."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import IO, cast

from readerstudy.imaging.refusals import Reason, RefusedFile

MAX_MEMBERS = 200_000
MAX_BYTES = 64 * 1024**3
MAX_MEMBER_BYTES = 2 * 1024**3
MAX_RATIO = 200.0
MAX_LISTING_BYTES = 64 * 1024**2
_END64, _LARGE = b"PK\x06\x06", 0xFFFFFFFF  # of a large archive
_HEAD, _END = b"PK\x01\x02", b"PK\x05\x06"  # of a member in the listing; of the listing's end
SMALL = 1024 * 1024  # below it a high ratio harms nobody
# The others (BZIP2, LZMA) `zipfile` unpacks by a megabyte of what is packed, whatever that becomes.
METHODS = frozenset([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError)


class _Member:
    """A member, unpacked as it is read; who reads what is damaged is told so by a refusal."""

    def __init__(self, data: IO[bytes]) -> None:
        self._data = data

    def read(self, size: int = -1) -> bytes:
        try:
            return self._data.read(size)
        except _DAMAGED as error:
            raise RefusedFile(Reason.TRUNCATED) from error


def is_zip(path: Path) -> bool:
    """Whether the file begins as a ZIP archive."""
    with path.open("rb") as data:
        return data.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}


def members(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Each file of an archive: its name, and it, opened.

    Reading one that is damaged raises `RefusedFile` (TRUNCATED); those after it can be read.

    Raises
    ------
    RefusedFile
        ARCHIVE for a bomb, too many members, encryption, links, names that lead elsewhere, or
        another way of packing than DEFLATE.
        Archives inside archives are given as files, and refused as such by intake.
    """
    _count(path)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise RefusedFile(Reason.ARCHIVE) from error
    with archive:
        infos = archive.infolist()
        _check_all(infos)
        for info in infos:
            if info.is_dir():
                continue
            try:
                with archive.open(info) as data:
                    yield info.filename, cast("IO[bytes]", _Member(data))
            except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError) as error:
                raise RefusedFile(Reason.ARCHIVE) from error


def _count(path: Path) -> None:
    """Refuse too many members before any is listed: a million cost seconds and a gigabyte.

    Their heads lie together at the archive's end; a few more may be counted in names and comments.
    """
    with path.open("rb") as data:
        size = data.seek(0, 2)
        data.seek(-min(size, MAX_LISTING_BYTES), 2)
        listing = data.read()
        begin = data.seek(-len(listing), 2)
    if listing.count(_HEAD) > MAX_MEMBERS:
        raise RefusedFile(Reason.ARCHIVE)
    # A listing that begins before what was counted is longer than any that is taken.
    end = listing.rfind(_END)
    if end < 0:
        return  # no archive; `zipfile` says so
    padded = listing.ljust(end + 56, b"\0")
    (bytes_,) = struct.unpack_from("<I", padded, end + 12)
    if bytes_ == _LARGE and (end64 := listing.rfind(_END64)) >= 0:
        (bytes_,) = struct.unpack_from("<Q", padded, end64 + 40)
    if begin > 0 and bytes_ > end:
        raise RefusedFile(Reason.ARCHIVE)


def _check_all(infos: list[zipfile.ZipInfo]) -> None:
    total = sum(info.file_size for info in infos)
    if len(infos) > MAX_MEMBERS or total > MAX_BYTES:
        raise RefusedFile(Reason.ARCHIVE)
    ends = sorted((info.header_offset, info.header_offset + info.compress_size) for info in infos)
    overlap = any(first[1] > second[0] for first, second in pairwise(ends))
    if overlap or not all(map(_is_safe, infos)):
        raise RefusedFile(Reason.ARCHIVE)


def _is_safe(info: zipfile.ZipInfo) -> bool:
    ratio = info.file_size / max(info.compress_size, 1)
    if info.file_size > MAX_MEMBER_BYTES or (info.file_size > SMALL and ratio > MAX_RATIO):
        return False
    if info.compress_type not in METHODS:
        return False
    name = PurePosixPath(info.filename.replace("\\", "/"))
    leads_away = name.is_absolute() or ".." in name.parts or "\0" in info.filename
    is_link = stat.S_ISLNK(info.external_attr >> 16)
    is_encrypted = bool(info.flag_bits & 1)
    return not (leads_away or is_link or is_encrypted)
