"""Images that programs ask for and send, answered before sessions, pages and the rest.

By a reader's token a frame and a series' metadata by WADO-RS, and a series' pack: the token says
all, one query tells whether it was ended, and what it opens are files. Only a plain
success is answered here. Whatever else it is (another encoding, a token that opens nothing, a frame
that is not there, a pack that is damaged) goes the long way through the platform, which refuses it
in words.

By a sender's token STOW-RS: the same view as the platform's, which needs neither session nor page.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import structlog
from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.db import Error as DatabaseFault
from django.db import close_old_connections
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import add_never_cache_headers
from django.utils.http import http_date

from readerstudy.imaging import grants, objects, serving, store
from readerstudy.imaging.dicomweb import documents, media, scope, stow
from readerstudy.imaging.models import Instance, Series
from readerstudy.imaging.prepared import Prepared
from readerstudy.web.middleware import ProblemMiddleware
from readerstudy.web.problems import Problem

log = structlog.get_logger(__name__)
Environ = dict[str, Any]
Body = Iterable[bytes]
Application = Callable[[Environ, Callable[..., Any]], Body]
MAX_BYTES = 32 * 1024**2  # more is streamed, the long way
CHUNK = 1024**2
MAX_DOCUMENT, DOCUMENTS = 2 * 1024**2, 16  # bytes of one that is kept in memory; how many are
_UID, _NUMBER, _TOKEN = r"[0-9.]{1,64}", r"[1-9][0-9]{0,5}", r"(?P<token>[^/]{1,4096})"
_FRAMES = re.compile(
    rf"/dicomweb/{_TOKEN}/studies/(?P<study>{_UID})/series/(?P<series>{_UID})"
    rf"/instances/(?P<instance>{_UID})/frames/(?P<numbers>{_NUMBER}(?:,{_NUMBER})*)"
)
_METADATA = re.compile(
    rf"/dicomweb/{_TOKEN}/studies/(?P<study>{_UID})/series/(?P<series>{_UID})/metadata"
)
_PACK = re.compile(rf"/imaging/{_TOKEN}/series/(?P<series>[0-9a-f-]{{36}})/pack")
_STORE = re.compile(
    rf"/dicomweb/collections/(?P<collection>[0-9a-f-]{{36}})/studies(?:/(?P<study>{_UID}))?"
)
_OF_THE_ROOM = tuple(f"encoding={each}" for each in serving.ENCODINGS)
_NEVER_KEPT = "max-age=0, no-cache, no-store, must-revalidate, private"


def _never_called(_request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


_refusals = ProblemMiddleware(_never_called)


@dataclass(frozen=True)
class Answer:
    """A plain success."""

    body: Body
    kind: str
    kept: str  # Cache-Control
    headers: tuple[tuple[str, str], ...] = ()


class Door:
    """The platform with images served in front of it."""

    def __init__(self, platform: Application) -> None:
        self._platform = platform

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Body:
        """The image, or what the platform answers."""
        if response := stored(environ):
            told = f"{response.status_code} {response.reason_phrase}"
            start_response(told, [*response.items(), *_security()])
            return [response.content]
        answer = early(environ)
        if answer is None:
            return self._platform(environ, start_response)
        start_response("200 OK", [
            ("Content-Type", answer.kind), ("Cache-Control", answer.kept),
            *answer.headers, *_security(),
        ])  # fmt: skip
        return answer.body


class _Sent(WSGIRequest):
    """A request whose body is no form: its type is read where it is needed."""

    def _set_content_type_params(self, environ: Environ) -> None:  # noqa: ARG002
        self.content_type, self.content_params = "", {}


def stored(environ: Environ) -> HttpResponse | None:
    """The answer to images that a sender sends by its token; None for all other requests."""
    if environ["REQUEST_METHOD"] != "POST" or not _is_safe(environ):
        return None
    found = _STORE.fullmatch(environ["PATH_INFO"])
    if not found or not environ.get("HTTP_AUTHORIZATION", "").startswith(scope.BEARER):
        return None
    request = _Sent(environ)
    try:
        request.get_host()
        collection = UUID(found["collection"])
    except (DisallowedHost, ValueError):
        return None
    close_old_connections()
    try:
        response = cast("HttpResponse", stow.studies(request, collection, found["study"]))
    except Exception as error:  # noqa: BLE001 -- answered as the platform's middleware does
        with translation.override(settings.LANGUAGE_CODE):
            response = _refusals.process_exception(request, error)
    if response.has_header("Cache-Control"):
        add_never_cache_headers(response)
    else:  # what that would add
        response["Expires"], response["Cache-Control"] = http_date(time.time()), _NEVER_KEPT
    response["Content-Length"] = str(len(response.content))
    return response


def early(environ: Environ) -> Answer | None:
    """The answer to a request for an image by token; None for all that is not a plain success."""
    if environ["REQUEST_METHOD"] != "GET" or not _is_safe(environ):
        return None
    if environ.get("QUERY_STRING") and not _is_of_the_room(environ):
        return None
    if objects.is_used():  # what is here may be of before: the long way asks for it by checksum
        return None
    try:
        return _image(environ)
    except (DatabaseFault, OSError) as fault:  # the long way may do; else it says what is wrong
        log.warning("an image goes the long way", error=type(fault).__name__)
        return None


def _image(environ: Environ) -> Answer | None:
    path = environ["PATH_INFO"]
    if found := _FRAMES.fullmatch(path):
        return frames(environ.get("HTTP_ACCEPT") or "*/*", **found.groupdict())
    if found := _METADATA.fullmatch(path):
        return described(environ, **found.groupdict())
    if (found := _PACK.fullmatch(path)) and "HTTP_IF_NONE_MATCH" not in environ:
        is_compressed = environ.get("QUERY_STRING") == _OF_THE_ROOM[1]
        return pack(**found.groupdict(), is_compressed=is_compressed)
    return None


def _is_of_the_room(environ: Environ) -> bool:
    """Whether it is a pack as the reading room asks for it."""
    path: str = environ["PATH_INFO"]
    return environ["QUERY_STRING"] in _OF_THE_ROOM and path.endswith("/pack")


def _is_safe(environ: Environ) -> bool:
    """Whether nothing is to be redirected to https first."""
    if not settings.SECURE_SSL_REDIRECT:
        return True
    name, value = settings.SECURE_PROXY_SSL_HEADER or ("", "")
    return bool(name) and environ.get(name) == value


@lru_cache(maxsize=1)
def _security() -> tuple[tuple[str, str], ...]:
    """What SecurityMiddleware says of every answer."""
    always = (
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", settings.SECURE_REFERRER_POLICY),
        ("Cross-Origin-Opener-Policy", settings.SECURE_CROSS_ORIGIN_OPENER_POLICY),
    )
    if not settings.SECURE_HSTS_SECONDS:
        return always
    transport = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
    return (*always, ("Strict-Transport-Security", transport))


# --- frames ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where an instance's frames lie: at the end of its file, one after the other."""

    series: UUID
    path: str
    frames: int
    offset: int
    size: int  # of one, bytes

    @property
    def file_bytes(self) -> int:
        """How long the file has to be: what ends elsewhere was written anew."""
        length = self.frames * self.size
        return self.offset + length + length % 2


