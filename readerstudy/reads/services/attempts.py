"""The one place where a transaction that lost a race is tried again (fault A5)."""

import functools
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection
from django.utils.translation import gettext as _

from readerstudy.web.problems import Problem

ATTEMPTS = 4
PAUSE_S = 0.02
SQLSTATES = frozenset({"40001", "40P01", "55P03"})  # serialization, deadlock, lock not available

P = ParamSpec("P")
R = TypeVar("R")


def lost_a_race(error: OperationalError) -> bool:
    """Whether the same transaction may well succeed when it is tried again."""
    state = getattr(error.__cause__, "sqlstate", None)
    return state in SQLSTATES or "database is locked" in str(error)


def retried(service: Callable[P, R]) -> Callable[P, R]:
    """Try a service a few times when its transaction lost a race; then say so.

    Inside another transaction it is tried once: only the outermost can start anew.

    Raises
    ------
    Problem
        503 `reads.busy` after the last attempt; nothing is half-written.
    """

    @functools.wraps(service)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
        for number in range(1, ATTEMPTS + 1):
            try:
                return service(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or not lost_a_race(error):
                    raise
                time.sleep(PAUSE_S * number)
        words = _(
            "The platform is very busy. What you did is kept on this device; it is sent again."
        )
        raise Problem("reads.busy", words, status=503)

    return attempt
