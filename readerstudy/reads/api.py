"""The reading room's API. Thin: check the input, call one service, answer."""

from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from readerstudy.accounts import guesses
from readerstudy.accounts.models import User
from readerstudy.reads import (
    disclosure,
    failpoints,
    feedback,
    proposal_schemas,
    schemas,
    selectors,
    services,
    tripwire,
    worklist,
)
from readerstudy.reads.models import Qualification, Read
from readerstudy.studies.selectors import require_served
from readerstudy.web.problems import Invalid, Problem, Unknown

PROBLEM = OpenApiResponse(description="application/problem+json (RFC 9457)")
REFUSALS = {400: PROBLEM, 401: PROBLEM, 403: PROBLEM, 404: PROBLEM, 409: PROBLEM}
KEY = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True,
    description="A repeat with the same key gets the same answer.",
)  # fmt: skip
TAB = OpenApiParameter("tab", OpenApiTypes.UUID, OpenApiParameter.QUERY, required=True)
KEY_LENGTH = 36
# What a browser kept of another arm's cases; its storage holds the outbox, which is never cleared.
CLEARED = '"cache", "prefetchCache", "prerenderCache"'


def _user(request: Request) -> User:
    return cast("User", request.user)


def _input(serializer: type[Any], request: Request) -> dict[str, Any]:
    checked = serializer(data=request.data)
    checked.is_valid(raise_exception=True)
    return dict(checked.validated_data)


def _packet(read: Read, tab: str) -> Response:
    """The packet of an open read; what is over is not shown again (carry-over, F9)."""
    _require_shown(read)
    number, of = selectors.number_of(read)
    return Response(disclosure.packet(read, number=number, of=of, read_only=read.lease_tab != tab))


def _shown(request: Request, read_id: UUID) -> Read:
    """The reader's own read, where it may still be shown."""
    read = selectors.own_read(_user(request), read_id)
    _require_shown(read)
    return read


def _require_shown(read: Read) -> None:
    """Nothing is shown of a read that is over, nor while its study is suspended (A3)."""
    _require_open(read)
    require_served(read.reader.study)


def _require_open(read: Read, **more: Any) -> None:
    """Say what became of a read that is over."""
    if read.state == Read.State.SUBMITTED:
        words = _("This read is signed and locked. Go on with the next case.")
        raise Problem("reads.submitted", words, state=read.state, **more)
    if read.state not in selectors.OPEN_STATES:
        words = _("This case is no longer yours. What you did is kept; go on with the next.")
        raise Problem("reads.withdrawn", words, state=read.state, **more)


def _receipt(receipt: services.Receipt) -> dict[str, Any]:
    """What became of a batch; events that came altered are refused."""
    body: dict[str, Any] = {
        "acknowledged": receipt.acknowledged,
        "missing": receipt.missing,
        "last_seq": receipt.last_seq,
    }
    if receipt.altered:
        words = _("Some events came again with other content; those are refused.")
        raise Problem("reads.altered_event", words, altered=receipt.altered, **body)
    return body


def _result(result: Qualification) -> dict[str, Any]:
    """What a test came to, in cases right of all: never which."""
    return {
        "right": result.right,
        "of": result.of,
        "pass_mark_percent": result.pass_mark_percent,
        "is_passed": result.is_passed,
    }


class ReaderView(APIView):
    """A request of a reader: no query of it reaches a vault but through the tripwire's gates."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer the request with the tripwire armed."""
        with tripwire.armed():
            return super().dispatch(request, *args, **kwargs)


class Worklist(ReaderView):
    """The studies in which the user reads."""

    @extend_schema(operation_id="worklist", responses={200: schemas.WorklistOutput, **REFUSALS})
    def get(self, request: Request) -> Response:
        """Answer the worklist."""
        return Response({"studies": worklist.worklist(_user(request))})


class Sessions(ReaderView):
    """Sittings."""

    @extend_schema(
        operation_id="start_session",
        request=schemas.SessionInput,
        responses={201: schemas.SessionOutput, **REFUSALS},
    )
    def post(self, request: Request, study_id: UUID) -> Response:
        """Begin a sitting; its first case's images may be fetched while the read is opened."""
        data = _input(schemas.SessionInput, request)
        reader = selectors.reader_for(_user(request), study_id)
        first = services.row_ahead(reader)
        ahead = disclosure.first_images(reader.study, first)
        session = services.start_session(
            reader.study, display=data["display"], by=_user(request), first=first
        )
        return Response({"session_id": str(session.id), "next_images": ahead}, status=201)


class Reads(ReaderView):
    """The own next read."""

    @extend_schema(
        operation_id="open_next",
        request=schemas.OpenInput,
        responses={200: schemas.PacketOutput, **REFUSALS},
    )
    def post(self, request: Request, study_id: UUID) -> Response:
        """Continue the open read or open the next one."""
        data = _input(schemas.OpenInput, request)
        read = services.open_next(
            study_id, session_id=data["session_id"], tab=str(data["tab"]), by=_user(request)
        )
        response = _packet(read, str(data["tab"]))
        if selectors.changes_arm(read):
            response["Clear-Site-Data"] = CLEARED
        return response


