"""After the lock: amendments are versions, and what is not what was locked is not served."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Model
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.imaging.models import Series
from readerstudy.studies import assembly, integrity, services
from readerstudy.studies.allocation import Allocation, AllocationList
from readerstudy.studies.definition import QuestionDraft, brain_metastasis_questions
from readerstudy.studies.models import Arm, Case, ProtocolVersion, Question, Reader, Study
from readerstudy.studies.selectors import (
    current_version,
    questions,
    questions_of,
    require_served,
)
from readerstudy.web.problems import Problem
from tests import factories, kept
from tests.cast import PASSWORD, People

COMMENT_GONE = brain_metastasis_questions()[:2]


def refusal(call: Any, *args: Any, **fields: Any) -> Problem:
    with pytest.raises(Problem) as refused:
        call(*args, **fields)
    return refused.value


def test_c2_an_amendment_is_a_new_version_with_a_reason(people: People) -> None:
    study = kept.running_study(people)
    first = current_version(study)
    assert first is not None
    cora = people.cora
    blank = refusal(services.amend, study, reason="", password=PASSWORD, idle_limit_s=90, by=cora)
    assert blank.status == 400
    wrong = refusal(services.amend, study, reason="r", password="no", idle_limit_s=90, by=cora)
    assert wrong.status == 403
    second = services.amend(
        study, reason="readers asked", password=PASSWORD, idle_limit_s=90, by=cora
    )
    assert (second.number, second.reason) == (2, "readers asked")
    assert second.document["idle_limit_s"] == 90
    assert second.allocation_sha256 == first.allocation_sha256
    first.refresh_from_db()
    assert first.document["idle_limit_s"] == 60
    assert integrity.check(study) == []
    assert Entry.objects.get(action="studies.amend").reason == "readers asked"
    assert refusal(
        services.amend, study, reason="r", password=PASSWORD, idle_limit_s=90, by=cora
    ).code == "studies.no_change"  # fmt: skip


def test_c2_nothing_differs_from_a_version_that_an_older_release_wrote_the_same(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names neither the scale of marks nor this release: what it leaves out is as usual."""
    whole = assembly.document

    def older(study: Study) -> dict[str, Any]:
        left_out = {"mark_scale": None, "format": "readerstudy protocol 4", "software": "0.0"}
        document = {**whole(study), **left_out}
        del document["mark_scale"]
        return document

    with monkeypatch.context() as before:
        before.setattr(assembly, "document", older)
        study = factories.locked_study(people)
    amended = refusal(
        services.amend, study, reason="r", password=PASSWORD, idle_limit_s=60, by=people.cora
    )
    assert amended.code == "studies.no_change"


@pytest.mark.fault("D1")
def test_d1_amended_questions_are_for_unopened_reads_only(people: People) -> None:
    study = kept.running_study(people)
    first = current_version(study)
    assert first is not None
    old = {each.key: each.pk for each in questions(study)}
    size = QuestionDraft(key="size", text="Largest, mm?", kind="number", is_required=False)
    second = services.amend(
        study, reason="size is missing", password=PASSWORD, questions=[*COMMENT_GONE, size],
        by=people.cora,
    )  # fmt: skip
    assert [each.key for each in questions_of(first)] == ["likelihood", "management", "comment"]
    assert [each.key for each in questions_of(second)] == ["likelihood", "management", "size"]
    assert {each.pk for each in questions_of(first)} == set(old.values())
    assert Question.objects.get(study=study, key="likelihood").pk == old["likelihood"]
    third = services.amend(
        study, reason="and back", password=PASSWORD, questions=brain_metastasis_questions(),
        by=people.cora,
    )  # fmt: skip
    assert [each.key for each in questions_of(third)] == ["likelihood", "management", "comment"]
    assert [each.key for each in questions_of(second)] == ["likelihood", "management", "size"]


