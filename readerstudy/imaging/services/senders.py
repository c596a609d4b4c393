"""Senders: programs and PACS that may send to a collection without a person who is signed in."""

import hashlib
import re
import secrets

from django.db import IntegrityError, transaction
from django.utils import timezone

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.imaging.models import Collection, Sender
from readerstudy.web.problems import Invalid

CALLED = "READERSTUDY"
AE_TITLE = re.compile(r"[ -\[\]-~]{1,16}")  # PS3.5 6.2: no backslash, no control characters


def add_sender(
    collection: Collection,
    *,
    name: str,
    calling_ae_title: str = "",
    called_ae_title: str = CALLED,
    may_read: bool = False,
    by: User | None,
) -> tuple[Sender, str]:
    """Let a PACS send by C-STORE, or, without an AE title, a program by DICOMweb.

    Returns
    -------
    sender, token
        The token is not kept: it is told once. Empty for a sender by C-STORE.

    Raises
    ------
    Invalid
        400 for AE titles that cannot be, or lead to another collection already.
    """
    token = "" if calling_ae_title else secrets.token_urlsafe(32)
    titles = (calling_ae_title.strip(), called_ae_title.strip())
    if not token and not all(map(AE_TITLE.fullmatch, titles)):
        raise Invalid("imaging.ae_title", "An AE title has 1 to 16 characters without backslash.")
    calling, called = titles if not token else ("", "")
    try:
        with transaction.atomic():
            sender = Sender.objects.create(
                collection=collection,
                name=name[:120],
                calling_ae_title=calling,
                called_ae_title=called,
                token_sha256=hashlib.sha256(token.encode()).hexdigest() if token else "",
                may_read=may_read,
                created_at=timezone.now(),
            )
            record(
                "imaging.add_sender",
                subject=f"sender:{sender.pk}",
                by=by,
                detail={"collection": str(collection.pk), "calling": calling, "called": called},
            )
    except IntegrityError:
        words = f"{calling} sends to {called} already: end that sender, or call another AE title."
        raise Invalid("imaging.ae_title", words) from None
    return sender, token


@transaction.atomic
def end_sender(sender: Sender, *, by: User | None) -> Sender:
    """Take no more from a sender. Safe to repeat."""
    if Sender.objects.filter(pk=sender.pk, ended_at=None).update(ended_at=timezone.now()):
        record("imaging.end_sender", subject=f"sender:{sender.pk}", by=by)
    sender.refresh_from_db()
    return sender
