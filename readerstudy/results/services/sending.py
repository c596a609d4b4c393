"""A study's results to a PACS: SEG and SR of what detectors found and of what readers marked.

Once the study is unblinded, never before: what is in a PACS is seen by everybody.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Prefetch, Q
from django.utils import timezone
from kombu.exceptions import OperationalError
from pydicom import Dataset

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.celery import app
from readerstudy.imaging import selectors as imaging
from readerstudy.imaging import services as images
from readerstudy.imaging.models import Destination, Examination, Parcel, SeriesRole
from readerstudy.imaging.services import Sendable
from readerstudy.proposals import objects
from readerstudy.reads.models import Mark, Read
from readerstudy.results.models import Sending, Unblinding
from readerstudy.studies.models import Case, Study
from readerstudy.studies.selectors import mark_scale_of
from readerstudy.web.problems import Problem, Unknown

log = structlog.get_logger(__name__)
TASK = "results.send"
LEASE = timedelta(minutes=30)


@transaction.atomic
def send_results(study: Study, *, to: Destination, by: User | None) -> Sending:
    """Have a study's results sent; a worker makes the objects. Safe to repeat.

    Raises
    ------
    Problem
        409 while the study is blinded, and for a destination that was ended.
    """
    if not Unblinding.objects.filter(freeze__study=study).exclude(granted_at=None).exists():
        words = "The study is still blinded: results leave it once it is unblinded."
        raise Problem("results.blinded", words)
    if to.ended_at is not None:
        raise Problem("imaging.destination", f"{to} was ended: nothing is sent to it any more.")
    job = Sending.objects.create(study=study, destination=to, by=by, asked_at=timezone.now())
    detail = {"destination": to.name}
    record("results.send", subject=f"sending:{job.pk}", by=by, study=study.pk, detail=detail)
    transaction.on_commit(lambda: wake(job.pk))
    return job


def wake(job_id: UUID) -> bool:
    """Send a worker the id of a job; a broker that is down loses nothing."""
    try:
        app.send_task(TASK, args=[str(job_id)], expires=2 * settings.SWEEP_SECONDS)
    except OperationalError:
        log.exception("the broker does not answer", job=str(job_id))
        return False
    return True


def _free() -> Q:
    lapsed = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    return Q(done_at=None) & lapsed


def wake_up() -> int:
    """Send the ids of jobs that wait or whose worker died; answer how many."""
    return sum(1 for pk in list(Sending.objects.filter(_free()).values_list("pk", flat=True))
               if wake(pk))  # fmt: skip


def perform(job_id: UUID) -> None:
    """Put a job's objects on their way, case by case, if it is free; a repeat sends none twice."""
    taken = Sending.objects.filter(_free(), pk=job_id).update(
        lease_until=timezone.now() + LEASE, attempt=F("attempt") + 1
    )
    if not taken:
        return
    job = Sending.objects.select_related("study__collection", "destination", "by").get(pk=job_id)
    left_out: list[str] = []
    try:
        for case in Case.objects.filter(study=job.study).select_related("examination"):
            made = list(_sendables(case, left_out))
            images.post(made, collection=job.study.collection, to=job.destination, by=job.by)
    except Exception as error:
        log.exception("results could not be sent", job=str(job_id))
        is_over = isinstance(error, Problem) or job.attempt >= settings.JOB_MAX_ATTEMPTS
        words = error.detail if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
        _end(job, words, is_over=is_over)
        return
    _end(job, " ".join(left_out), is_over=True)


@transaction.atomic
def _end(job: Sending, words: str, *, is_over: bool) -> None:
    count = Parcel.objects.filter(
        destination=job.destination, collection=job.study.collection
    ).count()
    Sending.objects.filter(pk=job.pk, done_at=None).update(
        error=words[:400],
        objects_made=count,
        lease_until=None,
        done_at=timezone.now() if is_over else None,
    )
    detail = {"objects": count, "is_over": is_over}
    record("results.sending", subject=f"sending:{job.pk}", by=None, study=job.study_id,
           detail=detail)  # fmt: skip


