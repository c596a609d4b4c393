"""The audit chain is locked last: the watch over every test on PostgreSQL does catch it."""

import pytest
from django.db import transaction

from readerstudy.audit.services import record
from readerstudy.reads.models import Read
from readerstudy.studies.models import Study
from tests import factories
from tests.cast import People
from tests.lock_order import LockOrderError

pytestmark = pytest.mark.postgres


def note(study: Study) -> None:
    """Write to the study's chain, and so hold it."""
    record("x.y", subject="x:1", by=None, study=study.pk)


def test_a_row_locked_after_the_chain_is_caught(people: People) -> None:
    study = factories.draft_study(people)
    with pytest.raises(LockOrderError, match="reads_read"), transaction.atomic():
        note(study)
        list(Read.objects.select_for_update(no_key=True))


def test_a_row_changed_after_the_chain_is_caught(people: People) -> None:
    study = factories.draft_study(people)
    with pytest.raises(LockOrderError, match="studies_study"), transaction.atomic():
        note(study)
        Study.objects.update(summary="late")


def test_a_second_chain_in_one_transaction_is_caught(people: People) -> None:
    study = factories.draft_study(people)
    with pytest.raises(LockOrderError, match="second"), transaction.atomic():
        note(study)
        record("x.y", subject="x:1", by=None)


def test_rows_first_and_the_chain_last_pass_as_often_as_wanted(people: People) -> None:
    study = factories.draft_study(people)
    for _ in range(2):
        with transaction.atomic():
            locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
            note(study)
            locked.save()
