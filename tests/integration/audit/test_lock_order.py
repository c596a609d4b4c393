"""The audit chain is locked last: the watch over every test on PostgreSQL does catch it."""

from collections.abc import Callable

import pytest
from django.db import transaction

from readerstudy.audit.services import record
from readerstudy.reads.models import Read
from readerstudy.studies.models import Study
from tests import kept
from tests.cast import People
from tests.lock_order import LockOrderError

pytestmark = pytest.mark.postgres


@transaction.atomic
def after_the_chain(study: Study, then: Callable[[], object]) -> None:
    """Write to the study's chain, and so hold it; then do something else."""
    record("x.y", subject="x:1", by=None, study=study.pk)
    then()


def lock_reads() -> None:
    list(Read.objects.select_for_update(no_key=True))


def change_studies() -> None:
    Study.objects.update(summary="late")


def write_another_chain() -> None:
    record("x.y", subject="x:1", by=None)


@pytest.mark.parametrize(
    ("then", "words"),
    [(lock_reads, "reads_read"), (change_studies, "studies_study"),
     (write_another_chain, "second")],
)  # fmt: skip
def test_what_waits_while_it_holds_the_chain_is_caught(
    people: People, then: Callable[[], None], words: str
) -> None:
    study = kept.draft_study(people)
    with pytest.raises(LockOrderError, match=words):
        after_the_chain(study, then)


def test_rows_first_and_the_chain_last_pass_as_often_as_wanted(people: People) -> None:
    study = kept.draft_study(people)
    for _ in range(2):
        with transaction.atomic():
            locked = Study.objects.select_for_update(no_key=True).get(pk=study.pk)
            after_the_chain(study, locked.save)
