"""Image data for viewers: packs, frames and thumbnails behind a signed token.

The token's signature is checked without the database (decision 0002), whether it was ended by one
query (0025). Only the series' folder has to be known, and that is the collection's and the
series' id.
"""

import re
from pathlib import Path
from uuid import UUID

import structlog
from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified
from django.views.decorators.http import require_GET

from readerstudy.imaging import compressed, grants, objects, packs, selectors, store
from readerstudy.imaging.models import Series
from readerstudy.web.problems import Invalid, Problem, Unknown

log = structlog.get_logger(__name__)

PACK_TYPE = "application/x-readerstudy-pack"
RAW = "raw"
ENCODINGS = (RAW, compressed.NAME)
PRIVATE = "private, max-age=21600, immutable"
_FRAME = re.compile(r"[0-9]{1,6}")


def series_of(token: str, series_id: UUID) -> Series:
    """The packed series, when the token opens it.

    Raises
    ------
    Unknown
        404 otherwise, whatever the reason.
    """
    if series_id not in grants.read(token):
        raise Unknown
    series = selectors.series(series_id)
    if series is None or not series.pack_sha256:
        raise Unknown
    _must_be_whole(series)
    return series


def _must_be_whole(series: Series) -> None:
    """Serve nothing of a pack that is not there whole: a reader never sees half a series (A8)."""
    path = _pack(series)
    there = path.stat().st_size if path.exists() else -1
    if there != series.pack_bytes:
        log.error("a pack is damaged", series=str(series.pk), bytes=there, of=series.pack_bytes)
        words = "The images of this case are damaged in the store; its coordinator must be told."
        raise Problem("imaging.damaged", words, status=503)


def _pack(series: Series) -> Path:
    try:
        return store.pack_path(series)
    except FileNotFoundError:  # of the object storage
        return store.pack_place(series)


def send(request: HttpRequest, path: Path, *, content_type: str, etag: str) -> HttpResponse:
    """A file as it lies: by the proxy where there is one, else by the system's sendfile."""
    tag = f'"{etag}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag, "Cache-Control": PRIVATE})
    response: HttpResponse
    if objects.is_used() and path.suffix == ".png":  # it is written anew with its pack
        response = HttpResponse(objects.read(path), content_type=content_type)
    elif settings.X_ACCEL_PREFIX:
        response = HttpResponse(content_type=content_type)
        response["X-Accel-Redirect"] = redirect(path)
    else:
        response = FileResponse(path.open("rb"), content_type=content_type)  # type: ignore[assignment]
    response["ETag"] = tag
    response["Cache-Control"] = PRIVATE
    return response


def redirect(path: Path) -> str:
    """A stored file's address at the proxy, which only we can send it to."""
    return f"{settings.X_ACCEL_PREFIX}{path.relative_to(settings.STORE_DIR)}"


@require_GET
def pack(request: HttpRequest, token: str, series_id: UUID) -> HttpResponse:
    """A whole series in one response; raw where it is not there as it is asked for."""
    encoding = request.GET.get("encoding", RAW)
    if encoding not in ENCODINGS:
        raise Invalid("imaging.encoding", f"A series is there as {' or '.join(ENCODINGS)} only.")
    series = series_of(token, series_id)
    if encoding == compressed.NAME and (path := _compressed(series)):
        return send(request, path, content_type=PACK_TYPE, etag=series.compressed_sha256[:32])
    return send(
        request, store.pack_path(series), content_type=PACK_TYPE, etag=series.pack_sha256[:32]
    )


def _compressed(series: Series) -> Path | None:
    """The compressed pack, where there is a whole one of the series as it is packed now."""
    if not series.is_compressed:
        return None
    try:
        path = objects.local(store.compressed_place(series), series.compressed_sha256)
        return path if store.is_whole(path, series.compressed_bytes) else None
    except (FileNotFoundError, Problem):  # the raw one may do
        return None


@require_GET
def frame(_request: HttpRequest, token: str, series_id: UUID, number: str) -> HttpResponse:
    """One frame's stored values, little endian, out of the pack."""
    series = series_of(token, series_id)
    geometry = series.geometry or {}
    if not _FRAME.fullmatch(number) or int(number) >= geometry["frames"]:
        raise Unknown
    size = {"uint8": 1}.get(geometry["dtype"], 2) * geometry["rows"] * geometry["columns"]
    data = packs.read_frame(store.pack_path(series), int(number), geometry["frames"], size)
    response = HttpResponse(data, content_type="application/octet-stream")
    response["Cache-Control"] = PRIVATE
    return response


@require_GET
def thumbnail(request: HttpRequest, token: str, series_id: UUID) -> HttpResponse:
    """The series' middle frame as a small PNG."""
    series = series_of(token, series_id)
    tag = f"{series.pack_sha256[:31]}t"
    return send(request, store.thumbnail_path(series), content_type="image/png", etag=tag)
