"""R6: on demand, proposals are sent after the reader has asked for them, and not before."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.reads import disclosure
from readerstudy.reads.models import Read
from readerstudy.results.freeze import gather
from readerstudy.studies.explanations import EXPERIENCES
from readerstudy.studies.models import ProtocolVersion, Study
from tests import proposing
from tests.cast import People
from tests.integration.reads import leaks, worlds
from tests.integration.reads.conftest import Sits
from tests.integration.reads.test_blinding import HIDDEN
from tests.scripted import Refused, Tab

NOT_ASKED = {"mode": "on_demand", "state": "not_asked"}


@pytest.fixture
def reader(study: Study, sits: Sits) -> Any:
    """A reader whose first period has AI on demand, with the training behind them; told all."""
    version = study.protocol_versions.get()
    document = version.document | {"explanations": dict.fromkeys(EXPERIENCES, "full")}
    ProtocolVersion.objects.filter(pk=version.pk).update(document=document)
    study.arms.filter(mode="concurrent").update(mode="on_demand")
    user = worlds.aided_first(study)
    sits(user).read_and_sign()
    return user


@pytest.fixture
def tab(sits: Sits, reader: Any) -> Tab:
    """The first main case, open."""
    opened = sits(reader)
    opened.open()
    return opened


def proposals_of(packet: dict[str, Any]) -> list[str]:
    """The ids of the proposals that a packet has."""
    return [each["id"] for each in packet["ai"]["proposals"]]


def ask(tab: Tab) -> dict[str, Any]:
    """Ask, and answer the packet that comes then."""
    tab.does("proposals_asked")
    tab.flush()
    return tab.reload()


@pytest.mark.fault("F1")
def test_r6_before_asking_the_traffic_is_the_control_arms_but_for_the_mode(
    study: Study, reader: Any
) -> None:
    """To the byte, and in all three worlds to the query; the tripwire is armed."""
    on_demand = worlds.play(study, reader, "nothing", HIDDEN)
    for world in ("hidden", "otherwise"):
        other = worlds.play(study, reader, world, HIDDEN)
        worlds.same(on_demand, other)
        assert worlds.canaries_in(other) == []
    study.arms.filter(mode="on_demand").update(mode="control", detector="")
    control = worlds.play(study, reader, "hidden", HIDDEN)
    member = b',"ai":' + json.dumps(NOT_ASKED, separators=(",", ":")).encode()
    packets = [each for each in on_demand if member in each.body]
    assert len(packets) == 4  # opened and reloaded, twice
    for each in packets:
        each.body = each.body.replace(member, b"")
    for one, other in zip(control, on_demand, strict=True):
        assert (one.status, one.body) == (other.status, other.body), one.request
        assert _but_length(one) == _but_length(other)


def _but_length(answer: worlds.Traffic) -> list[tuple[str, str]]:
    return [pair for pair in answer.headers if pair[0] != "Content-Length"]


@pytest.mark.fault("F2")
def test_r6_proposals_come_once_the_server_has_that_they_were_asked_for(
    tab: Tab, sits: Sits, reader: Any
) -> None:
    assert tab.packet["ai"] == NOT_ASKED
    tab.does("first_render")
    lost = tab.does("scroll")
    asked = tab.does("proposals_asked", 7)
    tab.deliver([tab.made[0], asked])  # an event before it is missing: it waits, and so do they
    assert tab.reload()["ai"] == NOT_ASKED
    for what in ("heat-maps", "known-lesions"):
        with pytest.raises(Refused) as refused:
            tab.call("GET", f"/api/reads/{tab.read_id}/{what}")
        assert refused.value.status == 404
    tab.deliver([lost])
    ai = tab.reload()["ai"]
    assert (ai["mode"], ai["state"], len(ai["proposals"])) == ("on_demand", "ready", 1)
    assert sits(reader).open()["ai"] == ai  # after a reload, a crash, in another window
    assert "heat_maps" in tab.call("GET", f"/api/reads/{tab.read_id}/heat-maps")
    assert tab.call("GET", f"/api/reads/{tab.read_id}/known-lesions")["nearest"]


def test_r6_asking_and_being_shown_are_two_events_of_the_read(tab: Tab) -> None:
    tab.does("first_render")
    tab.does("proposals_asked", 7)
    tab.flush()
    (proposal,) = proposals_of(tab.reload())
    tab.does("proposals_shown", 0.4, at="asked")
    tab.does("proposal_viewed", proposal=proposal)
    tab.does("proposal_rejected", proposal=proposal)
    tab.does("no_lesion_said", said=True)
    tab.answer_all()
    tab.flush()
    tab.sign()
    read = Read.objects.get(pk=tab.read_id)
    assert read.decisions.get().kind == "rejected"
    kept = [each for row in read.batches.order_by("id") for each in row.events()]
    at = {each.kind: each.mono_ms - kept[0].mono_ms for each in kept[:3]}
    # How long they looked by themselves, and how long they waited.
    assert at == {"first_render": 0, "proposals_asked": 7000, "proposals_shown": 7400}


def test_r6_nothing_can_be_decided_on_what_was_not_asked_for(tab: Tab, study: Study) -> None:
    worlds.fill_the_vault(study)
    case = Read.objects.get(pk=tab.read_id).case
    number = list(study.cases.order_by("code")).index(case)
    for proposal in (worlds.canary_id(number), str(uuid4())):
        tab.does("proposal_rejected", proposal=proposal)
    tab.flush()
    assert not Read.objects.get(pk=tab.read_id).decisions.exists()
    assert worlds.canary_id(number) in proposals_of(ask(tab))
    tab.does("proposal_rejected", proposal=worlds.canary_id(number))
    tab.flush()
    assert Read.objects.get(pk=tab.read_id).decisions.get().kind == "rejected"


def test_r6_in_another_arm_asking_opens_nothing(study: Study, sits: Sits, reader: Any) -> None:
    control = sits(worlds.control_first(study))
    control.read_and_sign()
    control.open()
    assert "ai" not in ask(control)
    assert Read.objects.get(pk=control.read_id).ai_from is None


def test_r6_what_was_never_shown_is_frozen_as_such(
    tab: Tab, study: Study, sits: Sits, reader: Any
) -> None:
    ask(tab)
    tab.read_case()
    tab.sign()
    sits(reader).read_and_sign()  # without asking
    tables = {each.name: each for each in gather(study)}

    def rows(name: str) -> list[dict[str, Any]]:
        found = [dict(zip(tables[name].columns, row, strict=True)) for row in tables[name].rows]
        return [each for each in found if each["modality"] == "B"]

    assert [(each["shown"], each["decision"]) for each in rows("decisions")] == [
        (1, "none"), (0, "none"),
    ]  # fmt: skip
    assert [bool(each["kind_told"]) for each in rows("decisions")] == [True, False]
    columns, told = tables["proposals"].columns, tables["proposals"].rows[0]
    proposal = dict(zip(columns, told, strict=True))
    assert proposal["kind_probabilities"] == proposing.KIND["probabilities"]
    assert (proposal["kind_head"], proposal["kind_head_sha256"]) == ("lesion-kind@1", "a" * 64)
    asked, silent = rows("reads")
    assert (asked["ai_asked"], silent["ai_asked"], silent["ai_asked_s"]) == (1, 0, None)
    read = Read.objects.get(case__code=asked["case"], arm__mode="on_demand")
    assert read.ai_from is not None
    assert asked["ai_asked_s"] == (read.ai_from - read.opened_at).total_seconds()


@pytest.mark.fault("C15")
def test_c15_a_page_of_before_that_shows_what_it_was_sent_has_asked(tab: Tab) -> None:
    """Events of schema 2 know no asking: a read that was begun so goes on."""
    tab.does("proposals_shown", at="asked")
    body = {"tab": tab.tab, "fence": tab.fence, "events": tab.outbox, "schema": 2}
    tab.call("POST", f"/api/reads/{tab.read_id}/events", body)
    assert len(proposals_of(tab.reload())) == 1


@pytest.mark.fault("H6")
def test_h6_on_demand_a_proposal_was_seen_from_when_it_was_asked_for(
    people: People, tab: Tab
) -> None:
    begun = timezone.now()
    (proposal,) = proposals_of(ask(tab))
    done = timezone.now()
    assert not disclosure.seen_by(proposal, before=begun).exists()
    later = done + timedelta(seconds=1)
    (read,) = disclosure.seen_by(proposal, before=later)
    assert str(read.pk) == tab.read_id
    assert begun < read.since < done


def _sent_early(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(disclosure, "sees_proposals", lambda read: read.arm.mode != "control")


def _told_that_there_are_some(patch: pytest.MonkeyPatch) -> None:
    true = disclosure.packet

    def packet(read: Read, **place: Any) -> dict[str, Any]:
        body = true(read, **place)
        return body | {"ai": body["ai"] | {"count": ProposedLesion.objects.count()}}

    patch.setattr(disclosure, "packet", packet)


@pytest.mark.once
@pytest.mark.fault("F14")
@pytest.mark.parametrize("plant", [_sent_early, _told_that_there_are_some])
def test_f14_what_is_sent_before_asking_is_stopped_and_found(
    study: Study, reader: Any, monkeypatch: pytest.MonkeyPatch, plant: Callable[..., None]
) -> None:
    """By the tripwire; and where that is cut, by the bytes."""
    assert not worlds.differ(study, reader, HIDDEN)
    plant(monkeypatch)
    stopped = worlds.play(study, reader, "hidden", HIDDEN, cases=1)
    assert [each for each in stopped if each.status == 500 and b'"incident"' in each.body]
    leaks.cut_the_wire(monkeypatch)
    assert worlds.differ(study, reader, HIDDEN)
