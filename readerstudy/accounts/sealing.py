"""Keys of authenticator apps, sealed: who has only the database, or a dump of it, has no key.

AES-256-GCM (NIST SP 800-38D) under a key derived from the platform's secret by HKDF (RFC 5869).
A sealed key names its owner, so that it opens for nobody else: who can write to the database
cannot give a user the app of another. Secrets of before (`SECRET_KEY_FALLBACKS`) still open.
"""

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = "1:"  # hexadecimal digits, as keys were kept before, have no colon
PURPOSE = b"readerstudy.accounts.sealing"
NONCE_BYTES, KEY_BYTES = 12, 32


class SealedUnderAnotherSecretError(ValueError):
    """No secret that the platform has opens it, or it is another user's."""


def seal(key: bytes, *, owner: object) -> str:
    """An app's key as the database keeps it.

    Parameters
    ----------
    key : bytes
        The key: 20 bytes; up to 30 fit into the column's 80 characters.
    owner : object
        The id of the user whose key it is, as a UUID or its text.

    Returns
    -------
    str
        Version, nonce, ciphertext and tag, as URL-safe base 64 (RFC 4648).
    """
    nonce = os.urandom(NONCE_BYTES)
    sealed = _cipher(settings.SECRET_KEY).encrypt(nonce, key, _said(owner))
    return VERSION + urlsafe_b64encode(nonce + sealed).decode()


def unseal(sealed: str, *, owner: object) -> bytes:
    """The key that was sealed for this owner.

    Raises
    ------
    SealedUnderAnotherSecretError
        When none of the platform's secrets opens it for this owner, or it is no sealed key.
    """
    for secret in _secrets():
        if (key := _opened(sealed, secret, owner)) is not None:
            return key
    raise SealedUnderAnotherSecretError("The key of this second factor cannot be opened.")


def is_up_to_date(sealed: str, *, owner: object) -> bool:
    """Whether the present secret opens it, with no need of those of before."""
    return _opened(sealed, settings.SECRET_KEY, owner) is not None


def _secrets() -> Iterator[str]:
    yield settings.SECRET_KEY
    yield from settings.SECRET_KEY_FALLBACKS


def _opened(sealed: str, secret: str, owner: object) -> bytes | None:
    if not sealed.startswith(VERSION):
        return None
    try:
        content = urlsafe_b64decode(sealed.removeprefix(VERSION))
        return _cipher(secret).decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], _said(owner))
    except (InvalidTag, ValueError):
        return None


def _said(owner: object) -> bytes:
    return str(owner).encode()


@lru_cache(maxsize=8)
def _cipher(secret: str) -> AESGCM:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=PURPOSE)
    return AESGCM(derived.derive(secret.encode()))
