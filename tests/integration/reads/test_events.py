"""What reaches the log: once, whole, in order, whatever the network and the tabs do."""

import itertools
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from random import Random  # noqa: TID251 -- Hypothesis hands one out; no statistics here
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.reads import packing
from readerstudy.reads.models import Batch, Mark, Quarantine, Read
from readerstudy.reads.services import attempts
from readerstudy.studies.models import Study
from readerstudy.web.problems import Problem
from tests.cast import People
from tests.integration.reads.conftest import Sits
from tests.scripted import Refused, Tab


@pytest.fixture
def tab(people: People, sits: Sits) -> Tab:
    """Rae has her first case open."""
    opened = sits(people.rae)
    opened.open()
    return opened


def stored(tab: Tab) -> list[int]:
    """The sequence numbers that the server has of a tab, each as often as it has it."""
    return sorted(each.seq for each in kept(tab) if each.tab == tab.tab)


@dataclass(frozen=True)
class Stored:
    """An event as the server has it."""

    event_id: str
    tab: str
    seq: int
    kind: str
    payload: dict[str, Any]
    is_applied: bool


def kept(tab: Tab) -> list[Stored]:
    """All events that the server has of a tab's read."""
    return [
        Stored(str(each.event_id), str(row.tab), each.seq, each.kind, each.payload, row.is_applied)
        for row in Batch.objects.filter(read=tab.read_id)
        for each in row.events()
    ]


def the(tab: Tab, event: dict[str, Any]) -> Stored:
    """The one event of an id."""
    (found,) = [each for each in kept(tab) if each.event_id == event["event_id"]]
    return found


@pytest.mark.fault("C4")
def test_c4_a_batch_whose_answer_was_lost_is_sent_again_and_stored_once(tab: Tab) -> None:
    tab.does("first_render")
    tab.mark()
    first = tab.deliver(tab.made)
    again = tab.deliver(tab.made)
    assert again == first
    assert stored(tab) == [1, 2, 3]
    assert Mark.objects.filter(read=tab.read_id).count() == 1


@pytest.mark.fault("C5")
def test_c5_a_hundred_replays_shuffled_are_no_ops(tab: Tab) -> None:
    for _ in range(20):
        tab.does("scroll")
    tab.flush()
    shuffled = list(tab.made)
    for number in range(100):
        Random(number).shuffle(shuffled)
        receipt = tab.deliver(shuffled)
        assert len(receipt["acknowledged"]) == 20
    assert stored(tab) == list(range(1, 21))
    assert not Quarantine.objects.exists()


@pytest.mark.fault("C5")
@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"frame": 99}},
        {"mono_ms": 1.5},
        {"wall_ms": 1},
        {"kind": "zoom"},
        {"seq": 7},
    ],
)
def test_c5_the_same_id_with_other_content_is_refused_and_kept_aside(
    tab: Tab, change: dict[str, Any]
) -> None:
    event = tab.does("scroll", frame=1)
    other = tab.does("scroll", frame=2)
    tab.deliver([event])
    altered = {**event, **change}
    for _ in range(3):
        with pytest.raises(Refused) as refused:
            tab.deliver([altered, other])
        assert (refused.value.status, refused.value.code) == (409, "reads.altered_event")
        assert refused.value.body["altered"] == [event["event_id"]]
        assert refused.value.body["acknowledged"] == [other["event_id"]]
    first = the(tab, event)
    assert (first.seq, first.kind, first.payload) == (1, "scroll", {"frame": 1})
    (aside,) = Quarantine.objects.all()
    assert aside.body["event_id"] == event["event_id"]
    assert Entry.objects.filter(action="reads.altered_event").count() == 3


@pytest.mark.fault("C5")
def test_c5_a_taken_place_under_another_id_is_refused(tab: Tab) -> None:
    event = tab.does("scroll")
    tab.deliver([event])
    with pytest.raises(Refused) as refused:
        tab.deliver([{**event, "event_id": str(uuid4())}])
    assert refused.value.code == "reads.altered_event"
    assert stored(tab) == [1]


def test_another_readers_event_id_tells_nothing_and_changes_nothing(
    people: People, tab: Tab, sits: Sits
) -> None:
    """An id names an event of its read: whether another read has it is no reader's to learn."""
    event = tab.does("scroll", frame=12)
    tab.flush()
    gus = sits(people.gus)
    gus.open()
    stolen = {**event, "payload": {}}
    fresh = {**gus.does("scroll"), "seq": 2}
    answers = [gus.deliver([each]) for each in (stolen, fresh)]
    assert answers[0] == {"acknowledged": [event["event_id"]], "missing": [], "last_seq": 1}
    assert answers[1] == {"acknowledged": [fresh["event_id"]], "missing": [], "last_seq": 2}
    assert the(tab, event).payload == {"frame": 12}
    assert the(gus, stolen).payload == {}


