"""The coordinator's way from nothing to a draft that can be locked."""

from dataclasses import replace
from itertools import pairwise

import pytest
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.imaging.options import Options
from readerstudy.imaging.protocol import Demand
from readerstudy.imaging.protocol import Protocol as ImagingProtocol
from readerstudy.studies import integrity, plan, protocol, services
from readerstudy.studies.definition import (
    ArmDraft,
    DesignDraft,
    PanelDraft,
    QuestionDraft,
    brain_metastasis_questions,
)
from readerstudy.studies.explanations import Explanations
from readerstudy.studies.hanging import Hanging
from readerstudy.studies.models import Case, Membership, ProtocolVersion, Study
from readerstudy.studies.selectors import definition, questions, roles
from readerstudy.studies.services.images import set_deidentification, set_imaging_protocol
from readerstudy.truth import services as truth
from readerstudy.truth.models import Panel
from readerstudy.web.problems import Problem
from tests import factories, kept
from tests.cast import PASSWORD, People

RATING = QuestionDraft(key="likelihood", text="How likely?", kind="rating", is_primary=True)


def refusal(call: object, *args: object, **fields: object) -> Problem:
    with pytest.raises(Problem) as refused:
        call(*args, **fields)
    return refused.value


def test_a_coordinator_creates_a_study_and_coordinates_it(people: People) -> None:
    study = services.create_study(name="  Two   arms ", by=people.cora)
    assert study.name == "Two arms"
    assert study.state == "draft"
    assert roles(people.cora, study) == {"coordinator"}
    assert len(study.collection.uid_key) == 32


@pytest.mark.parametrize("who", ["rae", "stan", "tess"])
def test_a4_who_is_no_coordinator_creates_no_study(people: People, who: str) -> None:
    refused = refusal(services.create_study, name="Mine", by=getattr(people, who))
    assert (refused.status, refused.code) == (403, "studies.may_not_create")
    assert not Study.objects.exists()


@pytest.mark.parametrize("name", ["", "   ", "x" * 161])
def test_a_study_needs_a_name(people: People, name: str) -> None:
    assert refusal(services.create_study, name=name, by=people.cora).code == "studies.name"


