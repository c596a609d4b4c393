"""C5: a read that was voided or withdrawn was seen all the same: the washout runs from it."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from readerstudy.reads import progress, selectors
from readerstudy.reads import services as reads
from readerstudy.reads.models import Read
from readerstudy.reads.progress import Standing
from readerstudy.studies.models import Reader, Study
from tests.cast import People
from tests.integration.reads.conftest import Sits
from tests.integration.reads.test_operations import DAY_0, at, finish_period

LATER = DAY_0 + timedelta(days=10)
OPENS = date(2026, 4, 9)  # 28 days after the last case


@pytest.fixture
def reader(people: People, study: Study, sits: Sits) -> Iterator[Reader]:
    """Rae read the last case of her first period ten days after the others."""
    with at(DAY_0):
        finish_period(sits, people.rae, 4)
    with at(LATER):
        finish_period(sits, people.rae, 1)
        yield Reader.objects.get(study=study, user=people.rae)


def of_period_1(reader: Reader) -> list[Read]:
    """The reader's reads of the first period, the last one first."""
    return list(Read.objects.filter(reader=reader, period=1).order_by("-opened_at"))


@pytest.mark.fault("D7")
def test_c5_voiding_the_last_read_opens_no_period_sooner(people: People, reader: Reader) -> None:
    assert selectors.opening_of(reader, 2).opens_on == OPENS
    reads.void(of_period_1(reader)[0].pk, reason="phone rang", by=people.cora)
    assert selectors.opening_of(reader, 2).opens_on == OPENS
    assert progress.progress(reader.study)[0].opens_on == OPENS


def test_c5_a_period_whose_reads_were_all_voided_ends_too(people: People, reader: Reader) -> None:
    """Else the next one would open never, and on no date."""
    for each in of_period_1(reader):
        reads.void(each.pk, reason="the wrong window", by=people.cora)
    assert selectors.opening_of(reader, 2).opens_on == OPENS
    line = progress.progress(reader.study)[0]
    assert (line.standing, line.opens_on) == (Standing.WASHOUT, OPENS)


@pytest.mark.fault("D7")
def test_c5_a_case_that_was_seen_and_never_signed_counts(
    people: People, study: Study, sits: Sits
) -> None:
    with at(DAY_0):
        finish_period(sits, people.rae, 4)
    with at(LATER):
        tab = sits(people.rae)
        tab.open()
        reads.void(Read.objects.get(pk=tab.read_id).pk, reason="wrong images", by=people.cora)
        reader = Reader.objects.get(study=study, user=people.rae)
        assert selectors.opening_of(reader, 2).opens_on == OPENS
