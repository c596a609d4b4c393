"""Queries about the reference standard, for those who set it and for the count of what is set."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from uuid import UUID

from django.db.models import QuerySet

from readerstudy.audit.services import canonical
from readerstudy.studies.models import Case, Study
from readerstudy.truth import caseset
from readerstudy.truth.caseset import Tell
from readerstudy.truth.models import CaseSetReview, ReferenceStandard, TruthLesion

# What a reader can see of a case beside its images, and what a browser's network panel shows.
ORDER, UPLOADED, BYTES = "order of the cases' codes", "time of upload", "size in bytes"
SLICES, SERIES = "number of slices", "number of series"


def of_case(case: Case) -> ReferenceStandard | None:
    """A case's standard, if it was set."""
    return ReferenceStandard.objects.filter(case=case).select_related("set_by").first()


def lesions(standard: ReferenceStandard) -> QuerySet[TruthLesion]:
    """The standard's lesions, by number."""
    return TruthLesion.objects.filter(standard=standard)


def set_cases(study: Study) -> set[UUID]:
    """The ids of the cases whose standard is set: that it is, not what it says."""
    return set(
        ReferenceStandard.objects.filter(case__study=study).values_list("case_id", flat=True)
    )


def counts(study: Study) -> dict[str, int]:
    """How many main cases have which status, for the check that both classes are there."""
    standards = ReferenceStandard.objects.filter(
        case__study=study, case__withdrawn_at=None, case__kind=Case.Kind.MAIN
    )
    both = dict.fromkeys(ReferenceStandard.Status.values, 0)
    for status in standards.values_list("status", flat=True):
        both[status] += 1
    return both


def case_set(study: Study) -> list[Tell]:
    """How well what every reader sees of the main cases tells their status (F8)."""
    rows = ReferenceStandard.objects.filter(
        case__study=study, case__withdrawn_at=None, case__kind=Case.Kind.MAIN
    )
    rows = rows.select_related("case__examination").order_by("case__code")
    seen: dict[str, list[float]] = {name: [] for name in (ORDER, UPLOADED, BYTES, SLICES, SERIES)}
    diseased = []
    for place, row in enumerate(rows.prefetch_related("case__examination__series")):
        series = row.case.examination.series.all()
        diseased.append(row.status == ReferenceStandard.Status.DISEASED)
        seen[ORDER].append(place)
        seen[UPLOADED].append(row.case.examination.created_at.timestamp())
        seen[BYTES].append(sum(each.pack_bytes for each in series))
        slices = [len((each.geometry or {}).get("positions_mm", [])) for each in series]
        seen[SLICES].append(sum(slices))
        seen[SERIES].append(len(series))
    return caseset.tells(seen, diseased, drawn={ORDER})  # `studies.services.add_cases` draws codes


def digest_of(tells: Sequence[Tell]) -> str:
    """What an acceptance is bound to: the findings, as they were shown."""
    return hashlib.sha256(canonical([asdict(each) for each in tells])).hexdigest()


def review_of(study: Study, tells: Sequence[Tell]) -> CaseSetReview | None:
    """The acceptance of just these findings, if there is one."""
    return CaseSetReview.objects.filter(study=study, digest=digest_of(tells)).first()
