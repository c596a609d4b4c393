"""R10: a cap on a session's length, by the server's clock, the same in both arms."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from readerstudy.demo.clock import Clock
from readerstudy.reads.models import Read
from readerstudy.reads.worklist import worklist
from readerstudy.studies import integrity, protocol
from readerstudy.studies import services as studies
from readerstudy.studies.definition import ArmDraft
from readerstudy.studies.models import ProtocolVersion, Study
from readerstudy.studies.selectors import current_version, definition
from readerstudy.web.problems import Invalid
from tests import factories, kept, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import refusal, sit
from tests.scripted import Tab

pytestmark = pytest.mark.django_db
LIMIT, REST = 30, 10


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The server's clock in the test's hand."""
    made = Clock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    with made.running():
        yield made


def limited(people: People, *arms: ArmDraft) -> Study:
    """A running study whose sessions end after 30 minutes, with 10 minutes of rest."""
    made = kept.draft_study(
        people, arms=arms or (factories.CONTROL, factories.AIDED), with_proposals=True
    )
    studies.describe(
        made, name=made.name, summary="", session_limit_min=LIMIT, rest_min=REST, by=people.cora
    )
    proposing.propose_for(made, proposing.found())
    studies.lock(made, password=PASSWORD, by=people.cora)
    return studies.start(Study.objects.get(pk=made.pk), by=people.cora)


def read_one(people: People, study: Study, clock: Clock, minutes: float) -> Tab:
    """Open a case, read it for so long, sign it."""
    tab = sit(people.rae, study)
    tab.open()
    looks(tab, clock, minutes)
    tab.read_case(marks=0)
    tab.sign()
    return tab


def looks(tab: Tab, clock: Clock, minutes: float) -> None:
    """Look through the case for so long: something happens every few minutes."""
    steps = max(1, round(minutes / 4))
    for _step in range(steps):
        clock.time += timedelta(minutes=minutes / steps)
        tab.does("scroll")
        tab.flush()


def test_r10_after_its_limit_a_session_opens_no_case_until_the_rest_is_over(
    people: People, clock: Clock
) -> None:
    study = limited(people)
    read_one(people, study, clock, 20)
    tab = sit(people.rae, study)
    assert tab.open()["session"] == {"elapsed_s": 20 * 60, "limit_min": LIMIT}
    looks(tab, clock, 12)
    tab.read_case(marks=0)
    tab.sign()  # the case in hand is finished and signed
    found = refusal(people.rae, study)
    assert (found.status, found.code) == (409, "reads.rest")
    until = datetime.fromisoformat(found.body["opens_at"])
    assert abs(until - clock.time - timedelta(minutes=REST)) < timedelta(seconds=1)
    assert "30 minutes" in found.body["detail"]
    (entry,) = worklist(people.rae)
    assert (entry["next"]["action"], entry["next"]["opens_at"]) == ("rest", until)
    clock.time = until - timedelta(seconds=1)
    refusal(people.rae, study)
    clock.time = until
    packet = sit(people.rae, study).open()
    assert packet["session"]["elapsed_s"] == 0  # a sitting of its own
    assert Read.objects.filter(reader__user=people.rae).count() == 3


def test_r10_a_reload_continues_the_open_case_and_the_session(people: People, clock: Clock) -> None:
    study = limited(people)
    tab = sit(people.rae, study)
    first = tab.open()
    looks(tab, clock, LIMIT + 5)
    again = sit(people.rae, study).open()
    assert again["read"]["id"] == first["read"]["id"]
    assert again["session"]["elapsed_s"] == (LIMIT + 5) * 60


def test_r10_a_break_as_long_as_the_rest_begins_a_new_session_inside_a_case(
    people: People, clock: Clock
) -> None:
    study = limited(people)
    tab = sit(people.rae, study)
    tab.open()
    looks(tab, clock, 25)
    clock.time += timedelta(minutes=REST)
    looks(tab, clock, 20)
    tab.read_case(marks=0)
    tab.sign()
    assert sit(people.rae, study).open()["session"]["elapsed_s"] == 16 * 60  # from the first sign


def test_r10_reading_in_another_study_counts_too(people: People, clock: Clock) -> None:
    study = limited(people)
    other = kept.running_study(people, name="Other")
    read_one(people, other, clock, LIMIT + 1)
    assert refusal(people.rae, study).code == "reads.rest"
    assert sit(people.rae, other).open()["session"]["limit_min"] == 0  # no limit there


def test_r10_the_second_half_of_a_case_is_no_further_case(people: People, clock: Clock) -> None:
    """R6: a second reader goes on to the proposals although the session is over."""
    study = limited(people, factories.CONTROL, factories.SECOND_READER)
    while True:
        tab = sit(people.rae, study)
        packet = tab.open()
        is_unaided = packet["read"]["stage"] == "unaided"
        looks(tab, clock, LIMIT + 1 if is_unaided else 1)
        tab.read_case(marks=0)
        tab.sign()
        if is_unaided:
            break
        if worklist(people.rae)[0]["next"]["action"] == "wait":
            clock.time += timedelta(days=40)  # past the washout
    assert sit(people.rae, study).open()["read"]["stage"] == "aided"


@pytest.mark.parametrize(("limit", "rest"), [(5, 15), (500, 15), (-1, 15), (30, 1), (30, 999)])
def test_r10_limits_outside_their_range_are_refused(limit: int, rest: int, people: People) -> None:
    study = kept.draft_study(people)
    with pytest.raises(Invalid, match="lies between"):
        studies.describe(
            study, name="S", summary="", session_limit_min=limit, rest_min=rest, by=people.cora
        )


def test_r10_the_limit_is_part_of_the_protocol(people: People) -> None:
    study = limited(people)
    version = current_version(study)
    assert version is not None
    assert (version.document["session_limit_min"], version.document["rest_min"]) == (LIMIT, REST)
    copy = protocol.from_yaml(protocol.to_yaml(definition(study)))
    assert (copy.session_limit_min, copy.rest_min) == (LIMIT, REST)


def test_a3_a_protocol_that_was_locked_before_there_were_limits_is_still_what_was_locked(
    people: People,
) -> None:
    study = kept.running_study(people)
    version = ProtocolVersion.objects.get(study=study)
    old = {k: v for k, v in version.document.items() if k not in {"session_limit_min", "rest_min"}}
    ProtocolVersion.objects.filter(pk=version.pk).update(document=old, sha256=protocol.sha256(old))
    assert integrity.check(study) == []
    Study.objects.filter(pk=study.pk).update(session_limit_min=60)
    assert "session_limit_min" in integrity.check(study)[0]
