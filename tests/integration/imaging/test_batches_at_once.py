"""Files of one examination that come by two ways at the same instant, on PostgreSQL."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection, transaction

from readerstudy.imaging import services
from readerstudy.imaging.models import Collection, Instance, Upload
from readerstudy.imaging.services import standing
from tests import dicom

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def batch(collection: Collection, files: list[Path]) -> services.Batch:
    """Files that are clean and wait to be kept in a delivery of their own."""
    upload = services.start_upload(collection, by=None, source="stow")
    made = services.Batch(collection, lambda: services.Tally(upload))
    for each in files:
        made.add_path(each)
    return made


def wait_for_a_waiter() -> None:
    """Until another connection to this test's database waits for a lock."""
    for _ in range(3000):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # else it is the first each time
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("Nobody waits.")


def test_batches_that_both_bring_a_new_series_of_one_examination_do_not_deadlock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "TRIES", 1)  # a deadlock is not to be helped, but not to be
    collection = services.create_collection(name="images")
    study = dicom.generate_uid(prefix=None)
    first = dicom.series(tmp_path / "a", study=study, count=2)
    second = dicom.series(tmp_path / "b", study=study, count=2, description="FLAIR")
    theirs = batch(collection, second[:1])

    def flush() -> list[services.Outcome]:
        try:
            return theirs.flush()
        finally:
            connection.close()

    batch(collection, first[:1]).flush()  # the examination is there, and its lock to be had
    mine, more = batch(collection, first[1:]), batch(collection, second[1:])
    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            mine.flush()
            waiting = other.submit(flush)
            wait_for_a_waiter()
            more.flush()
        assert [each["state"] for each in waiting.result(120)] == ["stored"]
    assert Instance.objects.count() == 4
    assert sorted(Upload.objects.values_list("stored", "repeated")) == [(1, 0)] * 4