def test_an_id_of_another_window_of_the_read_is_refused(tab: Tab) -> None:
    event = tab.does("scroll", frame=12)
    tab.flush()
    second = tab.next_tab()
    second.open()
    with pytest.raises(Refused) as refused:
        second.deliver([event])
    assert refused.value.code == "reads.altered_event"
    assert stored(second) == []


@pytest.mark.fault("C6")
def test_c6_a_gap_is_reported_blocks_the_signature_and_closes(tab: Tab) -> None:
    tab.does("load_start", 0)
    tab.does("first_render")
    lost = tab.does("mark_put", mark_id=str(uuid4()), position_mm=[1, 2, 3],
                    series=tab.packet["series"][0]["id"])  # fmt: skip
    tab.does("mark_rated", mark_id=lost["payload"]["mark_id"], rating=60)
    tab.answer_all()
    receipt = tab.deliver([each for each in tab.made if each is not lost])
    assert receipt["missing"] == [3]
    assert tab.reload()["draft"]["marks"] == []
    with pytest.raises(Refused) as refused:
        tab.sign()
    assert (refused.value.code, refused.value.body["missing"]) == ("reads.missing_events", [3])
    assert tab.deliver([lost])["missing"] == []
    (mark,) = tab.reload()["draft"]["marks"]
    assert (mark["position_mm"], mark["rating"]) == ([1, 2, 3], 60)
    tab.sign()


@pytest.mark.fault("C6")
def test_c6_any_order_of_arrival_gives_the_same_draft(people: People, sits: Sits) -> None:
    drafts = []
    for number, user in enumerate((people.rae, people.gus, people.nora)):
        tab = sits(user)
        tab.open()
        tab.does("first_render")
        one = tab.mark(rating=10)
        tab.does("mark_rated", mark_id=one, rating=90)
        tab.does("mark_removed", mark_id=one)
        tab.mark(rating=33)
        tab.does("answer_set", key="likelihood", value=1)
        tab.does("answer_set", key="likelihood", value=2)
        events = list(tab.made)
        Random(number).shuffle(events)
        for each in events:
            tab.deliver([each])
        draft = tab.reload()["draft"]
        marks = [(mark["number"], mark["rating"]) for mark in draft["marks"]]
        drafts.append((marks, draft["answers"]))
    assert drafts == [([(2, 33)], {"likelihood": 2})] * 3


@pytest.mark.fault("C6")
def test_c6_what_comes_after_the_signature_is_kept_and_not_used(tab: Tab) -> None:
    tab.read_case()
    tab.sign()
    before = Read.objects.get(pk=tab.read_id)
    late = tab.does("mark_put", mark_id=str(uuid4()), position_mm=[9, 9, 9],
                    series=tab.packet["series"][0]["id"])  # fmt: skip
    assert tab.deliver([late])["acknowledged"] == [late["event_id"]]
    assert the(tab, late).is_applied is False
    after = Read.objects.get(pk=tab.read_id)
    assert (after.active_ms, after.submitted_at) == (before.active_ms, before.submitted_at)
    assert Mark.objects.filter(read=tab.read_id).count() == 1


def test_an_acknowledgement_names_what_is_stored_and_nothing_else(tab: Tab) -> None:
    """By it a browser tells our answer from a captive portal's page (C3)."""
    event = tab.does("first_render")
    receipt = tab.flush()
    assert receipt["acknowledged"] == [event["event_id"]]
    assert set(receipt) == {"acknowledged", "missing", "last_seq"}


@pytest.mark.fault("C10")
def test_c10_a_second_window_is_read_only_until_it_takes_over(tab: Tab) -> None:
    tab.does("first_render")
    tab.mark()
    tab.flush()
    second = tab.next_tab()
    assert second.open()["read"]["read_only"] is True
    second.does("first_render")
    with pytest.raises(Refused) as refused:
        second.flush()
    assert refused.value.code == "reads.taken_over"
    assert second.take_over() == tab.fence + 1
    assert Entry.objects.filter(action="reads.take_over").count() == 1
    third = second.next_tab()
    third.take_over()
    assert third.reload()["read"]["read_only"] is False
    late = tab.mark()
    with pytest.raises(Refused) as lost:
        tab.flush()
    assert (lost.value.status, lost.value.code) == (409, "reads.taken_over")
    assert len(lost.value.body["acknowledged"]) == 2
    assert stored(tab) == [1, 2, 3, 4, 5]
    assert late not in {mark["mark_id"] for mark in third.reload()["draft"]["marks"]}
    with pytest.raises(Refused) as signing:
        tab.sign()
    assert signing.value.code == "reads.taken_over"


