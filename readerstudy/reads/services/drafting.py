"""Apply an event to the draft: marks, measurements, answers, decisions, asking for AI, pause.

The only writer of drafts.
"""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from readerstudy.reads import disclosure
from readerstudy.reads.lifecycle import next_state
from readerstudy.reads.models import Answer, Decision, Mark, Measurement, Read
from readerstudy.studies.models import Arm
from readerstudy.studies.selectors import questions_of

Apply = Callable[[Read, dict[str, Any]], None]


def apply(read: Read, kind: str, payload: dict[str, Any]) -> None:
    """Change the draft as the event says; events that change none are only kept."""
    change = _CHANGES.get(kind)
    if change is not None:
        change(read, payload)


def _put(read: Read, payload: dict[str, Any]) -> None:
    x, y, z = payload["position_mm"]
    values = {
        "x_mm": x,
        "y_mm": y,
        "z_mm": z,
        "diameter_mm": payload.get("diameter_mm"),
        "series": payload["series"],
        "mask": None,
        "threshold_percent": None,
        "is_removed": False,
    }
    if payload.get("rating") is not None:
        values["rating"] = payload["rating"]
    proposal = payload.get("proposal")
    if proposal and disclosure.owns(read, proposal):
        values["proposal"] = proposal
    mark = Mark.objects.filter(read=read, mark_id=payload["mark_id"]).first()
    if mark is None:
        number = Mark.objects.filter(read=read).count() + 1
        Mark.objects.create(read=read, mark_id=payload["mark_id"], number=number, **values)
    else:
        Mark.objects.filter(pk=mark.pk).update(**values)
    _said(read, {"said": False})


def _mark(*names: str, is_redrawn: bool = False) -> Apply:
    """A change of the named members of a mark; a mark that is not there is left alone.

    What was drawn of it, and how, goes when it is moved, sized or drawn by other means.
    """

    def change(read: Read, payload: dict[str, Any]) -> None:
        values = {name: payload[name] for name in names if name in payload}
        if is_redrawn:
            values = {"mask": None, "threshold_percent": None, **values}
        if "position_mm" in payload:
            values.update(zip(("x_mm", "y_mm", "z_mm"), payload["position_mm"], strict=True))
        Mark.objects.filter(read=read, mark_id=payload["mark_id"]).update(**values)

    return change


def _removed(is_removed: bool) -> Apply:  # noqa: FBT001 -- the two twins of one change
    def change(read: Read, payload: dict[str, Any]) -> None:
        Mark.objects.filter(read=read, mark_id=payload["mark_id"]).update(is_removed=is_removed)

    return change


def _measured(read: Read, payload: dict[str, Any]) -> None:
    names = ("tool", "series", "points_mm", "values")
    Measurement.objects.update_or_create(
        read=read,
        measure_id=payload["measure_id"],
        defaults={name: payload[name] for name in names} | {"is_removed": False},
    )


def _measure_removed(read: Read, payload: dict[str, Any]) -> None:
    found = Measurement.objects.filter(read=read, measure_id=payload["measure_id"])
    found.update(is_removed=True)


def _answer(read: Read, payload: dict[str, Any]) -> None:
    question = questions_of(read.protocol_version).filter(key=payload["key"]).first()
    if question is None:
        return
    if payload["value"] is None:
        Answer.objects.filter(read=read, question=question).delete()  # the event keeps what it was
    else:
        Answer.objects.update_or_create(
            read=read, question=question, defaults={"value": payload["value"]}
        )


def _said(read: Read, payload: dict[str, Any]) -> None:
    if read.no_lesion_said != payload["said"]:
        read.no_lesion_said = payload["said"]
        read.save(update_fields=["no_lesion_said"])


def _decided(kind: str) -> Apply:
    def change(read: Read, payload: dict[str, Any]) -> None:
        if not disclosure.owns(read, payload["proposal"]):
            return
        Decision.objects.update_or_create(
            read=read, proposal=payload["proposal"], defaults={"kind": kind}
        )
        if "mark_id" in payload:
            _put(read, payload)

    return change


def _undecided(read: Read, payload: dict[str, Any]) -> None:
    Decision.objects.filter(read=read, proposal=payload["proposal"]).delete()


def _asked(read: Read, _payload: dict[str, Any]) -> None:
    """On demand, proposals are sent from here on (R6); in other arms asking opens nothing."""
    if read.ai_from is None and read.arm.mode == Arm.Mode.ON_DEMAND:
        read.ai_from = timezone.now()
        read.save(update_fields=["ai_from"])


def _moved(verb: str) -> Apply:
    def change(read: Read, _payload: dict[str, Any]) -> None:
        state = next_state(read.state, verb)
        if state is not None:
            read.state = state
            read.save(update_fields=["state"])

    return change


_CHANGES: dict[str, Apply] = {
    "mark_put": _put,
    "mark_rated": _mark("rating"),
    "mark_moved": _mark("series", is_redrawn=True),
    "mark_sized": _mark("diameter_mm", is_redrawn=True),
    "mark_drawn": _mark("mask", "diameter_mm", "threshold_percent", is_redrawn=True),
    "mark_removed": _removed(True),
    "mark_restored": _removed(False),
    "measure_put": _measured,
    "measure_removed": _measure_removed,
    "answer_set": _answer,
    "no_lesion_said": _said,
    "proposals_asked": _asked,
    "proposals_shown": _asked,  # all that a page of the events' schemas 1 and 2 says
    "proposal_accepted": _decided(Decision.Kind.ACCEPTED),
    "proposal_edited": _decided(Decision.Kind.EDITED),
    "proposal_rejected": _decided(Decision.Kind.REJECTED),
    "proposal_undecided": _undecided,
    "pause": _moved("pause"),
    "resume": _moved("resume"),
}
