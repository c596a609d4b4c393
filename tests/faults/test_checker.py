"""The checker itself: a checker that cannot fail proves nothing."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest

from tests.faults.checker import check
from tests.scripted import Tab

READ = str(uuid4())
Found = dict[str, Any]


@pytest.fixture
def tab() -> Tab:
    """One whole, signed, acknowledged read."""
    made = Tab(lambda *_: (200, {}), packet={"read": {"id": READ}})
    made.does("first_render")
    made.does("mark_put", mark_id="m")
    made.does("answer_set", key="likelihood", value=70)
    made.acknowledged = {each["event_id"] for each in made.made}
    return made


def whole(tab: Tab) -> Found:
    """What the database holds when all went well."""
    read = {
        "state": "submitted", "active_ms": 2000, "recomputed_ms": 2000, "marks": 1,
        "answers": {"likelihood": 70}, "signatures": 1, "recorded": 1,
    }  # fmt: skip
    events = [[READ, each["event_id"], tab.tab, each["seq"]] for each in tab.made]
    return {
        "events": events, "reads": {READ: read}, "quarantined": 0, "breaks": [], "is_whole": True,
    }  # fmt: skip


def test_a_whole_database_passes(tab: Tab) -> None:
    check(whole(tab), [tab], signed={READ})


HARM: dict[str, Callable[[Found], Any]] = {
    "I1": lambda found: found["events"].pop(),
    "I2": lambda found: found["events"].append([READ, str(uuid4()), "t", 1]),
    "I3": lambda found: found["events"].append(found["events"][0]),
    "I3 gap": lambda found: found["events"][2].__setitem__(3, 9),
    "I4 lost": lambda found: found["reads"][READ].update(state="opened"),
    "I4 double": lambda found: found["reads"][READ].update(signatures=2),
    "I4 unrecorded": lambda found: found["reads"][READ].update(recorded=0),
    "I5 answer": lambda found: found["reads"][READ].update(answers={"likelihood": 71}),
    "I5 mark": lambda found: found["reads"][READ].update(marks=0),
    "I5 time": lambda found: found["reads"][READ].update(active_ms=2051, recomputed_ms=2051),
    "timing": lambda found: found["reads"][READ].update(recomputed_ms=1),
    "I6": lambda found: found["breaks"].append("deleted"),
    "quarantined": lambda found: found.update(quarantined=1),
    "damaged": lambda found: found.update(is_whole=False),
}


@pytest.mark.parametrize("harm", HARM)
def test_each_harm_is_found(tab: Tab, harm: str) -> None:
    found = deepcopy(whole(tab))
    HARM[harm](found)
    with pytest.raises(AssertionError):
        check(found, [tab], signed={READ})


def test_a_read_of_two_windows_has_what_each_did_while_it_had_the_read(tab: Tab) -> None:
    second = Tab(tab.send, packet=tab.packet, before=[tab])
    second.does("first_render")
    second.unused = {second.does("mark_put", mark_id="of nobody")["event_id"]}
    second.does("mark_put", mark_id="n")
    second.acknowledged = {each["event_id"] for each in second.made}
    found = whole(tab)
    found["events"] += [[READ, each["event_id"], second.tab, each["seq"]] for each in second.made]
    found["reads"][READ].update(marks=2, active_ms=4000, recomputed_ms=4000)
    check(found, [tab, second], signed={READ})
    found["reads"][READ].update(marks=3)
    with pytest.raises(AssertionError):
        check(found, [tab, second], signed={READ})
