"""Checkpoints: how far the chains were found whole, so that a night need not begin anew. Pure.

A checkpoint is sealed with the platform's key. Who changes the database alone can make none, and
an older one of the platform's own only makes the next night look at more.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readerstudy.audit import seals
from readerstudy.audit.chain import Head

FORMAT = "readerstudy-checkpoint-1"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The last entry of each chain when it was found whole."""

    heads: tuple[Head, ...]
    full_at: datetime  # when every entry was last looked at, UTC
    last_anchor: str  # the name of the newest anchor's file that the chains were held against


def sign(
    heads: Iterable[Head], *, full_at: datetime, last_anchor: str, key: Ed25519PrivateKey
) -> dict[str, Any]:
    """Make a checkpoint: a JSON document."""
    said = {
        "heads": [asdict(head) for head in heads],
        "full_at": full_at.isoformat(),
        "last_anchor": last_anchor,
    }
    return seals.seal(said, form=FORMAT, key=key)


def opened(document: Mapping[str, Any], *, fingerprint: str) -> Checkpoint:
    """Check a checkpoint's seal and answer what it says.

    Raises
    ------
    ValueError
        When it is none, was changed after it was signed, or another key signed it.
    """
    said, signer = seals.unseal(document, form=FORMAT)
    if signer != fingerprint:
        raise ValueError(f"another key signed it, {signer[:16]}")
    heads = tuple(Head(**each) for each in said["heads"])
    return Checkpoint(heads, datetime.fromisoformat(said["full_at"]), str(said["last_anchor"]))
