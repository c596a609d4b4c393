"""Uploads by a program or a page: start, send files one by one, finish."""

from typing import IO, Any, cast
from urllib.parse import unquote
from uuid import UUID

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from readerstudy.accounts.models import User
from readerstudy.imaging import access, selectors, services
from readerstudy.web.api import Input
from readerstudy.web.problems import Unknown

PROBLEM = OpenApiResponse(description="application/problem+json (RFC 9457)")
PATH = OpenApiParameter(
    "Readerstudy-Path",
    str,
    OpenApiParameter.HEADER,
    description="Percent-encoded path of a file of a data set (NIfTI, side-car, slice)",
)
REFUSALS = {401: PROBLEM, 403: PROBLEM, 404: PROBLEM, 409: PROBLEM}


class UploadOutput(serializers.Serializer[Any]):
    """A delivery and what became of its files."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    received = serializers.IntegerField()
    stored = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()
    report = serializers.DictField()


class FileOutput(serializers.Serializer[Any]):
    """What became of one file."""

    state = serializers.ChoiceField(choices=["stored", "repeated", "refused", "done"])
    reason = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()


class KnownInput(Input):
    """Checksums of files that a browser is about to send."""

    sha256 = serializers.ListField(child=serializers.RegexField(r"^[0-9a-f]{64}$"), max_length=5000)
    upload = serializers.UUIDField(
        required=False, help_text="An open delivery, whose page counts what is there already"
    )


class KnownOutput(serializers.Serializer[Any]):
    """Those of them that are there already: they need not be sent."""

    sha256 = serializers.ListField(child=serializers.CharField())


class RawParser(BaseParser):
    """Leaves the body as a stream: files may be larger than memory."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Hand the stream on."""
        del media_type, parser_context
        return stream


class Uploads(APIView):
    """Deliveries into a collection."""

    @extend_schema(
        operation_id="open_uploads", responses={200: UploadOutput(many=True), **REFUSALS}
    )
    def get(self, request: Request, collection_id: UUID) -> Response:
        """The asker's own deliveries from a browser that were never finished, newest first."""
        user = cast("User", request.user)
        collection = access.collection_for(user, collection_id)
        return Response(UploadOutput(selectors.unfinished(collection, user), many=True).data)

    @extend_schema(
        operation_id="start_upload", request=None, responses={201: UploadOutput, **REFUSALS}
    )
    def post(self, request: Request, collection_id: UUID) -> Response:
        """Start a delivery."""
        user = cast("User", request.user)
        collection = access.collection_for(user, collection_id)
        upload = services.start_upload(collection, by=user)
        return Response(UploadOutput(upload).data, status=201)


class Known(APIView):
    """What is there already of what a browser is about to send."""

    @extend_schema(
        operation_id="known_files", request=KnownInput, responses={200: KnownOutput, **REFUSALS}
    )
    def post(self, request: Request, collection_id: UUID) -> Response:
        """Say which files, by the SHA-256 of what they hold, were stored before."""
        user = cast("User", request.user)
        collection = access.collection_for(user, collection_id)
        asked = KnownInput(data=request.data)
        asked.is_valid(raise_exception=True)
        sha256, upload_id = asked.validated_data["sha256"], asked.validated_data.get("upload")
        if upload_id is None:
            found = selectors.known_files(collection, sha256)
        else:
            upload = access.upload_for(user, upload_id)
            if upload.collection_id != collection.pk:
                raise Unknown
            found = services.note_known(upload, sha256)
        return Response({"sha256": sorted(found)})


class Files(APIView):
    """The files of a delivery."""

    parser_classes = [RawParser]

    @extend_schema(
        operation_id="add_file",
        request={"application/octet-stream": OpenApiTypes.BINARY},
        parameters=[PATH],
        responses={200: FileOutput, **REFUSALS},
    )
    def put(self, request: Request, upload_id: UUID) -> Response:
        """Send one file; sending it again changes nothing."""
        upload = access.upload_for(cast("User", request.user), upload_id)
        body = cast("IO[bytes]", request.data)  # RawParser hands the stream on
        name = unquote(request.headers.get(PATH.name, ""))
        said = request.headers.get("Content-Length", "")
        length = int(said) if said.isascii() and said.isdigit() else 0  # what comes in chunks
        outcome = services.add_file(upload, body, name=name, length=length)
        return Response(FileOutput(outcome).data)


class Finish(APIView):
    """The end of a delivery."""

    @extend_schema(
        operation_id="finish_upload", request=None, responses={202: UploadOutput, **REFUSALS}
    )
    def post(self, request: Request, upload_id: UUID) -> Response:
        """Say that every file was sent; a worker packs and checks. Ask `GET` how far it is."""
        user = cast("User", request.user)
        upload = access.upload_for(user, upload_id)
        services.take_what_is_whole(upload)
        upload = services.end_upload(upload, by=user)
        return Response(UploadOutput(upload).data, status=202)


class OneUpload(APIView):
    """One delivery."""

    @extend_schema(operation_id="get_upload", responses={200: UploadOutput, **REFUSALS})
    def get(self, request: Request, upload_id: UUID) -> Response:
        """Where it stands: `report.ready` counts examinations, `report.failure` says why not."""
        upload = access.upload_for(cast("User", request.user), upload_id)
        return Response(UploadOutput(upload).data)
