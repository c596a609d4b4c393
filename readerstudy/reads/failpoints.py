"""Places where a test may kill the process (fault A1). Off unless READERSTUDY_FAILPOINT is set."""

import os
import signal

from django.conf import settings


def reach(name: str) -> None:
    """Die here, as by `kill -9`, if this failpoint is armed; never in production."""
    if not settings.PRODUCTION and os.environ.get("READERSTUDY_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
