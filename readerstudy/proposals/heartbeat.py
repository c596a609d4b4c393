"""A worker's signs of life: it renews the lease of its run, and says what the detector is at.

The lease can then be short. A worker that is killed, frozen or cut off renews nothing; within
`JOB_LEASE_SECONDS` another takes the run, and the fence voids whatever the first still writes (B9).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread

import structlog
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.utils import timezone

from readerstudy.proposals.models import Run

log = structlog.get_logger(__name__)


def _mine(run: Run) -> QuerySet[Run]:
    """The run's row, while it is this worker's."""
    return Run.objects.filter(pk=run.pk, fence=run.fence, state=Run.State.RUNNING)


def renew(run: Run) -> bool:
    """Put the lease off once; False when the run is no longer this worker's."""
    until = timezone.now() + timedelta(seconds=settings.JOB_LEASE_SECONDS)
    return bool(_mine(run).update(lease_until=until))


def enter(run: Run, stage: str) -> None:
    """Say what the run is at, of `Run.Stage`: one statement, and no run fails for it."""
    try:
        _mine(run).update(stage=stage)
    except DatabaseError:
        log.warning("stage not noted", job=str(run.pk))


@contextmanager
def beating(run: Run) -> Iterator[None]:
    """Renew the run's lease three times a term, on a thread and connection of its own."""
    over = Event()

    def beat() -> None:
        try:
            while not over.wait(settings.JOB_LEASE_SECONDS / 3):
                try:
                    if not renew(run):
                        return
                except DatabaseError:  # the next beat tries again; the lease may lapse meanwhile
                    log.warning("lease not renewed", job=str(run.pk))
        finally:
            connection.close()

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
