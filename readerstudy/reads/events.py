"""The events that a browser may send: their kinds and what each carries. Pure.

Each kind names the members of its payload and how each is checked. Unknown kinds and members are
refused, so that a log holds what its readers expect.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from readerstudy.reads import masks
from readerstudy.studies.scales import LIMITS

# Of the events' members and kinds. A page that was loaded before a deployment speaks a version
# before, and is understood until its read ends (fault C15), as is what an outbox has kept: a change
# of meaning raises SCHEMA and translates the older versions' events, or takes them no more.
# 1: batches that name no version; 2 names it. 3: `proposals_asked` is new, and on demand nothing of
# the AI is sent before it; older pages, sent it all from the start, said `proposals_shown` instead.
SCHEMA = 3
ACCEPTED = (1, 2, SCHEMA)
MAX_BATCH = 500
MAX_TEXT = 4000
MAX_MM = 10_000.0
MAX_NUMBER = 1e15  # JSON spells whole numbers that no float and no column holds
MAX_NAME = 40
MAX_LIST = 64
# What a reader measures, and how many points each has (frontend/src/geometry/measures.ts).
MEASURE_POINTS = {"length": 2, "bidirectional": 4, "angle": 3, "ellipse": 4, "probe": 1}
MAX_VALUES = 8
# Where something was done: the place of a pane in the layout and a slice, from 0.
MAX_PANE, MAX_SLICE = 15, 99_999
VIEW, CUTS = frozenset({"pane", "series", "slice"}), ("axial", "coronal", "sagittal")

Check = Callable[[Any], bool]


def _number(value: Any) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and abs(value) <= MAX_NUMBER  # says no to NaN, too


def _point(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3  # noqa: PLR2004 -- x, y, z
        and all(_number(each) and abs(each) <= MAX_MM for each in value)
    )


def _uuid(value: Any) -> bool:
    try:
        return str(UUID(value)) == str(value).lower()
    except (ValueError, AttributeError, TypeError):
        return False


def _rating(value: Any) -> bool:
    low, high = LIMITS  # a scale of levels is narrower: `services.logging` looks at the study's
    return _number(value) and low <= value <= high


def _size(value: Any) -> bool:
    return _number(value) and 0 < value <= MAX_MM


def _measure_tool(value: Any) -> bool:
    return isinstance(value, str) and value in MEASURE_POINTS


def _points(value: Any) -> bool:
    most = max(MEASURE_POINTS.values())
    return isinstance(value, list) and len(value) <= most and all(_point(each) for each in value)


def _values(value: Any) -> bool:
    is_list = isinstance(value, list) and len(value) <= MAX_VALUES
    return is_list and all(_number(each) for each in value)


def _mask(value: Any) -> bool:
    is_whole = isinstance(value, dict) and value.keys() == {"series", "voxels"}
    return is_whole and _uuid(value["series"]) and masks.parse(value["voxels"]) is not None


def _whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _percent(value: Any) -> bool:
    return _whole(value, 100)


def _view(value: Any) -> bool:
    """What the active pane showed: its place, the series, the slice; of a rebuilt one its plane."""
    return (
        isinstance(value, dict)
        and value.keys() - {"cut"} == VIEW
        and value.get("cut", CUTS[0]) in CUTS
        and _uuid(value["series"])
        and _whole(value["pane"], MAX_PANE)
        and _whole(value["slice"], MAX_SLICE)
    )


def _maybe(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TEXT and "\x00" not in value


def _small(value: Any) -> bool:
    """A scalar, a short text, or a short list of them."""
    if isinstance(value, list):
        return len(value) <= MAX_LIST and all(_scalar(each) for each in value)
    return _scalar(value)


def _scalar(value: Any) -> bool:
    return value is None or isinstance(value, bool) or _number(value) or _text(value)


def _name(value: str) -> bool:
    return len(value) <= MAX_NAME and "\x00" not in value  # PostgreSQL's jsonb takes no NUL


@dataclass(frozen=True)
class Kind:
    """What an event of a kind must and may carry."""

    must: Mapping[str, Check]
    may: Mapping[str, Check]
    is_free: bool = False  # other small members may come along: they are only kept


def _says(**must: Check) -> Kind:
    return Kind(must, {})


def _deed(may: Mapping[str, Check] | None = None, **must: Check) -> Kind:
    """What a reader does to marks, answers, proposals and measurements: it may say where.

    A page of before did not, so that it is no change of SCHEMA.
    """
    return Kind(must, {**(may or {}), "view": _view})


_FREE = Kind({}, {}, is_free=True)
_MARK = {"mark_id": _uuid, "position_mm": _point}
_ADOPTED = {"rating": _maybe(_rating), "diameter_mm": _maybe(_size), "number": _number}

KINDS: dict[str, Kind] = {
    **dict.fromkeys(
        [
            "load_start", "first_render", "all_decoded", "focus", "blur", "hidden", "visible",
            "idle_start", "idle_end", "pause", "resume", "scroll", "window", "zoom", "pan",
            "layout", "link", "tool", "key", "proposals_asked", "proposals_shown",
            "proposals_hidden", "suspended", "reload", "crash_recovered", "outbox_lost",
            "submit_asked", "window_sized",
        ],
        _FREE,
    ),
    "mark_put": _deed(
        {"diameter_mm": _maybe(_size), "number": _number, "proposal": _maybe(_uuid)},
        **_MARK, series=_uuid,
    ),
    "mark_rated": _deed(mark_id=_uuid, rating=_rating),
    "mark_moved": _deed({"series": _uuid}, **_MARK),
    "mark_sized": _deed(mark_id=_uuid, diameter_mm=_maybe(_size)),
    "mark_drawn": _deed(
        {"threshold_percent": _percent}, mark_id=_uuid, mask=_mask, diameter_mm=_size
    ),
    "mark_removed": _deed(mark_id=_uuid),
    "mark_restored": _deed(mark_id=_uuid),
    "answer_set": _deed(key=_text, value=_small),
    "no_lesion_said": _deed(said=lambda value: isinstance(value, bool)),
    "proposal_viewed": _deed(proposal=_uuid),
    "proposal_accepted": _deed(_ADOPTED, **_MARK, proposal=_uuid, series=_uuid),
    "proposal_edited": _deed(_ADOPTED, **_MARK, proposal=_uuid, series=_uuid),
    "proposal_rejected": _deed(proposal=_uuid),
    "proposal_undecided": _deed(proposal=_uuid),
    "measure_put": _deed(
        measure_id=_uuid, tool=_measure_tool, series=_uuid, points_mm=_points, values=_values
    ),
    "measure_removed": _deed(measure_id=_uuid),
    "problem_reported": _says(words=_text),
}  # fmt: skip


MEMBERS = frozenset({"event_id", "seq", "kind", "mono_ms", "wall_ms", "payload"})
MAX_SEQ, MAX_MONO_MS, MAX_WALL_MS = 10**9, 1e12, 2**53  # a run's end is computed in 32 bits
UUID_LENGTH = 36


def plain(event: Any) -> dict[str, Any] | None:
    """An event as browsers send it, checked quickly; None for what wants a closer look.

    What this takes the serializer takes, with the same value; a batch of twenty costs a hundredth
    of the serializer's time.
    """
    if type(event) is not dict or event.keys() != MEMBERS:
        return None
    seq, mono, wall = event["seq"], event["mono_ms"], event["wall_ms"]
    is_plain = (
        type(seq) is int
        and 1 <= seq <= MAX_SEQ
        and type(mono) in {int, float}
        and 0 <= mono <= MAX_MONO_MS
        and type(wall) is int
        and 0 <= wall <= MAX_WALL_MS
        and type(event["payload"]) is dict
        and type(event["kind"]) is str
        and event["kind"] in KINDS
        and type(event["event_id"]) is str
        and len(event["event_id"]) == UUID_LENGTH
    )
    if not is_plain:
        return None
    try:
        return {**event, "event_id": UUID(hex=event["event_id"]), "mono_ms": float(mono)}
    except ValueError:
        return None


def problem(kind: str, payload: Mapping[str, Any]) -> str | None:
    """What is wrong with an event, in words, or None."""
    rule = KINDS.get(kind)
    if rule is None:
        return f"There is no event of kind {kind[:40]}."
    for name, check in rule.must.items():
        if name not in payload or not check(payload[name]):
            return f"{kind} needs a valid {name}."
    for name in payload.keys() - rule.must.keys():
        check = rule.may.get(name, _small if rule.is_free else _never)
        if not _name(name) or not check(payload[name]):
            return f"{kind} cannot carry {name[:MAX_NAME]} as it is."
    if kind == "measure_put" and len(payload["points_mm"]) != MEASURE_POINTS[payload["tool"]]:
        return f"A measurement with {payload['tool']} has {MEASURE_POINTS[payload['tool']]} points."
    return None


def _never(_value: Any) -> bool:
    return False
