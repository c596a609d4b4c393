"""Keep a reader's answers about themself, the room or the study."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from readerstudy.accounts.models import User
from readerstudy.audit.services import record
from readerstudy.reads import questionnaires, selectors
from readerstudy.reads.completeness import shown, unanswered
from readerstudy.reads.models import QuestionnaireReply
from readerstudy.reads.services.attempts import retried
from readerstudy.reads.words import in_words
from readerstudy.studies.models import Reader, Study
from readerstudy.studies.selectors import current_version, require_served
from readerstudy.web.problems import Invalid, Problem, Unknown


@retried
@transaction.atomic
def answer_questionnaire(
    study: Study, *, key: str, answers: Mapping[str, Any], by: User
) -> QuestionnaireReply:
    """Keep the answers to one questionnaire of the protocol.

    Answers to questions that are not asked, given the others, are left out.

    Raises
    ------
    Problem
        404 for who does not read in the study and for an unknown questionnaire; 400
        `reads.questionnaire_answers` with all that is missing; 409 `reads.questionnaire_done`
        when it is not asked now; 409 `reads.not_running` before the lock.
    """
    reader = selectors.reader_for(by, study.pk)
    reader = Reader.objects.select_for_update(of=("self",), no_key=True).get(pk=reader.pk)
    require_served(study)
    questionnaire = questionnaires.find(study, key)
    version = current_version(study)
    if questionnaire is None or version is None:
        raise Unknown
    if study.state not in (Study.State.RUNNING, Study.State.CLOSED):
        words = _("This study is not open for reading now. Your coordinator knows more.")
        raise Problem("reads.not_running", words)
    if not questionnaires.is_due(reader, questionnaire):
        words = _("These questions are not asked now: they are answered, or come later.")
        raise Problem("reads.questionnaire_done", words)
    asked = [questionnaires.asked(each) for each in questionnaire.questions]
    if found := in_words(unanswered(asked, answers)):
        raise Invalid("reads.questionnaire_answers", " ".join(found), problems=found)
    given = {each: answers[each] for each in shown(asked, answers) if _is_given(answers.get(each))}
    reply = QuestionnaireReply.objects.create(
        reader=reader, key=key, answers=given, protocol_version=version, at=timezone.now()
    )
    detail = {"reader": reader.code, "questionnaire": key}  # what was answered stays with the row
    subject = f"questionnaire:{reply.pk}"
    record("reads.answer_questionnaire", subject=subject, by=by, study=study.pk, detail=detail)
    return reply


def _is_given(value: Any) -> bool:
    return value is not None and value not in ("", [])
