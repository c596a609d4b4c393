"""Questionnaires: defined in the protocol, asked when they are due, answered on pages, exported."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.demo.clock import Clock
from readerstudy.reads import questionnaires
from readerstudy.reads.models import QuestionnaireReply
from readerstudy.results import about_readers
from readerstudy.studies import protocol
from readerstudy.studies import services as studies
from readerstudy.studies.definition import Definition, QuestionDraft, QuestionnaireDraft
from readerstudy.studies.models import Study
from readerstudy.studies.question_sets import usual_questionnaires
from readerstudy.studies.selectors import current_version, definition
from readerstudy.web.problems import Invalid, Problem
from tests import kept, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import refusal, sit
from tests.scripted import Refused

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
ABOUT = {"years": "7", "per_week": "2", "ai_use": "1", "trust": "40"}
ROOM = {"sleepiness": "3", "light": "1", "disturbance": "1"}
AFTER = {"trust": "55", "would_use": "4", "remarks": ""}


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    with made.running():
        yield made


def asking(people: People) -> Study:
    made = kept.draft_study(people, with_proposals=True)
    studies.set_questionnaires(made, questionnaires=usual_questionnaires(), by=people.cora)
    proposing.propose_for(made, proposing.found())
    studies.lock(made, password=PASSWORD, by=people.cora)
    return studies.start(Study.objects.get(pk=made.pk), by=people.cora)


def next_of(client: Client) -> dict[str, Any]:
    (entry,) = client.get("/api/worklist").json()["studies"]
    return dict(entry["next"])


def test_questionnaires_are_part_of_the_protocol_and_of_its_file(people: People) -> None:
    study = asking(people)
    version = current_version(study)
    assert version is not None
    assert [each["key"] for each in version.document["questionnaires"]] == [
        "about-you", "room", "afterwards",
    ]  # fmt: skip
    now = definition(study)
    assert protocol.from_yaml(protocol.to_yaml(now)) == now
    with pytest.raises(Problem) as refused:  # locked with it
        studies.set_questionnaires(study, questionnaires=(), by=people.cora)
    assert refused.value.code == "studies.state"
    copy = studies.copy_study(study, name="Again", by=people.cora)
    assert definition(copy).questionnaires == usual_questionnaires()


def test_each_is_asked_when_it_is_due_and_not_before(
    people: People, sign_in: SignIn, clock: Clock
) -> None:
    study, client = asking(people), sign_in(people.rae)
    pages = f"/reading/{study.pk}"
    assert next_of(client)["questionnaire"] == "about-you"
    found = refusal(people.rae, study)
    assert (found.status, found.code) == (409, "reads.questionnaire")
    client.post(f"{pages}/questions/about-you/", ABOUT)
    assert next_of(client)["action"] == "training"
    assert "How alert are you now?" in client.get(f"{pages}/start/").content.decode()
    with pytest.raises(Refused):  # the session's own questions come first
        sit(people.rae, study).open()
    answered = client.post(f"{pages}/start/", ROOM)
    assert answered["Location"] == f"{pages}/"
    sit(people.rae, study).read_and_sign()
    clock.time += timedelta(minutes=10)
    assert "How alert" not in client.get(f"{pages}/start/").content.decode()
    sit(people.rae, study).read_and_sign()
    clock.time += timedelta(minutes=study.rest_min + 1)  # a new session
    assert "How alert" in client.get(f"{pages}/start/").content.decode()
    assert client.post(f"{pages}/questions/afterwards/", AFTER).status_code == 409


def test_where_nothing_is_required_the_questions_can_be_skipped(
    people: People, sign_in: SignIn
) -> None:
    """As in the demonstration; where an answer is required, asking to skip is answered 400."""
    made = kept.draft_study(people, with_proposals=True)
    before, room, _after = usual_questionnaires()
    optional = tuple(replace(each, is_required=False) for each in before.questions)
    asked = (replace(before, questions=optional), replace(room, moment="before"))
    studies.set_questionnaires(made, questionnaires=asked, by=people.cora)
    proposing.propose_for(made, proposing.found())
    studies.lock(made, password=PASSWORD, by=people.cora)
    study, client = studies.start(made, by=people.cora), sign_in(people.rae)
    pages = f"/reading/{study.pk}/questions"
    assert "Skip these" in client.get(f"{pages}/about-you/").content.decode()
    assert client.post(f"{pages}/about-you/", ABOUT | {"skip": "1"}).status_code == 302
    assert QuestionnaireReply.objects.get().answers == {}
    assert "Skip these" not in client.get(f"{pages}/room/").content.decode()
    assert client.post(f"{pages}/room/", ROOM | {"skip": "1"}).status_code == 400
    assert next_of(client)["questionnaire"] == "room"


def test_a_form_that_lacks_something_is_shown_as_it_was_filled_in(
    people: People, sign_in: SignIn
) -> None:
    study, client = asking(people), sign_in(people.rae)
    page = client.post(
        f"/reading/{study.pk}/questions/about-you/", ABOUT | {"years": "", "trust": "400"}
    )
    words = page.content.decode()
    assert page.status_code == 400
    assert "Not answered: For how many years" in words
    assert "This answer does not fit: How much do you trust" in words
    assert 'value="2" id="per_week-2" checked' in words
    assert not QuestionnaireReply.objects.exists()


def test_answers_are_kept_once_and_are_not_in_the_audit(people: People, sign_in: SignIn) -> None:
    study, client = asking(people), sign_in(people.rae)
    page = f"/reading/{study.pk}/questions/about-you/"
    client.post(page, ABOUT)
    assert client.post(page, ABOUT | {"trust": "99"}).status_code == 409
    reply = QuestionnaireReply.objects.get()
    assert reply.answers == {"years": 7.0, "per_week": "2", "ai_use": "1", "trust": 40.0}
    entry = Entry.objects.get(action="reads.answer_questionnaire")
    assert entry.detail == {"reader": "R01", "questionnaire": "about-you"}
    with pytest.raises(DatabaseError), transaction.atomic():
        QuestionnaireReply.objects.update(answers={})
    mine = client.get(f"/reading/{study.pk}/history/").content.decode()
    assert "5 to 20" in mine


def test_the_last_questions_come_after_the_last_case_and_are_exported(
    people: People, sign_in: SignIn
) -> None:
    study, client = asking(people), sign_in(people.rae)
    pages = f"/reading/{study.pk}"
    client.post(f"{pages}/questions/about-you/", ABOUT)
    Study.objects.filter(pk=study.pk).update(washout_days=0)
    client.post(f"{pages}/start/", ROOM)
    for _ in range(9):
        sit(people.rae, study).read_and_sign()
    assert next_of(client) | {"action": "questionnaire", "questionnaire": "afterwards"} == next_of(
        client
    )
    client.post(f"{pages}/questions/afterwards/", AFTER)
    assert next_of(client)["action"] == "done"
    (table,) = about_readers.tables(Study.objects.get(pk=study.pk))
    rows = table.records()
    assert [row["questionnaire"] for row in rows] == ["about-you"] * 4 + ["room"] * 3 + [
        "afterwards"
    ] * 2
    assert {row["reader"] for row in rows} == {"R01"}
    assert b"would_use,4" in table.csv()


def test_another_reader_and_a_stranger_cannot_answer(people: People, sign_in: SignIn) -> None:
    study = asking(people)
    for user in (people.max, people.cora, people.ada):
        client = sign_in(user)
        assert client.post(f"/reading/{study.pk}/questions/about-you/", ABOUT).status_code == 404
    assert (
        sign_in(people.rae).post(f"/reading/{study.pk}/questions/nothing/", {}).status_code == 404
    )


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (QuestionnaireDraft(key="X", title="T", moment="before"), "it asks nothing"),
        (QuestionnaireDraft(key="x", title=" ", moment="noon"), "it has no title"),
        (
            QuestionnaireDraft(
                key="x", title="T", moment="after",
                questions=(QuestionDraft(key="q", text="Q", kind="rating", is_primary=True),),
            ),
            "the primary rating is asked with the cases",
        ),
    ],
)  # fmt: skip
def test_a_questionnaire_that_cannot_be_is_refused_with_why(
    people: People, draft: QuestionnaireDraft, words: str
) -> None:
    study = studies.create_study(name="S", by=people.cora)
    with pytest.raises(Invalid) as refused:
        studies.set_questionnaires(study, questionnaires=(draft,), by=people.cora)
    assert words in refused.value.detail
    assert Definition(name="S", questionnaires=(draft, draft)).problems()


def test_choices_are_shown_in_words() -> None:
    years, per_week, *_rest = usual_questionnaires()[0].questions
    assert questionnaires.in_words(years, 7.0) == "7"
    assert questionnaires.in_words(per_week, "2") == "5 to 20"
    assert questionnaires.in_words(per_week, ["1", "2"]) == "Fewer than 5, 5 to 20"
