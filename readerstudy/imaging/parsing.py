"""Read one hostile file into a de-identified one. Pure.

Meant to run in a process that may be killed (`sandbox`), since a codec or a parser may hang or
crash on what it was not made for.
"""

import hashlib
import io
import logging
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian

from readerstudy.imaging import moulds, walker
from readerstudy.imaging.deidentify import deidentify
from readerstudy.imaging.geometry import stack
from readerstudy.imaging.headers import Header
from readerstudy.imaging.hints import hints_of
from readerstudy.imaging.likeness import Likenesses
from readerstudy.imaging.moulds import Moulds
from readerstudy.imaging.options import Options
from readerstudy.imaging.pixels import Buffer, Samples, check_sizes, make_native, samples_of
from readerstudy.imaging.refusals import Reason, RefusedFile

MAX_BYTES = 2 * 1024**3
MAX_DEPTH = 12
PREAMBLE = 128
MAX_SKEW = 1e-2  # of the direction cosines, which scanners round
MIN_SPACING_MM, MAX_SPACING_MM = 1e-3, 100.0
IMAGE_CLASSES = {
    "1.2.840.10008.5.1.4.1.1.4": "MR Image Storage",
    "1.2.840.10008.5.1.4.1.1.4.1": "Enhanced MR Image Storage",
    "1.2.840.10008.5.1.4.1.1.2": "CT Image Storage",
    "1.2.840.10008.5.1.4.1.1.2.1": "Enhanced CT Image Storage",
}
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"  # and, below it, the multi-frame ones
_DEFLATED = frozenset([DeflatedExplicitVRLittleEndian, "1.2.840.10008.1.2.4.95"])
_SCREENS = frozenset(["SCREEN SAVE", "SCREENSAVE", "SCREEN_SAVE"])
# Items of undefined length and their delimiters (PS3.5 7.5), little endian.
_ITEMS = re.compile(rb"\xfe\xff(?:\x00\xe0\xff\xff\xff\xff|\x0d\xe0\0\0\0\0)")
_PIXEL_TAG = b"\xe0\x7f\x10\x00"


BASIC = Options()


class Known:
    """What files before tell of those that are like them."""

    def __init__(self) -> None:
        self.moulds, self.likenesses = Moulds(), Likenesses()


def parse(
    path: Path,
    key: bytes,
    target: Path,
    options: Options = BASIC,
    known: Known | None = None,
) -> Header:
    """Check and de-identify the file at `path`, writing the clean file to `target`.

    Parameters
    ----------
    known : Known, optional
        Of files before this one: slices that are alike are made from them, with the same outcome.

    Raises
    ------
    RefusedFile
        With one of the fixed reasons; `target` is not written then.
    """
    if path.stat().st_size > MAX_BYTES:
        raise RefusedFile(Reason.TOO_LARGE)
    with _silence():
        header, pieces = _made(path, key, options, known or Known())
    with target.open("wb") as out:
        out.writelines(pieces)
    return header


def _made(
    path: Path, key: bytes, options: Options, known: Known
) -> tuple[Header, Sequence[Buffer]]:
    data = path.read_bytes()
    _check_whole(data)
    digest = hashlib.sha256(data).hexdigest()
    if like := known.likenesses.find(data, key, options):
        cast = moulds.cast(data, like.walked, like.mould, key, digest)
        return cast or _by_hand(path, data, digest, key, options)
    walked = walker.walk(data, len(data))
    fit = moulds.fit_of(data, walked, key, options) if walked else None
    mould = known.moulds.find(fit) if fit else None
    if walked and mould and (cast := moulds.cast(data, walked, mould, key, digest)):
        known.likenesses.keep(data, walked, mould, key, options)
        return cast
    header, written, samples = _long_way(path, data, digest, key, options)
    if walked and fit and not mould:
        known.moulds.keep(fit, moulds.learn(data, walked, header, written, samples))
    return header, [written]


def _by_hand(
    path: Path, data: bytes, digest: str, key: bytes, options: Options
) -> tuple[Header, Sequence[Buffer]]:
    header, written, _ = _long_way(path, data, digest, key, options)
    return header, [written]


