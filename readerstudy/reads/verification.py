"""Whether signed reads still are what was signed: for auditors, after a restore, before a freeze.

The triggers refuse changes; who owns the database can lift them. What a signature is under is
computed anew from rows and raw events, and so is the time that was kept with the read (D12, S7).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from readerstudy.audit.services import canonical
from readerstudy.reads.models import Read
from readerstudy.reads.services.submitting import signed_content, timing_of


@dataclass(frozen=True, slots=True)
class Altered:
    """A read that is not what was signed."""

    read: UUID
    words: str


def altered(study: UUID | None = None) -> Iterator[Altered]:
    """Each signed read of a study (or of all) that does not hold; one read in memory at a time."""
    reads = Read.objects.filter(submitted_at__isnull=False).order_by("submitted_at")
    if study is not None:
        reads = reads.filter(reader__study=study)
    related = reads.select_related("reader__study", "case", "protocol_version", "signature")
    for read in related.iterator(chunk_size=200):
        if not hasattr(read, "signature"):
            yield Altered(read.id, "It is submitted without a signature.")
            continue
        digest = hashlib.sha256(canonical(signed_content(read))).hexdigest()
        if digest != read.signature.sha256:
            yield Altered(read.id, "Marks, answers, events or time are not what was signed.")
        if not _events_hold(read):
            yield Altered(read.id, "An event is not what its digest was made of.")
        if timing_of(read).active_ms != read.active_ms:
            yield Altered(read.id, "Its events give another active time than the one kept.")


def _events_hold(read: Read) -> bool:
    """Whether each event still gives the digest that the signature is under."""
    return all(
        event.anew() == event.digest
        for row in read.batches.all()
        for event in row.events()
        if event.is_exact
    )
