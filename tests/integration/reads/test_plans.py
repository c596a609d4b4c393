"""A read's events are asked for by the read, never along the ids of all events ever stored.

With `ORDER BY id`, in a cursor or with a limit, PostgreSQL walks the primary key until it has met
the read's few rows: with 60,000 stored batches each signature took 27 ms longer, and the live view
of 390 open reads 3.2 s.
"""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from readerstudy.reads import live, verification
from readerstudy.studies.models import Study
from tests.cast import People
from tests.integration.reads.conftest import Sits

pytestmark = pytest.mark.django_db
BY_ID = re.compile(r'"reads_batch".*ORDER BY \w*"?\w+"?\."id"')


def asked_of_events(act: Callable[[], object]) -> list[str]:
    """The queries that read events."""
    with CaptureQueriesContext(connection) as asked:
        act()
    queries = [each["sql"] for each in asked.captured_queries]
    return [each for each in queries if "SELECT" in each and 'FROM "reads_batch"' in each]


def test_a_signature_the_live_view_and_a_check_ask_for_no_events_along_their_ids(
    people: People, study: Study, sits: Sits
) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.read_case()
    looked = asked_of_events(lambda: live.live(study))
    signed = asked_of_events(tab.sign)
    checked = asked_of_events(lambda: list(verification.altered(study.pk)))
    assert [len(each) for each in (looked, signed, checked)] == [2, 3, 3]
    asked = [*looked, *signed, *checked]
    assert [each for each in asked if BY_ID.search(each) or '"reads_read"' in each] == []
