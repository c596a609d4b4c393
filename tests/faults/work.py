"""A worker that takes one run. Its detector says that it began, and waits. Run as a module.

Usage: python -m tests.faults.work RUN_ID BEGAN_FILE SECONDS
"""

import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

import django

django.setup()

from readerstudy.proposals import bridge, services  # noqa: E402 -- Django must be set up first
from tests import proposing  # noqa: E402

if __name__ == "__main__":
    _, run_id, began, seconds = sys.argv

    def detect(*_asked: Any, **_how: Any) -> bridge.Detected:
        """Begin, wait, find one lesion."""
        Path(began).touch()
        time.sleep(float(seconds))
        return bridge.Detected("f" * 64, [proposing.found()])

    bridge.detect = detect
    services.perform(UUID(run_id))
