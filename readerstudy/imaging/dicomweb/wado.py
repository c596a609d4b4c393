"""WADO-RS (PS3.18 10.4): files, metadata, frames and bulk data.

What is stored is native, little endian: sending a frame is reading a piece of a file. RLE and
JPEG 2000 lossless are made for who asks for them.
"""

import json
from collections.abc import Iterable, Iterator
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from numpy.typing import NDArray
from pydicom.encaps import generate_frames

from readerstudy.imaging import metadata as described
from readerstudy.imaging import packs, store
from readerstudy.imaging.dicomweb import documents, media, native
from readerstudy.imaging.dicomweb.scope import Scope, opened
from readerstudy.imaging.models import Instance
from readerstudy.web.problems import Unknown

PART = 1024 * 1024
MAX_ASKED = 10_000
PIXELS = "7FE00010"


@opened
def metadata(
    request: HttpRequest,
    scope: Scope,
    study: str,
    series: str | None = None,
    instance: str | None = None,
) -> HttpResponseBase:
    """The data sets without pixels, as DICOM JSON, or each as XML."""
    is_xml = media.is_xml(request)
    if instance:
        found = scope.instances_of(study, series, instance)[0]
        lists: Iterable[bytes] = [described.text([store.path_of(found)])]
    else:
        lists = map(documents.of_series, scope.series_of(study, series))
    if is_xml:
        data = (each for text in lists for each in json.loads(_addressed(text, scope)))
        return media.multipart(([native.document(each)] for each in data), media.XML_TYPE)
    text = _addressed(documents.joined([*lists]), scope)
    return HttpResponse(text, content_type=media.JSON_TYPE)


def _addressed(text: bytes, scope: Scope) -> bytes:
    return documents.addressed(text, scope.base)


@opened
def retrieve(
    request: HttpRequest,
    scope: Scope,
    study: str,
    series: str | None = None,
    instance: str | None = None,
) -> HttpResponseBase:
    """The Part 10 files."""
    syntax, is_multipart = media.for_dicom(request)
    found = scope.instances_of(study, series, instance)
    paths = [store.path_of(each) for each in found]
    if not is_multipart:
        if len(paths) > 1:
            raise media.refuse(f"multipart/related; type={media.DICOM}")
        return _single(
            b"".join(_file(paths[0], syntax)), f"{media.DICOM}; transfer-syntax={syntax}"
        )
    # The first is made before the answer begins: what cannot be made is refused, not cut short.
    first = [*_file(paths[0], syntax)] if syntax != media.NATIVE else _file(paths[0], syntax)
    rest = (_file(each, syntax) for each in paths[1:])
    return media.multipart(chain([first], rest), media.DICOM, syntax=syntax)


def _file(path: Path, syntax: str) -> Iterator[bytes]:
    if syntax == media.NATIVE:
        with path.open("rb") as data:
            while part := data.read(PART):
                yield part
        return
    out = BytesIO()
    _compressed(path, syntax).save_as(out, enforce_file_format=True)
    yield out.getvalue()


def _compressed(path: Path, syntax: str) -> pydicom.Dataset:
    data = pydicom.dcmread(path)
    try:
        data.compress(syntax, generate_instance_uid=False)
    except RuntimeError:  # JPEG 2000 of an image that is smaller than its tiles
        raise media.refuse(f"transfer-syntax={media.NATIVE}") from None
    return data


def place_of_pixels(instance: Instance) -> tuple[int, int]:
    """Where an instance's frames begin in its file, and the bytes of each."""
    if instance.pixel_offset is not None and instance.frame_bytes is not None:
        return instance.pixel_offset, instance.frame_bytes
    path = store.path_of(instance)  # stored by an older release
    header = pydicom.dcmread(path, stop_before_pixels=True)
    size = int(header.Rows) * int(header.Columns) * int(header.BitsAllocated) // 8
    total = size * instance.frames
    return path.stat().st_size - total - total % 2, size


def read_frames(instance: Instance, numbers: Iterable[int]) -> Iterator[bytes]:
    """Frames' stored values, little endian, in the order asked for; numbers from 0."""
    offset, size = place_of_pixels(instance)
    with store.path_of(instance).open("rb") as data:
        for number in numbers:
            data.seek(offset + number * size)
            yield data.read(size)


