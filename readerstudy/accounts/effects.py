"""What upper apps do, in the same transaction, when an account is deactivated.

As `studies.effects`: an app registers from its `AppConfig.ready`.
"""

from collections.abc import Callable

from readerstudy.accounts.models import User

Effect = Callable[[User], None]
_effects: list[Effect] = []


def on_deactivation(effect: Effect) -> Effect:
    """Register what happens when an account is deactivated, before that is recorded."""
    if effect not in _effects:
        _effects.append(effect)
    return effect


def deactivated(user: User) -> None:
    """Let every registered app act."""
    for effect in _effects:
        effect(user)
