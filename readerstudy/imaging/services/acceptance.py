"""A coordinator may accept an examination that the quality check warns about, with a note."""

from django.db import transaction

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging.models import Examination
from readerstudy.web.problems import Invalid


@transaction.atomic
def accept_quality(examination: Examination, *, note: str, by: User) -> Examination:
    """Accept an examination as it is.

    Raises
    ------
    Invalid
        400 without a note.
    """
    if not note.strip():
        raise Invalid("imaging.note", "Say why the examination is good enough.")
    examination.accepted_by, examination.accepted_note = by, note.strip()
    examination.save(update_fields=["accepted_by", "accepted_note"])
    record(
        "imaging.accept_quality",
        subject=f"examination:{examination.id}",
        by=by,
        detail={"verdict": examination.verdict},
        reason=note.strip(),
    )
    return examination
