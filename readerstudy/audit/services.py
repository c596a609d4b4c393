"""Record entries, each bound to the one before; the only code that writes the chain."""

import hashlib
import json
from datetime import UTC
from math import isfinite
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from readerstudy.audit.chain import FIRST_HASH, Link, canonical, link_hash
from readerstudy.audit.models import Entry

__all__ = ["PLATFORM", "canonical", "link", "record", "record_view"]

PLATFORM = "platform"


def link(entry: Entry) -> Link:
    """The entry as the pure link that is hashed, verified and exported."""
    return Link(
        chain=entry.chain,
        number=entry.number,
        at=entry.at.astimezone(UTC).isoformat(),
        actor=entry.actor,
        action=entry.action,
        object=entry.object,
        detail=entry.detail,
        reason=entry.reason,
        previous_hash=entry.previous_hash,
        hash=entry.hash,
    )


def record(
    action: str,
    *,
    subject: str,
    by: Any,
    study: UUID | None = None,
    detail: dict[str, Any] | None = None,
    reason: str = "",
) -> Entry:
    """Append one entry to the chain of `study` (or the platform's), in the caller's transaction.

    Parameters
    ----------
    action : str
        "<app>.<verb>", as "studies.lock".
    subject : str
        "<kind>:<id>" of what was changed.
    by : User or None
        The actor; None is the system.
    detail : dict, optional
        JSON values: old and new. Never an identifier of a patient.

    Raises
    ------
    django.db.transaction.TransactionManagementError
        Outside a transaction: the change and its entry stand or fall together.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("audit.record needs the change's transaction")
    chain = str(study) if study else PLATFORM
    _queue_on(chain)
    last = Entry.objects.filter(chain=chain).order_by("-number").first()
    entry = Entry(
        chain=chain,
        number=last.number + 1 if last else 1,
        at=timezone.now(),
        actor=by.get_username() if by else "system",
        action=action,
        object=subject,
        detail=_storable(json.loads(canonical(detail or {}))),
        reason=reason,
        previous_hash=last.hash if last else FIRST_HASH,
    )
    entry.hash = link_hash(link(entry))
    entry.save(force_insert=True)
    return entry


def record_view(action: str, *, subject: str, by: Any, study: UUID | None = None) -> Entry:
    """Record that somebody saw what is not everybody's to see, in a transaction of its own."""
    with transaction.atomic():
        return record(action, subject=subject, by=by, study=study)


def _storable(value: Any) -> Any:
    """The value as every database gives it back: PostgreSQL's jsonb makes 1e22 a whole number."""
    if isinstance(value, dict):
        return {key: _storable(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_storable(each) for each in value]
    if isinstance(value, float):
        if not isfinite(value):
            return str(value)
        return int(value) if value.is_integer() else value
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")  # jsonb takes no NUL
    return value


def _queue_on(chain: str) -> None:
    """Let writers of one chain queue until the transaction ends; SQLite's are queued already."""
    if connection.vendor == "postgresql":
        key = int.from_bytes(hashlib.sha256(chain.encode()).digest()[:8], signed=True)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [key])
