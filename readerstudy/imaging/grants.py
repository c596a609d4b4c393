"""Tokens handed out for a grant, and its end: a read that is signed, a reader who left.

A grant is the caller's name for what a token is for. Its end is a row, written in the transaction
of what ends it, so that both are there or neither; tokens that were made before it open nothing,
at the next request.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from readerstudy.imaging import links, objects, tokens
from readerstudy.imaging.models import EndedGrant
from readerstudy.imaging.prepared import Prepared
from readerstudy.web.problems import Unknown

log = structlog.get_logger(__name__)


def issue(series_ids: Iterable[str], *, seconds: int, grant: UUID | None = None) -> str:
    """A token as `tokens.issue` makes it, which the proxy, where there is one, knows too."""
    token = tokens.issue(series_ids, seconds=seconds, grant=grant)
    if settings.PROXY_KEY and settings.X_ACCEL_PREFIX and not objects.is_used():
        try:
            links.open_for(token)
        except OSError as fault:  # a full disk; the token opens the same, by us
            log.warning("the proxy was not told of a token", error=type(fault).__name__)
    return token


def read(token: str) -> frozenset[UUID]:
    """The series that a token opens now.

    Raises
    ------
    Unknown
        404 for a token that is forged, altered, out of date or ended: nothing tells which.
    """
    found = tokens.opened(token)
    if found.grant and _is_ended(found.grant, found.issued):
        raise Unknown
    return found.series


def end(*ended: UUID) -> None:
    """End grants, in the transaction that is open; what a proxy sends for them ends with it.

    Call it before anything is written to the audit chain, which is locked last (decision 0016):
    two that end the same grant wait for each other here.
    """
    now = timezone.now()
    rows = [EndedGrant(id=each, at=now) for each in sorted(set(ended))]
    EndedGrant.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=["at"]
    )
    transaction.on_commit(lambda: links.close(each.id for each in rows), robust=True)


def sweep() -> int:
    """Forget endings whose tokens' time is over, and close what a dead process left open."""
    before = timezone.now() - timedelta(seconds=tokens.LONGEST_S + links.GRACE_S)
    gone, _ = EndedGrant.objects.filter(at__lt=before).delete()
    links.close(EndedGrant.objects.filter(pk__in=links.known()).values_list("pk", flat=True))
    return gone + links.sweep()


def _is_ended(grant: UUID, issued: int) -> bool:
    """Whether it was ended in or after the second in which a token was issued."""
    row = _at.converted(grant=grant)
    return row is not None and bool(issued <= row[0].timestamp())


def _ask_at(*, grant: UUID) -> QuerySet[Any, Any]:
    return EndedGrant.objects.filter(pk=grant).order_by().values_list("at")


_at = Prepared(_ask_at, grant=UUID)
