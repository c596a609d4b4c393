"""Signed, expiring tokens that name the series they open: checked without the database.

Where a proxy sends images itself it checks a token too, by what follows the signature: when it
ends, and a hash of all before with a key that only we and the proxy know (nginx's secure_link).
"""

import base64
import hashlib
import re
import time
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare

from readerstudy.web.problems import Unknown

SALT = "readerstudy.imaging.token"
_PARTS = re.compile(r"(?P<signed>[^~]+)(?:~(?P<end>[0-9]{1,12})~(?P<mark>[\w-]{22}))?", re.ASCII)


def issue(series_ids: Iterable[str], *, seconds: int) -> str:
    """A token for these series, good for so many seconds from now."""
    names = [UUID(str(each)).hex for each in series_ids]
    signed = signing.TimestampSigner(salt=SALT).sign_object({"s": names, "t": seconds})
    if not settings.PROXY_KEY:
        return signed
    end = _issued(signed) + seconds
    return f"{signed}~{end}~{_mark(signed, str(end))}"


def read(token: str) -> frozenset[UUID]:
    """The series that a token opens.

    Raises
    ------
    Unknown
        404 for a token that is forged, altered or out of date: nothing tells which.
    """
    return opened(token)[0]


def opened(token: str) -> tuple[frozenset[UUID], float]:
    """The series that a token opens, and until when (seconds since 1970); else as `read`."""
    try:
        names, end = _checked(token, settings.PROXY_KEY)
    except (signing.BadSignature, ValueError, KeyError, TypeError):
        raise Unknown from None
    if time.time() > end:
        raise Unknown
    return names, end


def signature(token: str) -> str:
    """The signature of a token that we signed: 43 letters that nobody can guess."""
    return token.partition("~")[0].rpartition(":")[2]


@lru_cache(maxsize=2048)
def _checked(token: str, _key: str) -> tuple[frozenset[UUID], float]:
    """What a token that we signed opens, and until when: signatures do not change with time."""
    parts = _PARTS.fullmatch(token)
    if parts is None:
        raise signing.BadSignature
    signed, told, mark = parts["signed"], parts["end"], parts["mark"]
    said = signing.TimestampSigner(salt=SALT).unsign_object(signed)
    end = _issued(signed) + float(said["t"])
    if mark and not (float(told) == end and constant_time_compare(mark, _mark(signed, told))):
        raise signing.BadSignature
    return frozenset(map(UUID, said["s"])), end


def _issued(signed: str) -> int:
    return int(signing.b62_decode(signed.split(":")[-2]))


def _mark(signed: str, end: str) -> str:
    """What nginx compares: MD5 is all that its secure_link has.

    It lengthens no right: what a token opens is its SHA-256 signature's to say, and a second text
    of the same hash, with a key that is not known at its end, is not found for MD5 either.
    """
    text = f"{signed}~{end} {settings.PROXY_KEY}".encode()
    made = hashlib.md5(text, usedforsecurity=False).digest()
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
