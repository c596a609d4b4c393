"""Models that are folders of files: read from a zip file, as they are exported, or as they lie."""

import io
import zipfile
import zlib
from pathlib import Path, PurePosixPath

MOST_BYTES = 4 * 1024**3  # of one file, unpacked
_THEN = (1980, 1, 1, 0, 0, 0)  # the same for every file: equal folders give equal bytes


class UnusableModel(ValueError):
    """The model cannot be used; the text says why and what to do."""


def zipped(folder: Path) -> bytes:
    """A folder as one zip file, equal for equal names and contents: what its hash is taken of."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(each for each in folder.rglob("*") if each.is_file()):
            name = path.relative_to(folder.parent).as_posix()  # nnU-Net's folders say what they are
            archive.writestr(zipfile.ZipInfo(name, _THEN), path.read_bytes())
    return out.getvalue()


class Archive:
    """The files of a model, by their path below the folder that holds `landmark`.

    Raises
    ------
    UnusableModel
        If it is no zip file, or has no file or several of that name.
    """

    def __init__(self, content: bytes, landmark: str) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except zipfile.BadZipFile as wrong:
            raise UnusableModel(
                "this is no zip file: give the model's folder, or a zip file of it"
            ) from wrong
        self._names = sorted(set(self._zip.namelist()))
        found = [n for n in self._names if f"/{n}".endswith(f"/{landmark}")]
        if len(found) != 1:
            raise UnusableModel(
                f"{len(found)} files {landmark} in the model: give the folder of one model"
            )
        self._root = found[0].removesuffix(landmark)

    @property
    def folder(self) -> str:
        """The name of the folder that holds the landmark; empty at the archive's root."""
        return PurePosixPath(self._root).name

    def names(self) -> list[str]:
        """Every file, relative to that folder."""
        return [n.removeprefix(self._root) for n in self._names if n.startswith(self._root)]

    def read(self, name: str) -> bytes:
        """A file's content.

        Raises
        ------
        UnusableModel
            If it is not there, is damaged or encrypted, or would fill the memory.
        """
        if name not in self.names():
            raise UnusableModel(f"the model has no file {name}")
        entry = self._zip.getinfo(self._root + name)
        if entry.file_size > MOST_BYTES:
            raise UnusableModel(f"{name} has more than {MOST_BYTES // 1024**3} GiB unpacked")
        try:
            return self._zip.read(entry)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as wrong:
            raise UnusableModel(f"{name} cannot be unpacked: {wrong}") from wrong
