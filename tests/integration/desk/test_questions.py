"""Questions on the desk: what a question hangs on, its limits, and what is said of them."""

from collections.abc import Callable

import pytest
from django.test import Client

from readerstudy.studies.models import Question, Study
from readerstudy.studies.scales import MarkScale
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


def test_c1_a_scale_of_levels_is_made_on_the_page_and_carries_a_condition(
    study: Study, people: People, sign_in: SignIn
) -> None:
    client = sign_in(people.cora)
    said(client, study, text="Image quality?", kind="scale", choices="poor\n\nfair\n good ")
    made = Question.objects.get(study=study, text="Image quality?")
    assert made.choices == [
        {"value": "1", "label": "poor"}, {"value": "2", "label": "fair"},
        {"value": "3", "label": "good"},
    ]  # fmt: skip
    said(client, study, text="What is wrong?", kind="text", shown_if=f"{made.key}:1")
    hung = Question.objects.get(study=study, text="What is wrong?")
    assert hung.shown_if == {"question": made.key, "equals": 1}
    page = client.get(page_of(study)).content.decode()
    assert "asked if “Image quality?” is “poor”" in page
    assert "2 to 10 levels" in said(client, study, text="Once?", kind="scale", choices="only")


def test_r3_what_marks_are_rated_on_is_set_on_the_page(
    study: Study, people: People, sign_in: SignIn
) -> None:
    client = sign_in(people.cora)
    client.post(page_of(study), {"act": "marks", "scale": "levels", "levels": "unsure\nsure"})
    study.refresh_from_db()
    assert MarkScale.from_dict(study.mark_scale) == MarkScale(levels=("unsure", "sure"))
    page = client.get(page_of(study)).content.decode()
    assert "unsure\nsure\n</textarea>" in page
    for levels, words in (("", "2 to 10 levels"), ("a\na", "words of its own")):
        form = {"act": "marks", "scale": "levels", "levels": levels}
        assert words in client.post(page_of(study), form, follow=True).content.decode()
    form = {"act": "marks", "scale": "", "mark_low": "no", "mark_high": "yes", "levels": "kept?"}
    client.post(page_of(study), form)
    study.refresh_from_db()
    assert MarkScale.from_dict(study.mark_scale) == MarkScale(low_label="no", high_label="yes")


def test_s10_where_a_positive_call_begins_is_part_of_the_plan(
    study: Study, people: People, sign_in: SignIn
) -> None:
    client, page = sign_in(people.cora), f"/studies/{study.pk}/plan/"
    form = {
        "hypothesis": "superiority", "margin": "0", "alpha": "0.05", "covariance": "jackknife",
        "random": "readers+cases", "radius_mm": "10",
    }  # fmt: skip
    for typed, kept in (("4", 4.0), (None, 4.0), ("", None)):
        client.post(page, form if typed is None else form | {"call_threshold": typed})
        study.refresh_from_db()
        assert study.analysis_plan.get("call_threshold") == kept
