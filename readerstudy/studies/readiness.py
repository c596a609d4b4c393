"""“Ready to lock?”: every app answers for itself, the coordinator gets one list (C1).

As Django's system checks: an app registers its checks from its `AppConfig.ready`.

    @readiness.check
    def questions(study: Study) -> list[Missing]: ...
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from readerstudy.studies.models import Study


class Step(StrEnum):
    """The steps of making a study, in their order: where something missing is put right."""

    CASES = "cases"
    STANDARD = "standard"
    QUESTIONS = "questions"
    ARMS = "arms"
    READERS = "readers"
    PLAN = "plan"


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that keeps a study from being locked."""

    code: str  # "studies.no_training_case"
    words: str  # what is missing and what to do, for a person
    step: Step

    def as_dict(self) -> dict[str, str]:
        """As a member of a problem document."""
        return {"code": self.code, "words": self.words, "step": str(self.step)}


Check = Callable[[Study], list[Missing]]
_checks: list[Check] = []


def check(function: Check) -> Check:
    """Register a check; registering it again changes nothing."""
    if function not in _checks:
        _checks.append(function)
    return function


def missing(study: Study) -> list[Missing]:
    """All that is missing, in the order of the steps."""
    found = [each for function in _checks for each in function(study)]
    return sorted(found, key=lambda each: (list(Step).index(each.step), each.code))
