"""Leaks to plant on purpose: each lets a control arm's reader learn of something hidden.

Every leak is a small, plausible mistake. A blinding test that catches none proves nothing (F14).
"""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from django.http.response import HttpResponseBase

from readerstudy.imaging import grants, tokens
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.proposals.models import Run
from readerstudy.reads import api, disclosure, feedback, selectors, tripwire, worklist
from readerstudy.reads.models import Read
from readerstudy.reads.services import drafting, opening, submitting
from readerstudy.studies.models import Case
from readerstudy.truth.models import ReferenceStandard, TruthLesion
from readerstudy.web.problems import Problem, Refused

Plant = Callable[[pytest.MonkeyPatch], None]
LEAKS: dict[str, Plant] = {}


def leak(plant: Plant) -> Plant:
    """Register a leak under its function's name."""
    LEAKS[plant.__name__] = plant
    return plant


def _around(patch: pytest.MonkeyPatch, owner: Any, name: str, change: Callable[[Any], Any]) -> None:
    """Let what `owner.name` answers go through `change`."""
    true = getattr(owner, name)
    patch.setattr(owner, name, lambda *args, **kwargs: change(true(*args, **kwargs)))


def _proposals() -> int:
    return ProposedLesion.objects.count()


def _diseased() -> int:
    hidden = ReferenceStandard.objects.filter(case__kind=Case.Kind.MAIN)
    return hidden.filter(status="diseased").count()


@leak
def the_arm_is_not_asked(patch: pytest.MonkeyPatch) -> None:
    def done_run(examination: Any, _detector: str) -> Run | None:
        return Run.objects.filter(examination=examination, state="done").first()

    patch.setattr(disclosure, "sees_proposals", lambda _read: True)
    patch.setattr(disclosure.proposals, "done_run", done_run)


@leak
def ai_is_null_where_there_are_proposals(patch: pytest.MonkeyPatch) -> None:
    _around(patch, disclosure, "packet", lambda body: body | ({"ai": None} if _proposals() else {}))


@leak
def a_count_in_the_draft(patch: pytest.MonkeyPatch) -> None:
    _around(patch, disclosure, "_draft", lambda body: body | {"suggested": _proposals()})


@leak
def the_kind_of_a_lesion_among_the_questions(patch: pytest.MonkeyPatch) -> None:
    def told(body: dict[str, Any]) -> dict[str, Any]:
        kinds = [each.classification for each in ProposedLesion.objects.all()]
        return body | {"asked_of_kinds": any(kinds)}

    _around(patch, disclosure, "_question", told)


