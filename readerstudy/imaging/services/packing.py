"""Make an examination ready: each series packed, its metadata written, the quality checked."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from PIL import Image

from readerstudy.audit.services import record
from readerstudy.imaging import (
    heads,
    lettering,
    metadata,
    objects,
    packs,
    quality,
    rendering,
    store,
)
from readerstudy.imaging.geometry import Stack, stack
from readerstudy.imaging.models import Examination, Instance, Series
from readerstudy.imaging.protocol import Protocol
from readerstudy.imaging.refusals import Reason, RefusedFile
from readerstudy.imaging.services import held

THUMBNAIL_PX = 160
TRIES = 5


class ShowsText(Exception):
    """A series whose pixels seem to show text, of which no attribute told."""


@dataclass(frozen=True)
class Packed:
    """A series as it was packed: out of how many instances, to what."""

    series: Series
    instances: int
    stack: Stack


def make_ready(examination: Examination) -> list[str]:
    """Pack what is not packed, check the whole; answers what went wrong, in words.

    Files may arrive while a pack is written: the examination is ready only when what was packed
    is what is there, seen under the examination's lock; else all is done again. A series that seems
    to show text is held, whole, for a person to look at; an examination without another is gone.
    """
    aside: list[str] = []
    for _ in range(TRIES):
        problems, done = [], []
        for series in examination.series.select_related("examination__collection"):
            try:
                done.append(pack(series))
            except RefusedFile as refused:
                problems.append(f"{series}: {refused}")
            except ShowsText:
                held.hold_series(series)
                aside.append(f"{series}: {Reason.HELD}")
        if aside and not Examination.objects.filter(pk=examination.pk).exists():
            return aside
        if _keep_verdict(examination, done, problems):
            return aside + problems
    still = f"Images of {examination} are still arriving: finish the other upload."
    return [*aside, *problems, still]


@transaction.atomic
def _keep_verdict(examination: Examination, done: list[Packed], problems: list[str]) -> bool:
    locked = Examination.objects.select_for_update().get(pk=examination.pk)
    now = {each.pk: each.instances.count() for each in examination.series.all()}
    grown = [each for each in done if now[each.series.pk] != each.instances]
    if grown or len(now) != len(done) + len(problems):
        return False
    checked = [
        quality.Checked(
            each.series.role, str(each.series), each.stack, each.series.frame_of_reference_uid,
            each.series.acquisition,
        )
        for each in done
    ]  # fmt: skip
    found = quality.findings(checked, Protocol.of(examination.collection.imaging_protocol))
    found += [quality.Finding(quality.WARN, "unreadable", words) for words in problems]
    words = [each.as_dict() for each in found]
    changed = ["findings", "verdict", "ready_at"]
    if words != examination.findings:  # what a person accepted was something else
        if locked.accepted_by_id is not None:
            subject = f"examination:{examination.pk}"
            detail = {"findings": words}
            record("imaging.acceptance_lapsed", subject=subject, by=None, detail=detail)
        examination.accepted_by, examination.accepted_note = None, ""
        changed += ["accepted_by", "accepted_note"]
    examination.findings, examination.verdict = words, quality.verdict(found)
    examination.ready_at = (examination.ready_at or timezone.now()) if done else None
    examination.save(update_fields=changed)
    return True


def pack(series: Series) -> Packed:
    """Write a series' pack, metadata and thumbnail unless they are there.

    Raises
    ------
    RefusedFile
        When no frame can be placed or decoded.
    ShowsText
        When a person must look at it first, or a file of it waits for that.
    """
    is_open = not (series.is_looked_at or series.pack_sha256)
    if is_open and held.waits(series):
        raise ShowsText
    # By UID where numbers repeat, never by arrival: the same images are the same pack (E6).
    arrived = Instance.objects.filter(series=series).order_by("number", "sop_uid")
    instances = list(arrived.select_related("series__examination"))
    paths = [store.path_of(each) for each in instances]
    files = heads.read(paths)
    placed = stack([each.data for each in files])
    target = store.pack_place(series)
    if not series.pack_sha256 or not objects.exists(target):
        written = packs.write(files, placed, target)
        geometry = geometry_of(series, placed, written)
        if is_open and _shows_text(target, geometry):
            raise ShowsText
        series.thumbnail_sha256 = _thumbnail(target, geometry, store.thumbnail_path(series))
        attributes = metadata.text_of(each.data for each in files)
        series.metadata_sha256 = store.write(attributes, store.metadata_path(series))
        _keep_pack(series, len(instances), geometry, written)
    return Packed(series, len(instances), placed)


def _shows_text(pack_file: Path, geometry: dict[str, Any]) -> bool:
    chosen = lettering.sampled(geometry["frames"])
    rest = sorted(set(range(geometry["frames"])) - set(chosen))
    return lettering.shows_text(
        [packs.frame(pack_file, each, geometry) for each in chosen],
        (packs.frame(pack_file, each, geometry) for each in rest),
    )


@transaction.atomic
def _keep_pack(
    series: Series, instances: int, geometry: dict[str, Any], written: packs.Written
) -> None:
    Examination.objects.select_for_update().get(pk=series.examination_id)
    if series.instances.count() == instances:  # else it is packed anew at once
        # Under the lock: a slow upload of an outgrown pack must not come after the good one.
        objects.put(
            store.metadata_path(series), store.thumbnail_path(series), store.pack_place(series)
        )
        objects.remove(store.compressed_place(series))  # of images as they were: with a face, say
        series.geometry = geometry
        series.pack_sha256, series.pack_bytes = written.sha256, written.bytes
        made = ["geometry", "pack_sha256", "pack_bytes", "metadata_sha256", "thumbnail_sha256"]
        series.save(update_fields=made)


def geometry_of(series: Series, placed: Stack, written: packs.Written) -> dict[str, Any]:
    """The series' geometry as the browser gets it (docs/architecture.md, *Geometry*)."""
    gaps = placed.gaps_mm
    spacing = float(np.median(gaps)) if gaps.size else placed.thickness_mm or 1.0
    return {
        "rows": placed.rows,
        "columns": placed.columns,
        "frames": len(placed.frames),
        "row_cosine": list(placed.cosines[:3]),
        "column_cosine": list(placed.cosines[3:]),
        "positions_mm": [list(each.position_mm) for each in placed.frames],
        "pixel_spacing_mm": list(placed.spacing_mm),
        "spacing_mm": round(spacing, 6),
        "slice_thickness_mm": placed.thickness_mm,
        "frame_of_reference": series.frame_of_reference_uid,
        "dtype": written.dtype,
        "rescale": list(written.rescale),
        "photometric": written.photometric,
        **_windows(series.dicom_modality, written.window),
    }


