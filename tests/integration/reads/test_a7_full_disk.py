"""Fault A7 on SQLite: what finds no room is refused before it is acknowledged, and comes in later.

PostgreSQL's disk is filled in tests/faults/test_storm.py.
"""

import numpy as np
import pytest
from django.db import connection
from django.test import Client

from tests import cast
from tests.integration.reads.conftest import running
from tests.integration.reads.test_events import stored
from tests.scripted import Refused, Tab, through


@pytest.mark.once  # about SQLite's file
@pytest.mark.fault("A7")
@pytest.mark.django_db(transaction=True)
def test_a7_a_full_sqlite_file_is_said_and_heals() -> None:
    people = cast.people()
    client = Client(raise_request_exception=False)
    client.force_login(people.rae, backend="django.contrib.auth.backends.ModelBackend")
    tab = Tab(through(client), running(people).pk)
    tab.open()
    tab.does("first_render")
    tab.flush()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA page_count")
        cursor.execute(f"PRAGMA max_page_count = {cursor.fetchone()[0]}")
    with pytest.raises(Refused) as refused:
        _send_on(tab)
    assert (refused.value.status, refused.value.code) == (503, "unavailable")
    waiting = [each["seq"] for each in tab.outbox]
    assert waiting
    assert stored(tab) == list(range(1, waiting[0]))
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1073741823")
    tab.flush()
    assert stored(tab) == list(range(1, len(tab.made) + 1))


def _send_on(tab: Tab) -> None:
    """Batch after batch, until one is refused."""
    rng = np.random.default_rng(1)  # what chance makes cannot be packed
    for _ in range(500):
        tab.does("key", 0.1, key=rng.bytes(1500).hex())
        tab.flush()
