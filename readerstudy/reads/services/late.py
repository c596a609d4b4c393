"""Take in what a deactivated reader's browser had not sent (fault D3)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from readerstudy.audit.services import record
from readerstudy.reads import late
from readerstudy.reads.log import Log
from readerstudy.reads.models import Batch, Read
from readerstudy.reads.services.attempts import retried
from readerstudy.reads.services.logging import Receipt, check, runs_of, sort_out
from readerstudy.web.problems import Problem, Unknown


@retried
@transaction.atomic
def append_late(
    read_id: UUID, *, key: str, tab: UUID, batch: Sequence[Mapping[str, Any]], schema: int
) -> Receipt:
    """Store events under a read's late key: kept, marked, never part of the draft.

    Parameters
    ----------
    key : str
        The read's `late_key`, as its packet had it.
    batch : sequence of mappings
        As of `append_events`.

    Raises
    ------
    Problem
        404 with any other key; 401 while the reader may sign in, which is then the way;
        409 `reads.too_late` a day after the deactivation; 400 and 409 as `append_events`.
    """
    if not late.opens(key, read_id):
        raise Unknown
    check(batch, schema)
    read = _locked(read_id)
    now = timezone.now()
    if read.reader.user.is_active:
        raise Problem("signed_out", _("Sign in to go on; nothing is lost."), status=401)
    if not late.is_open(read.reader.user, now):
        words = _("This account ended more than a day ago: nothing more is taken from this device.")
        raise Problem("reads.too_late", words)
    receipt, log = Receipt(), Log.of(read)
    new = sort_out(read, tab, log, batch, receipt)
    like = Batch(read=read, tab=tab, fence=late.FENCE, received_at=now)
    runs = runs_of(new, like)
    Batch.objects.bulk_create(run.row for run in runs)
    receipt.missing, receipt.last_seq = log.missing(tab, and_also=[run.row for run in runs])
    if new or receipt.altered:
        record(
            "reads.late_events",
            subject=f"read:{read.id}",
            by=None,  # whoever holds the key: nobody is signed in
            study=read.reader.study_id,
            detail={
                "reader": read.reader.code,
                "case": read.case.code,
                "events": len(new),
                "altered": receipt.altered,
            },
        )
    return receipt


def _locked(read_id: UUID) -> Read:
    rows = Read.objects.select_for_update(of=("self",), no_key=True)
    read = rows.select_related("reader__user", "case").filter(pk=read_id).first()
    if read is None:
        raise Unknown
    return read
