"""What keeps a read from being signed; `reads.words` says it to the reader. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from readerstudy.studies.scales import LIMITS


@dataclass(frozen=True)
class Asked:
    """What completeness needs of a question."""

    key: str
    text: str
    kind: str
    is_required: bool
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    shown_if: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Missing:
    """One thing to do before signing: where it is, what is the matter, and with what."""

    what: str  # "mark:3", "question:management", "marks"
    why: str  # a key of `reads.words`
    about: str = ""  # a mark's number, a question's text


def shown(questions: Sequence[Asked], answers: Mapping[str, Any]) -> set[str]:
    """The keys of the questions that are asked, given the answers so far.

    A question hangs on one before it; what hangs on a question that is not asked is not asked.
    """
    keys: set[str] = set()
    for each in questions:
        rule = each.shown_if or {}
        parent = rule.get("question")
        if not rule or (parent in keys and answers.get(str(parent)) == rule.get("equals")):
            keys.add(each.key)
    return keys


def missing(
    *,
    unrated: Sequence[int],
    marks: int,
    no_lesion_said: bool,
    questions: Sequence[Asked],
    answers: Mapping[str, Any],
) -> list[Missing]:
    """List all that is missing.

    Parameters
    ----------
    unrated : sequence of int
        Numbers of the marks without a rating.
    marks : int
        How many marks there are.
    no_lesion_said : bool
        Whether "no metastasis" was said: with no mark it must be (R4).
    """
    found = [Missing(f"mark:{number}", "unrated", str(number)) for number in unrated]
    if not marks and not no_lesion_said:
        found.append(Missing("marks", "nothing_said"))
    if marks and no_lesion_said:
        found.append(Missing("marks", "both_said"))
    return found + unanswered(questions, answers)


def unanswered(questions: Sequence[Asked], answers: Mapping[str, Any]) -> list[Missing]:
    """What is not answered, or not with an answer that fits, of the questions that are asked."""
    keys = shown(questions, answers)
    return [
        Missing(f"question:{each.key}", why, each.text)
        for each in questions
        if each.key in keys and (why := _wrong(each, answers.get(each.key)))
    ]


def _wrong(question: Asked, value: Any) -> str | None:
    if value is None or value in ("", []):
        return "unanswered" if question.is_required else None
    return None if _fits(question, value) else "unfit"


def _fits(question: Asked, value: Any) -> bool:
    if question.kind in {"rating", "number"}:
        is_rating = question.kind == "rating"
        low, high = LIMITS if is_rating else (question.minimum, question.maximum)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return is_number and (low is None or value >= low) and (high is None or value <= high)
    if question.kind == "scale":
        return type(value) is int and str(value) in question.values
    if question.kind == "choice":
        return value in question.values
    if question.kind == "multichoice":
        return isinstance(value, list) and all(each in question.values for each in value)
    return isinstance(value, str)
