"""Queries about the reference standard, for those who set it and for the count of what is set."""

from uuid import UUID

from django.db.models import QuerySet

from readerstudy.studies.models import Case, Study
from readerstudy.truth.models import ReferenceStandard, TruthLesion


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
