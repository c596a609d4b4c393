"""What a form cannot take is refused in words: it is no failure of ours."""

from collections.abc import Callable

import pytest
from django.test import Client

from readerstudy.accounts.models import User
from readerstudy.studies.models import Study
from tests import factories
from tests.cast import PASSWORD, People

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
NUL = "a\x00b"  # PostgreSQL keeps it in no text, SQLite does


@pytest.fixture
def study(people: People) -> Study:
    return factories.draft_study(people)


@pytest.mark.parametrize("address", ["describe/", "copy/", "readers/change/", "standard/case-set/"])
def test_a_form_with_a_character_that_cannot_be_kept_is_refused(
    study: Study, people: People, sign_in: SignIn, address: str
) -> None:
    form = {"name": NUL, "user": NUL, "reason": NUL, "act": "add", "idle_limit_s": "60"}
    answer = sign_in(people.cora).post(f"/studies/{study.pk}/{address}", form)
    assert answer.status_code == 400
    assert "a character that cannot be kept" in answer.content.decode()


def test_an_address_with_a_character_that_cannot_be_kept_is_refused(
    study: Study, people: People, sign_in: SignIn
) -> None:
    answer = sign_in(people.cora).get(f"/studies/{study.pk}/reads/", {"reader": NUL})
    assert answer.status_code == 400


@pytest.mark.parametrize("field", ["margin", "alpha", "radius_mm", "call_threshold"])
@pytest.mark.parametrize("typed", ["nan", "inf", "1e400"])
def test_a_plan_takes_no_broken_number(
    study: Study, people: People, sign_in: SignIn, field: str, typed: str
) -> None:
    form = {
        "hypothesis": "superiority", "margin": "0", "alpha": "0.05", "covariance": "jackknife",
        "random": "readers+cases", "radius_mm": "10", field: typed,
    }  # fmt: skip
    before = Study.objects.get(pk=study.pk).analysis_plan
    answer = sign_in(people.cora).post(f"/studies/{study.pk}/plan/", form, follow=True)
    assert answer.status_code == 200
    assert "is saved" not in answer.content.decode()
    assert Study.objects.get(pk=study.pk).analysis_plan == before


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("site", "s" * 121), ("display_name", "d" * 121), ("username", "u" * 151),
        ("experience_years", "71"), ("experience_years", "²"), ("experience_years", "1.5"),
    ],
)  # fmt: skip
def test_a_readers_account_with_a_value_that_cannot_be_kept_is_not_made(
    study: Study, people: People, sign_in: SignIn, field: str, typed: str
) -> None:
    form = {
        "act": "create", "display_name": "Dr. New", "username": "newcomer", "password": PASSWORD,
        "site": "North Hospital", "experience": "general", "experience_years": "3", field: typed,
    }  # fmt: skip
    before = User.objects.count()
    address = f"/studies/{study.pk}/readers/change/"
    answer = sign_in(people.cora).post(address, form, follow=True)
    assert answer.status_code == 200
    assert "alert-danger" in answer.content.decode()
    assert User.objects.count() == before
