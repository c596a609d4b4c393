"""Anchors: signed notes of how far every chain went, to keep where no operator can reach. Pure.

Who owns the database can cut a chain's tail or write it anew from any entry on, and compute every
hash. Only a head that left their hands tells. An anchor is such a note, signed with the
platform's key (Ed25519, RFC 8032), so that its keeper can show that the platform did say so.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from readerstudy.audit.chain import Head, canonical

FORMAT = "readerstudy-anchor-1"


class NoAnchorError(ValueError):
    """What was given is no anchor, or not one that the platform signed."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """An anchor whose signature holds."""

    at: str  # ISO 8601, UTC
    heads: tuple[Head, ...]
    fingerprint: str  # of the key that signed it: compare it with the one noted at the start


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the raw public key, hexadecimal: short enough to be read out on the telephone."""
    return hashlib.sha256(_raw(key)).hexdigest()


def sign(heads: Iterable[Head], *, at: str, key: Ed25519PrivateKey) -> dict[str, Any]:
    """Make an anchor: a JSON document with heads, time, public key and signature."""
    said = {
        "format": FORMAT,
        "at": at,
        "heads": [asdict(head) for head in heads],
        "key": base64.b64encode(_raw(key.public_key())).decode(),
    }
    signature = key.sign(canonical(said))
    return {**said, "signature": base64.b64encode(signature).decode()}


def opened(document: Mapping[str, Any]) -> Anchor:
    """Check an anchor's signature and answer what it says.

    Raises
    ------
    NoAnchorError
        When it is none, or was changed after it was signed.
    """
    said = {name: value for name, value in document.items() if name != "signature"}
    try:
        if said["format"] != FORMAT:
            raise NoAnchorError(f"This is no anchor of a format known here: {said['format']!r}.")
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(said["key"], validate=True))
        key.verify(base64.b64decode(document["signature"], validate=True), canonical(said))
        heads = tuple(Head(**each) for each in said["heads"])
        return Anchor(str(said["at"]), heads, fingerprint(key))
    except InvalidSignature:
        raise NoAnchorError("The anchor was changed after it was signed.") from None
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, NoAnchorError):
            raise
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


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
