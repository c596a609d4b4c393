"""Signed, expiring tokens that name the series they open: checked without the database.

`grants` hands them out and knows whether what they are for is over before their time. Where a
proxy sends images itself it checks a token too, by what follows the signature: when it ends, and a
hash of all before with a key that only we and the proxy know (nginx's secure_link).
"""

import base64
import hashlib
import re
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare

from readerstudy.web.problems import Unknown

SALT = "readerstudy.imaging.token"
LONGEST_S = 24 * 3600
_PARTS = re.compile(r"(?P<signed>[^~]+)(?:~(?P<end>[0-9]{1,12})~(?P<mark>[\w-]{22}))?", re.ASCII)


class Opened(NamedTuple):
    """What a token opens and for how long, times in seconds since 1970."""

    series: frozenset[UUID]
    end: float
    issued: int
    grant: UUID | None


def issue(series_ids: Iterable[str], *, seconds: int, grant: UUID | None = None) -> str:
    """A token for these series and what it is for, good for so many seconds from now.

    Raises
    ------
    ValueError
        For a longer time than `LONGEST_S`.
    """
    if seconds > LONGEST_S:
        raise ValueError(f"A token lives at most {LONGEST_S} seconds.")
    said = {"s": [UUID(str(each)).hex for each in series_ids], "t": seconds}
    said |= {"g": grant.hex} if grant else {}
    signed = signing.TimestampSigner(salt=SALT).sign_object(said)
    if not settings.PROXY_KEY:
        return signed
    end = _issued(signed) + seconds
    return f"{signed}~{end}~{_mark(signed, str(end))}"


def opened(token: str) -> Opened:
    """What a token says.

    Raises
    ------
    Unknown
        404 for a token that is forged, altered or out of date: nothing tells which.
    """
    try:
        found = _checked(token, settings.PROXY_KEY)
    except (signing.BadSignature, ValueError, KeyError, TypeError):
        raise Unknown from None
    if time.time() > found.end:
        raise Unknown
    return found


def signature(token: str) -> str:
    """The signature of a token that we signed: 43 letters that nobody can guess."""
    return token.partition("~")[0].rpartition(":")[2]


@lru_cache(maxsize=2048)
def _checked(token: str, _key: str) -> Opened:
    """What a token that we signed says: signatures do not change with time."""
    parts = _PARTS.fullmatch(token)
    if parts is None:
        raise signing.BadSignature
    signed, told, mark = parts["signed"], parts["end"], parts["mark"]
    said = signing.TimestampSigner(salt=SALT).unsign_object(signed)
    end = _issued(signed) + float(said["t"])
    if mark and not (float(told) == end and constant_time_compare(mark, _mark(signed, told))):
        raise signing.BadSignature
    grant = UUID(said["g"]) if "g" in said else None
    return Opened(frozenset(map(UUID, said["s"])), end, _issued(signed), grant)


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
