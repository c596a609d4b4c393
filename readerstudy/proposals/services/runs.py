"""Runs of detectors: made by one idempotent sweep, claimed by lease, finished once.

Jobs are rows. The broker carries ids only and may lose or repeat them (faults B1-B9).
"""

import hashlib
import string
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import transaction
from django.db.models import Case as Either
from django.db.models import F, IntegerField, Q, When
from django.utils import timezone
from kombu.exceptions import OperationalError

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.celery import SOFT_LIMIT_SECONDS, app
from readerstudy.imaging import selectors as imaging
from readerstudy.imaging.models import Examination, SeriesRole
from readerstudy.proposals import bridge, selectors
from readerstudy.proposals.heartbeat import beating, enter
from readerstudy.proposals.lesions import ProposalHeatMap, ProposedLesion
from readerstudy.proposals.models import Run
from readerstudy.studies.models import Study
from readerstudy.studies.selectors import drafts_that_tell_kinds, tells_kinds
from readerstudy.web.problems import Problem

log = structlog.get_logger(__name__)
TASK = "proposals.run"
MAX_PROPOSALS = 200
TOO_LONG = (
    f"It took longer than a run may, {SOFT_LIMIT_SECONDS // 60} minutes: give its worker more cores"
    " or a GPU, or use a detector that is faster."
)


def sweep() -> int:
    """Make a run for every examination and detector wanted for it that has none; wake workers.

    Safe to repeat and to run twice at once: the key is unique. Answers how many ids were sent.
    """
    for detector, examinations in selectors.wanted().items():
        there = Run.objects.filter(detector=detector).values("examination")
        for examination in examinations.exclude(pk__in=there):
            request(examination, detector=detector)
    ask_for_kinds()
    return wake_up()


def ask_for_kinds() -> None:
    """Run detectors again where a draft is to tell kinds of lesion and they were not asked for.

    Also where another head than today's was asked. Nothing is asked where the head's file is
    damaged: runs fail with its words.
    """
    drafts = list(drafts_that_tell_kinds())
    if not drafts:
        return
    try:
        head = bridge.kinds_head()
    except ValueError:
        log.exception("the head that tells kinds of lesion cannot be read")
        return
    for study in drafts:
        _run_again(study, head)


@transaction.atomic
def _run_again(study: Study, head: bridge.Head) -> None:
    """Under the draft's lock: what a study was locked with is never made again."""
    drafts = drafts_that_tell_kinds().select_for_update(no_key=True)
    if drafts.filter(pk=study.pk).first() is None:
        return
    unasked = selectors.runs_of_detectors(study).exclude(kinds_sha256=head.sha256)
    for run in unasked.select_for_update(no_key=True, of=("self",)).order_by("pk"):
        _queue_again(run)
        detail = {"head": head.name, "sha256": head.sha256}
        record("proposals.ask_for_kinds", subject=f"run:{run.id}", by=None, detail=detail)


def _queue_again(run: Run) -> None:
    run.state, run.attempt, run.error, run.done_at = Run.State.QUEUED, 0, "", None
    run.lost = 0
    run.save(update_fields=["state", "attempt", "error", "done_at", "lost"])


def request(examination: Examination, *, detector: str) -> Run:
    """Make the run of a detector on an examination, unless there is one."""
    run, _ = Run.objects.get_or_create(
        key=key_of(examination, detector),
        defaults={
            "examination": examination,
            "detector": detector,
            "queued_at": timezone.now(),
        },
    )
    return run


def _free() -> Q:
    """Runs that a worker may take: those that wait, whose worker died, whose pause is over."""
    lapsed = Q(state=Run.State.RUNNING, lease_until__lt=timezone.now())
    paused = Q(state=Run.State.FAILED, lease_until__gte=timezone.now())
    return Q(state__in=(Run.State.QUEUED, Run.State.FAILED)) & ~paused | lapsed


def wake_up() -> int:
    """Send the ids of runs that wait or whose worker died; runs tried too often are set aside."""
    for run in Run.objects.filter(_free(), attempt__gte=settings.JOB_MAX_ATTEMPTS):
        _quarantine(run)
    runs = Run.objects.filter(_free()).order_by("queued_at").only("pk", "detector")
    return sum(1 for run in list(runs) if wake(run))


