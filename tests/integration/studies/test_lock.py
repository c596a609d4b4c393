"""The lock is complete or refused with the whole list; then nothing changes but by amendment."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.studies import integrity, plan, protocol, randomisation, services
from readerstudy.studies.allocation import Allocation, AllocationList
from readerstudy.studies.definition import DesignDraft, brain_metastasis_questions
from readerstudy.studies.models import Case, ProtocolVersion, Reader, Study
from readerstudy.studies.readiness import Missing
from readerstudy.truth.models import ReferenceStandard
from readerstudy.web.problems import Problem
from tests import factories, kept
from tests.cast import PASSWORD, People

COMMENT_GONE = brain_metastasis_questions()[:2]


def refusal(call: Any, *args: Any, **fields: Any) -> Problem:
    with pytest.raises(Problem) as refused:
        call(*args, **fields)
    return refused.value


def codes(found: list[Missing]) -> set[str]:
    return {each.code for each in found}


def test_c1_an_empty_draft_is_refused_with_the_whole_list(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    refused = refusal(services.lock, study, password=PASSWORD, by=people.cora)
    assert (refused.status, refused.code) == (409, "studies.not_ready")
    assert {each["code"] for each in refused.more["missing"]} >= {
        "studies.no_case",
        "studies.no_training_case",
        "studies.no_question",
        "studies.too_few_arms",
        "studies.no_control_arm",
        "studies.no_reader",
        "studies.no_plan",
    }
    assert all(each["words"] and each["step"] for each in refused.more["missing"])
    study.refresh_from_db()
    assert study.state == "draft"
    assert not ProtocolVersion.objects.exists()
    assert not AllocationList.objects.exists()


def _without_training(study: Study) -> None:
    study.cases.filter(kind="training").update(withdrawn_at=timezone.now())


def _without_primary(study: Study) -> None:
    study.questions.update(is_primary=False)


def _unready(study: Study) -> None:
    case = study.cases.select_related("examination").first()
    assert case is not None
    type(case.examination).objects.filter(pk=case.examination_id).update(ready_at=None)


def _failed(study: Study) -> None:
    case = study.cases.select_related("examination").first()
    assert case is not None
    type(case.examination).objects.filter(pk=case.examination_id).update(verdict="fail")


def _dead_reader(study: Study) -> None:
    reader = study.readers.select_related("user").first()
    assert reader is not None
    type(reader.user).objects.filter(pk=reader.user_id).update(is_active=False)


def _one_reader(study: Study) -> None:
    study.readers.exclude(code="R01").update(withdrawn_at=timezone.now())


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_without_training, "studies.no_training_case"),
        (_without_primary, "studies.no_primary_question"),
        (_unready, "studies.case_not_ready"),
        (_failed, "studies.case_quality"),
        (_dead_reader, "studies.reader_inactive"),
        (_one_reader, "studies.design_impossible"),
        (lambda study: Study.objects.update(analysis_plan={}), "studies.no_plan"),
        (lambda study: study.arms.filter(key="B").delete(), "studies.too_few_arms"),
        (
            lambda study: study.arms.filter(key="A").update(mode="on_demand", detector="net@1"),
            "studies.no_control_arm",
        ),
        (
            lambda study: Study.objects.update(design="sequential"),
            "studies.sequential_arms",
        ),
    ],
)  # fmt: skip
def test_c1_each_thing_that_is_missing_is_named(people: People, spoil: Any, code: str) -> None:
    study = kept.draft_study(people)
    assert services.check(study, by=people.cora) == []
    spoil(study)
    assert code in codes(services.check(study, by=people.cora))
    assert refusal(services.lock, study, password=PASSWORD, by=people.cora).status == 409


def test_a2_the_lock_asks_for_the_password(people: People) -> None:
    study = kept.draft_study(people)
    refused = refusal(services.lock, study, password="wrong", by=people.cora)
    assert (refused.status, refused.code) == (403, "studies.wrong_password")
    assert not AllocationList.objects.exists()


def test_the_lock_writes_protocol_allocation_and_audit(people: People) -> None:
    study = kept.draft_study(people)
    version = services.lock(study, password=PASSWORD, by=people.cora)
    made = AllocationList.objects.get(study=study)
    assert study.state == "ready"
    assert version.sha256 == protocol.sha256(version.document)
    assert version.allocation_sha256 == made.sha256
    assert made.rows.count() == 3 * (2 * 4 + 1)
    entry = Entry.objects.get(action="studies.lock")
    assert entry.detail["protocol_sha256"] == version.sha256
    assert entry.detail["allocation_sha256"] == made.sha256
    assert [each["code"] for each in version.document["readers"]] == ["R01", "R02", "R03"]
    assert len(version.document["cases"]) == 5
    assert version.document["cases"][0]["series"][0]["pack_sha256"]
    assert integrity.check(study) == []


def test_withdrawn_cases_and_readers_are_not_allocated(people: People) -> None:
    study = kept.draft_study(people, n_cases=6)
    gone = study.cases.filter(kind="main").first()
    assert gone is not None
    services.withdraw_case(gone, reason="motion", by=people.cora)
    services.withdraw_reader(study.readers.get(code="R03"), reason="ill", by=people.cora)
    services.lock(study, password=PASSWORD, by=people.cora)
    rows = Allocation.objects.filter(list__study=study)
    assert rows.count() == 2 * (2 * 5 + 1)
    assert not rows.filter(case=gone).exists()


@pytest.mark.parametrize(
    ("design", "options", "rows"),
    [
        (DesignDraft(kind="parallel"), {}, 3 * (4 + 1)),
        (DesignDraft(kind="crossover"), {}, 3 * (8 + 1)),
        (
            DesignDraft(kind="sequential"),
            {"arms": (factories.CONTROL, factories.SECOND_READER)},
            3 * (4 + 1),
        ),
    ],
)
def test_every_design_is_locked_and_started(
    people: People, design: DesignDraft, options: dict[str, Any], rows: int
) -> None:
    study = kept.running_study(people, design=design, **options)
    assert study.state == "running"
    assert Allocation.objects.filter(list__study=study).count() == rows


def test_a_split_plot_is_locked(people: People) -> None:
    more = tuple(factories.user(site=people.south, experience="general") for _ in range(2))
    study = kept.locked_study(
        people,
        design=DesignDraft(kind="split_plot", block_sizes=(4,)),
        readers=(*people.readers, *more),
        n_cases=6,
    )
    rows = Allocation.objects.filter(list__study=study, period__gt=0)
    assert rows.count() == 5 * 2 * 3
    diseased = set(
        ReferenceStandard.objects.filter(status="diseased").values_list("case", flat=True)
    )
    for reader in study.readers.all():
        mine = set(rows.filter(reader=reader).values_list("case", flat=True))
        assert 1 <= len(mine & diseased) <= 2  # of three cases: both classes in every block
    assert "diseased" not in str(AllocationList.objects.get().inputs)
    assert integrity.check(study) == []


def test_s11_the_list_is_made_again_from_its_seed_and_its_protocol(people: People) -> None:
    study = kept.locked_study(people, n_training=2)
    made = AllocationList.objects.get(study=study)
    assert integrity.remade(made) == integrity.rows_of(made)
    assert randomisation.commitment(integrity.rows_of(made), made.seed) == made.sha256


def test_c2_after_the_lock_every_edit_is_refused_with_the_reason(people: People) -> None:
    study = kept.locked_study(people)
    cora, case = people.cora, study.cases.first()
    assert case is not None
    examination = factories.examination(study.collection)
    before = Entry.objects.count()
    calls = [
        lambda: services.describe(study, name="X", summary="", by=cora),
        lambda: services.set_questions(study, questions=COMMENT_GONE, by=cora),
        lambda: services.set_arms(study, arms=[factories.CONTROL], by=cora),
        lambda: services.set_design(study, design=DesignDraft(), by=cora),
        lambda: services.set_analysis_plan(study, plan=plan.default(), by=cora),
        lambda: services.add_case(study, examination=examination, by=cora),
        lambda: services.set_case_kind(case, kind="training", by=cora),
        lambda: services.declare_without_proposals(case, reason="x", by=cora),
        lambda: services.add_reader(study, user=people.max, by=cora),
        lambda: services.lock(study, password=PASSWORD, by=cora),
    ]
    for call in calls:
        refused = refusal(call)
        assert (refused.status, refused.code) == (409, "studies.state")
        assert "is locked" in refused.detail
    assert Entry.objects.count() == before
    assert integrity.check(study) == []


@pytest.mark.fault("D6")
def test_d6_the_seed_and_the_arms_of_readers_are_in_the_vault_only(people: People) -> None:
    study = kept.locked_study(people)
    seed = AllocationList.objects.get(study=study).seed
    vault = {AllocationList._meta.db_table, Allocation._meta.db_table}
    with connection.cursor() as cursor:
        for table in set(connection.introspection.table_names(cursor)) - vault:
            cursor.execute(f'SELECT * FROM "{table}"')
            content = str(cursor.fetchall())
            assert seed not in content, table
            assert "'AB'" not in content, table
            assert "'BA'" not in content, table


def test_c6_a_reader_who_withdraws_keeps_their_rows_and_frees_nothing(people: People) -> None:
    study = kept.running_study(people)
    reader = study.readers.get(code="R02")
    rows = set(Allocation.objects.filter(reader=reader).values_list("pk", flat=True))
    assert refusal(services.withdraw_reader, reader, reason="", by=people.cora).status == 400
    services.withdraw_reader(reader, reason="moved away", by=people.cora)
    assert refusal(services.withdraw_reader, reader, reason="x", by=people.cora).status == 409
    assert set(Allocation.objects.filter(reader=reader).values_list("pk", flat=True)) == rows
    assert Reader.objects.get(pk=reader.pk).withdrawn_reason == "moved away"
    assert integrity.check(study) == []


def test_a_case_withdrawn_while_reading_keeps_its_rows(people: People) -> None:
    study = kept.running_study(people)
    case = study.cases.filter(kind="main").first()
    assert case is not None
    services.withdraw_case(case, reason="wrong patient", by=people.cora)
    assert Case.objects.get(pk=case.pk).withdrawn_at is not None
    assert Allocation.objects.filter(case=case).exists()
    assert integrity.check(study) == []


def test_c5_an_override_needs_a_reason_and_the_typed_code_and_is_audited(people: People) -> None:
    study = kept.running_study(people)
    reader = study.readers.get(code="R01")
    give: Any = {"period": 2, "reason": "leaves", "confirmation": "R01", "by": people.cora}
    for changes, status in (
        ({"reason": " "}, 400),
        ({"confirmation": "yes"}, 400),
        ({"period": 1}, 400),
        ({"by": people.rae}, 403),
        ({"by": people.mallory}, 404),
    ):
        assert refusal(services.override_washout, reader, **(give | changes)).status == status
    services.override_washout(reader, **give)
    assert refusal(services.override_washout, reader, **give).status == 409
    entry = Entry.objects.get(action="studies.override_washout")
    assert (entry.reason, entry.detail) == ("leaves", {"period": 2, "reader": "R01"})


@pytest.mark.parametrize("verb", ["start", "close", "freeze", "unblind"])
def test_a_draft_makes_no_move_but_the_lock(people: People, verb: str) -> None:
    study = kept.draft_study(people)
    who = people.stan if verb in ("freeze", "unblind") else people.cora
    refused = refusal(services.move, study, verb, by=who)
    assert (refused.status, refused.code) == (409, "studies.state")


def test_the_way_from_lock_to_archive(people: People) -> None:
    study = kept.locked_study(people)
    services.start(study, by=people.cora)
    assert refusal(services.close, study, by=people.rae).status == 403
    services.close(study, by=people.stan)
    services.move(study, "freeze", by=people.stan)
    services.move(study, "unblind", by=people.stan)
    services.archive(study, reason="published", by=people.cora)
    assert Study.objects.get(pk=study.pk).state == "archived"
    made = [entry.action for entry in Entry.objects.filter(chain=str(study.pk)).order_by("number")]
    assert made[-6:] == [
        "studies.lock", "studies.start", "studies.close", "studies.freeze", "studies.unblind",
        "studies.archive",
    ]  # fmt: skip
