"""Anchors: signed notes of how far every chain went, to keep where no operator can reach. Pure.

Who owns the database can cut a chain's tail or write it anew from any entry on, and compute every
hash. Only a head that left their hands tells. An anchor is such a note, sealed with the
platform's key, so that its keeper can show that the platform did say so.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from readerstudy.audit import seals
from readerstudy.audit.chain import Head

FORMAT = "readerstudy-anchor-1"
fingerprint = seals.fingerprint


class NoAnchorError(ValueError):
    """What was given is no anchor, or not one that the platform signed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """An anchor whose signature holds."""

    at: str  # ISO 8601, UTC
    heads: tuple[Head, ...]
    fingerprint: str  # of the key that signed it: compare it with the one noted at the start


def sign(heads: Iterable[Head], *, at: str, key: Ed25519PrivateKey) -> dict[str, Any]:
    """Make an anchor: a JSON document with heads, time, public key and signature."""
    said = {"at": at, "heads": [asdict(head) for head in heads]}
    return seals.seal(said, form=FORMAT, key=key)


def opened(document: Mapping[str, Any]) -> Anchor:
    """Check an anchor's signature and answer what it says.

    Raises
    ------
    NoAnchorError
        When it is none, or was changed after it was signed.
    """
    try:
        said, signer = seals.unseal(document, form=FORMAT)
        heads = tuple(Head(**each) for each in said["heads"])
        return Anchor(str(said["at"]), heads, signer)
    except (KeyError, TypeError, ValueError) as error:
        raise NoAnchorError(f"This is no anchor: {error}.") from error


def parsed(text: str) -> Anchor:
    """The anchor in a file's text.

    Raises
    ------
    NoAnchorError
        As `opened`, and when the text is no JSON object.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise NoAnchorError(f"This is no anchor: {error}.") from error
    if not isinstance(document, dict):
        raise NoAnchorError("This is no anchor: a JSON object is expected.")
    return opened(document)
