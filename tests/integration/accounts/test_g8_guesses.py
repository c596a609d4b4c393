"""G8: a password that is asked for again is not guessed, wherever it is asked."""

from collections.abc import Callable

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse

from readerstudy.accounts.models import User
from readerstudy.studies.models import Study
from tests import factories
from tests.cast import PASSWORD, People
from tests.integration.desk.test_running import form

pytestmark = [pytest.mark.django_db, pytest.mark.fault("G8")]
Door = tuple[User, str, dict[str, str]]


def _lock(study: Study, people: People) -> Door:
    return people.cora, reverse("desk:lock", args=[study.pk]), {}


def _amend(study: Study, people: People) -> Door:
    return people.cora, reverse("desk:amend", args=[study.pk]), form(study)


def _profile(_study: Study, people: People) -> Door:
    return people.cora, reverse("accounts:profile"), {"new": "eleven blue herons 11"}


DOORS: dict[str, Callable[[Study, People], Door]] = {
    "lock": _lock,
    "amend": _amend,
    "profile": _profile,
}  # fmt: skip  -- emergencies and unblinding: in tests/integration/results


@pytest.mark.parametrize("door", DOORS)
def test_g8_ten_wrong_passwords_at_a_confirmation_lock_the_account_there(
    door: str, people: People
) -> None:
    made = factories.running_study if door == "amend" else factories.draft_study
    study = made(people)
    user, path, fields = DOORS[door](study, people)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    name = "old" if door == "profile" else "password"
    for number in range(10):
        client.post(path, fields | {name: f"guess {number}"})
    assert AccessAttempt.objects.get(username=user.username).failures_since_start == 10
    before = user.password, study.state
    shown = client.post(path, fields | {name: PASSWORD}, follow=True)
    assert "Too many failed" in shown.content.decode()
    user.refresh_from_db()
    study.refresh_from_db()
    assert (user.password, study.state) == before
    signing_in = {"username": user.username, "password": PASSWORD}
    told = Client().post("/api/sign-in", signing_in, content_type="application/json")
    assert told.status_code == 429
