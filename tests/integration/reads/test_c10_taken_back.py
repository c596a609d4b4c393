"""C10: a window that took a read back; what it did without the read arrives after what it did with.

The browser sends one after the other; a repeated request and a proxy may turn them round.
"""

import pytest

from readerstudy.reads.models import Mark
from tests.cast import People
from tests.integration.reads.conftest import Sits
from tests.scripted import Refused, Tab


@pytest.fixture
def back(people: People, sits: Sits) -> tuple[Tab, str, str]:
    """A window that has its read back, and the marks it put without it (not sent yet) and with."""
    tab = sits(people.rae)
    tab.open()
    tab.does("first_render")
    tab.flush()
    tab.next_tab().take_over()
    without = tab.mark()
    tab.take_over()
    return tab, without, tab.mark()


def of_before(tab: Tab, fence: int = 1) -> Refused:
    """Send what the window did without the read, under the lease of that time."""
    now, tab.fence = tab.fence, fence
    with pytest.raises(Refused) as refused:
        tab.deliver(tab.made[1:3])
    tab.fence = now
    return refused.value


@pytest.mark.fault("C6")
@pytest.mark.fault("C10")
def test_c10_a_gap_that_an_old_lease_closes_lets_the_rest_be_used(
    back: tuple[Tab, str, str],
) -> None:
    tab, without, having = back
    assert tab.deliver(tab.made[3:])["missing"] == [2, 3]
    refused = of_before(tab)
    assert (refused.status, refused.code) == (409, "reads.taken_over")
    assert refused.body["missing"] == []
    drafted = [mark["mark_id"] for mark in tab.reload()["draft"]["marks"]]
    assert drafted == [having]
    tab.answer_all()
    tab.deliver(tab.made[5:])
    tab.sign()
    assert [str(each.mark_id) for each in Mark.objects.filter(read=tab.read_id)] == [having]
    assert without != having


@pytest.mark.fault("C10")
def test_c10_what_comes_under_an_old_lease_is_told_so_though_the_window_has_the_read(
    back: tuple[Tab, str, str],
) -> None:
    tab, _without, _having = back
    refused = of_before(tab)
    assert (refused.status, refused.code) == (409, "reads.taken_over")
    assert len(refused.body["acknowledged"]) == 2
    assert tab.reload()["draft"]["marks"] == []
    with pytest.raises(Refused) as signing:
        tab.sign(fence=1)
    assert signing.value.code == "reads.taken_over"
