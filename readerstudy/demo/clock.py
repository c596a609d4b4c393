"""A simulated clock, so that simulated readers can have read weeks ago.

Every service asks `django.utils.timezone.now()`; inside `Clock.running()` that is this clock.
Only the demonstration uses it, and every read made under it is labelled as simulated.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest import mock


class Clock:
    """A clock that goes only when told to."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def now(self) -> datetime:
        """The simulated time; a microsecond later at each look, as real time would be."""
        self.time += timedelta(microseconds=1)
        return self.time

    def forward(self, **span: float) -> None:
        """Let time pass, as `forward(days=2, minutes=3)`."""
        self.time += timedelta(**span)

    @contextmanager
    def running(self) -> Iterator["Clock"]:
        """Make this the server's clock for a while."""
        with mock.patch("django.utils.timezone.now", self.now):
            yield self
