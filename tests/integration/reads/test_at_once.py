"""Readers and their tabs at the same instant, on PostgreSQL with threads (C9, C10, C13, A5)."""

from collections.abc import Callable
from typing import Any

import pytest

from readerstudy.reads.models import Batch, Read, Signature
from tests import cast
from tests.integration.reads.conftest import running, sit
from tests.integration.studies.test_at_once import at_once
from tests.scripted import Refused, Tab

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def people() -> cast.People:
    """The cast, committed: threads must see them."""
    return cast.people()


def said(act: Callable[[], Any]) -> Callable[[], Any]:
    """The answer, or the refusal's code."""

    def call() -> Any:
        try:
            return act()
        except Refused as refused:
            return refused.code

    return call


@pytest.mark.fault("D5")
def test_c9_two_readers_at_once_never_get_the_same_row(people: cast.People) -> None:
    study = running(people)
    tabs = [sit(user, study) for user in people.readers]
    at_once([tab.open for tab in tabs])
    rows = Read.objects.values_list("allocation", flat=True)
    assert len(rows) == len(set(rows)) == 3


@pytest.mark.fault("C10")
def test_c10_eight_tabs_of_one_reader_at_once_open_one_read(people: cast.People) -> None:
    study = running(people)
    tabs = [sit(people.rae, study) for _ in range(8)]
    packets = at_once([tab.open for tab in tabs])
    assert {packet["read"]["id"] for packet in packets} == {str(Read.objects.get().pk)}
    assert sum(packet["read"]["read_only"] is False for packet in packets) == 1


@pytest.mark.fault("C13")
def test_c13_eight_submissions_at_once_make_one_signature(people: cast.People) -> None:
    study = running(people)
    tab = sit(people.rae, study)
    tab.open()
    tab.read_case()
    twins = []
    for _ in range(8):
        twin = sit(people.rae, study)
        twin.packet, twin.tab, twin.fence = tab.packet, tab.tab, tab.fence
        twin.made, twin.key = tab.made, tab.key
        twins.append(twin)
    answers = at_once([said(twin.sign) for twin in twins])
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["read_id"] == tab.read_id
    assert Signature.objects.count() == 1


@pytest.mark.fault("C5")
def test_c5_the_same_batch_eight_times_at_once_is_stored_once(people: cast.People) -> None:
    study = running(people)
    tab = sit(people.rae, study)
    tab.open()
    for _ in range(50):
        tab.does("scroll")
    twins = [sit(people.rae, study) for _ in range(8)]
    for twin in twins:
        twin.packet, twin.tab, twin.fence = tab.packet, tab.tab, tab.fence
    receipts = at_once([lambda twin=twin: twin.deliver(tab.made) for twin in twins])
    assert all(len(receipt["acknowledged"]) == 50 for receipt in receipts)
    (row,) = Batch.objects.filter(read=tab.read_id)
    assert (row.first_seq, row.count) == (1, 50)


@pytest.mark.fault("A5")
def test_a5_taking_over_sending_and_signing_at_once_never_half_writes(
    people: cast.People,
) -> None:
    study = running(people)
    first = sit(people.rae, study)
    first.open()
    first.read_case()
    rivals: list[Tab] = []
    for _ in range(4):
        rival = sit(people.rae, study)
        rival.packet = first.packet
        rivals.append(rival)
    first.does("scroll")
    acts = [said(rival.take_over) for rival in rivals] + [said(first.flush), said(first.sign)]
    at_once(acts)
    read = Read.objects.get()
    signed = read.state == "submitted"
    assert Signature.objects.count() == int(signed)
    assert (read.active_ms is not None) is signed
    assert read.lease_fence <= 5
