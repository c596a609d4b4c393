"""R10: training that ends with a test: no feedback, nothing of the truth, and it alone counts."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from readerstudy.imaging import grants
from readerstudy.reads import feedback, home, progress, selectors
from readerstudy.reads import services as reads
from readerstudy.reads.models import Qualification, Read
from readerstudy.results import about_readers
from readerstudy.studies import services as studies
from readerstudy.studies.definition import ArmDraft
from readerstudy.studies.models import Case, Reader, Study
from readerstudy.truth.models import TruthLesion
from readerstudy.web.problems import Unknown
from tests import factories, kept, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import sit
from tests.scripted import Refused, Tab

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
DIAMETER = 7.31337  # of every lesion of a training case: nothing else says this number


def with_test(
    people: People,
    *,
    n_training: int = 3,
    cases: int = 0,
    tests: int = 2,
    percent: int = 100,
    arms: tuple[ArmDraft, ...] = (factories.CONTROL, factories.AIDED),
) -> Study:
    """A running study whose training ends with a test."""
    made = kept.draft_study(people, n_training=n_training, arms=arms, with_proposals=True)
    studies.set_pass_mark(made, percent=percent, cases=cases, tests=tests, by=people.cora)
    proposing.propose_for(made, proposing.found())
    training = TruthLesion.objects.filter(standard__case__kind=Case.Kind.TRAINING)
    training.update(diameter_mm=DIAMETER)
    studies.lock(made, password=PASSWORD, by=people.cora)
    return studies.start(Study.objects.get(pk=made.pk), by=people.cora)


def read_one(people: People, study: Study, *, rightly: bool = True) -> tuple[Tab, dict[str, Any]]:
    """Read and sign the next case; every lesion lies where a scripted mark does."""
    tab = sit(people.rae, study)
    tab.open()
    case = Read.objects.get(pk=tab.read_id).case
    is_diseased = factories.ReferenceStandard.objects.get(case=case).status == "diseased"
    tab.read_case(marks=int(is_diseased == rightly))
    return tab, tab.sign()


def pages(client: Client, study: Study) -> dict[str, str]:
    """Everything that a reader can be told of their training."""
    base = f"/reading/{study.pk}"
    names = ("training", "history", "certificate", "start")
    found = {name: client.get(f"{base}/{name}/").content.decode() for name in names}
    asked = {"home": "/reading/", "worklist": "/api/worklist"}
    return found | {name: client.get(path).content.decode() for name, path in asked.items()}


def test_r10_a_test_case_is_said_before_it_is_read_and_has_no_feedback(people: People) -> None:
    study = with_test(people)
    taught, told = read_one(people, study)
    assert "test" not in taught.packet["read"]
    assert told["feedback"]["status"]
    for number in (1, 2):
        tab, told = read_one(people, study)
        said = tab.packet["read"]
        assert (said["is_training"], said["test"]) == (True, {"number": number, "of": 2})
        assert (said["number"], said["of"]) == (number + 1, 3)
        assert "feedback" not in told
        assert ("test_result" in told) is (number == 2)
    result = {"right": 2, "of": 2, "pass_mark_percent": 100, "is_passed": True}
    assert told["test_result"] == result
    main = sit(people.rae, study)
    assert main.open()["read"]["is_training"] is False
    assert "test" not in main.packet["read"]
    main.read_case()
    assert not {"feedback", "test_result"} & set(main.sign())


@pytest.mark.fault("F11")
def test_f11_no_answer_holds_a_test_cases_truth_before_or_after_its_attempt(
    people: People, sign_in: SignIn
) -> None:
    """By its lesions' size, by the page of training, by a signature that is sent again."""
    study = with_test(people, n_training=4, tests=3, percent=1)
    client = sign_in(people.rae)
    _, told = read_one(people, study)  # the first case teaches, and is diseased or not
    taught = json.dumps(told)
    before = pages(client, study)
    tabs = []
    for _ in range(3):
        tab, told = read_one(people, study)
        tabs.append(tab)
        said = [json.dumps(told), json.dumps(tab.sign()), *pages(client, study).values()]
        assert [each for each in said if str(DIAMETER) in each or "feedback" in each] == []
        line = [each.case for each in home.training(Reader.objects.get(user=people.rae)).lines]
        assert tab.packet["case"]["code"] not in line
    after = pages(client, study)
    for word in ("Metastases present", "No metastasis"):
        assert after["training"].count(word) == before["training"].count(word)
    for tab in tabs:
        read = Read.objects.get(pk=tab.read_id)
        assert feedback.of(read) is None
        for path in ("", "/next-images", "/heat-maps", "/known-lesions", "/feedback"):
            with pytest.raises(Refused):
                tab.call("GET", f"/api/reads/{tab.read_id}{path}?tab={tab.tab}")
        with pytest.raises(Unknown):  # no feedback whose images are looked at
            grants.read(tab.packet["token"])
    assert '"feedback"' in taught


@pytest.mark.parametrize(
    ("taught", "tested", "right"),
    [(False, (True, True), 2), (True, (False, False), 0), (True, (True, False), 1)],
)
def test_r10_only_test_cases_count_for_the_pass_mark(
    people: People,
    sign_in: SignIn,
    taught: bool,  # noqa: FBT001 -- parametrized
    tested: tuple[bool, bool],
    right: int,
) -> None:
    study = with_test(people)
    for rightly in (taught, *tested):
        assert not Qualification.objects.exists()
        read_one(people, study, rightly=rightly)
    found = Qualification.objects.get()
    assert (found.right, found.of, found.is_passed) == (right, 2, right == 2)
    client = sign_in(people.rae)
    said = pages(client, study)
    assert f"You read {right} of 2 test cases right" in said["training"]
    assert f"<dt>Test cases read right</dt><dd>{right} of 2</dd>" in said["home"]
    (table,) = about_readers.tables(study)
    assert [(row["right"], row["of"]) for row in table.records()] == [(right, 2)]
    if right == 2:
        certificate = said["certificate"]
        assert f"<dt>Test cases read right</dt><dd>{right} of 2</dd>" in certificate
        return
    desk = sign_in(people.cora).get(f"/studies/{study.pk}/progress/").content.decode()
    assert f"read {right} of 2 test cases right" in desk


