"""QIDO-RS (PS3.18 10.6): search for studies, series and instances."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Count, Exists, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from pydicom.datadict import tag_for_keyword

from readerstudy.imaging import da
from readerstudy.imaging.dicomweb import attributes, media, native
from readerstudy.imaging.dicomweb.scope import Scope, opened
from readerstudy.imaging.models import Examination, Instance, Series
from readerstudy.web.problems import Invalid

MAX_PAGE, PAGE = 1000, 100
_OPTIONS = frozenset(["limit", "offset", "includefield", "fuzzymatching", "accept"])
_TAG = re.compile(r"[0-9A-Fa-f]{8}")
STUDY = {
    "0020000D": "study_uid", "00100020": "patient", "00100010": "patient",
    "00080020": "study_date", "00080030": "study_time",
}  # fmt: skip
SERIES = {
    "0020000E": "series_uid", "00080060": "dicom_modality", "00200011": "number",
    "0008103E": "description",
}  # fmt: skip
INSTANCE = {"00080018": "sop_uid", "00080016": "sop_class_uid", "00200013": "number"}
MODALITIES = "00080061"
# Of every file these are empty: nothing but an empty value or "*" matches them.
EMPTY = frozenset(["00080050", "00080090", "00100030", "00100040", "00200010"])
_RANGES: dict[str, Callable[[str], da.Range | None]] = {
    "00080020": da.dates, "00080030": da.times,
}  # fmt: skip
_LISTED = frozenset(["0020000D", "0020000E", "00080018", "00080016"])
_NUMBERS = frozenset(["00200011", "00200013"])
_NAME = "00100010"
M = TypeVar("M")
E = TypeVar("E", bound=Model)


@dataclass(frozen=True)
class Query:
    """What was asked for."""

    wanted: Mapping[str, str]  # tag -> value
    unmatched: tuple[str, ...]  # attributes that are not matched, as they were written
    include: frozenset[str] | None  # further attributes by tag; None for all
    is_fuzzy: bool
    limit: int
    offset: int
    is_xml: bool  # what is found, instead of JSON


def parse(request: HttpRequest, known: Mapping[str, str]) -> Query:
    """Read a search's parameters.

    Raises
    ------
    Invalid
        400 for a parameter that is no attribute, and for a page that cannot be.
    Problem
        406 when nothing that the client accepts can be made.
    """
    is_xml = media.is_xml(request)
    wanted: dict[str, str] = {}
    unmatched: list[str] = []
    for name in request.GET:
        value = str(request.GET[name])
        if name in _OPTIONS:
            continue
        tag = tag_of(name)
        if tag in known or tag in EMPTY or tag == MODALITIES:
            wanted[tag] = value
        else:
            unmatched.append(name)
    include: set[str] | None = set()
    for each in ",".join(request.GET.getlist("includefield")).split(","):
        if each == "all":
            include = None
        elif each and include is not None:
            include.add(tag_of(each))
    return Query(
        wanted, tuple(unmatched), None if include is None else frozenset(include),
        request.GET.get("fuzzymatching", "").lower() == "true",
        min(_whole(request, "limit", PAGE), MAX_PAGE), _whole(request, "offset", 0), is_xml,
    )  # fmt: skip


def tag_of(name: str) -> str:
    """A tag of eight hexadecimal digits, of an attribute's keyword or tag; else 400."""
    if _TAG.fullmatch(name):
        return name.upper()
    tag = tag_for_keyword(name)
    if tag is None:
        raise Invalid("dicomweb.parameter", f"Not a known parameter: {name[:64]}.")
    return f"{tag:08X}"


def _whole(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise Invalid("dicomweb.page", f"{name} is a whole number from 0.")
    return int(text)


def condition(tag: str, field: str, value: str, *, is_fuzzy: bool) -> Q:
    """One attribute's matching (PS3.4 C.2.2.2): single value, UIDs, wild cards, range, fuzzy.

    Raises
    ------
    Invalid
        400 for a date or a time that is none.
    """
    if value in {"", "*"}:
        return Q()
    is_number = re.fullmatch(r"-?[0-9]{1,9}", value)
    if tag in EMPTY or (tag in _NUMBERS and not is_number):
        return Q(pk__in=[])
    if tag in _RANGES:
        return _within(field, value, _RANGES[tag](value))
    if tag in _LISTED:
        return Q(**{f"{field}__in": re.split(r"[,\\]", value)})
    return Q(**{field: int(value)}) if tag in _NUMBERS else _text(tag, field, value, is_fuzzy)


def _within(field: str, value: str, ends: da.Range | None) -> Q:
    """Range matching (PS3.4 C.2.2.2.5): each end is part of it, an examination without is not."""
    if ends is None:
        words = "A date is YYYYMMDD and a time HHMMSS.FFFFFF, a range of them first-last"
        raise Invalid("dicomweb.range", f"{words}; not {value[:64]}.")
    first, last = ends
    q = Q(**{f"{field}__gte": first}) if first is not None else Q()
    return q & Q(**{f"{field}__lte": last}) if last is not None else q


def _text(tag: str, field: str, value: str, is_fuzzy: bool) -> Q:  # noqa: FBT001
    if tag == _NAME and is_fuzzy:
        words = [word for word in re.split(r"[\s^*?]+", value) if word]
        return Q(*(Q(**{f"{field}__istartswith": word}) for word in words))
    if not set(value) & {"*", "?"}:
        return Q(**{f"{field}__iexact" if tag == _NAME else field: value})
    pattern = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in value[:128])
    return Q(**{f"{field}__{'iregex' if tag == _NAME else 'regex'}": f"^{pattern}$"})


