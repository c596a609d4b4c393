"""What changes reads: one function a use case, each one transaction and one audit entry."""

from readerstudy.reads.services.ending import close_images, report_problem, void, withdraw_open
from readerstudy.reads.services.late import append_late
from readerstudy.reads.services.logging import Receipt, append_events
from readerstudy.reads.services.opening import open_next, row_ahead, start_session, take_over
from readerstudy.reads.services.qualifying import decide_on_training, settle_training
from readerstudy.reads.services.questionnaires import answer_questionnaire
from readerstudy.reads.services.submitting import submit

__all__ = [
    "Receipt",
    "answer_questionnaire",
    "append_events",
    "append_late",
    "close_images",
    "decide_on_training",
    "open_next",
    "report_problem",
    "row_ahead",
    "settle_training",
    "start_session",
    "submit",
    "take_over",
    "void",
    "withdraw_open",
]