def test_questions_are_replaced_and_keep_their_order(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    services.set_questions(study, questions=brain_metastasis_questions(), by=people.cora)
    services.set_questions(
        study,
        questions=[RATING, QuestionDraft(key="a", text="Why?", kind="text", is_required=False)],
        by=people.cora,
    )
    assert [each.key for each in questions(study)] == ["likelihood", "a"]


def test_what_is_wrong_is_said_with_every_problem(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    bad = [QuestionDraft(key="A", text="", kind="rating")]
    refused = refusal(services.set_questions, study, questions=bad, by=people.cora)
    assert refused.status == 400
    assert len(refused.more["problems"]) == 2
    arm = ArmDraft(key="A", name="x", mode="concurrent")
    assert refusal(services.set_arms, study, arms=[arm], by=people.cora).status == 400
    design = DesignDraft(kind="latin")
    assert refusal(services.set_design, study, design=design, by=people.cora).status == 400
    assert refusal(services.set_analysis_plan, study, plan={}, by=people.cora).status == 400
    assert refusal(
        services.describe, study, name="S", summary="", idle_limit_s=5, by=people.cora
    ).status == 400  # fmt: skip


@pytest.mark.fault("F8")
def test_f8_case_codes_are_dealt_at_random_not_in_upload_order(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    examinations = [factories.examination(study.collection) for _ in range(60)]
    cases = services.add_cases(study, examinations=examinations, by=people.cora)
    codes = [case.code for case in cases]
    assert len(set(codes)) == 60
    pairs = list(pairwise(codes))
    rising = sum(first < second for first, second in pairs) / len(pairs)
    assert 0.2 < rising < 0.8  # upload order would give 1


def test_codes_go_on_when_the_short_ones_are_used_up(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    examinations = [factories.examination(study.collection, roles=()) for _ in range(3)]
    services.add_cases(study, examinations=examinations[:1], by=people.cora)
    collection, first = study.collection, study.cases.get().code
    Case.objects.bulk_create(
        Case(study=study, code=code, examination=factories.examination(collection, roles=()))
        for code in map("C-{}".format, range(100, 560))
        if code != first
    )
    last = services.add_cases(study, examinations=examinations[1:], by=people.cora)
    assert all(100 <= int(case.code[2:]) < 10_000 for case in last)


def test_an_examination_is_a_case_once_and_of_its_own_study_only(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    other = services.create_study(name="T", by=people.mallory)
    mine = factories.examination(study.collection)
    services.add_case(study, examination=mine, by=people.cora)
    assert refusal(
        services.add_case, study, examination=mine, by=people.cora
    ).code == "studies.case_there"  # fmt: skip
    theirs = factories.examination(other.collection)
    assert refusal(services.add_case, study, examination=theirs, by=people.cora).status == 404
    assert study.cases.count() == 1


def test_a_withdrawn_case_is_kept_and_may_come_back_to_a_draft(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    examination = factories.examination(study.collection)
    case = services.add_case(study, examination=examination, by=people.cora)
    assert refusal(services.withdraw_case, case, reason=" ", by=people.cora).status == 400
    services.withdraw_case(case, reason="motion", by=people.cora)
    assert refusal(services.withdraw_case, case, reason="again", by=people.cora).status == 409
    kept = Case.objects.get(pk=case.pk)
    assert kept.withdrawn_reason == "motion"
    back = services.add_case(study, examination=examination, kind="training", by=people.cora)
    assert (back.pk, back.code, back.kind, back.withdrawn_at) == (
        case.pk, case.code, "training", None,
    )  # fmt: skip


def test_readers_get_codes_and_keep_experience_and_site_of_joining(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    first = services.add_reader(study, user=people.rae, by=people.cora)
    second = services.add_reader(
        study, user=people.gus, experience="resident", site=people.north, by=people.cora
    )
    assert (first.code, first.experience, first.site) == ("R01", "resident", people.north)
    assert (second.code, second.experience, second.site) == ("R02", "resident", people.north)
    assert refusal(services.add_reader, study, user=people.rae, by=people.cora).status == 409
    assert refusal(
        services.add_reader, study, user=people.stan, by=people.cora
    ).code == "studies.experience"  # fmt: skip


@pytest.mark.parametrize(
    "role", ["coordinator", "randomiser", "statistician", "analyst", "truth_reader"]
)
def test_a4_who_is_unblinded_never_reads_and_no_reader_is_unblinded(
    people: People, role: str
) -> None:
    study = services.create_study(name="S", by=people.cora)
    services.grant_role(study, user=people.rae, role=role, by=people.cora)
    refused = refusal(services.add_reader, study, user=people.rae, by=people.cora)
    assert refused.code == "studies.role_conflict"
    services.add_reader(study, user=people.gus, by=people.cora)
    refused = refusal(services.grant_role, study, user=people.gus, role=role, by=people.cora)
    assert refused.code == "studies.role_conflict"


def test_a_site_lead_may_read(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    services.add_reader(study, user=people.gus, by=people.cora)
    services.grant_role(study, user=people.gus, role="site_lead", by=people.cora)
    assert roles(people.gus, study) == {"reader", "site_lead"}


def test_the_last_coordinator_stays_and_a_reader_is_not_a_role_to_grant(people: People) -> None:
    study = services.create_study(name="S", by=people.cora)
    refused = refusal(
        services.revoke_role, study, user=people.cora, role="coordinator", by=people.cora
    )
    assert refused.code == "studies.last_coordinator"
    services.grant_role(study, user=people.stan, role="coordinator", by=people.ada)
    services.revoke_role(study, user=people.cora, role="coordinator", by=people.stan)
    assert roles(people.cora, study) == frozenset()
    for call in (services.grant_role, services.revoke_role):
        assert refusal(call, study, user=people.gus, role="reader", by=people.stan).status == 400


def test_c11_a_copy_has_the_protocol_and_neither_cases_nor_readers(people: People) -> None:
    study = kept.draft_study(people)
    copy = services.copy_study(study, name="Second", by=people.cora)
    assert copy.pk != study.pk
    assert copy.collection_id != study.collection_id
    first = services.export_protocol(study, by=people.cora)
    second = services.export_protocol(copy, by=people.cora)
    assert second == first.replace("name: Metastases\n", "name: Second\n", 1)
    assert copy.cases.count() == copy.readers.count() == 0


def test_c11_export_and_import_are_stable_to_the_byte(people: People) -> None:
    text = services.export_protocol(kept.draft_study(people), by=people.stan)
    again = services.import_protocol(text=text, by=people.cora)
    assert services.export_protocol(again, by=people.cora) == text
    named = services.import_protocol(text=text, name="Other name", by=people.cora)
    assert named.name == "Other name"


def test_c11_how_images_hang_is_copied_exported_and_locked(people: People) -> None:
    study = kept.draft_study(people)
    wanted = Hanging(layout="two", roles=("flair", "t1c"), window="wide", linked=("position",))
    services.set_hanging(study, hanging=wanted, by=people.cora)
    assert definition(Study.objects.get(pk=study.pk)).hanging == wanted
    text = services.export_protocol(study, by=people.cora)
    again = services.import_protocol(text=text, by=people.cora)
    assert services.export_protocol(again, by=people.cora) == text
    old = text[: text.index("hanging:")]  # a file that was written before there was one
    usual = services.import_protocol(text=old, by=people.cora)
    assert definition(usual).hanging == Hanging()


def test_c11_imaging_protocol_and_truth_panel_are_copied_exported_and_locked(
    people: People,
) -> None:
    study = kept.draft_study(people)
    asked = ImagingProtocol(
        sequences={**ImagingProtocol().sequences, "t2": Demand(words=("T2 TSE",), max_gap_mm=0.5)},
        min_field_t=1.5,
        fails=frozenset({"completeness", "field"}),
    )
    set_imaging_protocol(study, asked.as_dict(), by=people.cora)
    truth.set_panel(study, opinions=2, adjudication="consensus", by=people.cora)
    wanted = definition(Study.objects.get(pk=study.pk))
    assert (wanted.imaging_protocol, wanted.truth_panel) == (
        asked, PanelDraft(opinions=2, adjudication="consensus"),
    )  # fmt: skip
    text = services.export_protocol(study, by=people.cora)
    again = services.import_protocol(text=text, by=people.cora)
    assert definition(again) == wanted
    assert services.export_protocol(again, by=people.cora) == text
    copy = services.copy_study(study, name="Copy", by=people.cora)
    assert definition(copy) == replace(wanted, name="Copy")
    assert copy.collection.imaging_protocol["min_field_t"] == 1.5
    bad = text.replace("min_field_t: 1.5", "min_field_t: -1").replace("opinions: 2", "opinions: 3")
    refused = refusal(services.import_protocol, text=bad, by=people.cora)
    assert any("truth_panel.opinions" in each for each in refused.more["problems"])
    bad = text.replace("min_field_t: 1.5", "min_field_t: .nan")
    refused = refusal(services.import_protocol, text=bad, by=people.cora)
    assert refused.more["problems"] == ["imaging_protocol: min_field_t is a number, 0 or more."]


def test_c11_how_images_are_deidentified_is_copied_exported_and_locked(people: People) -> None:
    """Byte for byte, with its entry in the record; the study that has images keeps what it had."""
    study = services.create_study(name="S", by=people.cora)
    wanted = Options(dates="shift", device=True, descriptors=False, private=True)
    set_deidentification(study, wanted.as_dict(), by=people.cora)
    assert definition(Study.objects.get(pk=study.pk)).deidentification == wanted
    text = services.export_protocol(study, by=people.cora)
    assert (
        "\ndeidentification:\n  dates: shift\n  device: true\n"
        "  descriptors: false\n  private: true\n"
    ) in text
    again = services.import_protocol(text=text, by=people.cora)
    copy = services.copy_study(study, name="Copy", by=people.cora)
    for made in Study.objects.filter(pk__in=(again.pk, copy.pk)):
        assert definition(made).deidentification == wanted
        assert made.collection.deidentification == wanted.as_dict()
        begun = Entry.objects.get(action="studies.create_study", object=f"study:{made.pk}")
        assert begun.detail["deidentification"] == wanted.as_dict()
    assert services.export_protocol(again, by=people.cora) == text


def test_a3_a_protocol_locked_before_its_document_named_the_panel_is_what_was_locked(
    people: People,
) -> None:
    """It had one, in its own row; a document that names it must agree with the row."""
    study = kept.running_study(people)
    Panel.objects.create(
        study=study, opinions=1, adjudication="consensus", by=people.cora, at=timezone.now()
    )
    assert "truth_panel" in integrity.check(study)[0]
    version = ProtocolVersion.objects.get(study=study)
    later = {"imaging_protocol", "truth_panel", "deidentification"}
    old = {name: value for name, value in version.document.items() if name not in later}
    ProtocolVersion.objects.filter(pk=version.pk).update(document=old, sha256=protocol.sha256(old))
    assert integrity.check(study) == []


def test_c11_how_much_readers_are_told_is_copied_exported_and_locked(people: People) -> None:
    study = kept.draft_study(people)
    assert definition(study).explanations == Explanations(resident="full", general="short")
    wanted = Explanations(resident="short", general="none", neuroradiologist="full")
    services.set_explanations(study, explanations=wanted, by=people.cora)
    assert definition(Study.objects.get(pk=study.pk)).explanations == wanted
    text = services.export_protocol(study, by=people.cora)
    again = services.import_protocol(text=text, by=people.cora)
    assert definition(again).explanations == wanted
    old = text[: text.index("explanations:")]  # a file that was written before there was a choice
    assert definition(services.import_protocol(text=old, by=people.cora)).explanations == (
        Explanations()
    )
    bad = Explanations(general="all")
    refused = refusal(services.set_explanations, study, explanations=bad, by=people.cora)
    assert (refused.status, refused.code) == (400, "studies.explanations")


def test_c11_whether_kinds_of_lesion_are_told_is_copied_exported_and_locked(
    people: People,
) -> None:
    study = kept.draft_study(people)
    assert definition(study).lesion_classification is False
    services.set_lesion_classification(study, is_told=True, by=people.cora)
    copy = services.copy_study(study, name="Again", by=people.cora)
    assert definition(Study.objects.get(pk=copy.pk)).lesion_classification is True
    text = services.export_protocol(study, by=people.cora)
    assert definition(services.import_protocol(text=text, by=people.cora)).lesion_classification
    services.lock(study, password=PASSWORD, by=people.cora)
    study.refresh_from_db()
    assert study.protocol_versions.get().document["lesion_classification"] is True
    refused = refusal(services.set_lesion_classification, study, is_told=False, by=people.cora)
    assert (refused.status, refused.code) == (409, "studies.state")
    assert integrity.check(study) == []
    Study.objects.update(lesion_classification=False)
    assert any("lesion_classification" in words for words in integrity.check(study))


@pytest.mark.parametrize(
    "bad",
    [
        Hanging(layout="nine"),
        Hanging(roles=("t1c", "t1c")),
        Hanging(roles=()),
        Hanging(window="lung"),
        Hanging(linked=("time",)),
    ],
)
def test_images_that_cannot_hang_so_are_refused(people: People, bad: Hanging) -> None:
    study = kept.draft_study(people)
    refused = refusal(services.set_hanging, study, hanging=bad, by=people.cora)
    assert (refused.status, refused.code) == (400, "studies.hanging")
    assert Study.objects.get(pk=study.pk).hanging == {}


def test_c11_a_bad_file_makes_no_study_and_says_everything(people: People) -> None:
    text = services.export_protocol(kept.draft_study(people), by=people.cora)
    bad = text.replace("idle_limit_s: 60", "idle_limit_s: 5").replace("kind: crossover", "kind: x")
    refused = refusal(services.import_protocol, text=bad, by=people.cora)
    assert refused.code == "studies.protocol_file"
    assert len(refused.more["problems"]) == 2
    assert Study.objects.count() == 1


@pytest.mark.fault("G3")
def test_g3_somebody_elses_study_is_unknown_to_every_service(people: People) -> None:
    study = kept.draft_study(people)
    case, reader = study.cases.first(), study.readers.first()
    assert case is not None
    assert reader is not None
    before = Entry.objects.count()
    by = people.mallory
    calls = [
        lambda: services.describe(study, name="X", summary="", by=by),
        lambda: services.set_questions(study, questions=[RATING], by=by),
        lambda: services.set_arms(study, arms=[factories.CONTROL], by=by),
        lambda: services.set_design(study, design=DesignDraft(), by=by),
        lambda: services.set_hanging(study, hanging=Hanging(), by=by),
        lambda: services.set_explanations(study, explanations=Explanations(), by=by),
        lambda: services.set_lesion_classification(study, is_told=True, by=by),
        lambda: services.set_analysis_plan(study, plan=plan.default(), by=by),
        lambda: services.add_reader(study, user=people.max, by=by),
        lambda: services.grant_role(study, user=by, role="coordinator", by=by),
        lambda: services.revoke_role(study, user=people.cora, role="coordinator", by=by),
        lambda: services.withdraw_case(case, reason="x", by=by),
        lambda: services.set_case_kind(case, kind="training", by=by),
        lambda: services.declare_without_proposals(case, reason="x", by=by),
        lambda: services.withdraw_reader(reader, reason="x", by=by),
        lambda: services.check(study, by=by),
        lambda: services.lock(study, password=PASSWORD, by=by),
        lambda: services.archive(study, by=by),
        lambda: services.copy_study(study, name="Y", by=by),
        lambda: services.export_protocol(study, by=by),
    ]
    for call in calls:
        assert refusal(call).status == 404
    assert Entry.objects.count() == before
    assert Membership.objects.filter(study=study, user=by).count() == 0


def test_a_reader_of_the_study_changes_nothing_in_it(people: People) -> None:
    study = kept.draft_study(people)
    refused = refusal(services.set_design, study, design=DesignDraft(), by=people.rae)
    assert (refused.status, refused.code) == (403, "studies.role")
