"""Wake-up calls for analysis runs."""

from uuid import UUID

from readerstudy.celery import task
from readerstudy.results.services import analyse, sending


@task(name=analyse.TASK)
def run(run_id: str) -> None:
    """Do one analysis run, if it is still free."""
    analyse.perform(UUID(run_id))


@task(name="results.sweep")
def sweep() -> int:
    """Send waiting jobs again: the broker never holds the only copy."""
    return analyse.wake_up() + sending.wake_up()


@task(name=sending.TASK)
def send(job_id: str) -> None:
    """Put a study's results on their way to a PACS, if nobody does."""
    sending.perform(UUID(job_id))