def test_the_primary_rating_is_not_amended(people: People) -> None:
    study = kept.running_study(people)
    rating, *rest = brain_metastasis_questions()
    for changed in ([replace(rating, text="Otherwise?"), *rest], rest):
        refused = refusal(
            services.amend, study, reason="r", password=PASSWORD, questions=changed, by=people.cora
        )
        assert refused.code == "studies.primary_question"
    assert current_version(study).number == 1


def _move_row(made: AllocationList) -> None:
    row = made.rows.filter(period=1).first()
    assert row is not None
    other = Arm.objects.exclude(pk=row.arm_id).get(study=made.study)
    Allocation.objects.filter(pk=row.pk).update(arm=other)


def _lose_row(made: AllocationList) -> None:
    row = made.rows.first()
    assert row is not None
    row.delete()


def _set(model: type[Model], **values: Any) -> Any:
    return lambda _made: model._default_manager.update(**values)


@pytest.mark.fault("D12")
@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (_move_row, "rows do not have the hash"),
        (_lose_row, "rows are not those that its seed makes"),
        (_set(AllocationList, seed="00" * 32), "rows do not have the hash"),
        (_set(AllocationList, sha256="0" * 64), "not the one that was published"),
        (_set(Study, washout_days=1), "Changed since protocol version 1: design"),
        (_set(Arm, mode="on_demand", detector="x@9"), "version 1: arms"),
        (_set(Question, help="?"), "version 1: questions"),
        (_set(Reader, experience="resident"), "version 1: reader R02"),
        (_set(Series, pack_sha256="0" * 64), "version 1: case C-"),
        (_set(Case, kind="main"), "version 1: case C-"),
        (_set(ProtocolVersion, document={"name": "x"}), "version 1 does not have the hash"),
    ],
)
def test_a3_a_study_that_is_not_what_was_locked_is_not_started_and_not_served(
    people: People, tamper: Any, words: str
) -> None:
    study = kept.locked_study(people)
    tamper(AllocationList.objects.get(study=study))
    refused = refusal(services.start, study, by=people.cora)
    assert refused.code == "studies.integrity"
    assert any(words in each for each in refused.more["problems"])
    call_command("check_studies")
    study.refresh_from_db()
    assert words in study.halted_reason
    assert refusal(require_served, study).code == "studies.halted"
    assert refusal(
        services.resume, study, reason="looks fine", by=people.ada
    ).code == "studies.integrity"  # fmt: skip


def test_a3_sound_studies_are_served(people: People) -> None:
    study = kept.running_study(people)
    call_command("check_studies")
    study.refresh_from_db()
    require_served(study)
    services.halt(study, reason="the scanner's clock", by=people.ada)
    assert refusal(require_served, study).status == 409
    services.resume(study, reason="it was right", by=people.ada)
    require_served(study)


def test_check_studies_leaves_drafts_and_closed_studies_alone(people: People) -> None:
    kept.draft_study(people)
    try:
        call_command("check_studies")
    except CommandError as error:  # pragma: no cover
        pytest.fail(str(error))


def test_amendments_end_with_the_reading(people: People) -> None:
    study = kept.running_study(people)
    services.close(study, by=people.cora)
    refused = refusal(
        services.amend, study, reason="late", password=PASSWORD, idle_limit_s=70, by=people.cora
    )
    assert refused.code == "studies.state"
    assert study.created_at < timezone.now() + timedelta(seconds=1)


@pytest.mark.fault("D4")
def test_d4_a_reader_who_moves_stays_where_the_allocation_has_them(people: People) -> None:
    study = kept.running_study(people)
    reader = study.readers.select_related("site").get(code="R01")
    type(people.rae).objects.filter(pk=people.rae.pk).update(
        site=people.south, experience="neuroradiologist"
    )
    refused = refusal(services.add_reader, study, user=people.rae, by=people.cora)
    assert refused.status == 409
    reader.refresh_from_db()
    assert (reader.experience, reader.site) == ("resident", people.north)
    assert integrity.check(study) == []
