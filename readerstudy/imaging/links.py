"""What the proxy sends by itself: a folder of links for each token, named by its signature.

The proxy checks a token's end and hash (`tokens`) and looks whether the token's folder names what
is asked for. Whatever it does not find so is asked of us, who check the token anew: a folder that
is missing costs time, never an answer, and one that is left behind is passed by once the token's
time is over (decision 0025).
"""

import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

from readerstudy.imaging import frame_table, store, tokens
from readerstudy.imaging.frame_table import Place
from readerstudy.imaging.models import Instance, Series

_UID = re.compile(r"[0-9.]{1,64}")
FRAMES = "frames"  # the table of where they lie
GRACE_S = 60.0


def root() -> Path:
    """Where the folders are."""
    return Path(settings.STORE_DIR) / "grants"


def open_for(token: str) -> None:
    """Make a token's folder.

    Raises
    ------
    OSError
        When the disk takes no more.
    """
    opened, name = tokens.opened(token), tokens.signature(token)
    rows = list(_rows(opened.series))
    uids = Counter((row[2], row[3]) for row in rows)
    if opened.grant:  # first: what has no mark is not found when the grant is ended
        mark = _marks() / str(opened.grant) / name
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    folder = root() / name
    folder.mkdir(parents=True, exist_ok=True)
    for pk, collection, study, one, size, sha256, small, small_of in rows:
        there = store.series_folder(collection, pk)
        if not store.is_whole(there / store.PACK, size):
            continue  # nothing of half a series is sent (A8): of a damaged one we say so
        names = [store.PACK]
        if small_of == sha256 and small and store.is_whole(there / store.COMPRESSED, small):
            names.append(store.COMPRESSED)
        offered = _offered(pk, sha256, there, names)
        _link(offered, folder / str(pk))
        if uids[study, one] == 1 and _UID.fullmatch(study) and _UID.fullmatch(one):
            _link(offered, folder / f"{study}_{one}")
    os.utime(folder, (opened.end, opened.end))  # its age says when it is over


def _rows(names: Iterable[UUID]) -> Iterable[tuple[UUID, UUID, str, str, int, str, int, str]]:
    packed = Series.objects.filter(pk__in=names).exclude(pack_sha256="").order_by()
    return packed.values_list(
        "pk", "examination__collection_id", "examination__study_uid", "series_uid",
        "pack_bytes", "pack_sha256", "compressed_bytes", "compressed_of",
    )  # fmt: skip


def _offered(pk: UUID, sha256: str, there: Path, names: Iterable[str]) -> Path:
    """What may be sent of a series as it is packed now; `withdraw` ends it for all tokens."""
    folder = root() / "series" / f"{pk}_{sha256[:32]}"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        _link(there / name, folder / name)
    if not (folder / FRAMES).exists():
        _link(there, folder / "files")
        part = folder / uuid4().hex
        part.write_bytes(frame_table.written(_places(pk)))
        part.replace(folder / FRAMES)
    return folder


def _places(pk: UUID) -> Iterator[Place]:
    """Where the frames of a series' instances lie; of those that were looked at for it."""
    rows = Instance.objects.filter(series=pk).order_by()
    for uid, offset, size, count in rows.values_list(
        "sop_uid", "pixel_offset", "frame_bytes", "frames"
    ):
        if offset is not None and size is not None:
            yield Place(store.instance_name(uid), offset, size, count)


def _link(there: Path, name: Path) -> None:
    target = os.path.relpath(there, name.parent)
    try:
        name.symlink_to(target)
    except FileExistsError:  # the same token, issued twice in a second
        if str(name.readlink()) != target:  # and the series packed anew in between
            other = name.with_name(uuid4().hex)
            other.symlink_to(target)
            other.replace(name)


def withdraw(series_id: UUID) -> None:
    """Let the proxy send nothing more of a series until it is packed anew and asked of us."""
    for each in (root() / "series").glob(f"{series_id}_*"):
        shutil.rmtree(each, ignore_errors=True)


def close(ended: Iterable[UUID]) -> None:
    """Let the proxy send nothing more for the tokens of grants that are ended."""
    for each in ended:
        folder = _marks() / str(each)
        for mark in folder.glob("*"):
            shutil.rmtree(root() / mark.name, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)


def known() -> list[UUID]:
    """The grants for whose tokens the proxy may send something."""
    found = []
    for each in _marks().glob("*"):
        with suppress(ValueError):  # a file of somebody else's
            found.append(UUID(each.name))
    return found


def sweep() -> int:
    """Remove the folders of tokens whose time is over; how many."""
    gone, now = 0, time.time()
    for each in root().glob("?" * 43):  # the length of a signature
        with suppress(FileNotFoundError):
            if each.stat().st_mtime < now - GRACE_S:
                shutil.rmtree(each, ignore_errors=True)
                gone += 1
    for each in _marks().glob("*"):
        if not any((root() / mark.name).exists() for mark in each.glob("*")):
            shutil.rmtree(each, ignore_errors=True)
    return gone


def _marks() -> Path:
    """A folder for each grant, with a mark for each of its tokens, named as the token's folder."""
    return root() / "of"
