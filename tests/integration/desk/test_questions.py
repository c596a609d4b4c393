"""Questions on the desk: what a question hangs on, its limits, and what is said of them."""

from collections.abc import Callable

import pytest
from django.test import Client

from readerstudy.studies.models import Question, Study
from readerstudy.studies.selectors import question_draft, questions
from tests import factories
from tests.cast import People

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
ASKED = {"act": "add", "is_required": "on"}


def page_of(study: Study) -> str:
    return f"/studies/{study.pk}/questions/"


@pytest.fixture
def study(people: People) -> Study:
    return factories.draft_study(people)


def said(client: Client, study: Study, **fields: str) -> str:
    return client.post(page_of(study), ASKED | fields, follow=True).content.decode()


def test_c1_a_question_that_hangs_on_an_answer_is_made_on_the_page(
    study: Study, people: People, sign_in: SignIn
) -> None:
    client = sign_in(people.cora)
    parent = next(each for each in questions(study) if each.kind == "choice")
    value, label = parent.choices[1]["value"], parent.choices[1]["label"]
    shown = client.get(page_of(study)).content.decode()
    assert f'value="{parent.key}:{value}"' in shown
    said(
        client, study, text="In how many weeks?", kind="number", minimum="1", maximum="26",
        shown_if=f"{parent.key}:{value}",
    )  # fmt: skip
    made = question_draft(Question.objects.get(study=study, text="In how many weeks?"))
    assert made.shown_if == {"question": parent.key, "equals": value}
    assert (made.minimum, made.maximum) == (1, 26)
    after = client.get(page_of(study)).content.decode()
    assert (
        after.count(f"asked if “{parent.text}” is “{label}”") == 2
    )  # the list, and as readers see


def test_c1_what_a_question_hangs_on_is_not_taken_away_under_it(
    study: Study, people: People, sign_in: SignIn
) -> None:
    client = sign_in(people.cora)
    parent = next(each for each in questions(study) if each.kind == "choice")
    value = parent.choices[0]["value"]
    said(client, study, text="Which?", kind="text", shown_if=f"{parent.key}:{value}")
    before = [each.key for each in questions(study)]
    words = client.post(page_of(study), {"act": f"remove:{parent.key}"}, follow=True)
    assert "is shown by the answer to a question before it" in words.content.decode()
    assert [each.key for each in questions(study)] == before


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "number", "minimum": "one"}, "are numbers"),
        ({"kind": "number", "minimum": "nan"}, "are numbers"),
        ({"kind": "number", "minimum": "9", "maximum": "3"}, "minimum lies below its maximum"),
        ({"kind": "text", "shown_if": "nothing:such"}, "a question before it"),
        ({"kind": "text", "shown_if": "management:such"}, "an answer that its question has not"),
    ],
)
def test_c1_what_cannot_be_asked_is_refused_in_words(
    study: Study, people: People, sign_in: SignIn, fields: dict[str, str], words: str
) -> None:
    before = [each.key for each in questions(study)]
    assert words in said(sign_in(people.cora), study, text="Why?", **fields)
    assert [each.key for each in questions(study)] == before


def test_c1_a_ratings_ends_have_words(study: Study, people: People, sign_in: SignIn) -> None:
    said(
        sign_in(people.cora), study, text="How sure?", kind="rating", low_label="a guess",
        high_label="certain",
    )  # fmt: skip
    made = Question.objects.get(study=study, text="How sure?")
    assert (made.low_label, made.high_label, made.is_primary) == ("a guess", "certain", False)
