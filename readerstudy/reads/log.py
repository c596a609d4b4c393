"""What the server has of one read's events: which places and ids are taken, what is missing.

Few bytes of few rows: one query, no body is unpacked and no model's instance made. It holds as
long as the read's row is locked; whoever changes the log has locked it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, Self
from uuid import UUID

from readerstudy.reads import packing
from readerstudy.reads.models import Batch, Read

MAX_MISSING = 500
COLUMNS = ("pk", "tab", "first_seq", "count", "is_applied", "keys")  # of a `Row`


class Row(NamedTuple):
    """A stored batch without its body."""

    pk: int
    tab: UUID
    first_seq: int
    length: int
    is_applied: bool
    keys: bytes

    @property
    def last_seq(self) -> int:
        """The number of the run's last event."""
        return self.first_seq + self.length - 1


@dataclass(frozen=True, slots=True)
class Log:
    """The rows of a read without their bodies, and all their keys in one string."""

    rows: Sequence[Row]
    keys: bytes
    starts: Sequence[int]  # of each row's first event in `keys`, counted in events
    tabs: dict[UUID, list[Row]]  # each tab's rows, by their numbers

    @classmethod
    def of(cls, read: Read) -> Self:
        """Look, in one query."""
        found = Batch.objects.filter(read=read).values_list(*COLUMNS)
        rows = [Row(*each) for each in found]
        starts, total = [], 0
        tabs: dict[UUID, list[Row]] = {}
        for row in rows:
            starts.append(total)
            total += row.length
            tabs.setdefault(row.tab, []).append(row)
        return cls(rows, b"".join(bytes(row.keys) for row in rows), starts, tabs)

    def of_tab(self, tab: UUID) -> list[Row]:
        """A tab's rows, in order."""
        return self.tabs.get(tab, [])

    def has(self, event_id: UUID) -> bool:
        """Whether an event of this id is stored, of whichever tab."""
        return packing.place(self.keys, event_id) is not None

    def digest_in(self, tab: UUID, event_id: UUID) -> str | None:
        """The digest of a stored event of the tab, or None."""
        at = packing.place(self.keys, event_id)
        if at is None or self.rows[bisect_right(self.starts, at) - 1].tab != tab:
            return None
        (digest,) = packing.digests(self.keys[at * packing.KEY_BYTES :][: packing.KEY_BYTES])
        return digest

    def is_taken(self, tab: UUID, seq: int) -> bool:
        """Whether an event is stored at a place in the tab's order."""
        rows = self.of_tab(tab)
        at = bisect_right(rows, seq, key=lambda row: row.first_seq)
        return at > 0 and seq <= rows[at - 1].last_seq

    def applied(self, tab: UUID) -> int:
        """The tab's highest number that is applied to the draft; 0 for none."""
        return max((row.last_seq for row in self.of_tab(tab) if row.is_applied), default=0)

    def waiting(self, tab: UUID, *, after: int) -> list[Batch]:
        """The tab's rows after a number that are not applied, with their bodies."""
        waits = [row.pk for row in self.of_tab(tab) if not row.is_applied and row.first_seq > after]
        return list(Batch.objects.filter(pk__in=waits)) if waits else []

    def missing(self, tab: UUID, *, and_also: Iterable[Batch] = ()) -> tuple[list[int], int]:
        """The numbers that a tab has left out so far, at most `MAX_MISSING`, and its highest."""
        runs = [(row.first_seq, row.last_seq) for row in self.of_tab(tab)]
        runs += [(row.first_seq, row.last_seq) for row in and_also]
        gaps, last = list[range](), 0
        for first, its_last in sorted(runs):
            gaps.append(range(last + 1, first))
            last = its_last
        return list(islice((seq for gap in gaps for seq in gap), MAX_MISSING)), last
