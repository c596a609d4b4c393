"""Fault D3: a reader deactivated mid-read; what their browser had not sent is kept for a day."""

from datetime import timedelta
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from readerstudy.accounts import services as accounts
from readerstudy.accounts.services import users
from readerstudy.audit.models import Entry
from readerstudy.reads import late
from readerstudy.reads.models import Batch, Mark, Read
from readerstudy.reads.services import late as late_services
from readerstudy.reads.services import logging
from tests.cast import PASSWORD, People
from tests.integration.reads import test_operations
from tests.integration.reads.conftest import Sits
from tests.planting import Plant, caught
from tests.scripted import Refused, Tab, through


@pytest.fixture
def gone(people: People, sits: Sits) -> Tab:
    """Rae had a mark stored and another one not sent when her account ended."""
    tab = sits(people.rae)
    tab.open()
    tab.mark(60)
    tab.flush()
    accounts.deactivate(people.rae, reason="left", by=people.ada)
    tab.mark(90)
    tab.send = through(Client())  # her session is dead: nobody is signed in
    return tab


def hand_in(tab: Tab, **more: Any) -> dict[str, Any]:
    """Send what is unsent by the read's key."""
    body = {
        "tab": tab.tab, "fence": tab.fence, "schema": 2, "events": tab.outbox,
        "late_key": tab.packet["read"]["late_key"], **more,
    }  # fmt: skip
    return tab.call("POST", f"/api/reads/{tab.read_id}/late-events", body)


def refused(tab: Tab, **more: Any) -> tuple[int, str]:
    """How the same is refused."""
    with pytest.raises(Refused) as answer:
        hand_in(tab, **more)
    return answer.value.status, answer.value.code


@pytest.mark.fault("D3")
def test_d3_what_was_unsent_is_kept_marked_and_used_for_nothing(gone: Tab) -> None:
    unsent = [each["event_id"] for each in gone.outbox]
    for _ in range(2):  # a repeat is acknowledged again, and stored once
        assert hand_in(gone) == {"acknowledged": unsent, "missing": [], "last_seq": 4}
    late_rows = Batch.objects.filter(read=gone.read_id, fence=late.FENCE)
    assert [(row.first_seq, row.count, row.is_applied) for row in late_rows] == [(3, 2, False)]
    assert [mark.rating for mark in Mark.objects.filter(read=gone.read_id)] == [60]
    entry = Entry.objects.get(action="reads.late_events")
    assert (entry.actor, entry.detail["events"]) == ("system", 2)


@pytest.mark.fault("D3")
def test_d3_the_key_writes_for_a_day_to_one_read_and_opens_nothing(
    gone: Tab, people: People, sits: Sits
) -> None:
    ours = gone.packet["read"]["late_key"]
    other = sits(people.gus)
    other.open()
    assert refused(gone, late_key=other.packet["read"]["late_key"]) == (404, "unknown")
    assert refused(gone, late_key="0" * 64) == (404, "unknown")
    assert refused(other, late_key=other.packet["read"]["late_key"]) == (401, "signed_out")
    for method, path in (("GET", f"/api/reads/{gone.read_id}?tab={gone.tab}"),
                         ("POST", f"/api/reads/{gone.read_id}/events")):  # fmt: skip
        with pytest.raises(Refused) as answer:
            gone.call(method, path, None if method == "GET" else {"late_key": ours})
        assert answer.value.status == 401
    with mock.patch.object(timezone, "now", return_value=timezone.now() + timedelta(hours=25)):
        assert refused(gone) == (409, "reads.too_late")
    assert Batch.objects.filter(read=gone.read_id).count() == 1


@pytest.mark.fault("D3")
def test_d3_who_is_given_access_again_signs_without_what_came_late(
    gone: Tab, people: People, sits: Sits
) -> None:
    hand_in(gone)
    accounts.reactivate(people.rae, reason="back", by=people.ada)
    assert refused(gone) == (401, "signed_out")
    back = sits(people.rae)
    back.tab, back.made = gone.tab, list(gone.made)  # the same page, signed in again
    back.open()
    back.answer_all()
    back.flush()
    back.sign()
    read = Read.objects.get(pk=gone.read_id)
    assert read.state == Read.State.SUBMITTED
    assert [mark.rating for mark in read.marks.all()] == [60]


@pytest.mark.fault("D3")
def test_d3_what_came_late_is_told_apart_where_ids_are_reused(gone: Tab) -> None:
    altered = {**gone.made[0], "mono_ms": 5.0}
    assert refused(gone, events=[altered]) == (409, "reads.altered_event")
    stranger = {**gone.made[0], "event_id": str(uuid4())}
    assert refused(gone, events=[stranger]) == (409, "reads.altered_event")
    assert PASSWORD not in str(list(Entry.objects.values_list("detail", flat=True)))


STORING: dict[str, Plant] = {
    "nobody learns of it": lambda patch: patch.setattr(
        late_services, "record", lambda *_args, **_more: None
    ),
    "it is stored twice": lambda patch: patch.setattr(
        late_services, "sort_out", lambda _r, _t, _l, batch, receipt: _all_new(batch, receipt)
    ),
    "it is not told from the rest": lambda patch: patch.setattr(
        late_services, "Batch", _without_the_mark
    ),
}  # fmt: skip
OPENING: dict[str, Plant] = {
    "any key opens": lambda patch: patch.setattr(late, "opens", lambda _key, _read: True),
    "for ever": lambda patch: patch.setattr(late, "is_open", lambda _reader, _now: True),
}
ENDING: dict[str, Plant] = {
    "nothing ends": lambda patch: patch.setattr(
        users, "_set_active", lambda user, *_args, **_more: user
    ),
}


def _all_new(batch: Any, receipt: Any) -> list[logging.New]:
    receipt.acknowledged += [each["event_id"] for each in batch]
    return [logging.New(each, "0" * 16) for each in batch]


def _without_the_mark(**values: Any) -> Batch:
    return Batch(**(values | {"fence": 1}))


_without_the_mark.objects = Batch.objects


@pytest.mark.once
@pytest.mark.fault("D3")
@pytest.mark.fault("F14")
def test_f14_faults_planted_in_the_late_way_are_caught(
    gone: Tab, people: People, sits: Sits, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = test_d3_what_was_unsent_is_kept_marked_and_used_for_nothing
    assert caught(monkeypatch, STORING, stored, gone) == set(STORING)
    opened = test_d3_the_key_writes_for_a_day_to_one_read_and_opens_nothing
    assert caught(monkeypatch, OPENING, opened, gone, people, sits) == set(OPENING)
    accounts.reactivate(people.rae, reason="back", by=people.ada)
    ended = test_operations.test_d3_a_deactivated_readers_session_ends_at_once
    assert caught(monkeypatch, ENDING, ended, people, sits) == set(ENDING)
