"""What changes results: look in between, freeze, unblind, analyse."""

from readerstudy.results.services.analyse import perform, queue
from readerstudy.results.services.emergency import ask_emergency, grant_emergency
from readerstudy.results.services.freezing import freeze
from readerstudy.results.services.interim import look, require_seer
from readerstudy.results.services.sending import send_again, send_results
from readerstudy.results.services.unblinding import ask_unblinding, grant_unblinding

__all__ = [
    "ask_emergency",
    "ask_unblinding",
    "freeze",
    "grant_emergency",
    "grant_unblinding",
    "look",
    "perform",
    "queue",
    "require_seer",
    "send_again",
    "send_results",
]
