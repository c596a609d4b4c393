"""What must hold after every fault: the readers' own logs against the database (I1-I6)."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from tests.scripted import Tab

TOLERANCE_MS = 50


def check(found: dict[str, Any], tabs: Iterable[Tab], *, signed: set[str]) -> None:
    """Assert the invariants.

    Parameters
    ----------
    found : dict
        Of `examine`.
    tabs : iterable of Tab
        Every tab of every scripted reader, with its log.
    signed : set of str
        Reads whose submission was acknowledged.
    """
    stored = Counter(event for _, event, _, _ in found["events"])
    tabs = list(tabs)
    acknowledged = {event for tab in tabs for event in tab.acknowledged}
    sent = {event["event_id"] for tab in tabs for event in tab.made}
    assert acknowledged <= set(stored), "I1: an acknowledged event is lost"
    assert set(stored) <= sent, "I2: an event is stored that nobody sent"
    assert set(stored.values()) <= {1}, "I3: an event is stored twice"
    _no_gaps(found["events"], tabs, signed)
    for read_id, read in found["reads"].items():
        once = 1 if read["state"] == "submitted" else 0
        assert (read["signatures"], read["recorded"]) == (once, once), f"I4: {read_id} {read}"
        assert read["active_ms"] in (None, read["recomputed_ms"]), f"timing differs: {read_id}"
    assert signed <= {
        read_id for read_id, read in found["reads"].items() if read["state"] == "submitted"
    }, "I4: an acknowledged submission is lost"
    handed_over = {id(window) for tab in tabs for window in tab.before}
    for tab in tabs:
        if tab.packet and tab.read_id in signed and id(tab) not in handed_over:
            _as_scripted(found["reads"][tab.read_id], tab)
    assert found["breaks"] == [], "I6: the record is broken"
    assert found["quarantined"] == 0
    assert found["is_whole"]


def _no_gaps(events: list[list[Any]], tabs: list[Tab], signed: set[str]) -> None:
    """A signed read has none; elsewhere only what a reader who had to stop never got in."""
    waiting = {
        (tab.read_id, tab.tab): {
            event["seq"] for event in tab.made if event["event_id"] not in tab.acknowledged
        }
        for tab in tabs
        if tab.packet and tab.read_id not in signed
    }
    places: dict[tuple[str, str], list[int]] = {}
    for read, _, tab, seq in events:
        places.setdefault((read, tab), []).append(seq)
    for place, seqs in places.items():
        missing = set(range(1, max(seqs) + 1)) - set(seqs)
        told = f"I3: a gap in {place}: {sorted(missing)}, signed: {place[0] in signed}"
        assert missing <= waiting.get(place, set()), told


def _as_scripted(read: dict[str, Any], last: Tab) -> None:
    """I5: answers and marks are the script's; so is the active time, but for what may differ.

    A read that went through several windows has what each of them did while it had the read.
    """
    windows = [[event for event in tab.made if event["event_id"] not in tab.unused]
               for tab in (*last.before, last)]  # fmt: skip
    used = [event for window in windows for event in window]
    answers = {
        event["payload"]["key"]: event["payload"]["value"]
        for event in used
        if event["kind"] == "answer_set"
    }
    assert read["answers"] == answers, "I5: another answer than the reader's last"
    assert read["marks"] == sum(event["kind"] == "mark_put" for event in used)
    scripted_ms = sum(_active_ms(window) for window in windows)
    assert abs(read["active_ms"] - scripted_ms) <= TOLERANCE_MS, "active time is not the script's"


def _active_ms(events: list[dict[str, Any]]) -> float:
    """From the first picture to the last event, milliseconds of the window's own clock."""
    rendered = next(event for event in events if event["kind"] == "first_render")
    return float(events[-1]["mono_ms"] - rendered["mono_ms"])