def _long_way(
    path: Path, data: bytes, digest: str, key: bytes, options: Options
) -> tuple[Header, bytes, Samples]:
    """Decode, check, de-identify and write by pydicom."""
    clean = _parse(_read(path, data), key, options)
    # No polyglot survives in the preamble.
    written = b"\0" * PREAMBLE + _bytes(clean.data)[PREAMBLE:]
    return _header(clean, digest, written), written, clean.samples


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing that is read is written to a log: pydicom quotes values in its warnings (E7)."""
    log = logging.getLogger("pydicom")
    before, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = before


@dataclass(frozen=True)
class _Clean:
    """A de-identified data set and what was found on the way."""

    data: Dataset
    hints: dict[str, Any]
    report: dict[str, list[str]]
    is_suspect: bool
    samples: Samples


def _parse(source: Dataset, key: bytes, options: Options) -> _Clean:
    try:  # elements are decoded when they are first asked for
        is_suspect = _check(source)
        hints = hints_of(source)
        clean, report = deidentify(source, key, options)
        if make_native(clean):
            report.replaced.add("PixelData")
        _check_place(clean, is_suspect=is_suspect)
    except RefusedFile:
        raise
    except RecursionError:
        raise RefusedFile(Reason.TOO_DEEP) from None
    except Exception as error:
        raise RefusedFile(Reason.TRUNCATED) from error
    samples = samples_of(clean, check_sizes(clean))
    return _Clean(clean, hints, report.as_dict(), is_suspect, samples)


def _bytes(clean: Dataset) -> bytes:
    out = io.BytesIO()
    try:
        clean.save_as(out, enforce_file_format=True)
    except Exception as error:
        raise RefusedFile(Reason.TRUNCATED) from error
    return out.getvalue()


def _header(made: _Clean, source_sha256: str, written: bytes) -> Header:
    clean = made.data
    return Header(
        sop_class_uid=str(clean.SOPClassUID),
        sop_uid=str(clean.SOPInstanceUID),
        study_uid=str(clean.StudyInstanceUID),
        series_uid=str(clean.SeriesInstanceUID),
        frame_of_reference_uid=str(clean.get("FrameOfReferenceUID", "")),
        patient=str(clean.PatientID),
        dicom_modality=str(clean.get("Modality", "")),
        description=str(clean.get("SeriesDescription", "")),
        series_number=_integer(clean.get("SeriesNumber")),
        number=_integer(clean.get("InstanceNumber")),
        frames=_integer(clean.get("NumberOfFrames"), 1),
        pixel_offset=len(written) - len(clean.PixelData),  # the last element of the file
        frame_bytes=int(clean.Rows) * int(clean.Columns) * int(clean.BitsAllocated) // 8,
        role_hints=made.hints,
        source_sha256=source_sha256,
        sha256=hashlib.sha256(written).hexdigest(),
        bytes=len(written),
        report=made.report,
        study_date=str(clean.get("StudyDate") or ""),
        study_time=str(clean.get("StudyTime") or ""),
        is_suspect=made.is_suspect,
    )


def _integer(value: Any, default: int = 0) -> int:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return default


def _check_whole(data: bytes) -> None:
    """What the bytes tell before anything is parsed."""
    if data[PREAMBLE : PREAMBLE + 4] != b"DICM":
        raise RefusedFile(Reason.NOT_DICOM)
    if depth(data) > MAX_DEPTH:
        raise RefusedFile(Reason.TOO_DEEP)


def _read(path: Path, data: bytes) -> Dataset:
    try:
        # By the meta information alone: reading on would inflate a deflated bomb (E3).
        syntax = str(read_file_meta_info(path).get("TransferSyntaxUID", ""))
        if syntax not in _DEFLATED:
            return pydicom.dcmread(io.BytesIO(data))
    except InvalidDicomError:
        raise RefusedFile(Reason.NOT_DICOM) from None
    except RecursionError:
        raise RefusedFile(Reason.TOO_DEEP) from None
    except Exception as error:
        raise RefusedFile(Reason.TRUNCATED) from error
    raise RefusedFile(Reason.DEFLATED)


def depth(data: bytes) -> int:
    """The deepest nesting of items of undefined length, before any parser recurses into them.

    One pass over the bytes before the first pixel data. Items of defined length are not seen:
    where those nest too deeply, the parser's own limit of recursion answers.
    """
    end = data.find(_PIXEL_TAG)
    now = deepest = 0
    for found in _ITEMS.finditer(data, 0, end if end >= 0 else len(data)):
        now = now + 1 if data[found.start() + 2] == 0 else max(0, now - 1)
        deepest = max(deepest, now)
    return deepest


def _check(source: Dataset) -> bool:
    """Whether the image may show names in its pixels; refuses what is no image at all."""
    for keyword in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not UID(str(source.get(keyword, ""))).is_valid:
            raise RefusedFile(Reason.NO_IDENTITY)
    sop_class = str(source.get("SOPClassUID", ""))
    burned = str(source.get("BurnedInAnnotation", "NO")).upper() == "YES"
    image_type = {str(each).upper() for each in source.get("ImageType") or []}
    is_capture = f"{sop_class}.".startswith(f"{SECONDARY_CAPTURE}.")
    if sop_class not in IMAGE_CLASSES and not is_capture:
        raise RefusedFile(Reason.NOT_AN_IMAGE)
    return burned or is_capture or bool(image_type & _SCREENS)


def _check_place(clean: Dataset, *, is_suspect: bool) -> None:
    try:
        check_place(clean)
    except RefusedFile:
        if is_suspect:  # a screen's copy that cannot be placed: nothing to release
            raise RefusedFile(Reason.BURNED_IN) from None
        raise


def check_place(clean: Dataset) -> None:
    """Refuse an image whose frames cannot be placed in the patient.

    Raises
    ------
    RefusedFile
        NO_GEOMETRY where a position, a direction or a spacing is missing or cannot be.
    """
    try:
        placed = stack([clean])
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        raise RefusedFile(Reason.NO_GEOMETRY) from None
    directions = np.array(placed.cosines, float).reshape(2, 3)
    positions = np.array([frame.position_mm for frame in placed.frames])
    is_sound = (
        bool(np.all(np.isfinite(positions)))
        and np.allclose(directions @ directions.T, np.eye(2), atol=MAX_SKEW)
        and all(MIN_SPACING_MM < each < MAX_SPACING_MM for each in placed.spacing_mm)
    )
    if not is_sound:
        raise RefusedFile(Reason.NO_GEOMETRY)