def _matched(
    found: QuerySet[E], query: Query, fields: Mapping[str, str], scope: Scope, examination: str
) -> QuerySet[E]:
    for tag, value in query.wanted.items():
        if tag == MODALITIES:
            if value not in {"", "*"}:
                having = scope.of_found.filter(dicom_modality__in=re.split(r"[,\\]", value))
                found = found.filter(Exists(having.filter(examination=OuterRef(examination))))
            continue
        q = condition(tag, fields.get(tag, ""), value, is_fuzzy=query.is_fuzzy)
        found = found.filter(q)
    return found


def _page(query: Query, items: list[dict[str, Any]]) -> HttpResponseBase:
    """The answer: one page, with what else there is and what was not matched as warnings."""
    shown = items[: query.limit]
    response: HttpResponseBase = HttpResponse(status=204)
    if shown and query.is_xml:
        response = media.multipart(([native.document(each)] for each in shown), media.XML_TYPE)
    elif shown:
        response = HttpResponse(json.dumps(shown), content_type=media.JSON_TYPE)
    warnings = []
    if len(items) > query.limit:
        warnings.append("There are additional results that can be requested")
    if query.unmatched:
        names = ", ".join(each[:64] for each in query.unmatched)
        warnings.append(f"The following attributes are not matched: {names}")
    if warnings:
        response["Warning"] = ", ".join(f'299 readerstudy "{each}"' for each in warnings)
    return response


def _rows(found: QuerySet[Any, M], query: Query) -> list[M]:
    """The rows of the page, and one more when there are more."""
    return list(found[query.offset : query.offset + query.limit + 1])


@opened
def studies(request: HttpRequest, scope: Scope) -> HttpResponseBase:
    """The examinations."""
    query = parse(request, STUDY)
    found = _matched(scope.examinations.order_by("study_uid"), query, STUDY, scope, "pk")
    # By its keys, which the index holds: what comes before the page is skipped, not read.
    page = _rows(found.values_list("study_uid", flat=True), query)
    rows = list(found.filter(study_uid__in=page))
    held = attributes.holdings(scope.of_found, rows)
    extra = attributes.Extra(query.include)
    return _page(query, [_study(each, held, scope, extra) for each in rows])


def _study(
    examination: Examination, held: attributes.Holdings, scope: Scope, extra: attributes.Extra
) -> dict[str, Any]:
    document = attributes.study(examination, f"{scope.base}/studies/{examination.study_uid}")
    document |= held.of(examination.pk)
    return extra.add(document, held.first(examination.pk))


@opened
def series(request: HttpRequest, scope: Scope, study: str | None = None) -> HttpResponseBase:
    """The series, of all examinations or of one."""
    fields = SERIES | {tag: f"examination__{name}" for tag, name in STUDY.items()}
    query = parse(request, fields)
    found = scope.series_of(study) if study else scope.series.select_related("examination")
    found = found.order_by("examination__study_uid", "number", "id")
    rows: list[Series] = _rows(_matched(found, query, fields, scope, "examination"), query)
    counts = dict(
        Instance.objects.filter(series__in=rows).values_list("series").annotate(Count("pk"))
    )
    extra = attributes.Extra(query.include)
    items = []
    for each in rows:
        url = f"{scope.base}/studies/{each.examination.study_uid}/series/{each.series_uid}"
        document = attributes.study(each.examination, url) if not study else {}
        document |= attributes.series(each, url, counts.get(each.pk, 0))
        items.append(extra.add(document, each))
    return _page(query, items)


@opened
def instances(
    request: HttpRequest, scope: Scope, study: str | None = None, series: str | None = None
) -> HttpResponseBase:
    """The instances, of all examinations, of one, or of one series."""
    fields = (
        INSTANCE
        | {tag: f"series__{name}" for tag, name in SERIES.items()}
        | {tag: f"series__examination__{name}" for tag, name in STUDY.items()}
    )
    query = parse(request, fields)
    if study:
        found = scope.instances_of(study, series)
    else:  # examination by examination, as an index has them: nothing is sorted but within one
        found = scope.instances.select_related("series__examination").order_by(
            "series__examination__study_uid", "series__number", "series_id", "number", "id"
        )
    found = _matched(found, query, fields, scope, "series__examination")
    page = _rows(found.values_list("pk", flat=True), query)  # what comes before is skipped, unread
    rows = list(found.filter(pk__in=page))
    extra = attributes.Extra(query.include)
    items = []
    for each in rows:
        of, examination = each.series, each.series.examination
        url = f"{scope.base}/studies/{examination.study_uid}/series/{of.series_uid}"
        document = attributes.study(examination, url) if not study else {}
        document |= attributes.series(of, url, None) if not series else {}
        document |= attributes.instance(each, f"{url}/instances/{each.sop_uid}")
        items.append(extra.add(document, of, each.sop_uid))
    return _page(query, items)
