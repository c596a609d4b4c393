"""R1: the answer that begins a sitting tells the images of its first case, and of no other one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.imaging import grants
from readerstudy.reads import services
from readerstudy.reads.models import Read
from readerstudy.studies import services as studies
from readerstudy.studies.hanging import Hanging
from readerstudy.studies.models import Study
from readerstudy.web.problems import Unknown
from tests import factories, kept, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import Sits, refusal, sit
from tests.scripted import Refused, Tab


def named(images: dict[str, Any]) -> list[str]:
    """The series that are told, which are just what the token opens."""
    assert set(images) == {"token", "series"}
    ids = [each["id"] for each in images["series"]]
    assert sorted(map(str, grants.read(images["token"]))) == sorted(ids)
    return ids


def of_packet(tab: Tab) -> list[str]:
    prior = tab.packet["prior"]
    series = [*tab.packet["series"], *(prior["series"] if prior else [])]
    return [each["id"] for each in series]


def test_r1_a_sitting_begins_with_the_images_of_the_case_that_opens(
    people: People, study: Study, sits: Sits
) -> None:
    for _ in range(5):  # training, and the first period
        tab = sits(people.rae)
        tab.open()
        assert sorted(named(tab.ahead)) == sorted(of_packet(tab))
        again = sits(people.rae)  # the same case goes on after a crash
        again.open()
        assert again.packet["read"]["id"] == tab.packet["read"]["id"]
        assert named(again.ahead) == named(tab.ahead)
        token = tab.ahead["token"]
        is_training = tab.packet["read"]["is_training"]
        again.take_over()
        again.read_case()
        again.sign()
        if is_training:
            continue  # its feedback shows them
        with pytest.raises(Unknown):
            grants.read(token)
    assert refusal(people.rae, study).code == "reads.washout"


def test_r1_a_voided_read_is_followed_by_what_opens_in_its_place(
    people: People, sits: Sits
) -> None:
    sits(people.rae).read_and_sign()
    tab = sits(people.rae)
    tab.open()
    services.void(UUID(tab.read_id), reason="the wrong patient", by=people.cora)
    after = sits(people.rae)
    after.open()
    assert after.read_id != tab.read_id
    assert sorted(named(after.ahead)) == sorted(of_packet(after))
    with pytest.raises(Unknown):
        grants.read(tab.ahead["token"])


def test_a3_nothing_is_told_while_a_study_stands_still(
    people: People, study: Study, sits: Sits
) -> None:
    sits(people.rae).read_and_sign()
    sits(people.rae).open()  # a case is open
    studies.halt(study, reason="weights differ", by=people.cora)
    assert refusal(people.rae, study).code == "studies.halted"
    assert refusal(people.gus, study).code == "studies.halted"
    studies.resume(study, reason="they are the same", by=people.cora)
    tab = sits(people.gus)
    tab.open()
    assert sorted(named(tab.ahead)) == sorted(of_packet(tab))
    studies.close(Study.objects.get(pk=study.pk), reason="enough was read", by=people.cora)
    assert refusal(people.nora, study).code == "reads.not_running"


def test_c6_of_a_case_that_is_withdrawn_no_image_is_told(people: People, sits: Sits) -> None:
    sits(people.rae).read_and_sign()
    tab = sits(people.rae)
    tab.open()
    studies.withdraw_case(
        Read.objects.get(pk=tab.read_id).case, reason="consent withdrawn", by=people.cora
    )
    with pytest.raises(Unknown):
        grants.read(tab.ahead["token"])
    after = sits(people.rae)
    after.open()
    assert set(named(after.ahead)).isdisjoint(of_packet(tab))
    assert sorted(named(after.ahead)) == sorted(of_packet(after))


def test_r1_they_come_as_the_protocol_hangs_them_and_a_prior_after_them(people: People) -> None:
    made = kept.draft_study(people, with_proposals=True)
    studies.set_hanging(made, hanging=Hanging(roles=("flair", "t1c")), by=people.cora)
    for case in made.cases.all():
        factories.prior(case, by=people.cora)
    proposing.propose_for(made, proposing.found())
    studies.lock(made, password=PASSWORD, by=people.cora)
    study = studies.start(Study.objects.get(pk=made.pk), by=people.cora)
    tab = sit(people.rae, study)
    tab.open()
    roles = [each["role"] for each in tab.ahead["series"]]
    ids = named(tab.ahead)
    own, prior = tab.packet["series"], tab.packet["prior"]["series"]
    assert {each["id"] for each in own} == set(ids[: len(own)])
    assert {each["id"] for each in prior} == set(ids[len(own) :])
    assert roles[:2] == ["flair", "t1c"]
    assert roles[len(own) : len(own) + 2] == ["flair", "t1c"]


def test_their_token_lives_no_longer_than_a_read_takes_to_open(
    people: People, sits: Sits, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab = sits(people.rae)
    tab.open()
    assert named(tab.ahead)
    later = timezone.now() + timedelta(minutes=6)
    monkeypatch.setattr("time.time", later.timestamp)
    with pytest.raises(Unknown):
        grants.read(tab.ahead["token"])
    assert grants.read(tab.packet["token"])


def test_a6_the_record_of_a_sitting_has_whose_images_were_told(
    people: People, study: Study, sits: Sits
) -> None:
    for _ in range(5):  # training, and the first period
        tab = sits(people.rae)
        tab.open()
        code = Read.objects.select_related("case").get(pk=tab.read_id).case.code
        assert _recorded(tab) == {"images_of": code}
        tab.read_case()
        tab.sign()
    waits = sits(people.rae)
    with pytest.raises(Refused):
        waits.open()
    assert _recorded(waits) == {}


def _recorded(tab: Tab) -> dict[str, Any]:
    """The detail of a sitting's entry in the audit trail."""
    entry = Entry.objects.get(action="reads.start_session", object=f"session:{tab.session}")
    return dict(entry.detail)
