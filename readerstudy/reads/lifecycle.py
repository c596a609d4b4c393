"""What may happen to a read in which state, and where it leads. Pure; the table is the rule."""

OPENED, PAUSED, SUBMITTED = "opened", "paused", "submitted"
WITHDRAWN, VOIDED = "withdrawn", "voided"

# (state, verb) -> the next state. A signed read has no way back; voiding keeps it.
MOVES: dict[tuple[str, str], str] = {
    (OPENED, "pause"): PAUSED,
    (PAUSED, "resume"): OPENED,
    (OPENED, "submit"): SUBMITTED,
    (OPENED, "withdraw"): WITHDRAWN,
    (PAUSED, "withdraw"): WITHDRAWN,
    (OPENED, "void"): VOIDED,
    (PAUSED, "void"): VOIDED,
    (SUBMITTED, "void"): VOIDED,
}

OPEN = frozenset({OPENED, PAUSED})


def next_state(state: str, verb: str) -> str | None:
    """Where `verb` leads from `state`, or None where it may not be done."""
    return MOVES.get((state, verb))