@pytest.mark.fault("C10")
def test_c10_what_a_window_did_without_the_read_is_not_used_when_it_takes_it_back(
    tab: Tab,
) -> None:
    tab.does("first_render")
    tab.flush()
    second = tab.next_tab()
    second.take_over()
    second.mark(rating=50)
    second.flush()
    stale = tab.mark()
    with pytest.raises(Refused):
        tab.flush()
    tab.outbox = []
    tab.take_over()
    fresh = tab.mark()
    tab.flush()
    marks = {mark["mark_id"] for mark in tab.reload()["draft"]["marks"]}
    assert fresh in marks
    assert stale not in marks
    assert len(marks) == 2


@pytest.mark.fault("C1")
def test_c1_a_window_that_fell_silent_gives_the_read_up(tab: Tab) -> None:
    silent = timezone.now() - timedelta(seconds=61)
    Read.objects.filter(pk=tab.read_id).update(opened_at=silent, last_event_at=silent)
    fresh = tab.next_tab()
    assert fresh.open()["read"]["read_only"] is False
    assert fresh.fence == tab.fence + 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "teleport"}, "kind"),
        ({"seq": 0}, "seq"),
        ({"event_id": "x"}, "event_id"),
        ({"mono_ms": "soon"}, "mono_ms"),
        ({"payload": []}, "payload"),
        ({"arm": "B"}, "arm"),
    ],
)
def test_g2_an_event_with_other_members_is_refused_by_name(
    tab: Tab, change: dict[str, Any], words: str
) -> None:
    event = deepcopy(tab.does("scroll"))
    with pytest.raises(Refused) as refused:
        tab.deliver([{**event, **change}])
    assert (refused.value.status, refused.value.code) == (400, "invalid")
    assert words in str(refused.value.body["fields"])
    assert stored(tab) == []


def test_an_event_whose_payload_does_not_fit_its_kind_is_refused_in_words(tab: Tab) -> None:
    event = tab.does("mark_rated", mark_id=str(uuid4()), rating=101)
    with pytest.raises(Refused) as refused:
        tab.flush()
    assert (refused.value.status, refused.value.code) == (400, "reads.event")
    assert refused.value.body["event_id"] == event["event_id"]
    assert stored(tab) == []


@pytest.mark.parametrize("payload", [{"words": "\ud800"}, {"\udfff": 1}])
def test_g10_half_a_character_is_refused_not_an_incident(tab: Tab, payload: dict[str, Any]) -> None:
    """JSON can spell what no UTF-8 can: it could be neither hashed nor stored."""
    tab.does("scroll", **payload)
    with pytest.raises(Refused) as refused:
        tab.flush()
    assert (refused.value.status, refused.value.code) == (400, "parse_error")
    assert stored(tab) == []


@pytest.mark.fault("G11")
def test_g11_more_than_five_hundred_events_at_once_are_refused(tab: Tab) -> None:
    for _ in range(501):
        tab.does("scroll", 0.01)
    with pytest.raises(Refused) as refused:
        tab.deliver(tab.made)
    assert refused.value.status == 400
    assert tab.flush(size=500)["last_seq"] == 501


class Lost(Exception):
    """What PostgreSQL's driver raises for a deadlock."""

    sqlstate = "40P01"


@pytest.mark.fault("A5")
@pytest.mark.django_db(transaction=True)
def test_a5_a_lost_race_is_tried_again_a_few_times_and_then_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = itertools.count(1)

    def loses(*, times: int) -> int:
        if (number := next(tries)) <= times:
            raise OperationalError("deadlock detected") from Lost()
        return number

    monkeypatch.setattr(attempts.time, "sleep", lambda _seconds: None)
    assert attempts.retried(loses)(times=2) == 3
    tries = itertools.count(1)
    with pytest.raises(Problem) as refused:
        attempts.retried(loses)(times=99)
    assert (refused.value.status, refused.value.code) == (503, "reads.busy")
    assert next(tries) == attempts.ATTEMPTS + 1


@pytest.mark.fault("A5")
def test_a5_another_database_error_is_not_tried_again() -> None:
    calls = []

    def fails() -> None:
        calls.append(1)
        raise OperationalError("no such table")

    with pytest.raises(OperationalError):
        attempts.retried(fails)()
    assert len(calls) == 1


def test_the_digest_covers_every_member_of_an_event(tab: Tab) -> None:
    event = tab.does("scroll", frame=1)
    digests = {packing.digest_of({**event, name: "other"}) for name in event}
    assert len(digests | {packing.digest_of(event)}) == len(event) + 1


def test_a_study_that_is_halted_opens_no_read(people: People, study: Study, sits: Sits) -> None:
    from readerstudy.studies import services

    services.halt(study, reason="weights differ", by=people.cora)
    with pytest.raises(Refused) as refused:
        sits(people.gus).open()
    assert (refused.value.status, refused.value.code) == (409, "studies.halted")
