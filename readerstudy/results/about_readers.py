"""Tables of the frozen data that are about the readers themselves, not about their reads."""

from collections.abc import Iterator
from typing import Any

from readerstudy.reads.models import Qualification, QuestionnaireReply
from readerstudy.results.tables import Table, table
from readerstudy.studies.models import Reader, Study
from readerstudy.studies.selectors import questionnaires

Row = dict[str, Any]


def tables(study: Study) -> list[Table]:
    """Answers to questionnaires and results of training, as far as the protocol has them."""
    found = []
    if study.questionnaires:
        found.append(table("questionnaires", _answers(study)))
    if study.pass_mark_percent:
        found.append(table("qualification", _qualifications(study)))
    return found


def readers(study: Study) -> Iterator[Row]:
    """Who read, where, and how experienced."""
    for reader in Reader.objects.filter(study=study).select_related("site", "user"):
        yield {
            "reader": reader.code,
            "site": reader.site.name,
            "experience": reader.experience,
            "experience_years": reader.experience_years,
            "withdrawn": int(reader.withdrawn_at is not None),
            "simulated": int(reader.user.is_simulated),
        }


def _answers(study: Study) -> Iterator[Row]:
    defined = {each.key: each for each in questionnaires(study)}
    replies = QuestionnaireReply.objects.filter(reader__study=study).select_related("reader")
    times: dict[tuple[str, str], int] = {}
    for reply in replies.order_by("reader__code", "at", "key"):
        one = (reply.reader.code, reply.key)
        times[one] = times.get(one, 0) + 1
        for question in defined[reply.key].questions if reply.key in defined else ():
            if question.key in reply.answers:
                yield {
                    "reader": reply.reader.code,
                    "questionnaire": reply.key,
                    "moment": defined[reply.key].moment,
                    "time": times[one],
                    "question": question.key,
                    "value": reply.answers[question.key],
                    "answered_at": reply.at.isoformat(),
                }


def _qualifications(study: Study) -> Iterator[Row]:
    results = Qualification.objects.filter(reader__study=study).select_related("reader", "leave")
    for each in results.order_by("reader__code", "attempt"):
        leave = getattr(each, "leave", None)
        yield {
            "reader": each.reader.code,
            "attempt": each.attempt,
            "right": each.right,
            "of": each.of,
            "pass_mark_percent": each.pass_mark_percent,
            "passed": int(each.is_passed),
            "decision": leave.kind if leave else "",
            "reason": leave.reason if leave else "",
        }
