"""Where frozen data and results lie: whole files, written once, checked by their hash."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from django.conf import settings

from readerstudy.imaging import objects
from readerstudy.results.tables import digest, manifest
from readerstudy.web.problems import Problem

MANIFEST = "manifest.sha256"


def freeze_folder(freeze_id: UUID) -> Path:
    """The folder of one frozen data set."""
    return Path(settings.STORE_DIR) / "freezes" / str(freeze_id)


def run_folder(run_id: UUID) -> Path:
    """The folder of one analysis run: its figures and its report."""
    return Path(settings.STORE_DIR) / "analyses" / str(run_id)


def write(folder: Path, files: Mapping[str, bytes]) -> str:
    """Write the files whole, with their manifest; answer the hash of the whole.

    A crash leaves a folder of another name, never half of this one.
    """
    part = folder.with_name(f"{folder.name}.part")
    part.mkdir(parents=True, exist_ok=True)
    sums = manifest(files)
    listing = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()
    for name, data in {**files, MANIFEST: listing}.items():
        path = part / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
    part.replace(folder)
    objects.put(
        *(folder / name for name in sorted(files)), folder / MANIFEST
    )  # the list comes last
    return digest(sums)


def read(folder: Path, expected: str) -> dict[str, bytes]:
    """Every file of a folder, after checking each against the manifest and the whole's hash.

    Raises
    ------
    Problem
        When a file is missing, altered or added (fault H5).
    """
    sums = _listed(folder)
    files = {name: data for name in sums if (data := _bytes(folder / name)) is not None}
    altered = sorted(
        name for name in sums if hashlib.sha256(files.get(name, b"")).hexdigest() != sums[name]
    )
    if altered or digest(sums) != expected:
        raise Problem(
            "results.altered",
            f"The frozen data were altered ({', '.join(altered) or 'the manifest'}). "
            "Restore them from a backup; nothing is analysed until they match their hash.",
        )
    return files


def names(folder: Path) -> set[str]:
    """The files of a folder that its manifest names."""
    try:
        return set(_listed(folder))
    except FileNotFoundError:
        return set()


def read_all(folder: Path) -> dict[str, bytes]:
    """Every file of a folder of results, each checked against the folder's own manifest."""
    return read(folder, digest(_listed(folder)))


def _listed(folder: Path) -> dict[str, str]:
    """The checksums of the files that a folder's manifest names."""
    listing = objects.local(folder / MANIFEST).read_text().splitlines()
    return {line[66:]: line[:64] for line in listing}


def _bytes(path: Path) -> bytes | None:
    try:
        return objects.local(path).read_bytes()
    except FileNotFoundError:
        return None
