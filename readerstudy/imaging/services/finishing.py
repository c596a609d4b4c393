"""End a delivery: pack and check its examinations, in the background where a browser waits.

An ended delivery is a job like a detector's run: a row with state, lease and attempts. The
broker's message only wakes a worker up; the sweep sends it again (decision 0003).
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.celery import app
from readerstudy.imaging.models import Examination, Series, Upload
from readerstudy.imaging.services import datasets
from readerstudy.imaging.services.packing import make_ready
from readerstudy.web.problems import Problem

log = structlog.get_logger(__name__)
TASK = "imaging.finish"
LEASE = timedelta(minutes=5)  # renewed after each examination, which takes seconds
State = Upload.State
CHECK_AGAIN = "check again"  # a delivery that brings nothing: the examinations of its report


def end_upload(upload: Upload, *, by: User | None) -> Upload:
    """Say that every file was sent; a worker does the rest. Safe to repeat.

    Raises
    ------
    Problem
        409 for a delivery that failed: its files are kept, send them again in a new one.
    """
    with transaction.atomic():
        if Upload.objects.filter(pk=upload.pk, state=State.RECEIVING).update(state=State.WORKING):
            record("imaging.end_upload", subject=f"upload:{upload.pk}", by=by)
            transaction.on_commit(lambda: wake(upload.pk))
    upload.refresh_from_db()
    if upload.state == State.FAILED:
        words = f"{_failure(upload)} Send the files again: what was stored is skipped."
        raise Problem("imaging.failed", words)
    return upload


def _failure(upload: Upload) -> str:
    return str(upload.report.get("failure", "The delivery failed."))


def wake(upload_id: UUID) -> bool:
    """Send a worker the id of a delivery; a broker that is down loses nothing."""
    try:
        app.send_task(TASK, args=[str(upload_id)], expires=2 * settings.SWEEP_SECONDS)
    except OperationalError:
        log.exception("the broker does not answer", job=str(upload_id))
        return False
    return True


def _free() -> Q:
    lapsed = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    return Q(state=State.WORKING) & lapsed


def wake_up() -> int:
    """Send waiting deliveries again; set those aside that were tried too often."""
    for upload in Upload.objects.filter(_free(), attempt__gte=settings.JOB_MAX_ATTEMPTS):
        _fail(upload, f"The worker stopped without a word, {upload.attempt} times in a row.")
    ids = list(Upload.objects.filter(_free()).order_by("created_at").values_list("pk", flat=True))
    return sum(1 for pk in ids if wake(pk))


def perform(upload_id: UUID) -> None:
    """Finish a delivery if it is free; what fails is tried again, then set aside with its words."""
    upload = Upload.objects.filter(pk=upload_id).first()
    if upload is None or not _claim(upload):
        return
    try:
        _work(upload)
    except Exception as error:
        log.exception("delivery failed", job=str(upload_id))
        if upload.attempt >= settings.JOB_MAX_ATTEMPTS:
            _fail(upload, f"{type(error).__name__}: {error}")
        else:
            Upload.objects.filter(pk=upload.pk).update(lease_until=None)


def finish_upload(upload: Upload) -> Upload:
    """End a delivery here and now, as a command does. Safe to repeat."""
    begun = Upload.objects.filter(pk=upload.pk, state=State.RECEIVING).update(
        state=State.WORKING, lease_until=timezone.now() + LEASE, attempt=1
    )
    if begun or _claim(upload):
        upload.refresh_from_db()
        _work(upload)
    return upload


def _claim(upload: Upload) -> bool:
    claimed = Upload.objects.filter(
        _free(), pk=upload.pk, attempt__lt=settings.JOB_MAX_ATTEMPTS
    ).update(lease_until=timezone.now() + LEASE, attempt=F("attempt") + 1)
    upload.refresh_from_db()
    return bool(claimed)


def _work(upload: Upload) -> None:
    """Make each examination ready, keeping count for whoever waits; then close with the report."""
    datasets.take(upload, lease=LEASE)
    series = Series.objects.filter(pk__in=list(upload.report["series"]))
    examinations = list(Examination.objects.filter(pk__in=series.values("examination")))
    problems = datasets.lost(upload)
    for number, examination in enumerate(examinations, start=1):
        if examination.ready_at is None or upload.source == CHECK_AGAIN:
            problems += make_ready(examination)
        so_far = [number, len(examinations)]
        datasets.note(upload.pk, lease_until=timezone.now() + LEASE, ready=so_far)
    _close(upload, problems=problems)
    upload.refresh_from_db()


@transaction.atomic
def _close(upload: Upload, *, problems: list[str]) -> None:
    if (locked := _done(upload, State.DONE, problems=problems)) is None:
        return  # another worker closed it
    detail = {name: getattr(locked, name) for name in ("received", "stored", "repeated", "refused")}
    record("imaging.finish_upload", subject=f"upload:{locked.id}", by=locked.by, detail=detail)


@transaction.atomic
def _fail(upload: Upload, words: str) -> None:
    if locked := _done(upload, State.FAILED, failure=words[:500]):
        record("imaging.fail_upload", subject=f"upload:{locked.id}", by=locked.by)


def _done(upload: Upload, state: Upload.State, **told: Any) -> Upload | None:
    """The delivery as it now is, locked and closed; None where it was closed before.

    A file that came late was counted in it after the worker took it up: nothing of that is lost.
    """
    locked = Upload.objects.select_for_update().get(pk=upload.pk)
    if locked.state != State.WORKING:
        return None
    locked.report |= told
    locked.state, locked.done_at, locked.lease_until = state, timezone.now(), None
    locked.save(update_fields=["report", "state", "done_at", "lease_until"])
    return locked
