"""The chain's arithmetic and its verification, offline as well as in the database. Pure.

Every entry's hash covers all of its fields and the hash of the entry before it. Who can rewrite
the table can also compute hashes: that is why *heads* (a chain's length and last hash) are kept
outside the operator's hands. `verify` names what was done where it can be told from the entries,
and against kept heads also what cannot (a cut tail, a rewrite, an old backup).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

FIRST_HASH = "0" * 64
MANY = 64  # broken links up to which every pair is compared


class Tampering(StrEnum):
    """What can have been done to a chain."""

    EDITED = "edited"
    DELETED = "deleted"
    INSERTED = "inserted"
    SWAPPED = "swapped"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    TRIGGER_OFF = "trigger off"


@dataclass(frozen=True, slots=True)
class Link:
    """An entry, as it is hashed and exported; `at` is ISO 8601 in UTC."""

    chain: str
    number: int
    at: str
    actor: str
    action: str
    object: str
    detail: Mapping[str, Any]
    reason: str
    previous_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain went when somebody kept note of it."""

    chain: str
    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Break:
    """A place where a chain is not what was written."""

    chain: str
    number: int
    tampering: Tampering
    words: str


def canonical(value: Any) -> bytes:
    """The one byte string of a JSON value: sorted keys, no spaces, UTF-8 (after RFC 8785)."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str
    ).encode()


def link_hash(link: Link) -> str:
    """SHA-256 over every field of the entry but its hash, that of the one before included."""
    fields = asdict(link)
    del fields["hash"]
    return hashlib.sha256(canonical(fields)).hexdigest()


def verify(
    links: Iterable[Link], *, kept: Iterable[Head] = (), since: Iterable[Head] = ()
) -> list[Break]:
    """Find and name what was done to chains.

    Parameters
    ----------
    links : iterable of Link
        Entries ordered by chain and number; read once, so that a chain may be long.
    kept : iterable of Head
        Heads noted earlier, outside the database.
    since : iterable of Head
        Where a chain was whole when it was last verified: its links begin with that entry, and
        what lies before is not asked for.

    Returns
    -------
    list of Break
        Empty when nothing was found.
    """
    begun = {head.chain: head for head in since}
    heads = {(head.chain, head.number): head for head in (*kept, *begun.values())}
    found: list[Break] = []
    last: dict[str, Link] = {}
    broken: list[Link] = []
    for link in links:
        previous = last.get(link.chain)
        if previous is None and link.chain in begun and begun[link.chain].number == link.number:
            previous = _before(link)
        last[link.chain] = link
        found += _gap(link, previous)
        if link_hash(link) != link.hash:
            broken.append(link)
        elif (where := _misplaced(link, previous)) is not None:
            found.append(where)
        if (head := heads.get((link.chain, link.number))) and head.hash != link.hash:
            words = f"Entry {link.number} has another hash than the head that was kept."
            found.append(Break(link.chain, link.number, Tampering.REWRITTEN, words))
    found += _name_broken(broken)
    found += _cut_tails(heads.values(), last)
    return sorted(found, key=lambda each: (each.chain, each.number, each.tampering))


def _before(link: Link) -> Link:
    """What stands for the entry before the first one that is looked at."""
    return replace(link, number=link.number - 1, hash=link.previous_hash)


def _gap(link: Link, previous: Link | None) -> Iterator[Break]:
    expected = previous.number + 1 if previous else 1
    if link.number != expected:
        words = f"Entries {expected} to {link.number - 1} are gone."
        yield Break(link.chain, expected, Tampering.DELETED, words)


def _misplaced(link: Link, previous: Link | None) -> Break | None:
    """A link whose own hash holds but which does not continue the one before."""
    expected_number = previous.number + 1 if previous else 1
    expected_hash = previous.hash if previous else FIRST_HASH
    if link.previous_hash == expected_hash or link.number != expected_number:
        return None  # whole, or after a gap, which is said already
    if previous and link_hash(previous) != previous.hash:
        return None  # the entry before was touched, which is said of it
    words = f"Entry {link.number} does not continue entry {link.number - 1}: one was rewritten."
    return Break(link.chain, link.number, Tampering.REWRITTEN, words)


def _name_broken(broken: list[Link]) -> list[Break]:
    """Name links whose hash does not hold: moved (their hash fits another number), or edited.

    A row put in between moves all that follow by one; a row taken out with renumbering moves them
    back by one; two rows that changed places fit each other's numbers.
    """
    home = {(link.chain, link.number): _home(link, broken) for link in broken}
    return [_name(link, home) for link in broken]


def _home(link: Link, broken: list[Link]) -> int | None:
    """The number that a link's hash fits: a neighbour's or, where few are broken, any of theirs."""
    tried = [link.number - 1, link.number + 1]
    if len(broken) <= MANY:
        tried += [other.number for other in broken if other.chain == link.chain]
    for number in tried:
        if link_hash(replace(link, number=number)) == link.hash:
            return number
    return None


def _name(link: Link, home: Mapping[tuple[str, int], int | None]) -> Break:
    number = home[link.chain, link.number]
    if number is None:
        moved_up = home.get((link.chain, link.number + 1)) == link.number
        kind = Tampering.INSERTED if moved_up else Tampering.EDITED
        words = f"Entry {link.number} was {kind}: its hash does not fit its content."
    elif home.get((link.chain, number)) == link.number:
        kind = Tampering.SWAPPED
        words = f"Entries {min(number, link.number)} and {max(number, link.number)} were swapped."
    elif number < link.number:
        kind = Tampering.INSERTED
        words = f"Entry {link.number} was number {number}: something was put in before it."
    else:
        kind = Tampering.DELETED
        words = f"Entry {link.number} was number {number}: something before it was taken out."
    return Break(link.chain, link.number, kind, words)


def _cut_tails(kept: Iterable[Head], last: Mapping[str, Link]) -> Iterator[Break]:
    for head in kept:
        length = last[head.chain].number if head.chain in last else 0
        if length < head.number:
            words = f"The chain ends at {length}; {head.number} entries were there."
            yield Break(head.chain, length + 1, Tampering.TRUNCATED, words)


def to_line(link: Link) -> str:
    """One line of an exported chain."""
    return canonical(asdict(link)).decode() + "\n"


def from_line(line: str) -> Link:
    """The entry of an exported line.

    Raises
    ------
    ValueError
        When the line is not an entry.
    """
    try:
        return Link(**json.loads(line))
    except (TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"Not an audit entry: {line[:80]!r}") from error


def verify_lines(lines: Iterable[str], *, kept: Iterable[Head] = ()) -> list[Break]:
    """Verify an exported chain without any database."""
    return verify((from_line(line) for line in lines if line.strip()), kept=kept)
