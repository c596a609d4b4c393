"""Events as they lie on disk: a run of one tab's events in a row, packed. Pure.

A run is one or more events of one tab whose sequence numbers follow each other. Its *keys* are 24
bytes an event: the browser's id, then the first 8 bytes of the SHA-256 of all that was sent, so
that a repeat is told from an alteration without unpacking anything. Its *body* is everything else,
to the bit: kinds and clocks, then what the events carry. Numbers stay as they were sent, which a
`jsonb` column does not promise (-0.0, 1e22).
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from readerstudy.audit.chain import canonical

ID_BYTES, DIGEST_BYTES = 16, 8
KEY_BYTES = ID_BYTES + DIGEST_BYTES
RAW = -15  # deflate without header and checksum: the database has its own, and the digests are ours

# The first byte of a body. What a format once meant it means for ever: a new one gets a number.
FORMAT = 1
_DICTIONARY = (
    b'"load_start","first_render","all_decoded","focus","blur","hidden","visible","idle_start",'
    b'"idle_end","pause","resume","layout","link","key","proposals_shown","proposals_hidden",'
    b'"suspended","reload","crash_recovered","submit_asked","mark_removed","mark_restored",'
    b'"no_lesion_said","proposal_viewed","proposal_accepted","proposal_rejected","answer_set",'
    b'"mark_sized","mark_moved","mark_rated","mark_put","tool","pan","zoom","window","scroll",'
    b'"scroll","scroll","scroll"],[0,0,0,0,0,0,0,0,1,-1,0,"said":true,"value":"key":"likelihood",'
    b'"proposal":null,"words":"deed":"measured","values":{"diameter_mm":null,"number":1,'
    b'"mark_id":"","position_mm":[0.0,0.0,0.0],"rating":50,"series":"","from":"to":"center":'
    b'"width":"factor":1.0,"x":0.5,"y":0.5,"frame":1},{"pane":0,"slice":100,"steps":1},'
    b'{"pane":0,"slice":101,"steps":1},{},{}]'
)


class UnknownFormatError(ValueError):
    """A body that was packed by a later version of this module."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One event, as it was sent."""

    event_id: UUID
    seq: int
    kind: str
    mono_ms: float
    wall_ms: int
    payload: dict[str, Any]
    digest: str  # 16 hex digits, as it was computed when the event came
    is_exact: bool = True  # whether `digest` can be computed anew from the rest

    def anew(self) -> str:
        """The digest, from what is kept."""
        return digest_of(
            {
                "event_id": self.event_id, "seq": self.seq, "kind": self.kind,
                "mono_ms": self.mono_ms, "wall_ms": self.wall_ms, "payload": self.payload,
            }
        )  # fmt: skip


def digest_of(event: Mapping[str, Any]) -> str:
    """What tells a repeat from an alteration: 16 hex digits over all that was sent."""
    return hashlib.sha256(canonical(dict(event))).hexdigest()[: 2 * DIGEST_BYTES]


def runs(seqs: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The stretches without a gap in ascending numbers: (first, how many)."""
    first = last = 0
    for seq in seqs:
        if first and seq == last + 1:
            last = seq
            continue
        if first:
            yield first, last - first + 1
        first = last = seq
    if first:
        yield first, last - first + 1


def keys_of(events: Iterable[tuple[UUID, str]]) -> bytes:
    """Ids and digests as they are kept."""
    return b"".join(event_id.bytes + bytes.fromhex(digest) for event_id, digest in events)


def digests(keys: bytes) -> list[str]:
    """The digests of a run, in its order."""
    return [keys[at + ID_BYTES : at + KEY_BYTES].hex() for at in range(0, len(keys), KEY_BYTES)]


def ids(keys: bytes) -> list[UUID]:
    """The events' ids of a run, in its order."""
    return [UUID(bytes=keys[at : at + ID_BYTES]) for at in range(0, len(keys), KEY_BYTES)]


def place(keys: bytes, event_id: UUID) -> int | None:
    """Where in joined keys an id stands (0 is the first event), or None."""
    at = keys.find(event_id.bytes)
    while at >= 0 and at % KEY_BYTES:
        at = keys.find(event_id.bytes, at + 1)
    return None if at < 0 else at // KEY_BYTES


def body_of(events: Sequence[Mapping[str, Any]], *, inexact: Sequence[int] = ()) -> bytes:
    """Pack the kinds, clocks and payloads of a run.

    Parameters
    ----------
    events : sequence of mappings
        `kind`, `mono_ms`, `wall_ms`, `payload` of each, by sequence number.
    inexact : sequence of int
        Places whose digest cannot be computed anew (rows of before, whose numbers the database
        had spelled in its own way).
    """
    monos = [float(each["mono_ms"]) for each in events]
    offsets = [each["wall_ms"] - round(mono) for each, mono in zip(events, monos, strict=True)]
    # Both clocks tick alike, so that what is left of the second is mostly zeros.
    walls = [offsets[0], *(offset - offsets[0] for offset in offsets[1:])] if offsets else []
    clocks = [[each["kind"] for each in events], monos, walls]
    carried: list[Any] = [[each["payload"] for each in events]]
    if inexact:
        carried.append(list(inexact))
    squeeze = zlib.compressobj(9, zlib.DEFLATED, RAW, 8, zlib.Z_DEFAULT_STRATEGY, _DICTIONARY)
    text = b"\n".join(_compact(each) for each in (clocks, carried))
    return bytes([FORMAT]) + squeeze.compress(text) + squeeze.flush()


def clocks_of(body: bytes) -> list[tuple[str, float, int]]:
    """Kind, monotonic and wall clock (milliseconds) of each event; what they carry stays packed.

    Raises
    ------
    UnknownFormatError
        For a body of a later version.
    """
    kinds, monos, walls = json.loads(_lines(body)[0])
    first = walls[0]
    offsets = [first, *(first + each for each in walls[1:])]
    return [
        (kind, mono, round(mono) + offset)
        for kind, mono, offset in zip(kinds, monos, offsets, strict=True)
    ]


def unpacked(first_seq: int, keys: bytes, body: bytes) -> list[Kept]:
    """The events of a run, as they were sent.

    Raises
    ------
    UnknownFormatError
        For a body of a later version.
    """
    payloads, *rest = json.loads(_lines(body)[1])
    inexact = set(rest[0]) if rest else set()
    rows = zip(ids(keys), clocks_of(body), payloads, digests(keys), strict=True)
    return [
        Kept(event_id, first_seq + at, *clocks, payload, digest, at not in inexact)
        for at, (event_id, clocks, payload, digest) in enumerate(rows)
    ]


def _lines(body: bytes) -> list[bytes]:
    if body[0] != FORMAT:
        raise UnknownFormatError(f"These events were packed by a later version ({body[0]}).")
    return zlib.decompressobj(RAW, zdict=_DICTIONARY).decompress(body[1:]).split(b"\n")


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
