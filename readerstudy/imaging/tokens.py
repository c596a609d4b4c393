"""Signed, expiring tokens that name the series they open: checked without the database."""

from collections.abc import Iterable
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
    signer = signing.TimestampSigner(salt=SALT)
    try:
        seconds = int(signer.unsign_object(token)["t"])
        names = signer.unsign_object(token, max_age=seconds)["s"]
    except (signing.BadSignature, ValueError, KeyError, TypeError):
        raise Unknown from None
    return frozenset(map(UUID, names))
