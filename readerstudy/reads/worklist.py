"""The studies that a reader reads in, each with the next thing to do (R10).

Dates, counts and the reader's own time; never an outcome, and nothing of an arm.
"""

from typing import Any

from readerstudy.accounts.models import User
from readerstudy.reads import questionnaires, selectors
from readerstudy.studies.models import Reader, Study


def worklist(user: User) -> list[dict[str, Any]]:
    """The studies in which the user reads, each with the next thing to do (R10)."""
    readers = (
        Reader.objects.filter(user=user, withdrawn_at=None)
        .exclude(study__state__in=(Study.State.DRAFT, Study.State.ARCHIVED))
        .select_related("study", "user")
        .order_by("study__created_at")
    )
    return [_entry(reader) for reader in readers]


def _entry(reader: Reader) -> dict[str, Any]:
    where = selectors.place(reader)
    return {
        "id": str(reader.study_id),
        "name": reader.study.name,
        "reader_code": reader.code,
        "state": reader.study.state,
        "next": _next(reader),
        "done": where.done,
        "planned": where.planned,
        "period": where.period,
        "periods": where.periods,
        "training_done": where.training_done,
        "training_planned": where.training_planned,
        "is_simulated": reader.study.is_simulated,
    }


def _next(reader: Reader) -> dict[str, Any]:
    """The next thing to do, and what it needs to be said."""
    more = {"read_id": None, "opens_on": None, "opens_at": None, "questionnaire": None}
    if (read := selectors.open_read(reader)) is not None:
        return {"action": "continue", **more, "read_id": str(read.id)}
    row, _ = selectors.next_step(reader)
    if row is None:
        return _at_the_end(reader, more)
    return _before_a_case(reader, row.period, more) or {
        "action": "training" if row.period == 0 else "start",
        **more,
    }


def _before_a_case(reader: Reader, period: int, more: dict[str, Any]) -> dict[str, Any] | None:
    """What keeps the reader from their next case, if anything."""
    if reader.study.state != Study.State.RUNNING:
        return {"action": "wait", **more}
    if period and selectors.failed_qualification(reader) is not None:
        return {"action": "not_qualified", **more}
    opening = selectors.opening_of(reader, period)
    if not opening.is_open:
        when = opening.opens_on.isoformat() if opening.opens_on else None
        return {"action": "wait", **more, "opens_on": when}
    if (until := selectors.rest_until(reader)) is not None:
        return {"action": "rest", **more, "opens_at": until}
    asked = questionnaires.due(reader)
    if asked is not None and asked.moment == "before":
        return {"action": "questionnaire", **more, "questionnaire": asked.key}
    return None


def _at_the_end(reader: Reader, more: dict[str, Any]) -> dict[str, Any]:
    """Every case is read: perhaps the study has a last question."""
    asked = questionnaires.due_at_the_end(reader)
    if asked is not None and reader.study.state in (Study.State.RUNNING, Study.State.CLOSED):
        return {"action": "questionnaire", **more, "questionnaire": asked.key}
    return {"action": "done", **more}
