"""Files that a form sends, kept no longer than they are read: they may name a patient."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from readerstudy.imaging import store


@contextmanager
def spooled(sent: "Sequence[UploadedFile[Any]]") -> Iterator[dict[Path, str]]:
    """The files under names of ours in the private spool, removed whatever happens.

    Each with the name that it was sent under, which is nowhere on the disk.
    """
    files = {store.spool_file(): each.name or "" for each in sent}
    try:
        for path, each in zip(files, sent, strict=True):
            with path.open("wb") as out:
                path.chmod(0o600)
                out.writelines(each.chunks())
        yield files
    finally:
        for path in files:
            path.unlink(missing_ok=True)
