"""How a user has set up the reading room: their own keys, and whether they took its tour. Pure.

Only keys that differ from the usual ones are kept, by command. Which commands there are is the
browser's to know (frontend/src/reading/keys.ts); a command that is gone by then is passed over.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

MAX_COMMANDS, MAX_KEYS = 100, 4
COMMAND = re.compile(r"[a-z]+(\.[a-z]+)*")
# As the browser spells a key press: "m", "shift+M", "[", "PageUp".
KEY = re.compile(r"(mod\+)?(shift\+)?([A-Za-z][A-Za-z0-9]{1,14}|[^\s\d\x00-\x1f]|\x20)")


def settings(kept: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a user, with what is usual for all else."""
    return {"keys": kept.get("keys", {}), "tour_seen": kept.get("tour_seen", False)}


def problem(keys: Mapping[str, list[str]]) -> str | None:
    """What is wrong with a user's keys, in words, or None.

    Parameters
    ----------
    keys : mapping
        Keys by command, as the browser spells them.
    """
    if len(keys) > MAX_COMMANDS:
        return f"At most {MAX_COMMANDS} commands have keys of their own."
    for command, its in keys.items():
        if len(command) > 40 or not COMMAND.fullmatch(command):  # noqa: PLR2004
            return "A command is named by small letters and dots."
        if not 1 <= len(its) <= MAX_KEYS or not all(KEY.fullmatch(key) for key in its):
            return f"{command} needs one to {MAX_KEYS} keys; digits are for ratings."
    uses = Counter(key for its in keys.values() for key in set(its))
    twice = sorted(key for key, times in uses.items() if times > 1)
    return f"The key {twice[0]} cannot do two things: choose another." if twice else None