def wake(run: Run) -> bool:
    """Send a worker the id of a run. A broker that is down loses nothing: the sweep sends again.

    A message that nobody took before the sweep after next is void: copies do not pile up.
    """
    expires, queue = 2 * settings.SWEEP_SECONDS, selectors.queue_of(run.detector)
    try:
        app.send_task(TASK, args=[str(run.pk)], expires=expires, queue=queue)
    except OperationalError:
        log.exception("the broker does not answer", job=str(run.pk))
        return False
    return True


@transaction.atomic
def _quarantine(run: Run) -> None:
    """Set a run aside whose workers died with it as often as they may (B7)."""
    words = run.error or f"The worker stopped without a word, {run.attempt} times in a row."
    kept = Run.objects.filter(_free(), pk=run.pk, fence=run.fence).update(
        state=Run.State.QUARANTINED, error=words, done_at=timezone.now(), lease_until=None
    )
    if kept:
        detail = {"state": str(Run.State.QUARANTINED), "attempts": run.attempt}
        record("proposals.fail", subject=f"run:{run.id}", by=None, detail=detail)


def claim(run_id: UUID) -> Run | None:
    """Take a run by one conditional update; None when it is taken, done or set aside.

    The fence rises with each claim: a worker that was stopped past its lease and goes on later
    finds its number stale and changes nothing (B9). A run that is still running when it is taken
    lost its worker, as by the kernel's hand where memory is short: it counts how often.
    """
    now = timezone.now()
    was_lost = Either(When(state=Run.State.RUNNING, then=F("lost") + 1), default=F("lost"),
                      output_field=IntegerField())  # fmt: skip
    taken = Run.objects.filter(_free(), pk=run_id, attempt__lt=settings.JOB_MAX_ATTEMPTS).update(
        state=Run.State.RUNNING,
        attempt=F("attempt") + 1,
        fence=F("fence") + 1,
        lost=was_lost,
        stage=Run.Stage.LOADING,
        lease_until=now + timedelta(seconds=settings.JOB_LEASE_SECONDS),
        error="",
    )
    return Run.objects.select_related("examination").get(pk=run_id) if taken else None


def perform(run_id: UUID) -> None:
    """Run the detector if the run is free; keep what it found, or why it failed."""
    run = claim(run_id)
    if run is None:
        return
    start = time.monotonic()
    try:
        with beating(run):
            paths = imaging.paths_by_role(run.examination)
            # One loss may be an update or a power cut; lost again, it is killed for its memory.
            note = partial(enter, run)
            detected = bridge.detect(run.detector, paths, halvings=max(run.lost - 1, 0), note=note)
            enter(run, Run.Stage.WRITING)
            head, found = None, detected.found[:MAX_PROPOSALS]
            among = max(len(detected.found), (detected.used and detected.used.found) or 0)
            if tells_kinds(run.examination, run.detector):
                head, found = bridge.tell_kinds(found, paths, grid_role=detected.grid_role)
        finish(
            run, found, weights=detected.weights_sha256, grid_role=detected.grid_role, head=head,
            used=detected.used, seconds=time.monotonic() - start, among=among,
        )  # fmt: skip
    except Exception as error:  # of keeping it too: else it would look as if the worker had died
        log.exception("detector failed", job=str(run.id))
        fail(run, _why(error))


def _why(error: Exception) -> str:
    """What failed, in words that a database can keep."""
    if isinstance(error, SoftTimeLimitExceeded):
        return TOO_LONG
    return f"{type(error).__name__}: {error}".replace("\0", "")


