"""A study goes on around its reads: washout, withdrawal, stages, the end of reading."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import IntegrityError, connection, transaction

from readerstudy.accounts import services as accounts
from readerstudy.audit.models import Entry
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.reads import services as reads
from readerstudy.reads import triggers
from readerstudy.reads.models import Answer, Batch, Mark, Read, Signature
from readerstudy.studies import services as studies
from readerstudy.studies.definition import DesignDraft
from readerstudy.studies.models import Reader, Study
from readerstudy.studies.selectors import question_draft, questions
from tests import factories
from tests.cast import PASSWORD, People
from tests.integration.reads import worlds
from tests.integration.reads.conftest import Sits, running, sit
from tests.scripted import Refused, Tab

DAY_0 = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """The server's clock stands at a moment."""
    with mock.patch("django.utils.timezone.now", return_value=moment):
        yield


def finish_period(sits: Sits, user: Any, cases: int = 5) -> None:
    """Read training and the first period."""
    for _ in range(cases):
        sits(user).read_and_sign()


@pytest.mark.fault("D7")
def test_c5_period_2_opens_on_day_28_with_no_human_action(people: People, sits: Sits) -> None:
    with at(DAY_0):
        finish_period(sits, people.rae)
    last_minute = datetime(2026, 3, 29, 23, 59, 59, tzinfo=UTC)
    with at(last_minute), pytest.raises(Refused) as refused:
        sits(people.rae).open()
    assert (refused.value.status, refused.value.code) == (409, "reads.washout")
    assert refused.value.body["opens_on"] == "2026-03-30"
    assert "2026-03-30" in refused.value.body["detail"]
    with at(last_minute):
        (entry,) = sits(people.rae).call("GET", "/api/worklist")["studies"]
    assert (entry["next"]["action"], entry["next"]["opens_on"]) == ("wait", "2026-03-30")
    with at(datetime(2026, 3, 30, 0, 0, tzinfo=UTC)):
        assert sits(people.rae).open()["read"]["number"] == 5


@pytest.mark.fault("D7")
def test_d7_a_readers_clock_or_address_opens_no_period_early(people: People, sits: Sits) -> None:
    with at(DAY_0):
        finish_period(sits, people.rae)
    tab = sits(people.rae)
    tab.wall_ms += 400 * 24 * 3600 * 1000
    with at(DAY_0 + timedelta(days=1)), pytest.raises(Refused) as refused:
        tab.open()
    assert refused.value.code == "reads.washout"
    for body in ({"period": 2}, {"case": "C-1"}, {"arm": "B"}, {"now": "2027-01-01"}):
        with at(DAY_0 + timedelta(days=1)), pytest.raises(Refused) as other:
            tab.call(
                "POST", f"/api/studies/{tab.study}/reads",
                {"session_id": tab.session, "tab": tab.tab, **body},
            )  # fmt: skip
        assert other.value.status == 400


def test_c5_an_override_with_a_reason_opens_the_period_and_is_audited(
    people: People, study: Study, sits: Sits
) -> None:
    with at(DAY_0):
        finish_period(sits, people.rae)
    reader = Reader.objects.get(study=study, user=people.rae)
    with at(DAY_0 + timedelta(days=3)):
        studies.override_washout(
            reader, period=2, reason="leave ahead", confirmation=reader.code, by=people.cora
        )
        assert sits(people.rae).open()["read"]["number"] == 5
    assert Entry.objects.filter(action="studies.override_washout").count() == 1


@pytest.mark.fault("D2")
def test_d2_a_case_withdrawn_mid_read_is_told_and_its_data_are_kept(
    people: People, sits: Sits
) -> None:
    tab = sits(people.rae)
    tab.read_and_sign()
    tab = sits(people.rae)
    tab.open()
    tab.mark()
    tab.flush()
    case = Read.objects.get(pk=tab.read_id).case
    studies.withdraw_case(case, reason="wrong patient", by=people.cora)
    tab.mark()
    with pytest.raises(Refused) as told:
        tab.flush()
    assert (told.value.status, told.value.code) == (409, "reads.withdrawn")
    assert len(told.value.body["acknowledged"]) == 2
    read = Read.objects.get(pk=tab.read_id)
    assert (read.state, read.note) == ("withdrawn", "wrong patient")
    assert (sum(each.count for each in read.batches.all()), read.marks.count()) == (4, 1)
    with pytest.raises(Refused) as signing:
        tab.sign()
    assert signing.value.code == "reads.not_open"
    following = sits(people.rae).open()
    assert following["case"]["code"] != case.code
    assert following["read"]["of"] == 6


