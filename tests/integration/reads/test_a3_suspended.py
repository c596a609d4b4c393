"""Nothing is served to who may not read: a suspended study's readers (A3), and after the end (C6).

What a reader does meanwhile is kept, whatever is shown.
"""

from collections.abc import Callable
from typing import Any

import pytest

from readerstudy.reads.models import Batch
from readerstudy.studies import services as studies
from readerstudy.studies.models import Reader, Study
from tests.cast import People
from tests.integration.reads import worlds
from tests.integration.reads.conftest import Sits
from tests.scripted import Refused, Tab


def shown(tab: Tab) -> list[Callable[[], Any]]:
    """All that shows something of a read, its images or the next one's."""
    read = f"/api/reads/{tab.read_id}"
    return [
        tab.open,
        tab.reload,
        lambda: tab.call("GET", f"{read}/next-images"),
        lambda: tab.call("GET", f"{read}/heat-maps"),
        lambda: tab.call("GET", f"{read}/known-lesions"),
    ]


def codes(tab: Tab) -> set[tuple[int, str]]:
    """How each of them is refused."""
    found = set()
    for each in shown(tab):
        with pytest.raises(Refused) as refused:
            each()
        found.add((refused.value.status, refused.value.code))
    return found


def test_a3_a_suspended_study_shows_nothing_of_an_open_read_and_keeps_what_is_done(
    people: People, study: Study, sits: Sits
) -> None:
    user = worlds.aided_first(study)
    sits(user).read_and_sign()
    tab = sits(user)
    tab.open()
    studies.halt(study, reason="weights differ", by=people.cora)
    assert codes(tab) == {(409, "studies.halted")}
    tab.read_case()
    assert sum(each.count for each in Batch.objects.filter(read=tab.read_id)) == len(tab.made)
    with pytest.raises(Refused) as signing:
        tab.sign()
    assert signing.value.code == "studies.halted"
    studies.resume(study, reason="they are the same", by=people.cora)
    assert len(tab.reload()["draft"]["marks"]) == 1
    tab.sign()


def test_c6_a_read_that_is_over_opens_no_next_images(
    people: People, study: Study, sits: Sits
) -> None:
    """The address of a signed read told of every next case, also to who had withdrawn."""
    sits(people.rae).read_and_sign()
    signed = sits(people.rae)
    signed.read_and_sign()
    with pytest.raises(Refused) as over:
        signed.call("GET", f"/api/reads/{signed.read_id}/next-images")
    assert (over.value.status, over.value.code) == (409, "reads.submitted")
    tab = sits(people.rae)
    tab.open()
    reader = Reader.objects.get(study=study, user=people.rae)
    studies.withdraw_reader(reader, reason="new job", by=people.cora)
    assert codes(tab) == {(409, "reads.withdrawn"), (404, "unknown")}
    assert codes(signed) == {(409, "reads.submitted"), (404, "unknown")}
