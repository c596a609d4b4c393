"""Fault C15: the platform is renewed while pages of the version before are open."""

import pytest

from readerstudy.reads import disclosure, events
from readerstudy.reads.models import Mark
from tests.cast import People
from tests.integration.reads.conftest import Sits
from tests.integration.reads.test_events import stored
from tests.planting import Plant, caught
from tests.scripted import Refused, Tab


@pytest.fixture
def tab(people: People, sits: Sits) -> Tab:
    """Rae has her first case open."""
    opened = sits(people.rae)
    opened.open()
    return opened


@pytest.mark.fault("C15")
def test_c15_a_page_of_a_version_before_is_understood_and_another_is_told_to_reload(
    tab: Tab,
) -> None:
    """A batch that names no version is of the first; 3 is this one's."""
    path = f"/api/reads/{tab.read_id}/events"
    for version in ({}, {"schema": 2}, {"schema": 3}):
        tab.mark()
        body = {"tab": tab.tab, "fence": tab.fence, "events": tab.outbox, **version}
        assert len(tab.call("POST", path, body)["acknowledged"]) == 2
        tab.outbox.clear()
    assert Mark.objects.filter(read=tab.read_id).count() == 3
    tab.mark()
    body = {"tab": tab.tab, "fence": tab.fence, "events": tab.outbox, "schema": 4}
    with pytest.raises(Refused) as refused:
        tab.call("POST", path, body)
    assert (refused.value.status, refused.value.code) == (409, "reads.schema")
    assert refused.value.body["accepted"] == [1, 2, 3]
    assert stored(tab) == [1, 2, 3, 4, 5, 6]  # nothing of it: the browser keeps it
    assert tab.reload()["read"]["events_schema"] == 3


PLANTED: dict[str, Plant] = {
    "every version is taken": lambda patch: patch.setattr(events, "ACCEPTED", (1, 2, 3, 4)),
    "the version before is not": lambda patch: patch.setattr(events, "ACCEPTED", (1, 3)),
    "no other version is": lambda patch: patch.setattr(events, "ACCEPTED", (3,)),
    "the page is not told its version": lambda patch: patch.setattr(disclosure.events, "SCHEMA", 2),
}


@pytest.mark.once
@pytest.mark.fault("C15")
def test_c15_faults_planted_in_the_versions_are_caught(
    tab: Tab, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = test_c15_a_page_of_a_version_before_is_understood_and_another_is_told_to_reload
    assert caught(monkeypatch, PLANTED, test, tab) == set(PLANTED)
