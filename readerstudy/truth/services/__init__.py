"""What changes the reference standard: set it, state it twice and apart, settle what differs."""

from readerstudy.truth.services.panel import (
    adjudicate,
    confirm_consensus,
    set_panel,
    state_opinion,
    withdraw_opinion,
)
from readerstudy.truth.services.standards import (
    LesionDraft,
    accept_case_set,
    problems,
    set_from_files,
    set_standard,
)

__all__ = [
    "LesionDraft",
    "accept_case_set",
    "adjudicate",
    "confirm_consensus",
    "problems",
    "set_from_files",
    "set_panel",
    "set_standard",
    "state_opinion",
    "withdraw_opinion",
]