def frames(accept: str, **named: str) -> Answer | None:
    """Frames as they are stored; None for what is not a plain success."""
    try:
        syntax, is_multipart = _syntax(accept)
        opened = grants.read(named["token"])
        places = _places(named["study"], named["series"], named["instance"])
    except (Problem, LookupError):
        return None
    wanted = [int(each) - 1 for each in named["numbers"].split(",")]
    place = next((each for each in places if each.series in opened), None)
    if syntax != media.NATIVE or not (is_multipart or len(wanted) == 1) or place is None:
        return None
    if max(wanted) >= place.frames or place.size * len(wanted) > MAX_BYTES:
        return None
    pieces = _read(place, wanted)
    return _answer(pieces, is_multipart=is_multipart) if pieces else None


@lru_cache(maxsize=256)
def _syntax(accept: str) -> tuple[str, bool]:
    return media.of_frames(media.ranges(accept))


@lru_cache(maxsize=16_384)
def _places(study: str, series: str, instance: str) -> tuple[Place, ...]:
    """Where the instance lies in each collection that has it.

    Raises
    ------
    LookupError
        Where none has it yet: what is not there is asked again.
    """
    close_old_connections()  # as Django does before a request
    found = []
    for pk, collection, count, offset, size in _place.all(
        study=study, series=series, instance=instance
    ):
        if offset is None or size is None:
            continue
        folder = store.series_folder(UUID(str(collection)), UUID(str(pk)))
        path = str(store.instance_path(folder, instance))
        found.append(Place(UUID(str(pk)), path, count, offset, size))
    if not found:
        raise LookupError(instance)
    return tuple(found)


def _read(place: Place, wanted: list[int]) -> list[bytes] | None:
    """The frames; None for a file that is gone, cut short or written anew otherwise."""
    try:
        file = os.open(place.path, os.O_RDONLY)
    except OSError:
        return None
    try:
        if os.fstat(file).st_size != place.file_bytes:
            return None
        return [os.pread(file, place.size, place.offset + number * place.size) for number in wanted]
    finally:
        os.close(file)