def _sendables(case: Case, left_out: list[str]) -> Iterator[Sendable]:
    """A case's objects; what cannot be made is named in `left_out`."""
    yield from objects.of(case.examination, name=case.code)
    report_of = reporting(case.examination)
    if report_of is None:
        return
    drawings_of = drawing(case.examination)
    there = Mark.objects.filter(is_removed=False)
    reads = Read.objects.filter(case=case, state=Read.State.SUBMITTED).select_related("reader")
    for read in reads.prefetch_related(Prefetch("marks", queryset=there)):
        marks = list(read.marks.all())
        if not marks and not read.no_lesion_said:
            continue
        words = f"{case.code}: marks of {read.reader.code}, period {read.period}"
        moment = read.submitted_at or read.opened_at
        about = {"reader": read.reader.code, "key": str(read.pk), "moment": moment}
        levels = len(mark_scale_of(read.protocol_version_id).levels)
        data = report_of(marks, levels=levels, **about)
        if data is None:
            left_out.append(f"{words}, are left out: nothing says in which place they are.")
        else:
            yield Sendable(words, data)
        for role, seg in drawings_of(marks, **about):
            if isinstance(seg, str):
                left_out.append(f"{words}: what was drawn on {role} is left out: {seg}.")
            else:
                yield Sendable(f"{words}, drawn on {role}", seg)


def reporting(examination: Examination) -> Callable[..., Dataset | None] | None:
    """What makes an SR of one read's marks; None of an examination without images.

    The SR refers to the series that is read first, and to one for each other frame of reference
    that marks were put in. It is None where one of these names no frame of reference.
    """
    from readerstudy.results import bridge  # the web process needs no statistics to start

    packets = imaging.series_for_packet(examination)
    files = imaging.paths_by_role(examination)
    if not any(files.values()):
        return None
    frames = {each["id"]: each["geometry"]["frame_of_reference"] for each in packets}

    def report_of(marks: Sequence[Mark], **more: Any) -> Dataset | None:
        marked = {str(each.series) for each in marks}
        referred: dict[str, str] = {}  # frame of reference -> role
        for number, each in enumerate(packets):
            if number == 0 or each["id"] in marked:
                referred.setdefault(frames[each["id"]], each["role"])
        if "" in referred:
            return None
        paths = [path for role in referred.values() for path in files[role]]
        return bridge.marks_as_dicom(marks, paths, frames=frames, **more)

    return report_of


def drawing(examination: Examination) -> Callable[..., Iterator[tuple[str, Dataset | str]]]:
    """What makes a SEG of what was drawn in one read, for each series that it was drawn on.

    With the series' role in words. Words instead where a frame of the series has no file of its
    own, or what was drawn does not lie in its grid: a SEG refers to every frame.
    """
    from readerstudy.results import bridge  # the web process needs no statistics to start

    packets = {each["id"]: each for each in imaging.series_for_packet(examination)}
    files = imaging.paths_by_role(examination)

    def drawings_of(marks: Sequence[Mark], **more: Any) -> Iterator[tuple[str, Dataset | str]]:
        drawn: dict[str, list[Mark]] = {}
        for each in marks:
            if each.mask:
                drawn.setdefault(str(each.mask["series"]), []).append(each)
        for series, some in drawn.items():
            packet = packets.get(series)
            paths = files[packet["role"]] if packet else []
            role = SeriesRole(packet["role"]).label if packet else "another series"
            made: Dataset | str = "it has no grid"
            if packet and len(paths) == packet["frames"]:
                try:
                    made = bridge.drawings_as_dicom(some, paths, **more)
                except ValueError as wrong:
                    made = str(wrong)
            yield role, made

    return drawings_of


def send_again(study: Study, parcel: Parcel, *, by: User) -> Parcel:
    """Try one of the study's objects that did not arrive once more.

    Raises
    ------
    Unknown
        404 for an object of another study.
    Problem
        409 for one that is there, or is being sent.
    """
    if parcel.collection_id != study.collection_id:
        raise Unknown
    return images.send_again(parcel, by=by)
