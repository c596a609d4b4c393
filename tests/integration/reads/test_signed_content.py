"""A2: what a signature is under, and what is not part of it."""

from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from readerstudy.audit.models import Entry
from readerstudy.reads import triggers
from readerstudy.reads.models import Decision, Read
from readerstudy.studies.models import Question, Study
from tests.cast import PASSWORD, People
from tests.integration.reads import worlds
from tests.integration.reads.conftest import Sits
from tests.scripted import Refused


@pytest.mark.fault("D12")
def test_d12_a_decision_on_a_proposal_is_signed(study: Study, sits: Sits) -> None:
    tab = sits(worlds.aided_first(study))
    tab.read_and_sign()
    tab = sits(worlds.aided_first(study))
    proposal = tab.open()["ai"]["proposals"][0]["id"]
    tab.does("proposal_rejected", proposal=proposal)
    tab.read_case()
    tab.sign()
    call_command("verify_reads", stdout=StringIO())
    with connection.cursor() as cursor:
        for statement in triggers.removals(connection.vendor):
            cursor.execute(statement)
    assert Decision.objects.filter(read=tab.read_id).update(kind="accepted") == 1
    with pytest.raises(CommandError, match=str(tab.read_id)):
        call_command("verify_reads")
    with connection.cursor() as cursor:
        for statement in triggers.statements(connection.vendor):
            cursor.execute(statement)


def test_an_answer_to_a_question_that_is_no_longer_asked_is_not_signed(
    people: People, study: Study, sits: Sits
) -> None:
    """The events keep that it was given."""
    rule = {"question": "management", "equals": "treat"}
    assert Question.objects.filter(key="comment").update(shown_if=rule)
    tab = sits(people.rae)
    tab.open()
    tab.read_case()
    tab.does("answer_set", key="management", value="treat")
    tab.does("answer_set", key="comment", value="before surgery")
    tab.flush()
    assert tab.reload()["draft"]["answers"]["comment"] == "before surgery"
    tab.does("answer_set", key="management", value="routine")
    tab.flush()
    tab.sign()
    read = Read.objects.get(pk=tab.read_id)
    answered = dict(read.answers.values_list("question__key", "value"))
    assert answered == {"likelihood": 70, "management": "routine"}
    kept = [each.payload for row in read.batches.all() for each in row.events()]
    assert {"key": "comment", "value": "before surgery"} in kept


@pytest.mark.fault("D11")
def test_a2_passwords_are_not_guessed_at_a_signature(people: People, sits: Sits) -> None:
    """Ten wrong ones lock the account at that address, for the right one and for signing in too."""
    tab = sits(people.rae)
    tab.open()
    tab.read_case()
    refused = []
    for number in range(11):
        with pytest.raises(Refused) as wrong:
            tab.sign(password=f"guess {number}")
        refused.append((wrong.value.status, wrong.value.code))
    assert refused[:9] == [(403, "reads.wrong_password")] * 9
    assert refused[9:] == [(429, "locked_out")] * 2
    with pytest.raises(Refused) as right:
        tab.sign()
    assert (right.value.status, right.value.code) == (429, "locked_out")
    with pytest.raises(Refused) as at_the_door:
        tab.call("POST", "/api/sign-in", {"username": "rae", "password": PASSWORD})
    assert at_the_door.value.status == 429
    assert Read.objects.get(pk=tab.read_id).state == "opened"
    assert Entry.objects.filter(action="reads.wrong_password", actor="rae").count() == 10
    tab.mark()
    tab.flush()  # what is done is kept all the same
    gus = sits(people.gus)
    gus.open()
    gus.read_case()
    gus.sign()  # nobody else is locked
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
    tab.sign()