def numbers_of(instance: Instance, text: str) -> list[int]:
    """Frame numbers from 0 of a list of numbers from 1; 404 for one that is not there."""
    try:
        numbers = [int(each) - 1 for each in text.split(",", MAX_ASKED)]
    except ValueError:
        raise Unknown from None
    if not all(0 <= each < instance.frames for each in numbers):
        raise Unknown
    return numbers


@opened
def frames(
    request: HttpRequest, scope: Scope, study: str, series: str, instance: str, numbers: str
) -> HttpResponseBase:
    """Frames of an instance, numbered from 1."""
    syntax, is_multipart = media.for_frames(request)
    found = scope.instances_of(study, series, instance)[0]
    wanted = numbers_of(found, numbers)
    if syntax == media.NATIVE:
        parts = read_frames(found, wanted)
    else:
        data = _compressed(store.path_of(found), syntax)
        made = list(generate_frames(data.PixelData, number_of_frames=found.frames))
        parts = iter([made[each] for each in wanted])
    kind = media.FRAME_TYPES[syntax]
    if is_multipart:
        return media.multipart(([each] for each in parts), kind, syntax=syntax)
    if len(wanted) > 1:
        raise media.refuse(f"multipart/related; type={kind}")
    return _single(next(parts), f"{kind}; transfer-syntax={syntax}")


def _single(data: bytes, content_type: str) -> HttpResponse:
    return HttpResponse(data, content_type=content_type)


@opened
def bulk_data(
    request: HttpRequest, scope: Scope, study: str, series: str, instance: str, tag: str
) -> HttpResponseBase:
    """An instance's pixel data, the only bulk data that de-identification leaves."""
    if tag.upper() != PIXELS:
        raise Unknown
    is_multipart = _accepts_multipart(request)
    found = scope.instances_of(study, series, instance)[0]
    pixels = read_frames(found, range(found.frames))
    if is_multipart:
        return media.multipart([pixels], media.OCTETS, syntax=media.NATIVE)
    _offset, size = place_of_pixels(found)
    response = StreamingHttpResponse(pixels, content_type=media.OCTETS)
    response["Content-Length"] = str(size * found.frames)
    return response


@opened
def all_bulk_data(
    request: HttpRequest,
    scope: Scope,
    study: str,
    series: str | None = None,
    instance: str | None = None,
) -> HttpResponseBase:
    """The bulk data of a study, a series or an instance: a part for each one's pixel data."""
    if not _accepts_multipart(request):
        raise media.refuse(f"multipart/related; type={media.OCTETS}")
    found = scope.instances_of(study, series, instance)
    places = [f"{scope.base}/{described.place_of_pixels(*_uids(each))}" for each in found]
    parts = (read_frames(each, range(each.frames)) for each in found)
    return media.multipart(parts, media.OCTETS, syntax=media.NATIVE, places=places)


def _uids(instance: Instance) -> tuple[str, str, str]:
    series = instance.series
    return series.examination.study_uid, series.series_uid, instance.sop_uid


def _accepts_multipart(request: HttpRequest) -> bool:
    for each in media.accepted(request):
        if each.kind in {media.OCTETS, "*/*", "application/*"} and each.syntax in {
            "", "*", media.NATIVE,
        }:  # fmt: skip
            return each.is_multipart or each.kind != media.OCTETS
    raise media.refuse(f"multipart/related; type={media.OCTETS}", media.OCTETS)


def stored_values(instance: Instance, number: int) -> tuple[NDArray[Any], dict[str, Any]]:
    """One frame's stored values, (rows, columns), with its rescale and photometric meaning."""
    header = pydicom.dcmread(store.path_of(instance), stop_before_pixels=True)
    sign = "i" if header.get("PixelRepresentation") == 1 else "u"
    dtype = np.dtype(f"<{sign}{int(header.BitsAllocated) // 8}")
    (data,) = read_frames(instance, [number])
    meaning = {
        "rescale": packs.rescale(header, number),
        "photometric": str(header.get("PhotometricInterpretation", "MONOCHROME2")),
    }
    return np.frombuffer(data, dtype).reshape(int(header.Rows), int(header.Columns)), meaning
