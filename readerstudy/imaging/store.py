"""Where images lie: whole files under names of ours, never of theirs.

On a local disk; where a site has an object storage, there, and what is asked for comes here first.
"""

import errno
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

from readerstudy.imaging import objects
from readerstudy.imaging.models import Instance, Series
from readerstudy.imaging.refusals import Reason, RefusedFile

MASK = "face.npz"  # of a face that is being taken out
PACK = "raw.pack"
COMPRESSED = "jpeg-ls.pack"
METADATA = "metadata.json"
THUMBNAIL = "middle.png"
FULL = frozenset([errno.ENOSPC, errno.EDQUOT])


def series_folder(collection_id: UUID, series_id: UUID) -> Path:
    """The folder of one series."""
    return Path(settings.STORE_DIR) / "images" / str(collection_id) / str(series_id)


def folder_of(series: Series) -> Path:
    """The folder of a series whose examination is loaded."""
    return series_folder(series.examination.collection_id, series.id)


def instance_path(folder: Path, sop_uid: str) -> Path:
    """The de-identified file of an instance; a UID is never a path."""
    return folder / f"{instance_name(sop_uid)}.dcm"


def instance_name(sop_uid: str) -> str:
    """What an instance's file is called: 32 letters."""
    return hashlib.sha256(sop_uid.encode()).hexdigest()[:32]


def place_of(instance: Instance) -> Path:
    """Where an instance's file is kept, whether it is here or not."""
    return instance_path(folder_of(instance.series), instance.sop_uid)


def path_of(instance: Instance) -> Path:
    """The de-identified file of an instance whose series and examination are loaded, to be read."""
    return objects.local(place_of(instance), instance.sha256)


def pack_place(series: Series) -> Path:
    """Where the series' pack is kept, whether it is here or not."""
    return folder_of(series) / PACK


def pack_path(series: Series) -> Path:
    """The series' pack, raw, to be read."""
    return objects.local(pack_place(series), series.pack_sha256)


def compressed_place(series: Series) -> Path:
    """Where the series' compressed pack is kept, whether it is here or not."""
    return folder_of(series) / COMPRESSED


def is_whole(path: Path, size: int) -> bool:
    """Whether a file is there with all its bytes: nothing of half a series is sent (A8)."""
    try:
        return path.stat().st_size == size
    except OSError:
        return False


def thumbnail_path(series: Series) -> Path:
    """Where the series' thumbnail is kept: its middle frame, as PNG."""
    return folder_of(series) / THUMBNAIL


def metadata_path(series: Series) -> Path:
    """Where the series' attributes are kept, as DICOM JSON."""
    return folder_of(series) / METADATA


def spool_file() -> Path:
    """A new file in the private spool, for what is not de-identified yet."""
    folder = str(settings.SPOOL_DIR)
    if not os.path.isdir(folder):  # noqa: PTH112 -- for each file: a fifth of what Path costs
        Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(f"{folder}/{uuid4().hex}")


def wipe_spooled(*, before: float) -> int:
    """Wipe what a process that died left in the spool, last written before a moment; how many.

    Parameters
    ----------
    before : float
        Seconds since 1970.
    """
    root = Path(settings.SPOOL_DIR)
    wiped = 0
    for each in root.iterdir() if root.is_dir() else ():
        with suppress(FileNotFoundError):  # its request ended meanwhile
            if each.is_file() and each.stat().st_mtime < before:
                each.unlink()
                wiped += 1
    return wiped


def part_path(part_id: UUID) -> Path:
    """What is there of a file that arrives in chunks."""
    folder = Path(settings.SPOOL_DIR) / "parts"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / part_id.hex


def dataset_folder(upload_id: UUID) -> Path:
    """Where a delivery's NIfTI volumes wait, under the names they came with, until it ends."""
    return Path(settings.SPOOL_DIR) / "volumes" / upload_id.hex


