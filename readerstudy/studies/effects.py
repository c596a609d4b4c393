"""What upper apps do, in the same transaction, when a reader or a case leaves a study.

As `readiness`: an app registers from its `AppConfig.ready`; nothing hides behind a signal.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from readerstudy.accounts.models import User
from readerstudy.studies.models import Case, Reader

Effect = Callable[[Reader | Case, User], AbstractContextManager[None]]
_effects: list[Effect] = []


def on_withdrawal(effect: Effect) -> Effect:
    """Register what happens when a reader or a case is withdrawn.

    An effect locks the rows that it will change when it is entered, and changes them when it is
    left: the withdrawal is recorded in between, and who holds the audit chain waits for no row.
    """
    if effect not in _effects:
        _effects.append(effect)
    return effect


@contextmanager
def withdrawal(what: Reader | Case, *, by: User) -> Iterator[None]:
    """Record the withdrawal of a reader or a case inside; every registered app then acts on it."""
    with ExitStack() as entered:
        for effect in _effects:
            entered.enter_context(effect(what, by))
        yield
