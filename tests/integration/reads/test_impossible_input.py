"""What JSON can spell and nothing here can hold is refused by name: never an incident.

An extension or somebody with the developer's tools sends it (C17); a page of ours does not.
"""

from typing import Any

import pytest
from django.conf import settings

from readerstudy.reads import live
from readerstudy.reads.events import MAX_SEQ
from readerstudy.reads.models import Batch
from readerstudy.studies.models import Question, Study
from tests.cast import People
from tests.integration.reads.conftest import Sits
from tests.scripted import Refused, Tab

HUGE = 10**400  # a whole number that no float holds


@pytest.fixture
def tab(people: People, sits: Sits) -> Tab:
    """Rae has her first case open."""
    opened = sits(people.rae)
    opened.open()
    return opened


def nested(depth: int) -> Any:
    """A list in a list in a list."""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.fault("C17")
@pytest.mark.parametrize(
    "change",
    [
        {"seq": HUGE},
        {"seq": 2**31 - 1},
        {"mono_ms": HUGE},
        {"wall_ms": HUGE},
        {"payload": {"frame": HUGE}},
        {"payload": {"frame": [1, -HUGE]}},
        {"payload": {"frame": nested(1)}},
        {"payload": {"frame": nested(450)}},
        {"payload": {"fra\x00me": 1}},
    ],
    ids=str,
)
def test_c17_an_event_that_nothing_can_hold_is_refused(tab: Tab, change: dict[str, Any]) -> None:
    event = tab.does("scroll")
    with pytest.raises(Refused) as refused:
        tab.deliver([{**event, **change}])
    assert refused.value.status == 400
    assert not Batch.objects.exists()
    tab.flush()


@pytest.mark.fault("C17")
@pytest.mark.parametrize("fence", [2**31, 2**63, HUGE])
def test_c17_a_lease_that_nothing_can_hold_is_refused(tab: Tab, fence: int) -> None:
    tab.does("scroll")
    for send in (tab.flush, tab.sign):
        right, tab.fence = tab.fence, fence
        with pytest.raises(Refused) as refused:
            send()
        tab.fence = right
        assert (refused.value.status, list(refused.value.body["fields"])) == (400, ["fence"])


@pytest.mark.fault("C17")
def test_c17_the_highest_number_breaks_neither_the_read_nor_the_live_view(
    study: Study, tab: Tab
) -> None:
    tab.deliver([{**tab.does("scroll"), "seq": MAX_SEQ}])
    assert tab.reload()["draft"]["last_seq"] == {tab.tab: MAX_SEQ}
    (seen,) = live.live(study)
    assert seen.missing == MAX_SEQ - 1
    receipt = tab.deliver([tab.does("scroll")])
    assert (receipt["last_seq"], len(receipt["missing"])) == (MAX_SEQ, 500)


@pytest.mark.fault("C17")
def test_c17_a_signature_over_events_that_never_were_costs_no_memory(tab: Tab) -> None:
    """It names the first five hundred that are missing, whatever number the browser says."""
    tab.read_case()
    with pytest.raises(Refused) as refused:
        tab.sign(last_seq=MAX_SEQ)
    last = len(tab.made)
    assert refused.value.body["missing"] == list(range(last + 1, last + 501))
    with pytest.raises(Refused) as beyond:
        tab.sign(last_seq=2**63)
    assert (beyond.value.status, list(beyond.value.body["fields"])) == (400, ["last_seq"])
    tab.sign()


@pytest.mark.fault("C17")
@pytest.mark.parametrize("value", [["elsewhere"], [1], [True, None]])
def test_c17_answers_that_are_no_choices_keep_the_read_open(tab: Tab, value: list[Any]) -> None:
    Question.objects.filter(key="management").update(kind="multichoice")
    tab.read_case()
    tab.does("answer_set", key="management", value=value)
    tab.flush()
    with pytest.raises(Refused) as refused:
        tab.sign()
    (missing,) = refused.value.body["missing"]
    assert missing["what"] == "question:management"


@pytest.mark.fault("C17")
@pytest.mark.parametrize("door", ["events", "late-events", "sign-in"])
def test_c17_a_body_that_is_too_large_is_told_so(tab: Tab, door: str) -> None:
    """Also to who is not signed in; the room sends less at once (frontend/src/outbox)."""
    path = "/api/sign-in" if door == "sign-in" else f"/api/reads/{tab.read_id}/{door}"
    with pytest.raises(Refused) as refused:
        tab.call("POST", path, {"late_key": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)})
    assert (refused.value.status, refused.value.code) == (413, "too_large")
