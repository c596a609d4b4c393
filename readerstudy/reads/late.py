"""The late key of a read: a deactivated reader's browser may still hand in what it had not sent.

Their session ends at once (ASVS V7.4.2), and with it every right. The key, which came with the
case, is for writing to the log of that one read and for nothing else: nothing is told, nothing
that came by it changes the draft, and it works only after a deactivation, for a day (fault D3).
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from readerstudy.accounts.models import User

SALT = "readerstudy.reads.late"
WINDOW = timedelta(hours=24)
FENCE = 0  # of no lease: marks a batch that came by a late key, and keeps it out of the draft


def key_of(read_id: UUID, secret: str | None = None) -> str:
    """The read's key; its own for as long as the platform's secret is."""
    return salted_hmac(SALT, str(read_id), secret=secret, algorithm="sha256").hexdigest()


def opens(key: str, read_id: UUID) -> bool:
    """Whether the key is the read's, under the platform's secret or one of before."""
    secrets = (None, *settings.SECRET_KEY_FALLBACKS)
    return any(constant_time_compare(key, key_of(read_id, each)) for each in secrets)


def is_open(reader: User, now: datetime) -> bool:
    """Whether a deactivated reader's browser may still send."""
    return reader.deactivated_at is not None and now - reader.deactivated_at <= WINDOW
