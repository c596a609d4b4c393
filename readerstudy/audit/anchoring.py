"""Make anchors, keep them in the anchors' folder, verify every chain against those kept there."""

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from readerstudy.audit import anchors, checkpoints, selectors
from readerstudy.audit.chain import Head
from readerstudy.audit.checkpoints import Checkpoint
from readerstudy.audit.models import Entry, Verification
from readerstudy.audit.services import record
from readerstudy.secret import first_run_secret

SHOWN = 100  # breaks that a verification keeps
FULL_EVERY = timedelta(days=6, hours=12)  # every seventh night, though it begin a little early
log = structlog.get_logger(__name__)


def key() -> Ed25519PrivateKey:
    """The platform's key for anchors; made at its first use, kept beside the data."""
    secret = first_run_secret(settings.AUDIT_KEY)
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(secret.encode()).digest())


def fingerprint() -> str:
    """Of the platform's key: to be noted by whoever will verify."""
    return anchors.fingerprint(key().public_key())


@transaction.atomic
def anchor(*, by: Any) -> dict[str, Any]:
    """Sign how far every chain goes; that it was done is the platform chain's last entry.

    Returns
    -------
    dict
        A JSON document, to be kept where no operator of the platform can change it.
    """
    last = record("audit.anchor", subject="audit:anchor", by=by)
    return anchors.sign(selectors.heads(), at=last.at.astimezone(UTC).isoformat(), key=key())


def as_text(document: dict[str, Any]) -> str:
    """An anchor as the text of a file."""
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def keep(document: dict[str, Any]) -> Path:
    """Write an anchor to the anchors' folder, whole or not at all; a file is never replaced."""
    settings.ANCHOR_DIR.mkdir(parents=True, exist_ok=True)
    stamp = str(document["at"]).replace(":", "").replace("+0000", "Z")
    path = Path(settings.ANCHOR_DIR / f"anchor-{stamp}.json")
    part = path.with_suffix(".part")
    part.write_text(as_text(document), encoding="utf-8")
    os.link(part, path)
    part.unlink()
    return path


def verify_all(*, is_full: bool = True) -> Verification:
    """Verify every chain, against every anchor in the folder, and keep what was found.

    An anchor that does not open, or that another key signed, is a finding too.

    Parameters
    ----------
    is_full : bool
        Look at every entry and every anchor. Else only at those since the last verification's
        checkpoint, unless that one is missing or a full look is a week old; and where anything
        is not as it should be, at everything, so that it is named.
    """
    now = timezone.now()
    heads = selectors.heads()  # before anything is looked at: what is added meanwhile is not said
    paths = sorted(settings.ANCHOR_DIR.glob("anchor-*.json"))
    since, found = (None, []) if is_full else _last_checkpoint(now)
    if since is not None and not _goes_on(since, paths):
        since = None
    if since is None:
        kept, odd = _opened(paths)
        breaks = selectors.verify(kept=kept)
        found += odd
        found += [f"{each.chain or 'database'} #{each.number}: {each.words}" for each in breaks]
    if found:
        log.error("audit_broken", breaks=len(found))
    return Verification.objects.create(
        at=now,
        entries=Entry.objects.count(),
        anchors=len(paths),
        breaks=found[:SHOWN],
        is_full=since is None,
        checkpoint=None if found else checkpoints.sign(
            heads,
            full_at=since.full_at if since else now,
            last_anchor=paths[-1].name if paths else "",
            key=key(),
        ),
    )  # fmt: skip


def _last_checkpoint(now: datetime) -> tuple[Checkpoint | None, list[str]]:
    """Where to go on, and what is wrong with the note of it."""
    last = Verification.objects.first()
    if last is None or last.checkpoint is None:
        return None, []
    try:
        point = checkpoints.opened(last.checkpoint, fingerprint=fingerprint())
    except (KeyError, TypeError, ValueError) as error:
        return None, [f"The checkpoint of the last verification does not hold: {error}."]
    return (point if now - point.full_at < FULL_EVERY else None), []


def _goes_on(since: Checkpoint, paths: Sequence[Path]) -> bool:
    """Whether all is whole since a checkpoint, held against the anchors since."""
    kept, odd = _opened([path for path in paths if path.name > since.last_anchor])
    return not odd and selectors.goes_on_from(since.heads, kept=kept)


def _opened(paths: Iterable[Path]) -> tuple[list[Head], list[str]]:
    """The heads that anchors speak of, and what is wrong with the anchors."""
    heads: list[Head] = []
    found: list[str] = []
    mine = fingerprint()
    for path in paths:
        try:
            kept = anchors.parsed(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            found.append(f"{path.name}: {error}")
            continue
        if kept.fingerprint != mine:
            found.append(f"{path.name}: signed by another key, {kept.fingerprint[:16]}.")
        heads += kept.heads
    return heads, found
