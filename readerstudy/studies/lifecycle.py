"""What may be done to a study in which state, and where it leads. Pure; the tables are the rule.

A verb that is in neither table does not exist. `words` says, for a person, why a verb is refused
in a state and what to do instead.
"""

DRAFT, READY, RUNNING, CLOSED = "draft", "ready", "running", "closed"
FROZEN, UNBLINDED, ARCHIVED = "frozen", "unblinded", "archived"
STATES = (DRAFT, READY, RUNNING, CLOSED, FROZEN, UNBLINDED, ARCHIVED)

# (state, verb) -> the next state. Nothing leads back: what was locked stays as it was locked.
MOVES: dict[tuple[str, str], str] = {
    (DRAFT, "lock"): READY,
    (READY, "start"): RUNNING,
    (RUNNING, "close"): CLOSED,
    (CLOSED, "freeze"): FROZEN,
    (FROZEN, "unblind"): UNBLINDED,
    (DRAFT, "archive"): ARCHIVED,
    (READY, "archive"): ARCHIVED,
    (UNBLINDED, "archive"): ARCHIVED,
}

# verb -> the states in which it may be done without leaving them
EDITS: dict[str, frozenset[str]] = {
    "edit": frozenset({DRAFT}),  # questions, arms, design, plan, cases, readers
    "amend": frozenset({READY, RUNNING}),
    "withdraw_case": frozenset({DRAFT, READY, RUNNING}),
    "withdraw_reader": frozenset({DRAFT, READY, RUNNING}),
    "override_washout": frozenset({RUNNING}),
    "grant_role": frozenset(STATES) - {ARCHIVED},
    "void": frozenset({RUNNING, CLOSED}),  # once the data are frozen, the analysis decides
    "look": frozenset({RUNNING, CLOSED}),  # blinded, as the plan foresees (S2)
    "halt": frozenset({READY, RUNNING}),
    "emergency": frozenset({RUNNING, CLOSED, FROZEN}),  # one read, before all are unblinded
    "read": frozenset({RUNNING}),
}

_NOW = {
    DRAFT: "is still a draft",
    READY: "is locked",
    RUNNING: "is locked and running",
    CLOSED: "is closed",
    FROZEN: "is frozen",
    UNBLINDED: "is unblinded",
    ARCHIVED: "is archived",
}
_INSTEAD = {
    "edit": "Its protocol no longer changes; amend it with a reason, or copy it to a new draft.",
    "lock": "It was locked before: see its protocol.",
    "amend": "Only a locked study that is not closed is amended; a draft is simply edited.",
    "start": "A study is started once, after it was locked.",
    "close": "Only a running study is closed.",
    "freeze": "Close the study first; its data are then frozen once.",
    "unblind": "Freeze the data first.",
    "archive": "Close, freeze and unblind it first.",
    "void": "Reads are voided while a study runs or is closed; frozen data do not change.",
    "look": "Interim looks are taken while a study runs or is closed, before its data are frozen.",
    "emergency": "One read is unblinded in an emergency once the study runs, until all are.",
    "read": "Reads are opened only while a study runs; ask your coordinator.",
}


def next_state(state: str, verb: str) -> str:
    """The state that `verb` leads to from `state`.

    Raises
    ------
    ValueError
        When the verb is not possible there; the text names both and says what to do.
    """
    if (state, verb) in MOVES:
        return MOVES[state, verb]
    if state in EDITS.get(verb, frozenset()):
        return state
    raise ValueError(words(state, verb))


def allows(state: str, verb: str) -> bool:
    """Whether `verb` is possible in `state`."""
    return (state, verb) in MOVES or state in EDITS.get(verb, frozenset())


def words(state: str, verb: str) -> str:
    """Why `verb` is refused in `state`, and what to do."""
    instead = _INSTEAD.get(verb, f"“{verb.replace('_', ' ')}” is not possible now.")
    return f"The study {_NOW[state]}. {instead}"