@transaction.atomic
def finish(
    run: Run,
    found: list[bridge.Found],
    *,
    weights: str,
    seconds: float,
    grid_role: str = SeriesRole.T1C,
    head: bridge.Head | None = None,
    used: bridge.Used | None = None,
    among: int = 0,
) -> bool:
    """Keep what a run found, unless its fence is stale; answers whether it was kept.

    It is outlined in the slices of the series of `grid_role`; `head` was asked for kinds of lesion;
    `used` is what the detector computed it with; `among` how many it found, where not all are kept.
    What an earlier time found, if there was one, is replaced.
    """
    now = timezone.now()
    kept = Run.objects.filter(pk=run.pk, fence=run.fence, state=Run.State.RUNNING).update(
        state=Run.State.DONE, stage="", weights_sha256=weights, seconds=seconds, done_at=now,
        lease_until=None, grid_role=grid_role, kinds_head=head.name if head else "",
        kinds_sha256=head.sha256 if head else "", kinds_lack=", ".join(head.lacks if head else ()),
        device=used.device if used else "", window=used.window if used else None,
        is_reduced=bool(used and used.is_reduced), found=among if among > len(found) else None,
    )  # fmt: skip
    if not kept:
        return False
    ProposalHeatMap.objects.filter(lesion__run=run).delete()
    ProposedLesion.objects.filter(run=run).delete()
    keep(run, found)
    # The audit says that the run is done, never how much it found.
    detail: dict[str, Any] = {"detector": run.detector, "weights_sha256": weights}
    if head:
        detail["kinds"] = {"head": head.name, "sha256": head.sha256}
    record("proposals.finish", subject=f"run:{run.id}", by=None, detail=detail)
    return True


def keep(run: Run, found: Sequence[bridge.Found]) -> None:
    """Write what a run found: A, B, C by their order. Part of a change that is recorded."""
    lesions = [
        ProposedLesion(
            run=run,
            label=_label(number),
            centroid_mm=list(each.centroid_mm),
            diameter_mm=each.diameter_mm,
            volume_mm3=each.volume_mm3,
            probability=each.probability,
            uncertainty=each.uncertainty,
            contours_mm=each.contours_mm,
            explanation=each.explanation,
            classification=each.classification,
            has_heat_map=each.heat_map is not None,
        )
        for number, each in enumerate(found)
    ]
    ProposedLesion.objects.bulk_create(lesions)
    ProposalHeatMap.objects.bulk_create(
        ProposalHeatMap(lesion=lesion, **each.heat_map)
        for lesion, each in zip(lesions, found, strict=True)
        if each.heat_map is not None
    )


def key_of(examination: Examination, detector: str) -> str:
    """What makes the run of a detector on an examination the only one."""
    return hashlib.sha256(f"{examination.pk}|{detector}".encode()).hexdigest()


def _label(number: int) -> str:
    """A, B, ... Z, AA, AB, ..."""
    letters = string.ascii_uppercase
    head = letters[number // 26 - 1] if number >= len(letters) else ""
    return head + letters[number % 26]


@transaction.atomic
def fail(run: Run, words: str) -> None:
    """Keep why a run failed; it is tried again, or set aside after the last attempt (B7).

    Each time later than before, so that what passes (memory that lacks, a disk that is full) has
    time to: after `JOB_BACKOFF_SECONDS`, then four times as long, and so on.
    """
    over, now = run.attempt >= settings.JOB_MAX_ATTEMPTS, timezone.now()
    state = Run.State.QUARANTINED if over else Run.State.FAILED
    pause = timedelta(seconds=settings.JOB_BACKOFF_SECONDS * 4 ** (run.attempt - 1))
    kept = Run.objects.filter(pk=run.pk, fence=run.fence, state=Run.State.RUNNING).update(
        state=state, error=words[:2000], lease_until=None if over else now + pause,
        done_at=now if over else None,
    )  # fmt: skip
    if kept:
        record("proposals.fail", subject=f"run:{run.id}", by=None, detail={"state": str(state)})


@transaction.atomic
def retry(run: Run, *, by: User) -> Run:
    """Try a run that was set aside once more, from the first attempt.

    Raises
    ------
    Problem
        409 for a run that is not set aside.
    """
    run = Run.objects.select_for_update(no_key=True).get(pk=run.pk)
    if run.state not in {Run.State.QUARANTINED, Run.State.FAILED}:
        raise Problem("proposals.not_failed", "Only a run that failed can be tried again.")
    _queue_again(run)
    record("proposals.retry", subject=f"run:{run.id}", by=by)
    transaction.on_commit(lambda: wake(run))
    return run
