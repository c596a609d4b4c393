"""R1: the answer that begins a sitting tells the images of its first case, and of no other one."""

from typing import Any

import pytest

from readerstudy.imaging import grants
from readerstudy.reads import services
from readerstudy.reads.models import Read
from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
from readerstudy.web.problems import Unknown
from tests.cast import People
from tests.integration.reads.conftest import Sits, refusal
from tests.scripted import Tab


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
        assert named(tab.ahead) == of_packet(tab)
        again = sits(people.rae)  # the same case goes on after a crash
        again.open()
        assert again.packet["read"]["id"] == tab.packet["read"]["id"]
        assert named(again.ahead) == of_packet(tab)
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
    read = Read.objects.get(pk=tab.read_id)
    services.void(read.pk, reason="the wrong patient", by=people.cora)
    after = sits(people.rae)
    after.open()
    assert named(after.ahead) == of_packet(after)


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
    assert named(tab.ahead) == of_packet(tab)
    studies.close(Study.objects.get(pk=study.pk), reason="enough was read", by=people.cora)
    assert refusal(people.nora, study).code == "reads.not_running"
