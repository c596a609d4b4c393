"""Whether training was passed: which of the cases that count were read right. Pure.

All training cases count; where an attempt ends with a test, its test cases alone.

A case with metastases is read right when a mark lies on one of its lesions; a case without is,
when there is no mark. Marks are matched by the protocol's own rule (`truth.feedback`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the cases that count were read right."""

    right: int
    of: int

    def reaches(self, percent: int) -> bool:
        """Whether the score is at the pass mark or above; without a case there is none to fail."""
        return self.right * 100 >= percent * self.of


def is_right(feedback: Mapping[str, Any]) -> bool:
    """Whether a training case was read right, by the feedback that its reader got."""
    if feedback["status"] == "diseased":
        return any(each["found"] for each in feedback["lesions"])
    return not feedback["false_marks"]


def score(right: Iterable[bool]) -> Score:
    """The score of reads, by whether each was right."""
    marks = list(right)
    return Score(sum(marks), len(marks))
