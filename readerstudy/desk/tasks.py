"""The hourly mails."""

import structlog

from readerstudy.celery import task
from readerstudy.desk import services
from readerstudy.studies.models import Study

log = structlog.get_logger(__name__)


@task(name="desk.sweep")
def sweep() -> int:
    """Mail coordinators what is new, and readers who have done nothing for a week."""
    sent = 0
    live = (Study.State.DRAFT, Study.State.READY, Study.State.RUNNING, Study.State.CLOSED)
    for study in Study.objects.filter(state__in=live):
        try:
            sent += len(services.mail_coordinators(study)) + len(services.remind_late(study))
        except OSError:  # a mail server that does not answer stops no other study
            log.exception("mail")
    return sent
