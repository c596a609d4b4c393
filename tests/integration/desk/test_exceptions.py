"""C5: the coordinator opens a period early through the page: a reason, the reader's code."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.proposals import bridge
from readerstudy.studies.models import Study
from tests import factories, proposing
from tests.cast import People
from tests.integration.reads.conftest import running, sit

pytestmark = pytest.mark.django_db
DAY_0 = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "card", lambda _detector: dict(proposing.CARD))
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)


@pytest.fixture
def study(people: People) -> Study:
    """Rae has finished period 1; her washout has begun."""
    made = running(people)
    with mock.patch("django.utils.timezone.now", return_value=DAY_0):
        for _ in range(5):
            sit(people.rae, made).read_and_sign()
    return made


def test_c5_the_page_opens_a_period_early_with_reason_and_code_only(
    study: Study, people: People, sign_in: Callable[..., Client]
) -> None:
    reader = study.readers.get(user=people.rae)
    page = f"/studies/{study.pk}/progress/"
    address = f"{page}{reader.pk}/open/"
    with mock.patch("django.utils.timezone.now", return_value=DAY_0 + timedelta(days=3)):
        client = sign_in(people.cora)
        assert address in client.get(page).content.decode()
        wrong = {"period": "2", "reason": "leave", "confirmation": "R99"}
        assert f"Type {reader.code}" in client.post(address, wrong, follow=True).content.decode()
        for reason in ("", " "):
            client.post(address, {"period": "2", "reason": reason, "confirmation": reader.code})
        assert not Entry.objects.filter(action="studies.override_washout").exists()
        right = {"period": "2", "reason": "Parental leave", "confirmation": reader.code}
        assert "may begin now" in client.post(address, right, follow=True).content.decode()
        assert address not in client.get(page).content.decode()
        assert sit(people.rae, study).open()["read"]["number"] == 5
    assert Entry.objects.get(action="studies.override_washout").reason == "Parental leave"


@pytest.mark.parametrize("who", ["stan", "rae", "mallory"])
def test_a5_nobody_else_opens_a_period(
    study: Study, people: People, sign_in: Callable[..., Client], who: str
) -> None:
    reader = study.readers.get(user=people.rae)
    answer = sign_in(getattr(people, who)).post(
        f"/studies/{study.pk}/progress/{reader.pk}/open/",
        {"period": "2", "reason": "now", "confirmation": reader.code},
    )
    assert answer.status_code in {403, 404}
