"""Images: how they are de-identified, what the study asks of them, what waits to be looked at."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods
from pydicom.datadict import tag_for_keyword

from readerstudy.desk import image_forms
from readerstudy.desk.shell import COORDINATOR, act_and_return, actor, attempt, show, study_page
from readerstudy.imaging import selectors as imaging
from readerstudy.imaging import services as imaging_services
from readerstudy.imaging.models import Examination, Series, SeriesRole, Upload
from readerstudy.imaging.options import Options
from readerstudy.imaging.protocol import Protocol
from readerstudy.imaging.refusals import Reason
from readerstudy.studies.models import Study
from readerstudy.studies.services import images as services
from readerstudy.web.problems import Invalid, Problem, Unknown

PRIVATE = "private, no-store"


@study_page(*COORDINATOR)
@require_http_methods(["GET", "POST"])
def images(request: HttpRequest, study: Study) -> HttpResponse:
    """The options of de-identification, the imaging protocol, the key."""
    problem = None
    if request.method == "POST":
        acts: dict[str, tuple[Any, Any]] = {
            "deidentification": (_set_options, _("The options are saved.")),
            "protocol": (_set_protocol, _("The imaging protocol is saved.")),
            "destroy": (_destroy_key, _("The key is destroyed.")),
        }
        act, done = acts.get(request.POST.get("act", ""), (None, ""))
        if act is None:
            raise Unknown
        problem = attempt(request, lambda: act(request, study), done)
        study.collection.refresh_from_db()
    collection = study.collection
    context = {
        "options": Options.of(collection.deidentification),
        "has_images": imaging.has_images(collection),
        "has_key": bool(collection.uid_key),
        "collection": collection,
        "problem": problem,
        **image_forms.protocol_context(Protocol.of(collection.imaging_protocol)),
    }
    return show(request, study, "images", context, status=problem.status if problem else 200)


def _set_options(request: HttpRequest, study: Study) -> None:
    options = image_forms.deidentification(request.POST)
    services.set_deidentification(study, options, by=actor(request))


def _set_protocol(request: HttpRequest, study: Study) -> None:
    protocol = image_forms.imaging_protocol(request.POST)
    services.set_imaging_protocol(study, protocol, by=actor(request))


def _destroy_key(request: HttpRequest, study: Study) -> None:
    if request.POST.get("confirmation", "").strip() != study.name.strip():
        raise Invalid("imaging.confirm", _("Type the study's name to destroy its key."))
    reason = request.POST.get("reason", "")
    imaging_services.destroy_key(study.collection, reason=reason, by=actor(request))


@study_page(*COORDINATOR)
@require_http_methods(["GET", "POST"])
def held(request: HttpRequest, study: Study) -> HttpResponse:
    """What may show a name in its pixels: looked at, then released or thrown away."""
    if request.method == "POST":
        named: dict[str, Any] = {
            "series_uid": request.POST.get("series", ""),
            "reason": request.POST.get("reason", ""),
            "by": actor(request),
        }
        acts = {
            "release": (services.release_held, _("The images are released and stored.")),
            "discard": (services.discard_held, _("The images are thrown away.")),
        }
        act, done = acts.get(request.POST.get("act", ""), (None, ""))
        if act is None:
            raise Unknown
        return act_and_return(request, study, "held", lambda: act(study, **named), done)
    groups = [
        {"series": uid, "files": files, "header": files[0].header}
        for uid, files in imaging.held_of(study.collection).items()
    ]
    return show(request, study, "held", {"groups": groups})


@study_page(*COORDINATOR)
@require_GET
def held_picture(_request: HttpRequest, study: Study, held_id: UUID) -> HttpResponse:
    """One image that waits, whole, for a person to look at."""
    found = imaging.held_file(study.collection, held_id)
    if found is None:
        raise Unknown
    return _png(imaging.held_picture(found))


def _png(data: bytes) -> HttpResponse:
    return HttpResponse(data, content_type="image/png", headers={"Cache-Control": PRIVATE})


@study_page(*COORDINATOR)
@require_GET
def upload(request: HttpRequest, study: Study, upload_id: UUID) -> HttpResponse:
    """What became of one delivery: series by series, reason by reason, tag by tag."""
    found = Upload.objects.filter(collection=study.collection, pk=upload_id).first()
    if found is None:
        raise Unknown
    report = found.report
    counts = report.get("series", {})
    series = Series.objects.filter(pk__in=list(counts)).select_related("examination")
    told = [*report.get("problems", []), *(one["words"] for one in report.get("datasets", []))]
    context = {
        "upload": found,
        "series": [(each, counts[str(each.pk)]) for each in series],
        "reasons": [(str(Reason[name]), n) for name, n in sorted(report["refused"].items())],
        "refused": [(each["number"], str(Reason[each["reason"]])) for each in report["files"]],
        "problems": report.get("problems", []),
        "datasets": report.get("datasets", []),
        "elements": _elements(report.get("elements", {})),
        "held": any(str(Reason.HELD) in each for each in told)
        or bool(report["refused"].get(Reason.HELD.name)),
    }
    return show(request, study, "upload", context)


def _elements(report: dict[str, list[str]]) -> list[tuple[str, str, str]]:
    """Tag, keyword, what was done with it."""
    rows = [(_tag(each), _keyword(each), what) for what, names in report.items() for each in names]
    return sorted(rows)


def _tag(name: str) -> str:
    if name.startswith("("):
        return name
    tag = tag_for_keyword(name) or 0
    return f"({tag >> 16:04X},{tag & 0xFFFF:04X})"


def _keyword(name: str) -> str:
    return _("private") if name.startswith("(") else name


def _examination(study: Study, examination_id: UUID) -> Examination:
    found = Examination.objects.filter(collection=study.collection, pk=examination_id).first()
    if found is None:
        raise Unknown
    return found


@study_page(*COORDINATOR)
@require_http_methods(["GET", "POST"])
def examination(request: HttpRequest, study: Study, examination_id: UUID) -> HttpResponse:
    """One examination: its series, what the check found, its face."""
    found = _examination(study, examination_id)
    problem = (
        attempt(request, lambda: _change(request, study, found), _("Done."))
        if (request.method == "POST")
        else None
    )
    found.refresh_from_db()
    context = {
        "examination": found,
        "series": list(found.series.all()),
        "roles": SeriesRole.choices,
        "faces": [each for each in found.series.all() if each.pack_sha256 and not each.is_defaced],
        "problem": problem,
    }
    return show(request, study, "examination", context, status=problem.status if problem else 200)


def _change(request: HttpRequest, study: Study, found: Examination) -> None:
    by, act = actor(request), request.POST.get("act", "")
    if act == "deface":
        left = services.deface(study, found, by=by)
        if left:
            words = _("No face was found, and nothing changed, in: %s") % "; ".join(left)
            raise Problem("imaging.no_face", words)
        return
    wanted = request.POST.get("series", "")
    series = next((each for each in found.series.all() if str(each.pk) == wanted), None)
    if act != "role" or series is None:
        raise Unknown
    services.set_series_role(study, series, role=request.POST.get("role", ""), by=by)


@study_page(*COORDINATOR)
@require_GET
def face(
    _request: HttpRequest, study: Study, examination_id: UUID, series_id: UUID
) -> HttpResponse:
    """What defacing would take out of a series: the head from the side, in red."""
    found = _examination(study, examination_id).series.filter(pk=series_id).first()
    if found is None or not found.pack_sha256:
        raise Unknown
    return _png(imaging_services.preview(found))
