"""Fault A11: the server's clock is set by an hour in mid-read; no duration depends on it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest import mock

import pytest

from readerstudy.audit import selectors as audit
from readerstudy.reads.models import Batch, Read
from tests.cast import People
from tests.integration.reads.conftest import Sits

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """The server's clock stands at a moment."""
    with mock.patch("django.utils.timezone.now", return_value=moment):
        yield


@pytest.mark.fault("A11")
@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(hours=1)])
def test_a11_a_step_of_the_servers_clock_changes_no_order_and_no_duration(
    people: People, sits: Sits, step: timedelta
) -> None:
    with at(NOON):
        tab = sits(people.rae)
        tab.open()
        tab.does("first_render")
        first = tab.mark(rating=10)
        tab.flush()
    with at(NOON + timedelta(seconds=10) + step):
        tab.does("mark_rated", mark_id=first, rating=90)
        tab.answer_all()
        tab.does("submit_asked")
        tab.flush()
        assert [mark["rating"] for mark in tab.reload()["draft"]["marks"]] == [90]
        tab.sign()
    read = Read.objects.get(pk=tab.read_id)
    assert read.active_ms == tab.made[-1]["mono_ms"] - tab.made[0]["mono_ms"]
    kept = [each for row in Batch.objects.filter(read=read).order_by("id") for each in row.events()]
    assert [each.seq for each in kept] == list(range(1, len(tab.made) + 1))
    assert read.submitted_at is not None
    assert read.submitted_at - read.opened_at == step + timedelta(seconds=10)  # as it was, in UTC
    breaks = audit.verify(read.reader.study_id)
    assert not [each for each in breaks if each.tampering != "trigger off"]
    with at(NOON + timedelta(seconds=20) + step):
        assert sits(people.rae).open()["read"]["number"] == 1  # goes on
