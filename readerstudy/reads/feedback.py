"""Feedback on training reads: asked for here, answered by `truth`, which stands above.

A test case has none, neither while its attempt lasts nor after it: it may come again.

`truth` registers its answer from its `AppConfig.ready`; reading code knows no truth.
"""

from collections.abc import Callable
from typing import Any

from readerstudy.reads import qualification, selectors, tripwire
from readerstudy.reads.models import Read

Provider = Callable[[Read], dict[str, Any] | None]
_providers: list[Provider] = []


def provide(function: Provider) -> Provider:
    """Register who answers."""
    if function not in _providers:
        _providers.append(function)
    return function


def of(read: Read) -> dict[str, Any] | None:
    """The feedback on a signed training read; None for a test case and for every other read."""
    return None if selectors.is_test(read) else _answer(read)


def was_right(read: Read) -> bool | None:
    """Whether a signed training read was right, for the score alone; of a test case too.

    It goes into a sum and to nobody. None for every other read.
    """
    found = _answer(read)
    return None if found is None else qualification.is_right(found)


def _answer(read: Read) -> dict[str, Any] | None:
    is_over = read.state == Read.State.SUBMITTED and read.stage != Read.Stage.UNAIDED
    if read.period != 0 or not is_over:
        return None
    with tripwire.truth_opened(period=read.period, state=read.state, stage=read.stage):
        return next((found for each in _providers if (found := each(read))), None)
