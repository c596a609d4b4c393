"""Wake-up calls for detector runs."""

from uuid import UUID

from readerstudy.celery import task
from readerstudy.proposals import services


@task(name=services.TASK)
def run(run_id: str) -> None:
    """Do one run, if it is still free."""
    services.perform(UUID(run_id))


@task(name="proposals.sweep")
def sweep() -> int:
    """Make missing runs and send waiting ones again."""
    return services.sweep()