def held_path(held_id: UUID) -> Path:
    """An image that waits for a person to look at it: private, never served as it lies."""
    folder = Path(settings.SPOOL_DIR) / "held"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / held_id.hex


def parcel_path(parcel_id: UUID) -> Path:
    """An object on its way to a PACS, until it is there."""
    return Path(settings.STORE_DIR) / "outgoing" / f"{parcel_id.hex}.dcm"


def keep(source: Path, target: Path) -> None:
    """Move a finished file into the store: on disk before it has its name.

    Raises
    ------
    RefusedFile
        NO_SPACE when the disk is full; nothing of the file is left then.
    Problem
        503 where there is an object storage that does not answer.
    """
    with _refusing(source):
        target.parent.mkdir(parents=True, exist_ok=True)
        with source.open("rb") as data:
            os.fsync(data.fileno())
        source.replace(target)
        sync_folder(target.parent)
        objects.put(target)


def write(data: bytes, target: Path) -> str:
    """Write a small file beside a series' pack, whole and on the disk; its checksum."""
    part = target.with_name(f"{target.name}.{uuid4().hex}.part")
    try:
        with part.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return hashlib.sha256(data).hexdigest()


def name(source: Path, target: Path) -> None:
    """Give a finished file its name in the store; it stays where it is, too.

    Of many files first each gets its name, then each is settled: syncs that follow each other
    cost a third of those with other work between.
    """
    with _refusing(target):
        _link(source, target)


def settle(target: Path) -> None:
    """Have a file of the store on the disk; its name is once `settle_names` ends.

    Raises
    ------
    RefusedFile
        NO_SPACE when the disk is full; nothing of the file is left then.
    Problem
        503 where there is an object storage that does not answer.
    """
    with _refusing(target):
        _sync(target)
        objects.put(target)


def settle_names(targets: Sequence[Path]) -> None:
    """Have the names of files of one folder on the disk.

    Raises
    ------
    RefusedFile
        NO_SPACE when the disk is full; none of the files is left then.
    """
    with _refusing(*targets):
        sync_folder(targets[0].parent)


@contextmanager
def _refusing(*targets: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        for each in targets:
            each.unlink(missing_ok=True)
        if error.errno in FULL:
            raise RefusedFile(Reason.NO_SPACE) from error
        raise


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:  # the first of its series
        target.parent.mkdir(parents=True, exist_ok=True)
        os.link(source, target)
    except FileExistsError:  # of who was killed before the row was there, or of a try before
        other = target.with_name(f"{target.name}.{uuid4().hex}.part")
        os.link(source, other)
        other.replace(target)
        other.unlink(missing_ok=True)  # where both were one file already, neither is gone


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    _sync(folder)


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def leftovers(*, before: float) -> Iterator[Path]:
    """Files that no row names, written before a moment: of who was killed between file and row.

    Parameters
    ----------
    before : float
        Seconds since 1970; what is newer may be about to get its row.
    """
    root = Path(settings.STORE_DIR) / "images"
    for collection in objects.listed(root)[0]:
        for name in objects.listed(root / collection)[0]:
            folder = root / collection / name
            named = _named(name)
            for each in objects.listed(folder)[1]:
                path = folder / each
                if each not in named and objects.written_at(path) < before:
                    yield path


def _named(series_id: str) -> set[str]:
    """The names of a series' files by its rows; none where there is no such series."""
    series = Series.objects.select_related("examination").filter(pk=series_id).first()
    if series is None:
        return set()
    made = {pack_place(series), thumbnail_path(series), metadata_path(series)}
    made |= {compressed_place(series)} if series.compressed_bytes else set()
    uids = Instance.objects.filter(series=series).values_list("sop_uid", flat=True)
    folder = folder_of(series)
    return {each.name for each in made | {instance_path(folder, uid) for uid in uids}} | {MASK}


def sha256(path: Path) -> str:
    """A file's checksum."""
    with path.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()
