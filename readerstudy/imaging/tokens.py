"""Signed, expiring tokens that name the series they open: checked without the database."""

import time
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from django.core import signing

from readerstudy.web.problems import Unknown

SALT = "readerstudy.imaging.token"


def issue(series_ids: Iterable[str], *, seconds: int) -> str:
    """A token for these series, good for so many seconds from now."""
    names = [UUID(str(each)).hex for each in series_ids]
    return signing.TimestampSigner(salt=SALT).sign_object({"s": names, "t": seconds})


def read(token: str) -> frozenset[UUID]:
    """The series that a token opens.

    Raises
    ------
    Unknown
        404 for a token that is forged, altered or out of date: nothing tells which.
    """
    try:
        names, end = _checked(token)
    except (signing.BadSignature, ValueError, KeyError, TypeError):
        raise Unknown from None
    if time.time() > end:
        raise Unknown
    return names


@lru_cache(maxsize=2048)
def _checked(token: str) -> tuple[frozenset[UUID], float]:
    """What a token that we signed opens, and until when: signatures do not change with time."""
    signer = signing.TimestampSigner(salt=SALT)
    said = signer.unsign_object(token)
    issued = signing.b62_decode(token.split(signer.sep)[-2])
    return frozenset(map(UUID, said["s"])), issued + float(said["t"])
