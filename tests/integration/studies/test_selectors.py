"""Who may know of which study, and what the rest of the platform asks about one."""

import uuid

import pytest
from django.contrib.auth.models import AnonymousUser

from readerstudy.accounts import services as accounts
from readerstudy.studies import selectors, services
from readerstudy.web.problems import Problem, Refused, Unknown
from tests import factories, kept
from tests.cast import People


def test_everybody_sees_their_own_studies_and_the_administrator_all(people: People) -> None:
    mine, theirs = kept.draft_study(people), factories.other_study(people)
    for user, seen in (
        (people.cora, {mine}),
        (people.rae, {mine}),
        (people.stan, {mine}),
        (people.mallory, {theirs}),
        (people.max, {theirs}),
        (people.tess, set()),
        (people.ada, {mine, theirs}),
        (AnonymousUser(), set()),
    ):
        assert set(selectors.visible_to(user)) == seen
    assert set(selectors.at_desk_of(people.rae)) == set()
    assert set(selectors.at_desk_of(people.stan)) == {mine}


def test_a_deactivated_user_sees_nothing(people: People) -> None:
    study = kept.draft_study(people)
    accounts.deactivate(people.cora, reason="left", by=people.ada)
    assert not selectors.visible_to(people.cora).exists()
    assert selectors.roles(people.cora, study) == frozenset()


@pytest.mark.fault("F3")
def test_f3_what_is_not_yours_and_what_is_not_there_answer_alike(people: People) -> None:
    study = kept.draft_study(people)
    answers = []
    for wanted in (study.pk, str(study.pk), uuid.uuid4(), "not-an-id", ""):
        with pytest.raises(Unknown) as unknown:
            selectors.study_for(people.mallory, wanted)
        answers.append(unknown.value.body())
    assert all(answer == answers[0] for answer in answers)
    case = study.cases.first()
    assert case is not None
    other = factories.other_study(people)
    for user, study_id in ((people.mallory, study.pk), (people.mallory, other.pk)):
        with pytest.raises(Unknown):
            selectors.case_for(user, study_id, case.pk)
    assert selectors.case_for(people.cora, study.pk, case.pk) == case


def test_a_member_without_the_role_is_told_which_one_it_takes(people: People) -> None:
    study = kept.draft_study(people)
    assert selectors.study_for(people.rae, study.pk) == study
    with pytest.raises(Refused) as refused:
        selectors.study_for(people.rae, study.pk, "coordinator", "truth_reader")
    assert "coordinator or truth reader" in refused.value.detail
    assert selectors.is_coordinator(people.cora, study)
    assert selectors.is_statistician(people.stan, study)
    assert not selectors.is_truth_reader(people.cora, study)


def test_uploads_go_to_own_collections_only(people: People) -> None:
    study = kept.draft_study(people)
    may = {
        user: selectors.may_fill(user, study.collection)
        for user in (people.cora, people.ada, people.rae, people.stan, people.mallory)
    }
    assert [user.username for user, allowed in may.items() if allowed] == ["cora", "ada"]


def test_the_detectors_of_studies_that_still_read_are_wanted(people: People) -> None:
    study = kept.running_study(people)
    assert selectors.detectors_in_use() == {factories.DETECTOR: {study.collection_id}}
    services.close(study, by=people.cora)
    assert selectors.detectors_in_use() == {}


def test_a_withdrawn_reader_is_no_reader(people: People) -> None:
    study = kept.running_study(people)
    reader = selectors.reader_of(people.gus, study)
    assert reader is not None
    assert reader.code == "R02"
    services.withdraw_reader(reader, reason="ill", by=people.cora)
    assert selectors.reader_of(people.gus, study) is None
    assert [each.code for each in selectors.active_readers(study)] == ["R01", "R03"]


def test_a_refusal_is_a_problem(people: People) -> None:
    with pytest.raises(Problem):
        selectors.study_for(people.cora, uuid.uuid4())
