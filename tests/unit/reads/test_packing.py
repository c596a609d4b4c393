"""Packed events: to the bit what was sent, and small."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.reads import packing

FROZEN = (
    "018b8e468e2da4580486bca1a981819e91a98e1188360509985b1ac0818e616c2c577474355278e4"
    "62048821d0d5ba4640af18030d8a450a866225901351b5c2c2cbcca036361600"
)
scalars = st.one_of(
    st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**60), 2**60), st.text(max_size=20),
)  # fmt: skip
payloads = st.dictionaries(
    st.text(max_size=10), scalars | st.lists(scalars, max_size=4), max_size=4
)
sent = st.fixed_dictionaries(
    {
        "event_id": st.uuids(),
        "kind": st.sampled_from(["scroll", "mark_put", "hidden"]),
        "mono_ms": st.floats(0, 1e12),
        "wall_ms": st.integers(0, 2**53),
        "payload": payloads,
    }
)


def packed(events: list[dict[str, Any]], **more: Any) -> tuple[bytes, bytes]:
    """The keys and the body of a run."""
    keys = packing.keys_of((each["event_id"], packing.digest_of(each)) for each in events)
    return keys, packing.body_of(events, **more)


@given(st.lists(sent, min_size=1, max_size=30), st.integers(1, 2**31 - 100))
def test_what_is_unpacked_is_what_was_sent(events: list[dict[str, Any]], first: int) -> None:
    events = [{**each, "seq": first + at} for at, each in enumerate(events)]
    keys, body = packed(events)
    kept = packing.unpacked(first, keys, body)
    for before, after in zip(events, kept, strict=True):
        members = {name: getattr(after, name) for name in before}
        assert packing.canonical(members) == packing.canonical(before)
        assert after.digest == after.anew() == packing.digest_of(before)
    clocks = [(each["kind"], each["mono_ms"], each["wall_ms"]) for each in events]
    assert packing.clocks_of(body) == clocks
    assert packing.ids(keys) == [each["event_id"] for each in events]


def test_a_number_keeps_its_spelling() -> None:
    """A jsonb column makes 1e22 a whole number and forgets the sign of zero."""
    event: dict[str, Any] = {
        "event_id": uuid4(), "seq": 1, "kind": "scroll", "mono_ms": 0.1, "wall_ms": 1,
        "payload": {"a": -0.0, "b": 1e22, "c": 10**22, "d": 1, "e": 1.0, "f": "\U0001f9e0\n"},
    }  # fmt: skip
    keys, body = packed([event])
    (kept,) = packing.unpacked(1, keys, body)
    assert repr(kept.payload) == repr(event["payload"])


def test_an_id_is_found_where_an_event_begins_and_nowhere_else() -> None:
    inside = UUID(bytes=bytes(range(16)))
    first = UUID(bytes=bytes([99] * 4) + bytes(range(12)))
    keys = packing.keys_of([(first, "0c0d0e0f10111213"), (uuid4(), "ab" * 8)])
    assert inside.bytes in keys
    assert packing.place(keys, inside) is None
    keys += packing.keys_of([(inside, "cd" * 8)])
    assert packing.place(keys, inside) == 2
    assert packing.place(keys, first) == 0
    assert packing.digests(keys)[1:] == ["ab" * 8, "cd" * 8]


def test_what_cannot_be_computed_anew_is_marked() -> None:
    event: dict[str, Any] = {
        "event_id": uuid4(), "seq": 1, "kind": "scroll", "mono_ms": 1.0, "wall_ms": 1,
        "payload": {},
    }  # fmt: skip
    keys = packing.keys_of([(event["event_id"], "00" * 8)])
    (kept,) = packing.unpacked(1, keys, packing.body_of([event], inexact=[0]))
    assert (kept.digest, kept.is_exact) == ("00" * 8, False)


def test_a_body_of_a_later_version_is_refused_by_name() -> None:
    _, body = packed([])
    with pytest.raises(packing.UnknownFormatError, match="later version \\(9\\)"):
        packing.clocks_of(b"\x09" + body[1:])


def test_runs_are_the_stretches_without_a_gap() -> None:
    assert list(packing.runs([])) == []
    assert list(packing.runs([4])) == [(4, 1)]
    assert list(packing.runs([1, 2, 3, 5, 7, 8])) == [(1, 3), (5, 1), (7, 2)]


def test_twenty_gestures_take_under_fifty_bytes_each() -> None:
    """With a row's and two indexes' own bytes (some 190 on PostgreSQL) far below 150."""
    events = [
        {
            "event_id": uuid4(), "seq": at, "kind": "scroll", "mono_ms": 1000.5 + 137.25 * at,
            "wall_ms": 1_790_000_000_000 + round(137.25 * at),
            "payload": {"pane": 0, "slice": 90 + at % 7, "steps": 1},
        }
        for at in range(1, 21)
    ]  # fmt: skip
    keys, body = packed(events)
    assert len(keys) + len(body) < 20 * 50


def test_the_dictionary_of_a_format_never_changes() -> None:
    """What was packed on 28 November 2026 is unpacked for ever."""
    body = bytes.fromhex(FROZEN)
    assert packing.clocks_of(body) == [
        ("mark_put", 1500.25, 1_790_000_001_500),
        ("mark_rated", 2500.5, 1_790_000_002_501),
    ]
    kept = packing.unpacked(7, packing.keys_of([(UUID(int=1), "01" * 8)] * 2), body)
    assert [each.seq for each in kept] == [7, 8]
    assert kept[1].payload == {"mark_id": "m", "rating": 60}
