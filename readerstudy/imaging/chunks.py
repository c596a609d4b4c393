"""Large files in chunks over HTTP: the core of tus 1.0 with creation, checksum and termination.

A client says how long a file is and gets an address; it sends chunks there, asks how much is
there after a lost connection or a closed tab, and goes on. With the last chunk's answer it is
told what became of the file.
"""

import base64
import binascii
import json
from typing import IO, Any, cast
from uuid import UUID

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from readerstudy.accounts.models import User
from readerstudy.imaging import access, services
from readerstudy.imaging.api import REFUSALS, RawParser
from readerstudy.imaging.models import Part
from readerstudy.web.problems import Invalid, Problem, Unknown

VERSION = {"Tus-Resumable": "1.0.0"}
CHUNK_TYPE = "application/offset+octet-stream"
OUTCOME = "Readerstudy-Outcome"
NO_BODY = OpenApiResponse(description="Nothing but headers")


def _number(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not text.isascii() or not text.isdigit() or len(text) > 15:  # noqa: PLR2004
        raise Invalid("imaging.tus", f"{header} is a number of bytes.")
    return int(text)


def _said(request: Request, wanted: str) -> str:
    """What the client says of a file in `Upload-Metadata`: `<name> <base64 of the value>`, ..."""
    for pair in request.headers.get("Upload-Metadata", "").split(","):
        name, _, value = pair.strip().partition(" ")
        if name == wanted:
            try:
                return base64.b64decode(value, validate=True).decode("utf-8")
            except (binascii.Error, UnicodeDecodeError):
                raise Invalid("imaging.tus", f"Upload-Metadata: {wanted} cannot be read.") from None
    return ""


class Parts(APIView):
    """The large files of a delivery."""

    parser_classes = [RawParser]

    @extend_schema(operation_id="start_part", request=None, responses={201: NO_BODY, **REFUSALS})
    def post(self, request: Request, upload_id: UUID) -> Response:
        """Announce a file by `Upload-Length`; its address is answered as `Location`.

        `Upload-Metadata` may say its `sha256`, and the `path` of what is part of a data set.
        """
        upload = access.upload_for(cast("User", request.user), upload_id)
        part = services.start_part(
            upload,
            length=_number(request, "Upload-Length"),
            sha256=_said(request, "sha256").lower(),
            name=_said(request, "path"),
        )
        location = reverse("imaging:part", args=[upload.pk, part.pk])
        return Response(status=201, headers={**VERSION, "Location": location})


class OnePart(APIView):
    """One large file of a delivery."""

    parser_classes = [RawParser]

    def _part(self, request: Request, upload_id: UUID, part_id: UUID) -> Part:
        upload = access.upload_for(cast("User", request.user), upload_id)
        part = Part.objects.filter(upload=upload, pk=part_id).first()
        if part is None:
            raise Unknown
        part.upload = upload
        return part

    def head(self, request: Request, upload_id: UUID, part_id: UUID) -> Response:
        """How much of the file is there."""
        part = self._part(request, upload_id, part_id)
        headers = {
            **VERSION,
            "Upload-Offset": str(services.offset_of(part)),
            "Upload-Length": str(part.length),
            "Cache-Control": "no-store",
        }
        return Response(headers=headers)

    @extend_schema(
        operation_id="append_to_part",
        request={CHUNK_TYPE: OpenApiTypes.BINARY},
        responses={204: NO_BODY, **REFUSALS},
    )
    def patch(self, request: Request, upload_id: UUID, part_id: UUID) -> Response:
        """Send the chunk that begins at `Upload-Offset`; the last one tells the outcome."""
        part = self._part(request, upload_id, part_id)
        if request.content_type != CHUNK_TYPE:
            raise Problem("imaging.tus", f"A chunk is {CHUNK_TYPE}.", status=415)
        offset = _number(request, "Upload-Offset")
        there, outcome = services.append(part, cast("IO[bytes]", request.data), offset=offset)
        headers: dict[str, Any] = {**VERSION, "Upload-Offset": str(there)}
        if outcome is not None:
            told = {name: outcome[name] for name in ("state", "reason", "count")}
            headers[OUTCOME] = json.dumps(told)
        return Response(status=204, headers=headers)

    @extend_schema(operation_id="forget_part", responses={204: NO_BODY, **REFUSALS})
    def delete(self, request: Request, upload_id: UUID, part_id: UUID) -> Response:
        """Wipe what arrived of the file."""
        services.forget(self._part(request, upload_id, part_id))
        return Response(status=204, headers=VERSION)
