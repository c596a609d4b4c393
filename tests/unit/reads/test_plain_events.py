"""The quick check of events takes nothing that the serializer does not, and changes nothing."""

from typing import Any
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from readerstudy.reads.events import MEMBERS, plain
from readerstudy.reads.schemas import EventInput

PLAIN = {
    "event_id": str(uuid4()), "seq": 1, "kind": "scroll", "mono_ms": 1.5, "wall_ms": 9,
    "payload": {"slice": 3},
}  # fmt: skip
odd: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1, 2**31, 2**31 - 1, 2**53, 2**53 + 1, 10**13, 1e12, 1e400, -0.0, 2.0,
     "1", "", "scroll", "teleport", str(uuid4()), uuid4().hex, "x" * 36, [], ["a"], {}, {"a": {}}]
)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*sorted(MEMBERS), "arm"]), odd, max_size=3))
def test_what_the_quick_check_takes_the_serializer_takes_alike(changes: dict[str, Any]) -> None:
    event = {**PLAIN, **changes}
    quick = plain(event)
    if quick is not None:
        slow = EventInput(data=event)
        assert slow.is_valid(), slow.errors
        assert repr(quick) == repr({name: slow.validated_data[name] for name in quick})


def test_what_browsers_send_is_taken_quickly() -> None:
    assert plain(PLAIN) is not None
    assert plain({**PLAIN, "mono_ms": 5}) is not None
    assert plain({name: PLAIN[name] for name in PLAIN if name != "seq"}) is None