def _answer(pieces: list[bytes], *, is_multipart: bool) -> Answer:
    told = f"{media.OCTETS}; transfer-syntax={media.NATIVE}"
    if not is_multipart:
        body, kind = pieces[0], told
    else:
        boundary = uuid4().hex
        head = f"--{boundary}\r\nContent-Type: {told}\r\n\r\n".encode()
        tail = f"--{boundary}--\r\n".encode()
        body = b"".join([part for each in pieces for part in (head, each, b"\r\n")] + [tail])
        kind = f'multipart/related; type="{media.OCTETS}"; boundary={boundary}'
    return Answer([body], kind, _NEVER_KEPT, (("Content-Length", str(len(body))),))


def _ask_place(*, study: str, series: str, instance: str) -> QuerySet[Any, Any]:
    found = Instance.objects.filter(
        sop_uid=instance, series__series_uid=series, series__examination__study_uid=study
    )
    return found.order_by().values_list(
        "series_id", "series__examination__collection_id", "frames", "pixel_offset", "frame_bytes"
    )


_place = Prepared(_ask_place, study=str, series=str, instance=str)


# --- metadata ----------------------------------------------------------------------------------


def described(environ: Environ, *, token: str, study: str, series: str) -> Answer | None:
    """A series' data sets without pixels; None for what is not a plain success."""
    try:
        if _is_xml(environ.get("HTTP_ACCEPT") or "*/*"):
            return None
        opened = grants.read(token)
        base = WSGIRequest(environ).build_absolute_uri(f"/dicomweb/{token}")
    except (Problem, DisallowedHost):
        return None
    close_old_connections()
    rows = _described.all(study=study, series=series)
    found = [row for row in rows if UUID(str(row[0])) in opened]
    if len(found) != 1 or not found[0][2]:
        return None
    pk, collection, _ = found[0]
    path = store.series_folder(UUID(str(collection)), UUID(str(pk))) / store.METADATA
    now = path.stat()
    if now.st_size > MAX_DOCUMENT:
        return None
    pieces = _pieces(path, (now.st_ino, now.st_mtime_ns, now.st_size))
    body = documents.address_of(base).join(pieces)
    length = ("Content-Length", str(len(body)))
    return Answer([body], media.JSON_TYPE, _NEVER_KEPT, (length,))


@lru_cache(maxsize=256)
def _is_xml(accept: str) -> bool:
    return media.is_xml_of(media.ranges(accept))


@lru_cache(maxsize=DOCUMENTS)
def _pieces(path: Path, _state: tuple[int, int, int]) -> list[bytes]:
    """A document as it lies, as long as it lies there so."""
    return documents.pieces(path.read_bytes())


def _ask_described(*, study: str, series: str) -> QuerySet[Any, Any]:
    found = Series.objects.filter(series_uid=series, examination__study_uid=study).order_by()
    return found.values_list("pk", "examination__collection_id", "pack_sha256")


_described = Prepared(_ask_described, study=str, series=str)


# --- packs -------------------------------------------------------------------------------------


def pack(*, token: str, series: str, is_compressed: bool) -> Answer | None:
    """A whole series: by the proxy where there is one; None for what is not a plain success."""
    try:
        pk = UUID(series)
        if pk not in grants.read(token):
            return None
    except (Problem, ValueError):
        return None
    close_old_connections()
    found = _series.first(series=pk)
    if found is None:
        return None
    collection, sha256, size, of, compressed_sha256, compressed_size = found
    folder = store.series_folder(UUID(str(collection)), pk)
    path = folder / store.PACK
    if not sha256 or not store.is_whole(path, size):
        return None
    small = folder / store.COMPRESSED
    if is_compressed and of == sha256 and store.is_whole(small, compressed_size):
        path, sha256, size = small, compressed_sha256, compressed_size
    tag = ("ETag", f'"{sha256[:32]}"')
    if settings.X_ACCEL_PREFIX:
        send = ("X-Accel-Redirect", serving.redirect(path))
        return Answer([b""], serving.PACK_TYPE, serving.PRIVATE, (tag, send))
    length = ("Content-Length", str(size))
    return Answer(_Chunks(path), serving.PACK_TYPE, serving.PRIVATE, (tag, length))


class _Chunks:
    """A file in large pieces: each costs the server as much as a small one."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self._file.read(CHUNK), b"")

    def close(self) -> None:
        """Called by the server, sent whole or not."""
        self._file.close()


def _ask_series(*, series: UUID) -> QuerySet[Any, Any]:
    found = Series.objects.filter(pk=series).order_by()
    return found.values_list(
        "examination__collection_id", "pack_sha256", "pack_bytes",
        "compressed_of", "compressed_sha256", "compressed_bytes",
    )  # fmt: skip


_series = Prepared(_ask_series, series=UUID)
