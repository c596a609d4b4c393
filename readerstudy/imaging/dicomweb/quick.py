"""Frames by a reader's token, answered before sessions, languages and the rest are looked at.

The token says all: it is checked without the database, one query written once says where the
frame lies, and its bytes are read. Whatever is not a plain success (another encoding, a token that
opens nothing, a frame that is not there) goes the long way, which refuses it in words.
"""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from readerstudy.imaging import objects, store, tokens
from readerstudy.imaging.dicomweb import media
from readerstudy.imaging.models import Instance
from readerstudy.imaging.prepared import Prepared
from readerstudy.web.problems import Problem

MAX_BYTES = 32 * 1024**2  # more is streamed, the long way
_UID, _NUMBER = r"[0-9.]{1,64}", r"[1-9][0-9]{0,5}"
_ADDRESS = re.compile(
    rf"/dicomweb/(?P<token>[^/]{{1,4096}})/studies/(?P<study>{_UID})/series/(?P<series>{_UID})"
    rf"/instances/(?P<instance>{_UID})/frames/(?P<numbers>{_NUMBER}(?:,{_NUMBER})*)"
)
_NEVER_KEPT = "max-age=0, no-cache, no-store, must-revalidate, private"


class FramesMiddleware:
    """Answers requests for frames by token; passes on all others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The frames, or what the rest of the platform answers."""
        found = _ADDRESS.fullmatch(request.path_info) if request.method == "GET" else None
        answer = frames(request, **found.groupdict()) if found else None
        return self.get_response(request) if answer is None else answer


def frames(
    request: HttpRequest, *, token: str, study: str, series: str, instance: str, numbers: str
) -> HttpResponse | None:
    """Frames as they are stored; None for what is not a plain success."""
    try:
        syntax, is_multipart = media.for_frames(request)
        opened = tokens.read(token)
    except Problem:
        return None
    if (
        objects.is_used()
    ):  # what is here may be of before: the long way asks for the file by its checksum
        return None
    wanted = [int(each) - 1 for each in numbers.split(",")]
    if syntax != media.NATIVE or not (is_multipart or len(wanted) == 1):
        return None
    parts = _read(opened, {"study": study, "series": series, "instance": instance}, wanted)
    if parts is None:
        return None
    return _answer(parts, is_multipart=is_multipart)


def _read(opened: frozenset[UUID], uids: dict[str, str], wanted: list[int]) -> list[bytes] | None:
    for found, collection, count, offset, size in _place.all(**uids):
        pk = UUID(str(found))
        if pk not in opened:  # the same image in another study's collection
            continue
        if offset is None or size is None or size * len(wanted) > MAX_BYTES:
            return None
        if max(wanted) >= count:
            return None
        path = store.instance_path(store.series_folder(UUID(str(collection)), pk), uids["instance"])
        try:
            with path.open("rb") as data:
                return [_piece(data, offset + number * size, size) for number in wanted]
        except OSError:
            return None
    return None


def _piece(data: Any, at: int, size: int) -> bytes:
    data.seek(at)
    piece: bytes = data.read(size)
    if len(piece) != size:
        raise OSError("the file is cut short")
    return piece


def _answer(parts: list[bytes], *, is_multipart: bool) -> HttpResponse:
    told = f"{media.OCTETS}; transfer-syntax={media.NATIVE}"
    if not is_multipart:
        response = HttpResponse(parts[0], content_type=told)
    else:
        boundary = uuid4().hex
        head = f"--{boundary}\r\nContent-Type: {told}\r\n\r\n".encode()
        body = b"".join(piece for part in parts for piece in (head, part, b"\r\n"))
        kind = f'multipart/related; type="{media.OCTETS}"; boundary={boundary}'
        response = HttpResponse(body + f"--{boundary}--\r\n".encode(), content_type=kind)
    response["Content-Length"] = str(len(response.content))
    response["Cache-Control"] = _NEVER_KEPT
    return response


def _ask(*, study: str, series: str, instance: str) -> QuerySet[Any, Any]:
    found = Instance.objects.filter(
        sop_uid=instance, series__series_uid=series, series__examination__study_uid=study
    )
    return found.order_by().values_list(
        "series_id", "series__examination__collection_id", "frames", "pixel_offset", "frame_bytes"
    )


_place = Prepared(_ask, study=str, series=str, instance=str)