@pytest.mark.fault("D3")
def test_c6_a_reader_who_withdraws_keeps_their_reads_and_frees_nothing(
    people: People, study: Study, sits: Sits
) -> None:
    sits(people.rae).read_and_sign()
    tab = sits(people.rae)
    tab.open()
    tab.mark()
    tab.flush()
    reader = Reader.objects.get(study=study, user=people.rae)
    studies.withdraw_reader(reader, reason="new job", by=people.cora)
    states = sorted(Read.objects.filter(reader=reader).values_list("state", flat=True))
    assert states == ["submitted", "withdrawn"]
    with pytest.raises(Refused) as refused:
        sits(people.rae).open()
    assert refused.value.status == 404
    assert sits(people.gus).open()["read"]["of"] == 1
    late = tab.does("scroll")
    with pytest.raises(Refused) as kept:
        tab.flush()
    assert kept.value.body["acknowledged"] == [late["event_id"]]


@pytest.mark.fault("D3")
def test_d3_a_deactivated_readers_session_ends_at_once(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    accounts.deactivate(people.rae, reason="left", by=people.ada)
    with pytest.raises(Refused) as refused:
        tab.reload()
    assert (refused.value.status, refused.value.code) == (401, "signed_out")


def test_c6_a_voided_read_keeps_its_row_and_reason(
    people: People, study: Study, sits: Sits
) -> None:
    tab = sits(people.rae)
    tab.read_and_sign()
    with pytest.raises(Exception, match="nothing here"):
        reads.void(Read.objects.get().pk, reason="test", by=people.mallory)
    with pytest.raises(Exception, match="coordinator"):
        reads.void(Read.objects.get().pk, reason="test", by=people.stan)
    read = reads.void(Read.objects.get().pk, reason="phone rang", by=people.cora)
    assert (read.state, read.note) == ("voided", "phone rang")
    assert Signature.objects.filter(read=read).exists()
    assert read.marks.count() == 1
    assert Entry.objects.filter(action="reads.void", reason="phone rang").count() == 1
    assert sits(people.rae).open()["case"]["code"] != read.case.code


@pytest.fixture
def second_reader(people: People) -> Study:
    """A sequential study: unaided, locked, then with AI in one sitting."""
    arms = (factories.CONTROL, factories.SECOND_READER)
    return running(people, arms=arms, design=DesignDraft(kind="sequential"))


@pytest.mark.fault("D8")
def test_d8_a_second_readers_proposals_come_after_the_unaided_read_is_locked(
    people: People, second_reader: Study
) -> None:
    """R6: the unaided answer is locked first and kept as a read of its own."""
    unaided = sit(people.rae, second_reader)
    packet = unaided.open()
    assert packet["read"]["stage"] == "unaided"
    assert "ai" not in packet
    unaided.read_case(marks=2)
    assert "ai" not in unaided.reload()
    unaided.sign()
    aided = sit(people.rae, second_reader)
    packet = aided.open()
    assert packet["read"]["stage"] == "aided"
    assert (packet["read"]["number"], packet["read"]["of"]) == (1, 1)
    assert len(packet["ai"]["proposals"]) == 1
    assert [mark["rating"] for mark in packet["draft"]["marks"]] == [80, 80]
    proposal = packet["ai"]["proposals"][0]["id"]
    place = {"position_mm": [1, 1, 0], "series": packet["series"][0]["id"]}
    extra = "11111111-1111-4111-8111-111111111111"
    aided.does("proposal_accepted", proposal=proposal, mark_id=extra, rating=95, **place)
    aided.answer_all(likelihood=95)
    aided.flush()
    aided.sign()
    one, two = Read.objects.order_by("opened_at")
    assert (one.stage, one.marks.count()) == ("unaided", 2)
    assert (two.stage, two.marks.count(), two.decisions.get().kind) == ("aided", 3, "accepted")
    assert one.allocation_id == two.allocation_id


@pytest.mark.fault("D8")
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reads_mark SET rating = 1",
        "UPDATE reads_answer SET value = '1'",
        "DELETE FROM reads_mark",
        "DELETE FROM reads_answer",
        (
            "INSERT INTO reads_decision (read_id, proposal, kind)"
            " SELECT id, id, 'accepted' FROM reads_read"
        ),
        "UPDATE reads_batch SET body = keys",
        "UPDATE reads_batch SET received_at = NULL WHERE first_seq = 1",
        "UPDATE reads_batch SET first_seq = first_seq + 1",
        "DELETE FROM reads_batch",
        (
            "INSERT INTO reads_batch"
            " (read_id, tab, first_seq, count, fence, keys, body, received_at, is_applied)"
            " SELECT read_id, tab, first_seq + 1, 1, fence, keys, body, received_at, is_applied"
            " FROM reads_batch ORDER BY count DESC LIMIT 1"
        ),
        "UPDATE reads_read SET state = 'opened'",
        "UPDATE reads_read SET active_ms = 1",
        "UPDATE reads_read SET submitted_at = NULL",
        "UPDATE reads_read SET submit_reply = NULL",
        "UPDATE reads_read SET period = 9, arm_id = (SELECT id FROM studies_arm LIMIT 1)",
        "UPDATE reads_read SET ai_from = opened_at",
        "DELETE FROM reads_read",
        "UPDATE reads_signature SET name = 'Somebody Else'",
        "DELETE FROM reads_signature",
    ],
)
def test_d8_the_database_itself_refuses_to_change_what_was_signed(
    people: People, sits: Sits, change: str
) -> None:
    with connection.cursor() as cursor:  # the tests' database lost those that hinder its flush
        for statement in triggers.statements(connection.vendor):
            cursor.execute(statement)
    sits(people.rae).read_and_sign()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert (Mark.objects.count(), Answer.objects.count(), Signature.objects.count()) == (1, 2, 1)


