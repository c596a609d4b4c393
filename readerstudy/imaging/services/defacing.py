"""Take faces out of an examination's series: a coordinator's step, before the study is locked."""

from pathlib import Path

import numpy as np
import pydicom
from django.db import transaction
from pydicom import Dataset

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging import access, defacing, geometry, links, objects, rendering, store
from readerstudy.imaging.deidentify import code_item
from readerstudy.imaging.models import Examination, Instance, Series
from readerstudy.imaging.services.packing import make_ready
from readerstudy.imaging.volumes import volume_of
from readerstudy.web.problems import Problem

_CODE = ("113102", "Clean Recognizable Visual Features Option")  # PS3.16 CID 7050


def deface(examination: Examination, *, by: User) -> list[str]:
    """Set the face in each series to air; answers which series have none that was found.

    The mask is kept beside the series until all its files are rewritten: a step that was cut off
    goes on with the same mask when it is repeated.

    Raises
    ------
    Problem
        409 for an examination that is not ready, is locked, or has no series left to deface.
    """
    if access.is_sealed(examination):
        raise Problem("imaging.sealed", "The study is locked: its images change no more.")
    series = list(examination.series.filter(is_defaced=False).select_related("examination"))
    if not series or any(not each.pack_sha256 for each in series):
        words = "Its series are defaced already, or are not packed yet."
        raise Problem("imaging.nothing_to_deface", words)
    left = []
    done = []
    for each in series:
        try:
            _deface(each)
            done.append(each)
        except defacing.NotAHead as why:
            left.append(f"{each}: {why}")
    _keep(examination, done, left, by)
    for each in done:
        links.withdraw(each.pk)
    make_ready(examination)
    for each in done:
        (store.folder_of(each) / store.MASK).unlink(missing_ok=True)
    return left


@transaction.atomic
def _keep(examination: Examination, done: list[Series], left: list[str], by: User) -> None:
    for each in done:
        for instance in Instance.objects.filter(series=each).select_related("series__examination"):
            path = objects.fetch(store.place_of(instance))
            instance.sha256, instance.bytes = store.sha256(path), path.stat().st_size
            length = (instance.frame_bytes or 0) * instance.frames
            instance.pixel_offset = instance.bytes - length - length % 2
            instance.save(update_fields=["sha256", "bytes", "pixel_offset"])
    ids = [each.pk for each in done]
    Series.objects.filter(pk__in=ids).update(is_defaced=True, pack_sha256="")
    Examination.objects.filter(pk=examination.pk).update(ready_at=None)
    record(
        "imaging.deface",
        subject=f"examination:{examination.pk}",
        by=by,
        detail={"series": len(done), "without_a_face": len(left)},
    )


def _deface(series: Series) -> None:
    mask = _mask(series)
    instances = list(Instance.objects.filter(series=series).select_related("series__examination"))
    # As they are now: a step that was cut off left files that are not what their rows say.
    paths = [objects.fetch(store.place_of(each)) for each in instances]
    heads = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    of_file: dict[int, list[tuple[int, int]]] = {}
    for number, frame in enumerate(geometry.stack(heads).frames):
        of_file.setdefault(frame.file, []).append((frame.frame, number))
    for number, path in enumerate(paths):
        _rewrite(path, {frame: mask[place] for frame, place in of_file.get(number, [])})


def _mask(series: Series) -> defacing.Mask:
    kept = store.folder_of(series) / store.MASK
    if kept.exists():
        mask: defacing.Mask = np.load(kept)["mask"]
        return mask
    mask = defacing.face(volume_of(series))
    part = kept.with_name(f"part-{store.MASK}")
    np.savez_compressed(part, mask=mask)
    part.replace(kept)
    return mask


def _rewrite(path: Path, masks: dict[int, defacing.Mask]) -> None:
    """Write the file anew, whole, with air where the masks say.

    A frame that is not part of the stack (a second one at a place, of another size) is shown to
    nobody, and may show the face: it becomes air.
    """
    data = pydicom.dcmread(path)
    pixels = data.pixel_array.copy()
    air = pixels.min()
    frames = pixels.reshape(-1, int(data.Rows), int(data.Columns))
    for number, frame in enumerate(frames):
        frame[masks.get(number, np.ones(frame.shape, np.bool_))] = air
    stored = pixels.tobytes()
    data.PixelData = stored + b"\0" * (len(stored) % 2)
    _say_so(data)
    clean = store.spool_file()
    data.save_as(clean, enforce_file_format=True)
    store.keep(clean, path)


def _say_so(data: Dataset) -> None:
    data.RecognizableVisualFeatures = "NO"
    codes = data.DeidentificationMethodCodeSequence
    if all(each.CodeValue != _CODE[0] for each in codes):
        codes.append(code_item(_CODE[0], "DCM", _CODE[1]))


def preview(series: Series) -> bytes:
    """The head from the side, the middle of it, with what would go in red: a PNG.

    Raises
    ------
    Problem
        409 where no face is found.
    """
    volume = volume_of(series)
    try:
        mask = defacing.face(volume)
    except defacing.NotAHead as why:
        raise Problem("imaging.no_face", str(why)) from None
    return rendering.side_view(volume, mask)
