"""What changes runs and proposals: detectors that run here, and what other makers deliver."""

from readerstudy.proposals.delivered import Outcome
from readerstudy.proposals.services.runs import (
    MAX_PROPOSALS,
    TASK,
    claim,
    fail,
    finish,
    perform,
    request,
    retry,
    sweep,
    wake_up,
)
from readerstudy.proposals.services.vendor import deliver, register

__all__ = [
    "MAX_PROPOSALS",
    "TASK",
    "Outcome",
    "claim",
    "deliver",
    "fail",
    "finish",
    "perform",
    "register",
    "request",
    "retry",
    "sweep",
    "wake_up",
]