def _windows(dicom_modality: str, by_percentiles: tuple[float, float]) -> dict[str, Any]:
    """What a series opens with, and its other windows by name.

    CT has absolute values: percentiles would show bone and hide the brain's contrasts.
    """
    presets = _presets(dicom_modality, by_percentiles)
    return {"window": presets["brain" if dicom_modality == "CT" else "auto"], "presets": presets}


def _presets(dicom_modality: str, by_percentiles: tuple[float, float]) -> dict[str, list[float]]:
    centre, width = by_percentiles
    if dicom_modality == "CT":  # HU
        return {
            "brain": [40, 80], "subdural": [75, 215], "bone": [600, 2800], "auto": [centre, width],
        }  # fmt: skip
    return {
        "auto": [centre, width],
        "bright": [centre * 0.75, width * 0.75],
        "narrow": [centre, width * 0.55],
        "wide": [centre * 1.2, width * 1.5],
    }


def _thumbnail(pack_file: Path, geometry: dict[str, Any], target: Path) -> str:
    """Write a pack's middle frame as a small PNG; its checksum."""
    middle = packs.centre_out(geometry["frames"])[0]
    image = Image.fromarray(rendering.grey(packs.frame(pack_file, middle, geometry), geometry))
    image.thumbnail((THUMBNAIL_PX, THUMBNAIL_PX))
    return store.write(rendering.encoded(image, "PNG"), target)
