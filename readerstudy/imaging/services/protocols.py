"""A collection's imaging protocol, and what a series is where the header misled."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging import access
from readerstudy.imaging.models import Collection, Examination, Series, SeriesRole, Upload
from readerstudy.imaging.protocol import Protocol
from readerstudy.imaging.services.delivering import start_upload
from readerstudy.imaging.services.finishing import CHECK_AGAIN, end_upload
from readerstudy.web.problems import Invalid, Problem


@transaction.atomic
def set_imaging_protocol(
    collection: Collection, protocol: Mapping[str, Any], *, by: User
) -> Collection:
    """Set what a study asks of its images; `check_again` asks it of those that are there.

    Raises
    ------
    Problem
        400 for a protocol that cannot be.
    """
    try:
        chosen = Protocol.of(protocol).as_dict()
    except (AttributeError, TypeError, ValueError) as error:
        raise Invalid("imaging.protocol", f"{error}.") from None
    collection.imaging_protocol = chosen
    collection.save(update_fields=["imaging_protocol"])
    record("imaging.set_protocol", subject=f"collection:{collection.pk}", by=by, detail=chosen)
    return collection


def check_again(collection: Collection, *, by: User) -> Upload | None:
    """Check every ready examination against the protocol as it is now, in the background."""
    ready = Examination.objects.filter(collection=collection).exclude(ready_at=None)
    series = Series.objects.filter(examination__in=ready).values_list("pk", flat=True)
    if not series:
        return None
    upload = start_upload(collection, by=by, source=CHECK_AGAIN, series=series)
    return end_upload(upload, by=by)


@transaction.atomic
def set_role(series: Series, *, role: str, by: User) -> Series:
    """Say what a series is, where its header led to something else.

    Raises
    ------
    Problem
        400 for a role that there is not, 409 in a locked study.
    """
    if role not in SeriesRole.values:
        raise Invalid("imaging.role", f"A series is one of {', '.join(SeriesRole.values)}.")
    if access.is_sealed(series.examination):
        raise Problem("imaging.sealed", "The study is locked: its series change no more.")
    before, series.role = series.role, role
    series.save(update_fields=["role"])
    record(
        "imaging.set_role",
        subject=f"series:{series.pk}",
        by=by,
        detail={"from": before, "to": role},
    )
    return series
