"""Objects on their way to a PACS: rows with state, sent by a worker, tried again ever later.

The broker's message only wakes a worker up; the sweep sends it again (decision 0003).
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone
from kombu.exceptions import OperationalError
from pydicom import Dataset

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.celery import app
from readerstudy.imaging import objects, sending, store
from readerstudy.imaging.models import Collection, Destination, Parcel
from readerstudy.imaging.services.senders import AE_TITLE, CALLED
from readerstudy.web.problems import Invalid, Problem

log = structlog.get_logger(__name__)
TASK = "imaging.send"
LEASE = timedelta(seconds=5 * sending.TIMEOUT_S)
WAITS = tuple(timedelta(seconds=each) for each in (30, 120, 480, 1920, 7200, 7200, 7200))
State = Parcel.State
_HOST = re.compile(r"[A-Za-z0-9_.:\[\]-]{1,250}:[0-9]{1,5}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,59}|")


@dataclass(frozen=True)
class Sendable:
    """An object and what it is, in words."""

    name: str
    data: Dataset


def add_destination(
    *,
    name: str,
    address: str,
    called_ae_title: str = "",
    calling_ae_title: str = CALLED,
    token_variable: str = "",
    by: User | None,
) -> Destination:
    """Let results be sent to a PACS: by C-STORE with an AE title, else to a DICOMweb service.

    Parameters
    ----------
    token_variable : str
        The environment variable that holds the service's bearer token: secrets are in no row.

    Raises
    ------
    Invalid
        400 for an address, AE title or variable that cannot be, or a name that is taken.
    """
    is_dimse = bool(called_ae_title)
    if not name.strip():
        raise Invalid("imaging.destination", "Give the destination a name.")
    if is_dimse and not _HOST.fullmatch(address):
        raise Invalid("imaging.destination", "For C-STORE the address is host:port.")
    if is_dimse and not all(map(AE_TITLE.fullmatch, (called_ae_title, calling_ae_title))):
        raise Invalid("imaging.ae_title", "An AE title has 1 to 16 characters without backslash.")
    if not is_dimse and not re.fullmatch(r"https?://\S{1,390}", address):
        words = "For STOW-RS the address is the URL of the DICOMweb service, before /studies."
        raise Invalid("imaging.destination", words)
    if not _VARIABLE.fullmatch(token_variable):
        raise Invalid("imaging.destination", "An environment variable is in capitals: PACS_TOKEN.")
    way = Destination.Way.C_STORE if is_dimse else Destination.Way.STOW
    try:
        with transaction.atomic():
            made = Destination.objects.create(
                name=name.strip()[:60],
                way=way,
                address=address,
                calling_ae_title=calling_ae_title if is_dimse else "",
                called_ae_title=called_ae_title,
                token_variable=token_variable,
                created_at=timezone.now(),
            )
            detail = {"name": made.name, "way": str(way), "address": address}
            subject = f"destination:{made.pk}"
            record("imaging.add_destination", subject=subject, by=by, detail=detail)
    except IntegrityError:
        words = f"There is a destination {name} already: end it, or take another name."
        raise Invalid("imaging.destination", words) from None
    return made


@transaction.atomic
def end_destination(destination: Destination, *, by: User | None) -> Destination:
    """Send nothing more to a destination. Safe to repeat."""
    open_ = Destination.objects.filter(pk=destination.pk, ended_at=None)
    if open_.update(ended_at=timezone.now()):
        record("imaging.end_destination", subject=f"destination:{destination.pk}", by=by)
    destination.refresh_from_db()
    return destination


@transaction.atomic
def post(
    things: Iterable[Sendable], *, collection: Collection, to: Destination, by: User | None
) -> list[Parcel]:
    """Put objects on their way; one that is on its way or there already is not sent again.

    Raises
    ------
    Problem
        409 for a destination that was ended.
    """
    if to.ended_at is not None:
        raise Problem("imaging.destination", f"{to} was ended: nothing is sent to it any more.")
    now, made = timezone.now(), []
    for each in things:
        parcel, is_new = Parcel.objects.get_or_create(
            destination=to,
            sop_uid=str(each.data.SOPInstanceUID),
            defaults={
                "collection": collection,
                "name": each.name[:120],
                "sop_class_uid": str(each.data.SOPClassUID),
                "due_at": now,
                "created_at": now,
            },
        )
        if is_new:
            spooled = store.spool_file()
            each.data.save_as(spooled, enforce_file_format=True)
            store.keep(spooled, store.parcel_path(parcel.pk))
            made.append(parcel)
    if made:
        detail = {"destination": to.name, "objects": len(made)}
        subject = f"collection:{collection.pk}"
        record("imaging.send_results", subject=subject, by=by, detail=detail)
        ids = [each.pk for each in made]
        transaction.on_commit(lambda: [wake(pk) for pk in ids])
    return made


def wake(parcel_id: UUID) -> bool:
    """Send a worker the id of a parcel; a broker that is down loses nothing."""
    try:
        app.send_task(TASK, args=[str(parcel_id)], expires=2 * settings.SWEEP_SECONDS)
    except OperationalError:
        log.exception("the broker does not answer", job=str(parcel_id))
        return False
    return True


def _free() -> Q:
    now = timezone.now()
    lapsed = Q(state=State.SENDING, lease_until__lt=now)
    return Q(state=State.WAITING, due_at__lte=now) | lapsed


def send_due() -> int:
    """Wake workers for what waits, is due again, or whose worker died."""
    ids = list(Parcel.objects.filter(_free()).order_by("due_at").values_list("pk", flat=True)[:500])
    return sum(1 for pk in ids if wake(pk))


def send(parcel_id: UUID) -> None:
    """Send a parcel if it is free; one that is not taken is tried again later, or set aside."""
    taken = Parcel.objects.filter(_free(), pk=parcel_id).update(
        state=State.SENDING,
        attempt=F("attempt") + 1,
        fence=F("fence") + 1,
        lease_until=timezone.now() + LEASE,
    )
    if not taken:
        return
    parcel = Parcel.objects.select_related("destination").get(pk=parcel_id)
    try:
        _transmit(parcel)
    except sending.NotTaken as why:
        _not_taken(parcel, str(why), is_final=why.is_final)
    except Exception as error:
        log.exception("a parcel could not be sent", job=str(parcel_id))
        _not_taken(parcel, f"{type(error).__name__}: {error}", is_final=False)
    else:
        _sent(parcel)


def _transmit(parcel: Parcel) -> None:
    to, path = parcel.destination, objects.local(store.parcel_path(parcel.pk))
    if to.ended_at is not None:
        raise sending.NotTaken("The destination was ended.", is_final=True)
    if to.way == Destination.Way.C_STORE:
        sending.c_store(path, to.address, calling=to.calling_ae_title, called=to.called_ae_title)
    else:
        token = os.environ.get(to.token_variable, "") if to.token_variable else ""
        sending.stow(path, to.address, token=token)


@transaction.atomic
def _sent(parcel: Parcel) -> None:
    kept = Parcel.objects.filter(pk=parcel.pk, fence=parcel.fence, state=State.SENDING).update(
        state=State.SENT, done_at=timezone.now(), lease_until=None, error=""
    )
    if kept:
        detail = {"destination": parcel.destination.name, "attempts": parcel.attempt}
        record("imaging.sent", subject=f"parcel:{parcel.pk}", by=None, detail=detail)
        path = store.parcel_path(parcel.pk)
        transaction.on_commit(lambda: objects.remove(path))


@transaction.atomic
def _not_taken(parcel: Parcel, words: str, *, is_final: bool) -> None:
    """Wait longer each time; after the last, or where it cannot help, a person must look."""
    is_over = is_final or parcel.attempt > len(WAITS)
    now = timezone.now()
    kept = Parcel.objects.filter(pk=parcel.pk, fence=parcel.fence, state=State.SENDING).update(
        state=State.FAILED if is_over else State.WAITING,
        due_at=now if is_over else now + WAITS[parcel.attempt - 1],
        lease_until=None,
        error=words[:400],
        done_at=now if is_over else None,
    )
    if kept and is_over:
        detail = {"destination": parcel.destination.name, "attempts": parcel.attempt}
        record("imaging.not_sent", subject=f"parcel:{parcel.pk}", by=None, detail=detail)


@transaction.atomic
def send_again(parcel: Parcel, *, by: User | None) -> Parcel:
    """Try a parcel that was set aside, or waits, once more from the first attempt.

    Raises
    ------
    Problem
        409 for one that is there, or is being sent.
    """
    parcel = Parcel.objects.select_for_update(no_key=True).get(pk=parcel.pk)
    if parcel.state not in {State.FAILED, State.WAITING}:
        raise Problem("imaging.parcel", "It is there already, or is being sent now.")
    parcel.state, parcel.attempt, parcel.error = State.WAITING, 0, ""
    parcel.due_at, parcel.done_at = timezone.now(), None
    parcel.save(update_fields=["state", "attempt", "error", "due_at", "done_at"])
    record("imaging.send_again", subject=f"parcel:{parcel.pk}", by=by)
    transaction.on_commit(lambda: wake(parcel.pk))
    return parcel
