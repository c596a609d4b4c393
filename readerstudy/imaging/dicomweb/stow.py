"""STOW-RS (PS3.18 10.5): store instances, by the same intake as every other way in."""

import json
from typing import IO, Any, cast
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from readerstudy.accounts.models import User
from readerstudy.imaging import services
from readerstudy.imaging.dicomweb import media, multipart, native, qido, scope, wado
from readerstudy.imaging.dicomweb.attributes import attribute
from readerstudy.imaging.file_meta import Name
from readerstudy.imaging.models import Collection, Instance, Sender, Upload
from readerstudy.imaging.refusals import Reason, failure
from readerstudy.web.problems import Invalid, Problem

# Warning Reason (PS3.18 I.2-1): what is stored has other UIDs and fewer elements than what came.
COERCED = 0xB000
MAX_PARTS = 100_000
Answer = dict[str, Any]


@csrf_exempt  # a token in the header is no cookie: see `_store_by_session`
def studies(
    request: HttpRequest, collection_id: UUID, study: str | None = None
) -> HttpResponseBase:
    """`POST .../studies[/{study}]` stores; anything else searches or retrieves."""
    if request.method != "POST":
        if study is None:
            return qido.studies(request, collection_id=collection_id)
        return wado.retrieve(request, collection_id=collection_id, study=study)
    collection, sender = scope.reached(request, collection_id)
    take = store if sender else _store_by_session
    return take(request, collection, sender, study)


@csrf_protect
def _store_by_session(
    request: HttpRequest, collection: Collection, sender: Sender | None, study: str | None
) -> HttpResponseBase:
    return store(request, collection, sender, study)


def store(
    request: HttpRequest, collection: Collection, sender: Sender | None, study: str | None
) -> HttpResponseBase:
    """Take each part in; answer what became of each.

    Raises
    ------
    Problem
        400 for a body that is not multipart or empty, 415 for another type than application/dicom,
        406 when the client accepts neither JSON nor XML.
    """
    kind = multipart.content_type(request.headers.get("Content-Type", ""))
    if kind.kind != "multipart/related":
        words = f'Send multipart/related; type="{media.DICOM}".'
        raise Problem("dicomweb.media", words, status=415)
    if kind.parameters.get("type", media.DICOM).lower() != media.DICOM:
        raise Problem("dicomweb.media", f"Parts of {media.DICOM} are taken only.", status=415)
    told_as = media.choose(request, (*media.JSON_TYPES, media.XML_TYPE))
    by = None if sender else cast("User", request.user)
    answer = _Answer(scope.address(request, collection))
    own: Upload | None = None  # a person's, begun with the first files
    seen = [sender.open_upload] if sender else []  # with the token: for the first files only

    def tally() -> services.Tally:
        nonlocal own
        if sender is None:
            own = own or services.start_upload(collection, by=by, source="stow")
            return services.Tally(own)
        open_now = seen.pop() if seen else None
        return services.standing_tally(sender, collection, open_now=open_now)

    batch = services.Batch(collection, tally, study_uid=study)
    try:
        _take_parts(_body(request), kind.parameters.get("boundary", ""), batch, answer)
    except multipart.Malformed as error:
        raise Invalid("dicomweb.body", f"The body is damaged: {error}.") from None
    finally:
        batch.discard()
        if own is not None:
            services.end_upload(own, by=by)
    if answer.is_empty:
        raise Invalid("dicomweb.body", "There is no instance in the body.")
    return answer.response(is_xml=told_as == media.XML_TYPE)


def _take_parts(body: IO[bytes], boundary: str, batch: services.Batch, answer: "_Answer") -> None:
    """Take each part in; what stands before a place where the body is damaged is kept."""
    try:
        for number, (part_kind, part) in enumerate(multipart.parts(body, boundary)):
            if part_kind.kind != media.DICOM or number >= MAX_PARTS:
                batch.refuse(Reason.NOT_DICOM)
            else:
                batch.add(cast("IO[bytes]", part))
            if len(batch) >= services.TOGETHER:
                answer.note_all(batch.flush())
    except multipart.Malformed:
        answer.note_all(batch.flush())
        raise
    answer.note_all(batch.flush())


def _body(request: HttpRequest) -> IO[bytes]:
    """The body; what comes in chunks has no length, which Django takes for an empty one."""
    is_chunked = "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", "").lower()
    if is_chunked and not request.META.get("CONTENT_LENGTH"):
        return cast("IO[bytes]", request.META["wsgi.input"])  # the server finds its end
    return cast("IO[bytes]", request)


class _Answer:
    """The Store Instances Response Module (PS3.18 I.1)."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._stored: list[Answer] = []
        self._failed: list[Answer] = []
        self._nameless: list[Answer] = []  # failures of what no SOP instance is known of
        self._studies: set[str] = set()

    @property
    def is_empty(self) -> bool:
        return not self._stored and not self._failed and not self._nameless

    def note_all(self, outcomes: list[services.Outcome]) -> None:
        for outcome in outcomes:
            if "instance" in outcome:
                self._stored.append(self._reference(outcome["instance"]))
            else:
                self._refuse(Reason[outcome["code"]], outcome["name"])

    def _refuse(self, reason: Reason, name: Name | None) -> None:
        """Note a failure: by the UIDs that the sender gave, for it knows no others."""
        why = {
            "00081197": attribute("US", failure(reason)),
            "00090010": attribute("LO", "READERSTUDY"),
            "00091001": attribute("LT", str(reason)),
        }
        if name is None:
            self._nameless.append(why)
        else:
            self._failed.append(_named(*name) | why)

    def _reference(self, instance: Instance) -> Answer:
        series = instance.series
        study = f"{self._base}/studies/{series.examination.study_uid}"
        self._studies.add(study)
        url = f"{study}/series/{series.series_uid}/instances/{instance.sop_uid}"
        return _named(instance.sop_class_uid, instance.sop_uid) | {
            "00081190": attribute("UR", url),
            "00081196": attribute("US", COERCED),
        }

    def response(self, *, is_xml: bool) -> HttpResponse:
        """200 all stored, 202 some, 409 none."""
        # Type 2: without a value where what was stored is not one study.
        studies = self._studies if len(self._studies) == 1 else ()
        document: Answer = {"00081190": attribute("UR", *studies)}
        for tag, items in (
            ("00081198", self._failed),
            ("00081199", self._stored),
            ("0008119A", self._nameless),
        ):
            if items:
                document[tag] = attribute("SQ", *items)
        is_whole = not self._failed and not self._nameless
        status = 200 if is_whole else 202 if self._stored else 409
        body = native.document(document) if is_xml else json.dumps(document)
        kind = media.XML_TYPE if is_xml else media.JSON_TYPE
        return HttpResponse(body, status=status, content_type=kind)


def _named(sop_class: str, instance: str) -> Answer:
    """The SOP Instance Reference Macro (PS3.3 10.8)."""
    return {"00081150": attribute("UI", sop_class), "00081155": attribute("UI", instance)}
