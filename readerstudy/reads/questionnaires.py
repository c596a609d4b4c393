"""What a reader is asked about themself, the room and the study, and when (`studies` defines it).

The questionnaires are the same for every reader, whatever arm comes next.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from readerstudy.reads import selectors
from readerstudy.reads.completeness import Asked
from readerstudy.reads.models import QuestionnaireReply
from readerstudy.studies.definition import QuestionDraft, QuestionnaireDraft
from readerstudy.studies.models import Reader, Study
from readerstudy.studies.selectors import questionnaires as defined


def find(study: Study, key: str) -> QuestionnaireDraft | None:
    """The study's questionnaire of that key."""
    return next((each for each in defined(study) if each.key == key), None)


def replies(reader: Reader) -> QuerySet[QuestionnaireReply]:
    """All that the reader has answered, the first one first."""
    return QuestionnaireReply.objects.filter(reader=reader)


def due(reader: Reader) -> QuestionnaireDraft | None:
    """What is to be answered before the reader's next case opens: about them, then of the session.

    A session's questions are due once a sitting (`reads.sitting`): answered shortly before it
    began, or in it.
    """
    for each in sorted(defined(reader.study), key=lambda one: one.moment != "before"):
        if each.moment == "before" and not replies(reader).filter(key=each.key).exists():
            return each
        if each.moment == "session" and _is_due_in_session(reader, each.key):
            return each
    return None


def _is_due_in_session(reader: Reader, key: str) -> bool:
    rest = timedelta(minutes=reader.study.rest_min)
    sitting = selectors.sitting_of(reader)
    since = (sitting.began if sitting else timezone.now()) - rest
    return not replies(reader).filter(key=key, at__gt=since).exists()


def due_at_the_end(reader: Reader) -> QuestionnaireDraft | None:
    """What is asked once the reader has read every case."""
    answered = set(replies(reader).values_list("key", flat=True))
    last = [each for each in defined(reader.study) if each.moment == "after"]
    return next((each for each in last if each.key not in answered), None)


def is_due(reader: Reader, questionnaire: QuestionnaireDraft) -> bool:
    """Whether this questionnaire is to be answered now."""
    if questionnaire.moment == "session":
        return _is_due_in_session(reader, questionnaire.key)
    if questionnaire.moment == "after" and selectors.next_step(reader)[0] is not None:
        return False
    return not replies(reader).filter(key=questionnaire.key).exists()


def asked(question: QuestionDraft) -> Asked:
    """What completeness needs of a question."""
    return Asked(
        key=question.key,
        text=question.text,
        kind=question.kind,
        is_required=question.is_required,
        values=tuple(choice["value"] for choice in question.choices),
        minimum=question.minimum,
        maximum=question.maximum,
        shown_if=question.shown_if,
    )


def from_form(questionnaire: QuestionnaireDraft, form: Any) -> dict[str, Any]:
    """The answers as a page's form sends them: numbers as numbers, several choices as a list."""
    answers: dict[str, Any] = {}
    for each in questionnaire.questions:
        if each.kind == "multichoice":
            answers[each.key] = form.getlist(each.key)
        else:
            answers[each.key] = _value(each, form)
    return answers


def _value(question: QuestionDraft, form: Mapping[str, str]) -> Any:
    text = form.get(question.key, "").strip()
    if question.kind not in ("rating", "scale", "number") or not text:
        return text
    try:
        return int(text) if question.kind == "scale" else float(text.replace(",", "."))
    except ValueError:
        return text  # said to be unfit with all the rest


def in_words(question: QuestionDraft, value: Any) -> str:
    """An answer as a person reads it: choices by their labels."""
    labels = {choice["value"]: choice["label"] for choice in question.choices}
    if isinstance(value, list):
        return ", ".join(labels.get(each, str(each)) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    return labels.get(str(value), str(value))