class OneRead(ReaderView):
    """A read of the user's own."""

    @extend_schema(
        operation_id="get_read", parameters=[TAB], responses={200: schemas.PacketOutput, **REFUSALS}
    )
    def get(self, request: Request, read_id: UUID) -> Response:
        """Answer the packet again: after a reload, a crash, on another machine."""
        try:
            tab = UUID(request.query_params.get("tab", ""))
        except ValueError:
            raise Invalid("reads.tab", "Say which tab asks: ?tab=<uuid>.") from None
        return _packet(selectors.own_read(_user(request), read_id), str(tab))


class Events(ReaderView):
    """The log of a read."""

    @extend_schema(
        operation_id="append_events",
        request=schemas.EventsInput,
        responses={200: schemas.ReceiptOutput, **REFUSALS},
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Store a batch; answer the ids that are stored."""
        data = _input(schemas.EventsInput, request)
        receipt = services.append_events(
            read_id,
            tab=data["tab"],
            fence=data["fence"],
            batch=data["events"],
            by=_user(request),
            schema=data["schema"],
        )
        body = _receipt(receipt)
        if receipt.is_stale:
            words = _(
                "This case was opened in another window; what you did here is kept, not used."
            )
            raise Problem("reads.taken_over", words, **body)
        if receipt.state in {Read.State.WITHDRAWN, Read.State.VOIDED}:
            words = _("This case was taken out of your list. What you did is kept; go on.")
            raise Problem("reads.withdrawn", words, state=receipt.state, **body)
        return Response(body)


class LateEvents(ReaderView):
    """The log of a deactivated reader's read: written by its late key, without a session."""

    authentication_classes: tuple[type, ...] = ()  # no cookie speaks here, so none can be abused
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="append_late_events",
        request=schemas.LateEventsInput,
        responses={200: schemas.ReceiptOutput, **REFUSALS},
        auth=[],
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Store a batch; answer the ids that are stored."""
        data = _input(schemas.LateEventsInput, request)
        receipt = services.append_late(
            read_id,
            key=data["late_key"],
            tab=data["tab"],
            batch=data["events"],
            schema=data["schema"],
        )
        body = _receipt(receipt)
        return Response(body)


class TakeOver(ReaderView):
    """The lease of a read."""

    @extend_schema(
        operation_id="take_over",
        request=schemas.TabInput,
        responses={200: schemas.FenceOutput, **REFUSALS},
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Make this tab the one that may write."""
        data = _input(schemas.TabInput, request)
        read = services.take_over(read_id, tab=str(data["tab"]), by=_user(request))
        return Response({"fence": read.lease_fence})


class Submit(ReaderView):
    """The signature."""

    @extend_schema(
        operation_id="submit",
        parameters=[KEY],
        request=schemas.SubmitInput,
        responses={200: schemas.SubmittedOutput, **REFUSALS},
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Sign and lock the read; a repeat with the same key gets the same answer."""
        data = _input(schemas.SubmitInput, request)
        key = request.headers.get("Idempotency-Key", "")
        if not 0 < len(key) <= KEY_LENGTH:
            raise Invalid("reads.no_key", "Send an Idempotency-Key header of 1 to 36 characters.")
        with guesses.counted(request._request, _user(request)):  # noqa: SLF001 -- Django's own
            read, reply = services.submit(read_id, key=key, by=_user(request), **data)
        failpoints.reach("submit.committed")
        if (shown := feedback.of(read)) is not None:
            reply |= {"feedback": shown}
        if (result := selectors.result_of_test(read)) is not None:
            reply |= {"test_result": _result(result)}
        return Response(reply)


class NextImages(ReaderView):
    """Series to prefetch."""

    @extend_schema(
        operation_id="next_images", responses={200: schemas.NextImagesOutput, **REFUSALS}
    )
    def get(self, request: Request, read_id: UUID) -> Response:
        """Answer the series of the case after this one: their existence, nothing else."""
        read = _shown(request, read_id)
        return Response(disclosure.images_ahead(selectors.allocation_after(read)))


class HeatMaps(ReaderView):
    """What the detector's answers rest on."""

    @extend_schema(
        operation_id="heat_maps", responses={200: proposal_schemas.HeatMapsOutput, **REFUSALS}
    )
    def get(self, request: Request, read_id: UUID) -> Response:
        """Answer the heat maps of the open read's proposals, where its reader may see them."""
        read = _shown(request, read_id)
        found = disclosure.heat_maps(read)
        if found is None:
            raise Unknown
        return Response({"heat_maps": found})


class KnownLesions(ReaderView):
    """What the proposals are compared with."""

    @extend_schema(
        operation_id="known_lesions",
        responses={200: proposal_schemas.KnownLesionsOutput, **REFUSALS},
    )
    def get(self, request: Request, read_id: UUID) -> Response:
        """Answer pictures of the known lesions most like the open read's proposals."""
        read = _shown(request, read_id)
        found = disclosure.known_lesions(read)
        if found is None:
            raise Unknown
        return Response(found)


class Problems(ReaderView):
    """Problems with a case."""

    @extend_schema(
        operation_id="report_problem",
        request=schemas.ProblemInput,
        responses={201: schemas.ReportOutput, **REFUSALS},
    )
    def post(self, request: Request, read_id: UUID) -> Response:
        """Tell the coordinator."""
        data = _input(schemas.ProblemInput, request)
        number = services.report_problem(read_id, words=data["words"], by=_user(request))
        return Response({"report": number}, status=201)
