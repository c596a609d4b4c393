"""DICOMweb (PS3.18) over the series that a token opens: QIDO-RS, WADO-RS.

The address carries the token, `/dicomweb/<token>/studies/...`, so that any DICOMweb client can be
pointed at it; what the token does not name does not exist.
"""

import json
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

import pydicom
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from readerstudy.imaging import store, tokens
from readerstudy.imaging.models import Instance, Series
from readerstudy.web.problems import Invalid, Unknown

JSON_TYPE = "application/dicom+json"
MAX_PAGE = 1000


def _series(token: str, **filters: str) -> QuerySet[Series]:
    names = {"study": "examination__study_uid", "series": "series_uid"}
    found = (
        Series.objects.filter(pk__in=tokens.read(token))
        .filter(**{names[name]: value for name, value in filters.items()})
        .select_related("examination")
    )
    if not found.exists():
        raise Unknown
    return found


def _instances(
    token: str, study: str, series: str | None = None, instance: str | None = None
) -> QuerySet[Instance]:
    filters = {"study": study} | ({"series": series} if series else {})
    found = Instance.objects.filter(series__in=_series(token, **filters)).select_related(
        "series__examination"
    )
    found = found.filter(sop_uid=instance) if instance else found
    if not found.exists():
        raise Unknown
    return found


def _json(items: Iterable[dict[str, Any]]) -> HttpResponse:
    return HttpResponse(json.dumps(list(items)), content_type=JSON_TYPE)


def _attribute(vr: str, *values: Any) -> dict[str, Any]:
    kept = [each for each in values if each not in ("", None)]
    return {"vr": vr, "Value": kept} if kept else {"vr": vr}


def _person(name: str) -> dict[str, Any]:
    return {"vr": "PN", "Value": [{"Alphabetic": name}]}


def _page(request: HttpRequest, items: list[dict[str, Any]]) -> HttpResponse:
    """One page of results (PS3.18 8.3.4.4); unknown parameters are refused, not ignored."""
    known = {"limit", "offset", "includefield", "fuzzymatching", *_MATCHED}
    if unknown := sorted(set(request.GET) - known):
        raise Invalid("dicomweb.parameter", f"Not a known parameter: {', '.join(unknown)}.")
    try:
        limit = min(int(request.GET.get("limit", MAX_PAGE)), MAX_PAGE)
        offset = int(request.GET.get("offset", 0))
    except ValueError:
        raise Invalid("dicomweb.page", "limit and offset are whole numbers.") from None
    for name, tag in _MATCHED.items():
        if (wanted := request.GET.get(name)) is not None:
            items = [each for each in items if wanted in map(str, each[tag].get("Value", []))]
    if not items[offset : offset + limit]:
        return HttpResponse(status=204)
    return _json(items[offset : offset + limit])


_MATCHED = {
    "StudyInstanceUID": "0020000D",
    "0020000D": "0020000D",
}


@require_GET
def studies(request: HttpRequest, token: str) -> HttpResponse:
    """QIDO-RS: the examinations that the token opens."""
    by_uid: dict[str, list[Series]] = {}
    for each in _series(token):
        by_uid.setdefault(each.examination.study_uid, []).append(each)
    return _page(request, [_study(uid, series) for uid, series in sorted(by_uid.items())])


def _study(uid: str, series: list[Series]) -> dict[str, Any]:
    patient = series[0].examination.patient
    modalities = sorted({each.dicom_modality for each in series})
    return {
        "00080020": _attribute("DA"),
        "00080030": _attribute("TM"),
        "00080050": _attribute("SH"),
        "00080061": _attribute("CS", *modalities),
        "00100010": _person(patient),
        "00100020": _attribute("LO", patient),
        "0020000D": _attribute("UI", uid),
        "00201206": _attribute("IS", len(series)),
    }


@require_GET
def series(request: HttpRequest, token: str, study: str) -> HttpResponse:
    """QIDO-RS: the series of an examination."""
    found = [
        {
            "00080060": _attribute("CS", each.dicom_modality),
            "0008103E": _attribute("LO", each.description),
            "0020000D": _attribute("UI", study),
            "0020000E": _attribute("UI", each.series_uid),
            "00200011": _attribute("IS", each.number),
            "00201209": _attribute("IS", each.instances.count()),
        }
        for each in _series(token, study=study)
    ]
    return _page(request, found)


@require_GET
def instances(request: HttpRequest, token: str, study: str, series: str) -> HttpResponse:
    """QIDO-RS: the instances of a series."""
    found = [
        {
            "00080016": _attribute("UI", each.sop_class_uid),
            "00080018": _attribute("UI", each.sop_uid),
            "0020000D": _attribute("UI", study),
            "0020000E": _attribute("UI", series),
            "00200013": _attribute("IS", each.number),
        }
        for each in _instances(token, study, series)
    ]
    return _page(request, found)


@require_GET
def metadata(
    request: HttpRequest,
    token: str,
    study: str,
    series: str | None = None,
    instance: str | None = None,
) -> HttpResponse:
    """WADO-RS: the data sets without pixels, as DICOM JSON."""
    del request
    return _json(map(_dataset, _instances(token, study, series, instance)))


def _dataset(instance: Instance) -> dict[str, Any]:
    data = pydicom.dcmread(store.path_of(instance), stop_before_pixels=True)
    document: dict[str, Any] = data.to_json_dict()
    return document


@require_GET
def retrieve(
    request: HttpRequest,
    token: str,
    study: str,
    series: str | None = None,
    instance: str | None = None,
) -> StreamingHttpResponse:
    """WADO-RS: the Part 10 files, multipart."""
    _require_accept(request, "application/dicom")
    found = _instances(token, study, series, instance)
    parts = (store.path_of(each).read_bytes() for each in found)
    return _multipart(parts, "application/dicom")


@require_GET
def frames(
    request: HttpRequest, token: str, study: str, series: str, instance: str, numbers: str
) -> StreamingHttpResponse:
    """WADO-RS: frames of an instance, decoded, multipart (numbers from 1)."""
    _require_accept(request, "application/octet-stream")
    found = _instances(token, study, series, instance)[0]
    data = pydicom.dcmread(store.path_of(found))
    pixels = data.pixel_array.reshape(-1, data.Rows, data.Columns)
    try:
        wanted = [int(each) - 1 for each in numbers.split(",")]
    except ValueError:
        raise Unknown from None
    if not all(0 <= each < len(pixels) for each in wanted):
        raise Unknown
    return _multipart((pixels[each].tobytes() for each in wanted), "application/octet-stream")


def _require_accept(request: HttpRequest, kind: str) -> None:
    accepted = request.headers.get("Accept", "*/*")
    if not any(each in accepted for each in (kind, "multipart/related", "*/*")):
        raise Invalid("dicomweb.accept", f"Ask for multipart/related; type={kind}.", status=406)


def _multipart(parts: Iterable[bytes], kind: str) -> StreamingHttpResponse:
    boundary = uuid4().hex

    def body() -> Iterable[bytes]:
        for part in parts:
            yield f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode()
            yield part
            yield b"\r\n"
        yield f"--{boundary}--\r\n".encode()

    content_type = f'multipart/related; type="{kind}"; boundary={boundary}'
    return StreamingHttpResponse(body(), content_type=content_type)
