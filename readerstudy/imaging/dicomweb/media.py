"""Media types of DICOMweb: what a client accepts, and multipart answers (PS3.18 8.7)."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from uuid import uuid4

from django.http import HttpRequest, StreamingHttpResponse
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from readerstudy.web.problems import Problem

DICOM, OCTETS = "application/dicom", "application/octet-stream"
JSON_TYPE = "application/dicom+json"
JSON_TYPES = (JSON_TYPE, "application/json")
XML_TYPE = "application/dicom+xml"
NATIVE = str(ExplicitVRLittleEndian)
# What can be made of what is stored, which is native: by transfer syntax, the type of a frame.
FRAME_TYPES = {
    NATIVE: OCTETS,
    str(RLELossless): "image/dicom-rle",
    str(JPEGLSLossless): "image/jls",
    str(JPEG2000Lossless): "image/jp2",
}
_DEFAULT_SYNTAX = {kind: syntax for syntax, kind in FRAME_TYPES.items()}
_PARAMETER = re.compile(r';\s*([\w-]+)\s*=\s*("[^"]*"|[^;,\s]+)')
_RANGE = re.compile(r'(?:[^,"]|"[^"]*")+')


@dataclass(frozen=True)
class Accepted:
    """One media range of an Accept header or parameter."""

    kind: str  # of the parts, where it is multipart
    is_multipart: bool
    syntax: str  # transfer syntax asked for; "" or "*" for any
    quality: float


def accepted(request: HttpRequest) -> list[Accepted]:
    """What the client accepts, best first (PS3.18 8.3.3: the parameter goes before the header)."""
    return ranges(request.GET.get("accept") or request.headers.get("Accept") or "*/*")


def ranges(text: str) -> list[Accepted]:
    """The media ranges of an Accept header, best first."""
    found = [_one(each.strip()) for each in _RANGE.findall(text) if each.strip()]
    return sorted((each for each in found if each.quality > 0), key=lambda each: -each.quality)


def _one(text: str) -> Accepted:
    kind = text.split(";", 1)[0].strip().lower()
    named = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(text)}
    is_multipart = kind == "multipart/related"
    kind = named.get("type", "*/*").lower() if is_multipart else kind
    try:
        quality = float(named.get("q", "1"))
    except ValueError:
        quality = 0.0
    return Accepted(kind, is_multipart, named.get("transfer-syntax", ""), quality)


def refuse(*kinds: str) -> Problem:
    """A 406 that says what there is."""
    return Problem("dicomweb.accept", f"There is only {', '.join(kinds)}.", status=406)


def for_dicom(request: HttpRequest) -> tuple[str, bool]:
    """The transfer syntax of Part 10 files to send, and whether as multipart.

    Raises
    ------
    Problem
        406 when nothing that the client accepts can be made.
    """
    for each in accepted(request):
        if each.kind not in {DICOM, "*/*", "application/*"}:
            continue
        syntax = NATIVE if each.syntax in {"", "*"} else each.syntax
        if syntax in FRAME_TYPES:
            return syntax, each.is_multipart or each.kind != DICOM
    raise refuse(
        *(f"multipart/related; type={DICOM}; transfer-syntax={each}" for each in FRAME_TYPES)
    )


def for_frames(request: HttpRequest) -> tuple[str, bool]:
    """The transfer syntax of frames to send, and whether as multipart; else 406."""
    return of_frames(accepted(request))


def of_frames(wanted: Iterable[Accepted]) -> tuple[str, bool]:
    """As `for_frames`, of media ranges."""
    for each in wanted:
        if each.kind == "*/*" and each.syntax in {"", "*"}:
            return NATIVE, True
        asked = each.syntax not in {"", "*"}
        syntax = each.syntax if asked else _DEFAULT_SYNTAX.get(each.kind, "")
        kind = FRAME_TYPES.get(syntax)
        if kind is not None and each.kind in {kind, "*/*"}:
            return syntax, each.is_multipart or each.kind == "*/*"
    raise refuse(*(f"multipart/related; type={each}" for each in FRAME_TYPES.values()))


def is_xml(request: HttpRequest) -> bool:
    """Whether data sets are to be sent as XML instead of JSON; else 406."""
    return is_xml_of(accepted(request))


def is_xml_of(wanted: Iterable[Accepted]) -> bool:
    """As `is_xml`, of media ranges."""
    return choice(wanted, (*JSON_TYPES, XML_TYPE)) == XML_TYPE


def choose(request: HttpRequest, kinds: Sequence[str]) -> str:
    """The best of these media types that the client accepts; else 406."""
    return choice(accepted(request), kinds)


def choice(wanted: Iterable[Accepted], kinds: Sequence[str]) -> str:
    """As `choose`, of media ranges."""
    for each in wanted:
        for kind in kinds:
            if each.kind in {kind, "*/*", f"{kind.split('/')[0]}/*"}:
                return kind
    raise refuse(*kinds)


def multipart(
    parts: Iterable[Iterable[bytes]],
    kind: str,
    *,
    syntax: str = "",
    places: Iterable[str] | None = None,
) -> StreamingHttpResponse:
    """A multipart/related answer, part after part as they are made.

    `places` are where each part would be had by itself (Content-Location), one for each.
    """
    boundary = uuid4().hex
    told = f"{kind}; transfer-syntax={syntax}" if syntax else kind

    def body() -> Iterator[bytes]:
        for part, place in zip(parts, repeat("") if places is None else places, strict=False):
            where = f"\r\nContent-Location: {place}" if place else ""
            yield f"--{boundary}\r\nContent-Type: {told}{where}\r\n\r\n".encode()
            yield from part
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    content_type = f'multipart/related; type="{kind}"; boundary={boundary}'
    return StreamingHttpResponse(body(), content_type=content_type)
