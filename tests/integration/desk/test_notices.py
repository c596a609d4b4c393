"""What needs a coordinator: in one list, live, and by mail; reminders to readers (C4, C7, F13)."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.core import mail
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.demo.clock import Clock
from readerstudy.desk import notices, services, tasks
from readerstudy.desk.models import MailedNotice
from readerstudy.proposals import bridge
from readerstudy.reads import live
from readerstudy.reads.live import Sign
from readerstudy.reads.models import Read, Reminder
from readerstudy.studies import services as studies
from readerstudy.studies.definition import DesignDraft
from readerstudy.studies.models import Study
from readerstudy.web.problems import Problem, Unknown
from tests import factories, kept, proposing
from tests.cast import People
from tests.integration.reads.conftest import running, sit

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "card", lambda _detector: dict(proposing.CARD))
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock(START)
    with made.running():
        yield made


@pytest.fixture
def study(people: People, clock: Clock) -> Study:
    for user in (people.cora, people.rae, people.gus, people.nora):
        user.email = f"{user.username}@example.org"
        user.save(update_fields=["email"])
    return running(people)


def words_of(study: Study) -> list[str]:
    return [each.words for each in notices.notices(study)]


def test_c4_late_readers_are_named_and_mailed_about_once(
    people: People, study: Study, clock: Clock
) -> None:
    assert words_of(study) == []
    sit(people.rae, study).read_and_sign()
    clock.time += timedelta(days=7, hours=1)
    late = "could read and has done nothing for a week."
    assert words_of(study) == [f"R0{n} {late}" for n in (1, 2, 3)]
    assert len(services.mail_coordinators(study)) == 3
    (sent,) = mail.outbox
    assert sent.to == ["cora@example.org"]
    assert f"R02 {late}" in sent.body
    assert f"http://localhost:8000/studies/{study.pk}/progress/" in sent.body
    assert services.mail_coordinators(study) == []
    assert len(mail.outbox) == 1
    sit(people.rae, study).read_and_sign()
    services.mail_coordinators(study)  # R01 reads again: forgotten
    assert not MailedNotice.objects.filter(key__startswith="late:R01").exists()
    assert Entry.objects.filter(action="desk.mail_coordinators").count() == 1


def test_a_mail_that_cannot_be_sent_is_sent_with_the_next_round(
    people: People, study: Study, clock: Clock
) -> None:
    clock.time += timedelta(days=8)
    with mock.patch.object(services, "send_mail", side_effect=ConnectionRefusedError):
        assert tasks.sweep() == 0
    assert not MailedNotice.objects.exists()
    assert not Reminder.objects.exists()
    assert tasks.sweep() == 6  # three notices, three readers reminded
    assert len(mail.outbox) == 4


@pytest.mark.fault("F13")
def test_f13_no_mail_tells_an_arm_or_an_outcome(people: People, study: Study, clock: Clock) -> None:
    tab = sit(people.rae, study)
    tab.open()
    tab.call("POST", f"/api/reads/{tab.read_id}/problem", {"words": "The AI's box is wrong"})
    tab.read_case()
    tab.sign()
    sit(people.gus, study).open()
    clock.time += timedelta(days=8)
    tasks.sweep()
    told = "\n".join(f"{each.subject}\n{each.body}" for each in mail.outbox)
    assert "R02 has case" in told
    assert "reported a problem" not in told  # older than a week
    arms = [arm.name for arm in study.arms.all()]
    for hidden in (*arms, "AI", "proposal", "likelihood", "metasta", "rating", "box"):
        assert not re.search(rf"\b{hidden}", told.replace(study.name, "")), hidden


def test_a_reader_is_reminded_by_hand_once_a_day_when_there_is_something_to_do(
    people: People, study: Study, clock: Clock, sign_in: SignIn
) -> None:
    clock.time += timedelta(days=8)
    page = sign_in(people.cora).get(f"/studies/{study.pk}/progress/").content.decode()
    assert "Remind by mail" in page
    answer = sign_in(people.cora).post(f"/studies/{study.pk}/progress/remind/", {"reader": "R02"})
    assert answer.status_code == 302
    (sent,) = mail.outbox
    assert sent.to == ["gus@example.org"]
    with pytest.raises(Problem) as refused:
        services.remind(study, reader_code="R02", by=people.cora)
    assert refused.value.code == "desk.reminded"
    studies.halt(study, reason="a check", by=people.cora)
    people.rae.email = ""
    people.rae.save(update_fields=["email"])
    with pytest.raises(Problem) as refused:
        services.remind(study, reader_code="R01", by=people.cora)
    assert refused.value.code == "desk.no_address"
    with pytest.raises(Unknown):
        services.remind(study, reader_code="R03", by=people.mallory)


def test_c5_who_is_in_the_washout_is_neither_late_nor_reminded(
    people: People, study: Study, clock: Clock
) -> None:
    for _ in range(5):
        sit(people.rae, study).read_and_sign()
    clock.time += timedelta(days=10)
    assert "R01" not in " ".join(words_of(study))
    with pytest.raises(Problem) as refused:
        services.remind(study, reader_code="R01", by=people.cora)
    assert refused.value.code == "desk.nothing_to_do"


def test_c7_a_design_that_cannot_be_filled_is_a_notice(people: People) -> None:
    draft = kept.draft_study(people, readers=(people.rae,), design=DesignDraft(kind="crossover"))
    (found,) = notices.notices(draft)
    assert "readers cannot fill 2 groups" in found.words
    assert found.is_urgent


def test_the_list_is_on_the_pages_of_those_at_the_desk_only(
    people: People, study: Study, clock: Clock, sign_in: SignIn
) -> None:
    clock.time += timedelta(days=8)
    for page in ("/studies/", f"/studies/{study.pk}/progress/"):
        assert "R01 could read" in sign_in(people.cora).get(page).content.decode()
    for user in (people.rae, people.mallory):
        assert sign_in(user).get(f"/studies/{study.pk}/progress/live/").status_code in (403, 404)


def seen(study: Study, **more: Any) -> Sign:
    Read.objects.filter(reader__study=study).update(**more)
    (line,) = live.live(study)
    return line.sign


def test_the_live_view_tells_reading_break_other_window_lost_and_stuck(
    people: People, study: Study, clock: Clock, sign_in: SignIn
) -> None:
    tab = sit(people.rae, study)
    tab.open()
    tab.does("first_render")
    tab.flush()
    assert seen(study) == Sign.READING
    assert seen(study, state="paused") == Sign.BREAK
    assert seen(study, state="opened") == Sign.READING
    clock.time += timedelta(minutes=5)
    assert seen(study) == Sign.LOST
    tab.does("hidden")
    tab.flush()
    assert seen(study) == Sign.AWAY
    clock.time += timedelta(minutes=31)
    assert seen(study) == Sign.STUCK
    page = sign_in(people.cora).get(f"/studies/{study.pk}/progress/live/").content.decode()
    assert "stuck" in page
    assert 'hx-trigger="every 10s"' in page


def test_the_live_view_counts_the_events_that_are_missing_and_the_windows(
    people: People, study: Study
) -> None:
    tab = sit(people.rae, study)
    tab.open()
    for kind in ("first_render", "scroll", "scroll", "scroll"):
        tab.does(kind)
    tab.deliver([tab.made[0], tab.made[3]])
    other = tab.next_tab()
    other.take_over()
    (line,) = live.live(study)
    assert (line.missing, line.taken_over) == (2, 1)
