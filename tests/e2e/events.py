"""What the server has of a read's events, read past the platform."""

import json
import time
from typing import Any

from tests.e2e.conftest import Site


def events_of(site: Site, read_id: str) -> list[dict[str, Any]]:
    """What the server has of a read, in the order in which it came."""
    code = (
        "import json\n"
        "from readerstudy.reads.models import Batch\n"
        f"rows = Batch.objects.filter(read='{read_id}').order_by('id')\n"
        "print(json.dumps([dict(tab=str(b.tab), seq=e.seq, kind=e.kind, payload=e.payload)"
        " for b in rows for e in b.events()]))"
    )
    return list(json.loads(site.ask(code)))


def settled(site: Site, read_id: str) -> int:
    """How many events the server has of a read, once what was on its way has come."""
    count = -1
    while (now := len(events_of(site, read_id))) != count:
        count = now
        time.sleep(1)
    return count


def gaps_in(events: list[dict[str, Any]]) -> dict[str, list[int]]:
    """The numbers that are missing in each tab, and those that are there twice."""
    tabs: dict[str, list[int]] = {}
    for each in events:
        tabs.setdefault(each["tab"], []).append(each["seq"])
    return {
        tab: seqs for tab, seqs in tabs.items() if sorted(seqs) != list(range(1, len(seqs) + 1))
    }