def test_r10_the_readers_pages_say_how_much_of_the_test_is_left(
    people: People, sign_in: SignIn
) -> None:
    study, client = with_test(people), sign_in(people.rae)
    said = pages(client, study)
    assert "The last cases (2) are a test" in said["start"]
    assert "(2 test cases, 2 left)" in said["training"]
    assert "Start training" in said["home"]
    read_one(people, study)
    said = pages(client, study)
    assert "a test (2 left)" in said["start"]
    assert "Start the test" in said["home"]
    read_one(people, study)
    said = pages(client, study)
    assert "a test (1 left)" in said["start"]
    assert "(2 test cases, 1 left)" in said["training"]
    assert "Go on with the test" in said["home"]
    reader = Reader.objects.get(user=people.rae)
    stretches = [(each.period, each.is_test, each.done, each.planned) for each in home.way(reader)]
    assert stretches[:3] == [(0, False, 1, 1), (0, True, 1, 2), (1, False, 0, 4)]


def test_r10_who_trains_again_is_tested_with_cases_that_were_never_taught(people: People) -> None:
    """And in every attempt the last ones are the test, also where the cases come round again."""
    study = with_test(people, n_training=5, cases=2, tests=1)
    reader = Reader.objects.get(user=people.rae)
    taught, tested = [], []
    for attempt in (1, 2, 3):
        place = selectors.place(reader)
        assert (place.training_done, place.training_planned) == (0, 2)
        assert progress.progress(study)[0].place == place
        first, told = read_one(people, study, rightly=False)
        assert "feedback" in told
        last, told = read_one(people, study, rightly=False)
        assert last.packet["read"]["test"] == {"number": 1, "of": 1}
        assert told["test_result"]["is_passed"] is False
        assert grants.read(first.packet["token"])  # also where it was read before
        taught.append(first.packet["case"]["code"])
        tested.append(last.packet["case"]["code"])
        if attempt < 3:
            reads.decide_on_training(
                study, reader_code="R01", kind="again", reason="Learns", by=people.cora
            )
    assert set(taught).isdisjoint(tested)
    assert (taught[2], tested[2]) == (taught[0], tested[0])
    assert len({*taught, *tested}) == 4
    assert [(each.right, each.of) for each in Qualification.objects.all()] == [(0, 1)] * 3


def test_r10_a_test_case_in_two_stages_has_no_feedback_in_either(people: People) -> None:
    study = with_test(
        people, n_training=2, tests=1, arms=(factories.CONTROL, factories.SECOND_READER)
    )
    read_one(people, study)
    unaided, told = read_one(people, study)
    assert unaided.packet["read"]["stage"] == "unaided"
    assert not {"feedback", "test_result"} & set(told)
    assert grants.read(unaided.packet["token"])  # its second stage looks at them
    aided, told = read_one(people, study)
    assert aided.packet["read"]["test"] == unaided.packet["read"]["test"]
    assert "feedback" not in told
    assert told["test_result"]["of"] == 1


def test_r10_a_pure_test_teaches_nothing(people: People, sign_in: SignIn) -> None:
    study, client = with_test(people, n_training=2, cases=2, tests=2), sign_in(people.rae)
    for _ in range(2):
        assert "feedback" not in read_one(people, study, rightly=False)[1]
    page = pages(client, study)["training"]
    assert "You read 0 of 2 test cases right" in page
    assert "Nothing you did is lost." in page
    assert "Look at the cases below" not in page


def test_r10_a_withdrawn_test_case_is_neither_read_nor_replaced_by_one_that_teaches(
    people: People,
) -> None:
    study = with_test(people)
    reader = Reader.objects.get(user=people.rae)
    rows = list(selectors.rows_of(reader).filter(period=0).select_related("case"))
    studies.withdraw_case(rows[-1].case, reason="consent withdrawn", by=people.cora)
    assert "feedback" in read_one(people, study, rightly=False)[1]
    tab, told = read_one(people, study)
    assert tab.packet["read"]["test"] == {"number": 1, "of": 1}
    assert (told["test_result"]["right"], told["test_result"]["of"]) == (1, 1)


def test_r10_a_test_needs_a_pass_mark_and_as_many_training_cases(
    people: People, sign_in: SignIn
) -> None:
    made = kept.draft_study(people, n_training=2)
    page = f"/studies/{made.pk}/questionnaires/"
    client = sign_in(people.cora)

    def save(**form: str) -> str:
        whole = {"act": "pass_mark", "percent": "80", "cases": "", "tests": ""} | form
        return client.post(page, whole, follow=True).content.decode()

    assert "A test needs a pass mark" in save(percent="0", tests="1")
    assert "0 (none) to the 2 cases of an attempt" in save(cases="2", tests="3")
    assert "whole number; 0: no test" in save(tests="some")
    made.refresh_from_db()
    assert (made.pass_mark_percent, made.test_cases) == (0, 0)
    assert 'id="test-cases" name="tests" inputmode="numeric" value="3"' in save(tests="3")
    found = {each.code: each.words for each in studies.check(made, by=people.cora)}
    assert "The test at the end of training has 3 cases" in found["studies.too_few_training_cases"]
    save(tests="2")
    codes = [each.code for each in studies.check(made, by=people.cora)]
    assert "studies.too_few_training_cases" not in codes
