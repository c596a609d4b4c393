"""Run the analysis plan on frozen data: a job that is a row, then numbers and figures."""

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from readerstudy.audit.services import canonical, record
from readerstudy.celery import app
from readerstudy.results import selectors, store
from readerstudy.results.models import AnalysisRun, Freeze
from readerstudy.web.problems import Problem

if TYPE_CHECKING:
    from readerstudy.accounts.models import User

log = structlog.get_logger(__name__)
TASK = "results.analyse"
LEASE = timedelta(minutes=30)


@transaction.atomic
def queue(freeze: Freeze, *, by: "User") -> AnalysisRun:
    """Make a run of the study's locked analysis plan and wake a worker.

    Raises
    ------
    Problem
        409 before the study is unblinded.
    """
    unblinding = getattr(freeze, "unblinding", None)
    if unblinding is None or unblinding.granted_at is None:
        raise Problem(
            "results.blinded",
            "The study is still blinded. Ask for unblinding; another person grants it.",
        )
    run = AnalysisRun.objects.create(
        freeze=freeze, plan=selectors.plan_of(freeze.study), by=by, queued_at=timezone.now()
    )
    record("results.queue", subject=f"analysis:{run.id}", by=by, study=freeze.study_id)
    transaction.on_commit(lambda: app.send_task(TASK, args=[str(run.id)]))
    return run


def claim(run_id: UUID) -> AnalysisRun | None:
    """Take the run unless another worker holds it; the fence makes a stale worker's result void."""
    now = timezone.now()
    free = Q(state=AnalysisRun.State.QUEUED) | Q(
        state=AnalysisRun.State.RUNNING, lease_until__lt=now
    )
    taken = AnalysisRun.objects.filter(
        free, pk=run_id, attempt__lt=settings.JOB_MAX_ATTEMPTS
    ).update(
        state=AnalysisRun.State.RUNNING,
        attempt=F("attempt") + 1,
        fence=F("fence") + 1,
        lease_until=now + LEASE,
    )
    return AnalysisRun.objects.select_related("freeze__study").get(pk=run_id) if taken else None


def perform(run_id: UUID) -> None:
    """Do the run if it is free: read and check the frozen files, analyse, keep the results."""
    from readerstudy.results import bridge  # the web process needs no statistics to start

    run = claim(run_id)
    if run is None:
        return
    try:
        files = store.read(store.freeze_folder(run.freeze_id), run.freeze.sha256)
        outcome = bridge.analyse(run.plan, files)
    except Exception as error:
        log.exception("analysis failed", job=str(run.id))
        text = error.detail if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
        _finish(run, state=AnalysisRun.State.FAILED, error=text)
        return
    store.write(store.run_folder(run.id) / f"{run.fence}", outcome.files)
    _finish(
        run,
        state=AnalysisRun.State.DONE,
        numbers=outcome.numbers,
        numbers_sha256=hashlib.sha256(canonical(outcome.numbers)).hexdigest(),
        software=f"analysis {bridge.VERSION}",
    )


@transaction.atomic
def _finish(run: AnalysisRun, **values: object) -> None:
    done = AnalysisRun.objects.filter(pk=run.pk, fence=run.fence).update(
        done_at=timezone.now(), **values
    )
    if done:
        detail = {"state": values["state"], "numbers_sha256": values.get("numbers_sha256", "")}
        record(
            "results.analyse",
            subject=f"analysis:{run.id}",
            by=None,
            study=run.freeze.study_id,
            detail=detail,
        )


def wake_up() -> int:
    """Send the ids of runs that wait or whose worker died; answer how many."""
    waiting = AnalysisRun.objects.filter(
        Q(state=AnalysisRun.State.QUEUED)
        | Q(state=AnalysisRun.State.RUNNING, lease_until__lt=timezone.now())
    )
    ids = [str(each) for each in waiting.values_list("id", flat=True)]
    for each in ids:
        app.send_task(TASK, args=[each], expires=2 * settings.SWEEP_SECONDS)
    return len(ids)
