"""The reference standard: typed in case by case, or read from a table."""

import csv
import io
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from readerstudy.desk.files import spooled
from readerstudy.desk.shell import (
    SETTERS,
    Role,
    act_and_return,
    actor,
    attempt,
    show,
    study_page,
)
from readerstudy.studies.models import Case, Study
from readerstudy.truth import selectors, services
from readerstudy.truth.models import Panel
from readerstudy.truth.services import LesionDraft
from readerstudy.web.problems import Invalid, Problem, Unknown

BLANK_ROWS = 3
MAX_FILE_BYTES = 4 * 1024 * 1024
COLUMNS = ("case", "status", "x_mm", "y_mm", "z_mm", "diameter_mm", "kind")


@study_page(*SETTERS)
@require_GET
def standard(request: HttpRequest, study: Study) -> HttpResponse:
    """Which cases have their standard. What it says is shown only where it is set."""
    return show(request, study, "standard", _context(study))


def _context(study: Study) -> dict[str, Any]:
    rows = selectors.standings(study)
    tells = selectors.case_set(study)
    return {
        "rows": rows,
        "panel": selectors.panel(study),
        "adjudications": Panel.Adjudication.choices,
        "begun": any(each.given for each in rows),
        "columns": ", ".join(COLUMNS),
        "tells": tells,
        "is_told": any(each.is_strong for each in tells),
        "review": selectors.review_of(study, tells),
    }


@study_page(Role.COORDINATOR)
@require_POST
def case_set(request: HttpRequest, study: Study) -> HttpResponse:
    """Accept what readers could tell the classes by, with a reason."""
    reason = request.POST.get("reason", "")
    return act_and_return(
        request,
        study,
        "standard",
        lambda: services.accept_case_set(study, reason=reason, by=actor(request)),
        _("The case set is accepted; your reason is kept in the record."),
    )


@study_page(*SETTERS)
@require_POST
def drawn(request: HttpRequest, study: Study) -> HttpResponse:
    """Set many cases from files drawn elsewhere, and say what became of each."""
    context: dict[str, Any] = {}
    source = request.POST.get("source", "")
    try:
        with spooled(request.FILES.getlist("drawn")) as files:
            context["outcomes"] = services.set_from_files(
                study, files=list(files), names=files, source=source, by=actor(request)
            )
    except Problem as problem:
        context |= {"problem": problem, "source": source}
    status = context["problem"].status if "problem" in context else 200
    return show(request, study, "standard", {**_context(study), **context}, status=status)


@study_page(*SETTERS)
@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, study: Study, case_id: UUID) -> HttpResponse:
    """Set one case's status and lesions, while the study is a draft."""
    found = Case.objects.filter(study=study, pk=case_id).select_related("study").first()
    if found is None or study.state != Study.State.DRAFT:
        raise Unknown
    if selectors.panel(study).opinions > 1:  # stated on the truth readers' pages
        raise Unknown
    shown = {"case": found, "history": selectors.history(found)}
    if request.method == "GET":
        return show(request, study, "standard_case", {**shown, **_kept(found)})
    problem = attempt(
        request,
        lambda: _set(found, request.POST, actor(request)),
        _("The standard of %s is set.") % found.code,
    )
    if problem is None:
        return redirect("desk:standard", study_id=study.pk)
    typed = {"status": request.POST.get("status"), "source": request.POST.get("source")}
    context = {**shown, "lesions": typed_lesions(request.POST), "problem": problem, **typed}
    return show(request, study, "standard_case", context, status=problem.status)


def _kept(found: Case) -> dict[str, Any]:
    standard = selectors.of_case(found)
    lesions = list(selectors.lesions(standard).values()) if standard else []
    return {
        "status": standard.status if standard else "",
        "source": standard.source if standard else "",
        "lesions": [*lesions, *({} for _ in range(BLANK_ROWS))],
    }


def typed_lesions(form: Any) -> list[dict[str, str]]:
    """A form's rows of lesions, as they were typed."""
    names = COLUMNS[2:]
    columns = [form.getlist(name) for name in names]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def lesions_of(form: Any) -> list[LesionDraft]:
    """The lesions of a form's rows; empty rows are left out."""
    rows = [row for row in typed_lesions(form) if any(value.strip() for value in row.values())]
    return [_lesion(row, f"Lesion {number}") for number, row in enumerate(rows, start=1)]


def _set(found: Case, form: Any, by: Any) -> None:
    lesions = lesions_of(form)
    services.set_standard(
        found,
        status=form.get("status", ""),
        lesions=lesions,
        source=form.get("source", ""),
        by=by,
    )


def _lesion(row: Mapping[str, str], where: str) -> LesionDraft:
    try:
        values: dict[str, Any] = {name: float(row[name].replace(",", ".")) for name in COLUMNS[2:6]}
    except (ValueError, KeyError):
        words = f"{where}: x, y, z and diameter are numbers in millimetres."
        raise Invalid("truth.number", words) from None
    return LesionDraft(**values, kind=(row.get("kind") or "").strip())


@study_page(*SETTERS)
@require_POST
def table(request: HttpRequest, study: Study) -> HttpResponse:
    """Set many cases from a CSV file: all of them, or none and every reason."""
    file = request.FILES.get("file")
    text = file.read(MAX_FILE_BYTES).decode("utf-8-sig", errors="replace") if file else ""
    source = request.POST.get("source", "")
    return act_and_return(
        request,
        study,
        "standard",
        lambda: _set_all(study, text, source, actor(request)),
        _("The reference standard is read in."),
    )


@transaction.atomic
def _set_all(study: Study, text: str, source: str, by: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or not {"case", "status"} <= set(rows[0]):
        raise Invalid("truth.columns", f"The file needs the columns {', '.join(COLUMNS)}.")
    by_code = {case.code: case for case in study.cases.select_related("study")}
    drafts: dict[str, tuple[str, list[LesionDraft]]] = {}
    for number, row in enumerate(rows, start=2):
        code = (row["case"] or "").strip()
        if code not in by_code:
            raise Invalid("truth.case", f"Line {number}: there is no case {code}.")
        _, lesions = drafts.setdefault(code, ((row["status"] or "").strip(), []))
        if (row.get("x_mm") or "").strip():
            lesions.append(_lesion(row, f"Line {number}"))
    for code, (status, lesions) in drafts.items():
        services.set_standard(by_code[code], status=status, lesions=lesions, source=source, by=by)
