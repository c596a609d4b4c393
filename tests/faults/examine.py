"""Say what a fault test's database holds, as JSON. Run as a module.

Argument: a read to leave out, where there is one (`fill`).
"""

import json
import sys

import django

django.setup()

from django.db import connection  # noqa: E402 -- Django must be set up first

from readerstudy.audit import chain  # noqa: E402
from readerstudy.audit import selectors as audit  # noqa: E402
from readerstudy.audit.models import Entry  # noqa: E402
from readerstudy.reads.models import Answer, Batch, Quarantine, Read, Signature  # noqa: E402
from readerstudy.reads.services.submitting import timing_of  # noqa: E402


def _database_is_whole() -> bool:
    if connection.vendor != "sqlite":
        return True
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        return bool(cursor.fetchone()[0] == "ok")


def examined(without: str | None) -> dict[str, object]:
    """Events, reads, signatures, the record, and whether the database is whole."""
    aside = [without] if without else []
    reads = Read.objects.select_related("reader__study", "protocol_version").exclude(pk__in=aside)
    return {
        "events": [
            [str(row.read_id), str(event.event_id), str(row.tab), event.seq]
            for row in Batch.objects.exclude(read_id__in=aside).iterator(chunk_size=500)
            for event in row.events()
        ],
        "reads": {
            str(read.pk): {
                "state": read.state,
                "active_ms": read.active_ms,
                "recomputed_ms": timing_of(read).active_ms,
                "answers": dict(
                    Answer.objects.filter(read=read).values_list("question__key", "value")
                ),
                "marks": read.marks.filter(is_removed=False).count(),
                "signatures": Signature.objects.filter(read=read).count(),
                "recorded": Entry.objects.filter(
                    action="reads.submit", object=f"read:{read.pk}"
                ).count(),
            }
            for read in reads
        },
        "quarantined": Quarantine.objects.count(),
        "breaks": [str(each) for each in chain.verify(audit.links())],
        "is_whole": _database_is_whole(),
    }


if __name__ == "__main__":
    print(json.dumps(examined(next(iter(sys.argv[1:]), None))))  # noqa: T201 -- its output is its answer
