"""How long a reader has been sitting, and when they have rested (R10). Pure; the server's clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Sitting:
    """A sitting that is going on: its first and its last sign of life."""

    began: datetime
    last: datetime

    @property
    def length(self) -> timedelta:
        """From the first sign to the last; what passed since may be rest."""
        return self.last - self.began

    def rested_at(self, rest: timedelta) -> datetime:
        """When a rest after the last sign is over."""
        return self.last + rest


def sitting(signs: Iterable[datetime], *, now: datetime, rest: timedelta) -> Sitting | None:
    """Find the sitting that is going on; None for who has rested, or has not begun.

    Parameters
    ----------
    signs : iterable of datetime
        Times at which the reader did something, the newest first; read as far as needed.
    rest : timedelta
        A gap that is so long ends a sitting.
    """
    began = last = None
    for sign in signs:
        if last is None:
            if now - sign >= rest:
                return None
            began = last = sign
        elif began is not None and began - sign >= rest:
            break
        else:
            began = sign
    return None if began is None or last is None else Sitting(began, last)