def test_d8_an_open_reads_draft_may_change(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.mark(rating=10)
    tab.flush()
    Mark.objects.update(rating=11)
    Batch.objects.update(is_applied=True)
    assert Mark.objects.get().rating == 11


@pytest.mark.fault("D1")
def test_d1_an_open_read_keeps_the_questions_it_was_opened_with(
    people: People, study: Study, sits: Sits
) -> None:
    tab = sits(people.rae)
    before = tab.open()["questions"]
    kept = [question_draft(each) for each in questions(study) if each.key != "management"]
    studies.amend(
        study, reason="shorter form", password=PASSWORD, questions=kept, idle_limit_s=90,
        by=people.cora,
    )  # fmt: skip
    again = tab.reload()
    assert again["questions"] == before
    assert again["read"]["idle_limit_s"] == 60
    tab.read_case()
    tab.sign()
    following = sits(people.rae).open()
    assert [each["key"] for each in following["questions"]] == ["likelihood", "comment"]
    assert following["read"]["idle_limit_s"] == 90
    numbers = Read.objects.order_by("opened_at").values_list("protocol_version__number", flat=True)
    assert list(numbers) == [1, 2]


@pytest.mark.fault("D10")
def test_d10_a_closed_studys_open_read_may_be_signed_and_a_frozen_ones_not(
    people: People, study: Study, sits: Sits
) -> None:
    one, two = sits(people.rae), sits(people.gus)
    for tab in (one, two):
        tab.open()
        tab.read_case()
    studies.close(study, by=people.cora)
    one.sign()
    with pytest.raises(Refused) as closed:
        sits(people.rae).open()
    assert closed.value.code == "reads.not_running"
    Study.objects.filter(pk=study.pk).update(state="frozen")
    with pytest.raises(Refused) as frozen:
        two.sign()
    assert (frozen.value.status, frozen.value.code) == (409, "reads.frozen")
    assert Read.objects.get(pk=two.read_id).state == "opened"


@pytest.mark.fault("C13")
def test_c13_a_double_click_makes_one_submission(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.read_case()
    first = tab.sign()
    assert tab.sign() == first
    assert tab.sign(last_seq=999) == first
    tab.key = "another-key"
    with pytest.raises(Refused) as refused:
        tab.sign()
    assert (refused.value.status, refused.value.code) == (409, "reads.not_open")
    assert Signature.objects.count() == 1
    assert Entry.objects.filter(action="reads.submit").count() == 1


def test_a_key_of_another_submission_is_refused(people: People, sits: Sits) -> None:
    rae, gus = sits(people.rae), sits(people.gus)
    for tab in (rae, gus):
        tab.open()
        tab.read_case()
    gus.key = rae.key
    rae.sign()
    with pytest.raises(Refused) as refused:
        gus.sign()
    assert (refused.value.status, refused.value.code) == (400, "reads.key_used")
    for key in ("", "k" * 37):
        gus.key = key
        with pytest.raises(Refused) as other:
            gus.sign()
        assert other.value.code == "reads.no_key"


@pytest.mark.fault("G2")
@pytest.mark.parametrize(
    "member", ["arm", "truth", "is_staff", "submitted_at", "reader", "score", "active_ms", "state"]
)
def test_g2_a_write_with_a_model_field_more_is_refused(
    people: People, sits: Sits, member: str
) -> None:
    tab = sits(people.rae)
    tab.open()
    tab.read_case()
    with pytest.raises(Refused) as refused:
        tab.sign(**{member: 1})
    assert (refused.value.status, refused.value.code) == (400, "invalid")
    assert list(refused.value.body["fields"]) == [member]
    assert Read.objects.get(pk=tab.read_id).state == "opened"


@pytest.mark.fault("G3")
def test_g3_a_session_of_another_reader_in_a_body_is_not_taken(people: People, sits: Sits) -> None:
    gus = sits(people.gus)
    gus.open()
    tab = Tab(sits(people.rae).send, gus.study, session=gus.session)
    tab.open()
    assert Read.objects.get(pk=tab.read_id).session is None


@pytest.mark.fault("G3")
def test_g3_a_proposal_of_another_case_in_an_event_is_not_taken(study: Study, sits: Sits) -> None:
    user = worlds.aided_first(study)
    sits(user).read_and_sign()
    tab = sits(user)
    tab.open()
    other = ProposedLesion.objects.exclude(
        run__examination=Read.objects.get(pk=tab.read_id).case.examination
    )[0]
    place = {"position_mm": [1, 1, 0], "series": tab.packet["series"][0]["id"]}
    tab.does("mark_put", mark_id=str(other.id), proposal=str(other.id), **place)
    tab.does("proposal_rejected", proposal=str(other.id))
    tab.flush()
    draft = tab.reload()
    assert draft["ai"]["decisions"] == {}
    assert [mark["proposal"] for mark in draft["draft"]["marks"]] == [None]


def test_a_problem_with_a_case_reaches_the_coordinators_record(people: People, sits: Sits) -> None:
    tab = sits(people.rae)
    tab.open()
    answer = tab.call("POST", f"/api/reads/{tab.read_id}/problem", {"words": "slice 3 is black"})
    entry = Entry.objects.get(action="reads.report_problem")
    assert entry.reason == "slice 3 is black"
    assert entry.detail["report"] == answer["report"]
    assert Read.objects.get(pk=tab.read_id).problem_reports.get().words == "slice 3 is black"


def test_c3_the_record_of_reading_tells_no_arm(people: People, second_reader: Study) -> None:
    """A blinded coordinator reads the audit trail: nothing in it may tell a stage or an arm."""
    sit(people.rae, second_reader).read_and_sign()
    details = [entry.detail for entry in Entry.objects.filter(action__startswith="reads.")]
    assert details
    assert not {"stage", "arm", "mode", "detector"} & {name for each in details for name in each}
