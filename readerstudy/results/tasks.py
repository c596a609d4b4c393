"""Wake-up calls for analysis runs."""

from uuid import UUID

from readerstudy.celery import task
from readerstudy.results.services import analyse


@task(name=analyse.TASK)
def run(run_id: str) -> None:
    """Do one analysis run, if it is still free."""
    analyse.perform(UUID(run_id))


@task(name="results.sweep")
def sweep() -> int:
    """Send waiting runs again: the broker never holds the only copy."""
    return analyse.wake_up()
