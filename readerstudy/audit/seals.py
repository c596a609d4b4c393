"""Sealed documents: JSON signed with the platform's key (Ed25519, RFC 8032). Pure.

A seal shows that the platform said so and that nobody changed a letter since. It does not show
that what was said is true: that is for whoever verifies.
"""

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from readerstudy.audit.chain import canonical


class NoSealError(ValueError):
    """The document is not of this format, or not as it was sealed."""


def fingerprint(key: Ed25519PublicKey) -> str:
    """SHA-256 of the raw public key, hexadecimal: short enough to be read out on the telephone."""
    return hashlib.sha256(_raw(key)).hexdigest()


def seal(said: Mapping[str, Any], *, form: str, key: Ed25519PrivateKey) -> dict[str, Any]:
    """The document of a format that says so, with the public key and the signature."""
    document = {
        **said,
        "format": form,
        "key": base64.b64encode(_raw(key.public_key())).decode(),
    }
    signature = key.sign(canonical(document))
    return {**document, "signature": base64.b64encode(signature).decode()}


def unseal(document: Mapping[str, Any], *, form: str) -> tuple[dict[str, Any], str]:
    """What a document says, and the fingerprint of the key that sealed it.

    Raises
    ------
    NoSealError
        When it is of another format, or was changed after it was signed.
    """
    said = {name: value for name, value in document.items() if name != "signature"}
    try:
        if said["format"] != form:
            raise NoSealError(f"its format is not one known here: {said['format']!r}")
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(said["key"], validate=True))
        key.verify(base64.b64decode(document["signature"], validate=True), canonical(said))
    except InvalidSignature:
        raise NoSealError("it was changed after it was signed") from None
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, NoSealError):
            raise
        raise NoSealError(str(error)) from error
    return said, fingerprint(key)


def _raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)
