"""Wake-up calls for deliveries that were sent."""

from uuid import UUID

from readerstudy.celery import task
from readerstudy.imaging import services
from readerstudy.imaging.services import finishing


@task(name=finishing.TASK)
def finish(upload_id: str) -> None:
    """Finish one delivery, if it is still free."""
    services.perform(UUID(upload_id))


@task(name="imaging.sweep")
def sweep() -> int:
    """Send waiting deliveries again; wipe what was held too long."""
    services.wipe_old()
    services.wipe_old_parts()
    return services.wake_up()
