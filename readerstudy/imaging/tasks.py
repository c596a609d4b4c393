"""Wake-up calls for deliveries that were sent."""

import time
from uuid import UUID

from readerstudy.celery import task
from readerstudy.imaging import grants, objects, services, store
from readerstudy.imaging.services import finishing, outgoing

SPOOLED_S = 24 * 3600


@task(name=finishing.TASK)
def finish(upload_id: str) -> None:
    """Finish one delivery, if it is still free."""
    services.perform(UUID(upload_id))


@task(name="imaging.sweep")
def sweep() -> int:
    """End what senders left quiet, send what waits again; wipe what was held too long."""
    services.end_quiet()
    services.wipe_old()
    services.wipe_old_parts()
    services.wipe_old_volumes()
    store.wipe_spooled(before=time.time() - SPOOLED_S)
    objects.forget_old()
    grants.sweep()
    count = services.wake_up() + services.send_due()
    services.compress_due()  # last: it takes its time
    return count


@task(name=outgoing.TASK)
def send(parcel_id: str) -> None:
    """Send one object to its PACS, if it is due."""
    services.send(UUID(parcel_id))
