"""C11: a tab that was duplicated. The room makes a new id at every start; were one kept: this."""

import pytest

from readerstudy.reads.models import Batch, Quarantine
from tests.cast import People
from tests.integration.reads.conftest import Sits
from tests.scripted import Refused


@pytest.mark.fault("C11")
def test_c11_two_tabs_under_one_id_never_mix_what_they_did(people: People, sits: Sits) -> None:
    first = sits(people.rae)
    first.open()
    first.does("first_render")
    mark = first.mark(rating=80)
    twin = first.next_tab()
    twin.tab, twin.fence = first.tab, first.fence  # as a copy of the first tab's storage would
    first.flush()
    twin.does("first_render")
    other = twin.mark(rating=10)
    with pytest.raises(Refused) as refused:
        twin.flush()
    assert (refused.value.status, refused.value.code) == (409, "reads.altered_event")
    assert set(refused.value.body["altered"]) == {each["event_id"] for each in twin.made}
    assert Quarantine.objects.count() == len(twin.made)
    rows = Batch.objects.filter(read=first.read_id)
    assert {str(each.event_id) for row in rows for each in row.events()} == first.acknowledged
    (kept,) = first.reload()["draft"]["marks"]
    assert (kept["mark_id"], kept["rating"]) == (mark, 80)
    assert kept["mark_id"] != other
    fresh = first.next_tab()
    assert fresh.tab != first.tab
    assert fresh.open()["read"]["read_only"] is True
