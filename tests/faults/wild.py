"""What a wild reader does besides reading: what people, browsers and networks do to a read."""

import json
from functools import partial
from typing import TYPE_CHECKING
from uuid import uuid4

from tests.scripted import Refused, Tab

if TYPE_CHECKING:
    from tests.faults.readers import ScriptedReader

DAY_MS = 24 * 3600 * 1000
STEPS_MS = (-DAY_MS, -3_600_000, -7_000, 7_000, 3_600_000, 365 * DAY_MS)


def step_clock(reader: "ScriptedReader", tab: Tab) -> None:
    """The machine's wall clock is set to another time; its monotonic clock goes on (C7)."""
    reader.acts["clock stepped"] += 1
    tab.wall_ms += int(reader.rng.choice(STEPS_MS))


def sign_out(reader: "ScriptedReader") -> None:
    """Sign out in the middle of a read, and in again over the case (C12)."""
    reader.acts["signed out in mid-read"] += 1
    reader.persist(reader.browser.sign_out)
    reader.sign_in()


def lose_session(reader: "ScriptedReader") -> None:
    """The browser has no session any more; sign in over the case."""
    reader.acts["session lost in mid-read"] += 1
    reader.browser.cookies.clear()
    reader.sign_in()


def deliver_in_disorder(reader: "ScriptedReader", tab: Tab) -> None:
    """Send what waits one by one, shuffled; the outbox sends all of it once more."""
    reader.acts["batch in disorder"] += 1
    for number in reader.rng.permutation(len(tab.outbox)):
        event = tab.outbox[number]
        receipt = reader.persist(partial(tab.deliver, [event]))
        tab.acknowledged |= set(receipt["acknowledged"])


def replay(reader: "ScriptedReader") -> None:
    """Send a captured batch of a case that is signed once more: acknowledged, stored once (C5)."""
    reader.acts["batch of a signed read replayed"] += 1
    signed = [tab for tab in reader.tabs if tab.packet and tab.read_id in reader.signed]
    if not signed:
        return
    tab = signed[int(reader.rng.integers(len(signed)))]
    captured = [each for each in tab.made if each["event_id"] not in tab.unused][-8:]
    receipt = reader.persist(lambda: tab.deliver(captured))
    assert {each["event_id"] for each in captured} == set(receipt["acknowledged"])


def truncate(reader: "ScriptedReader", tab: Tab) -> None:
    """Send half a batch, whose length is said to be whole: refused, nothing of it stored (C3)."""
    reader.acts["batch cut short"] += 1
    made = [
        {"event_id": str(uuid4()), "seq": len(tab.made) + 1 + number, "kind": "scroll",
         "mono_ms": tab.mono_ms, "wall_ms": tab.wall_ms, "payload": {}}
        for number in range(4)
    ]  # fmt: skip
    whole = json.dumps({"tab": tab.tab, "fence": tab.fence, "events": made}).encode()
    cut = whole[: int(reader.rng.integers(1, len(whole) - 1))]
    try:
        reader.persist(lambda: tab.call("POST", f"/api/reads/{tab.read_id}/events", cut))
    except Refused as refused:
        if (refused.status, refused.code) != (400, "parse_error"):
            raise
    else:
        raise AssertionError("half a batch was taken")


def second_window(reader: "ScriptedReader", tab: Tab) -> Tab:
    """Open the read in a second window, which is refused, takes over and goes on (C10)."""
    reader.acts["second window took over"] += 1
    reader.persist(tab.flush)
    second = tab.next_tab()
    second.before = [tab]
    reader.persist(second.reload)
    reader.tabs.append(second)  # before it sends: the reader may be withdrawn at any moment
    second.fence = second.packet["read"]["fence"]
    second.does("first_render")
    refused_as_stale(reader, second)
    reader.persist(second.take_over)
    tab.does("scroll")
    refused_as_stale(reader, tab)
    second.does("first_render")
    return second


def refused_as_stale(reader: "ScriptedReader", tab: Tab) -> None:
    """What waits in a window that has not the read is kept, acknowledged, and used for nothing."""
    waiting = list(tab.outbox)
    try:
        reader.persist(lambda: tab.deliver(waiting))
    except Refused as refused:
        if refused.code != "reads.taken_over":
            raise
        tab.acknowledged |= set(refused.body["acknowledged"])
    else:
        raise AssertionError("a window that has not the read wrote to it")
    tab.unused |= {each["event_id"] for each in waiting}
    tab.outbox = [each for each in tab.outbox if each["event_id"] not in tab.acknowledged]
    assert not tab.outbox


def disturb(reader: "ScriptedReader", tab: Tab) -> Tab:
    """Some of it, by chance; answers the window that goes on with the read."""
    chances = reader.rng.random(4)
    if chances[0] < 0.1:
        lose_session(reader)
    elif chances[0] < 0.2:
        sign_out(reader)
    if chances[1] < 0.2:
        truncate(reader, tab)
    if chances[2] < 0.2:
        replay(reader)
    return second_window(reader, tab) if chances[3] < 0.2 else tab
