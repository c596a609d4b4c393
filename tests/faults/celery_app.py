"""The platform's Celery application with a detector that needs no network: `celery -A` this module.

DETECT_S is how long it takes (seconds, none by default), DETECT_BEGAN a file that says that it
began, DETECT_KNOWN one that says that the worker's main process knows so, SOFT_S how long a worker
that is told to stop lets it go on.
"""

import os
import time
from pathlib import Path
from typing import Any

import django
from celery.worker import request as requests

django.setup()

from readerstudy.celery import app  # noqa: E402 -- Django must be set up first
from readerstudy.proposals import bridge  # noqa: E402
from tests import proposing  # noqa: E402

if "SOFT_S" in os.environ:
    app.conf.worker_soft_shutdown_timeout = float(os.environ["SOFT_S"])


def detect(*_asked: Any, **_how: Any) -> bridge.Detected:
    """Find one lesion."""
    if began := os.environ.get("DETECT_BEGAN"):
        Path(began).touch()
    time.sleep(float(os.environ.get("DETECT_S", "0")))
    return bridge.Detected("f" * 64, [proposing.found()])


def accepted(*given: Any) -> None:
    """Note that the main process was told of a task by the one that runs it."""
    task_accepted(*given)
    if known := os.environ.get("DETECT_KNOWN"):
        Path(known).touch()


bridge.detect = detect
task_accepted = requests.task_accepted
requests.task_accepted = accepted
__all__ = ["app"]