@leak
def heat_maps_that_are_empty_where_there_are_proposals(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(disclosure, "heat_maps", lambda _read: {} if _proposals() else None)


@leak
def no_pictures_of_known_lesions_where_there_are_proposals(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(disclosure, "known_lesions", lambda _read: {} if _proposals() else None)


@leak
def the_truth_in_a_questions_help(patch: pytest.MonkeyPatch) -> None:
    _around(patch, disclosure, "_question", lambda body: body | {"help": f"{_diseased()}"})


@leak
def a_results_series_among_the_images(patch: pytest.MonkeyPatch) -> None:
    def with_results(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [*series, *series[:1]] if _proposals() else series

    _around(patch, disclosure.imaging, "series_for_packet", with_results)


@leak
def the_order_of_series_by_truth(patch: pytest.MonkeyPatch) -> None:
    def ordered(series: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return series[::-1] if _diseased() else series

    _around(patch, disclosure.imaging, "series_for_packet", ordered)


@leak
def a_longer_token(patch: pytest.MonkeyPatch) -> None:
    true = tokens.issue

    def issue(ids: Any, **more: Any) -> str:
        return true([*ids, *map(str, Run.objects.values_list("id", flat=True))], **more)

    patch.setattr(tokens, "issue", issue)


@leak
def a_token_that_lasts_longer(patch: pytest.MonkeyPatch) -> None:
    true = tokens.issue
    patch.setattr(
        tokens, "issue",
        lambda ids, *, seconds, grant: true(ids, seconds=seconds + _proposals(), grant=grant),
    )  # fmt: skip


@leak
def a_token_that_outlives_its_read(patch: pytest.MonkeyPatch) -> None:
    true = grants.end
    patch.setattr(grants, "end", lambda *ended: None if _proposals() else true(*ended))


@leak
def progress_in_the_worklist(patch: pytest.MonkeyPatch) -> None:
    _around(patch, worklist, "worklist", lambda rows: [row | {"ai": _proposals()} for row in rows])


@leak
def cases_with_results_come_first(patch: pytest.MonkeyPatch) -> None:
    true = selectors.next_step

    def next_step(reader: Any) -> Any:
        row, stage = true(reader)
        done = Run.objects.filter(state="done").values("examination")
        rows = selectors.Allocation.objects.filter(reader=reader, period=1)
        rows = rows.filter(case__examination__in=done)
        read = Read.objects.filter(reader=reader).values("allocation")
        first = rows.exclude(pk__in=read).order_by("position").first()
        return (first, stage) if first and row and row.period == 1 else (row, stage)

    patch.setattr(selectors, "next_step", next_step)


@leak
def a_header(patch: pytest.MonkeyPatch) -> None:
    def with_header(response: HttpResponseBase) -> HttpResponseBase:
        response["X-Results"] = str(_proposals())
        return response

    _around(patch, api, "Response", with_header)


@leak
def an_etag_of_the_run(patch: pytest.MonkeyPatch) -> None:
    def with_etag(response: HttpResponseBase) -> HttpResponseBase:
        run = Run.objects.order_by("done_at").last()
        response["ETag"] = f'"{run.done_at if run else 0}"'
        return response

    _around(patch, api, "Response", with_etag)


@leak
def a_cookie(patch: pytest.MonkeyPatch) -> None:
    def with_cookie(response: Any) -> Any:
        if _proposals():
            response.set_cookie("seen", "1")
        return response

    _around(patch, api, "Response", with_cookie)


@leak
def decisions_are_kept_in_every_arm(patch: pytest.MonkeyPatch) -> None:
    def owns(_read: Read, proposal: str) -> bool:
        return ProposedLesion.objects.filter(pk=proposal).exists()

    patch.setattr(drafting.disclosure, "owns", owns)


@leak
def an_error_for_hidden_ids_only(patch: pytest.MonkeyPatch) -> None:
    def owns(_read: Read, proposal: str) -> bool:
        if ProposedLesion.objects.filter(pk=proposal).exists():
            raise Refused("reads.not_yours", "This proposal is not for you.")
        return False

    patch.setattr(drafting.disclosure, "owns", owns)


@leak
def forbidden_instead_of_unknown(patch: pytest.MonkeyPatch) -> None:
    true = selectors.own_read

    def own_read(user: Any, read_id: Any, *, lock: bool = False) -> Read:
        if ProposedLesion.objects.filter(pk=read_id).exists():
            raise Refused("reads.not_yours", "Not yours.")
        return true(user, read_id, lock=lock)

    patch.setattr(selectors, "own_read", own_read)


@leak
def a_hint_before_signing(patch: pytest.MonkeyPatch) -> None:
    def missing(**_state: Any) -> list[Any]:
        if TruthLesion.objects.filter(standard__case__kind=Case.Kind.MAIN).exists():
            raise Problem("reads.look_again", "Look again at slice 84.")
        return []

    patch.setattr(submitting, "incomplete", missing)


@leak
def feedback_on_main_cases(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(feedback, "of", lambda _read: {"status": str(_diseased())})


@leak
def the_signed_hash_covers_the_truth(patch: pytest.MonkeyPatch) -> None:
    _around(patch, submitting, "signed_content", lambda body: body | {"truth": _diseased()})


@leak
def another_case_code(patch: pytest.MonkeyPatch) -> None:
    def marked(body: dict[str, Any]) -> dict[str, Any]:
        body["case"]["code"] += "*" * bool(_diseased())
        return body

    _around(patch, disclosure, "packet", marked)


@leak
def the_time_of_opening(patch: pytest.MonkeyPatch) -> None:
    true = opening._create

    def create(*args: Any) -> Read:
        for _ in range(_proposals()):
            opening.timezone.now()
        return true(*args)

    patch.setattr(opening, "_create", create)


@leak
def a_query_whose_answer_is_thrown_away(patch: pytest.MonkeyPatch) -> None:
    """Tells by its time only: for the tripwire alone."""
    _around(patch, disclosure, "_draft", lambda body: [_proposals(), body][1])


BY_TIME_ONLY = {a_query_whose_answer_is_thrown_away.__name__}


def cut_the_wire(patch: pytest.MonkeyPatch) -> None:
    """Without the tripwire, to see whether the comparison of bytes alone catches a leak."""
    patch.setattr(
        tripwire, "_refuse", lambda execute, sql, params, many, context: execute(
            sql, params, many, context
        )
    )  # fmt: skip
    patch.setattr(tripwire, "proposals_opened", lambda **_read: nullcontext())
    patch.setattr(tripwire, "truth_opened", lambda **_read: nullcontext())
