"""What upper apps do, in the same transaction, when a reader or a case leaves a study.

As `readiness`: an app registers from its `AppConfig.ready`; nothing hides behind a signal.
"""

from collections.abc import Callable

from readerstudy.accounts.models import User
from readerstudy.studies.models import Case, Reader

Effect = Callable[[Reader | Case, User], None]
_effects: list[Effect] = []


def on_withdrawal(function: Effect) -> Effect:
    """Register what happens when a reader or a case is withdrawn."""
    if function not in _effects:
        _effects.append(function)
    return function


def withdrawn(what: Reader | Case, *, by: User) -> None:
    """Let every registered app act on the withdrawal of a reader or a case."""
    for effect in _effects:
        effect(what, by)
