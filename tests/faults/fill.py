"""Make the table of events as long as that of a platform in use. Run as a module.

Arguments: a read, whose first batch is copied into tabs of its own, and how many events in all.
"""

import sys
from uuid import uuid4

import django

django.setup()

from readerstudy.reads.models import Batch  # noqa: E402 -- Django must be set up first

AT_ONCE = 5_000

if __name__ == "__main__":
    read_id, events = sys.argv[1], int(sys.argv[2])
    first = Batch.objects.filter(read_id=read_id).order_by("id")[0]
    copies = -(-events // first.count)
    for begin in range(0, copies, AT_ONCE):
        Batch.objects.bulk_create(
            Batch(
                read_id=first.read_id, tab=uuid4(), first_seq=1, count=first.count,
                fence=first.fence, keys=first.keys, body=first.body,
                received_at=first.received_at, is_applied=True,
            )
            for _ in range(min(AT_ONCE, copies - begin))
        )  # fmt: skip
    print(sum(Batch.objects.values_list("count", flat=True)))  # noqa: T201 -- its answer
