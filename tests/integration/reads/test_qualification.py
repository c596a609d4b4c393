"""Training with a pass mark: the result, what it keeps closed, and what a coordinator decides."""

from collections.abc import Callable

import pytest
from django.test import Client

from readerstudy.accounts.models import User
from readerstudy.audit.models import Entry
from readerstudy.reads import home, progress, qualification, selectors
from readerstudy.reads import services as reads
from readerstudy.reads.models import Qualification, Read
from readerstudy.reads.progress import Standing
from readerstudy.results import about_readers
from readerstudy.studies import services as studies
from readerstudy.studies.models import Reader, Study
from readerstudy.web.problems import Invalid, Problem, Unknown
from readerstudy.web.problems import Refused as Forbidden
from tests import factories, kept, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import refusal, sit

pytestmark = pytest.mark.django_db
SignIn = Callable[..., Client]
LESION = [1.0, 1.0, 0.5]  # the factory's lesion lies there; every second case has it


def qualifying(people: People, percent: int = 100, *, n_training: int = 2, cases: int = 0) -> Study:
    made = kept.draft_study(people, n_training=n_training, with_proposals=True)
    studies.set_pass_mark(made, percent=percent, cases=cases, by=people.cora)
    proposing.propose_for(made, proposing.found())
    studies.lock(made, password=PASSWORD, by=people.cora)
    return studies.start(Study.objects.get(pk=made.pk), by=people.cora)


def train(people: People, study: Study, *, rightly: bool, marks_all: bool = True) -> None:
    """Read both training cases, rightly; or with a mark in each; or each of them wrongly."""
    for _ in range(2):
        tab = sit(people.rae, study)
        tab.open()
        case = Read.objects.get(pk=tab.read_id).case
        has_lesion = factories.ReferenceStandard.objects.get(case=case).status == "diseased"
        is_marked = has_lesion == rightly or (marks_all and not rightly)
        tab.read_case(marks=int(is_marked))
        tab.sign()


def test_who_reads_training_rightly_goes_on(people: People, sign_in: SignIn) -> None:
    study = qualifying(people)
    train(people, study, rightly=True)
    found = Qualification.objects.get()
    assert (found.right, found.of, found.is_passed, found.attempt) == (2, 2, True, 1)
    client = sign_in(people.rae)
    page = client.get(f"/reading/{study.pk}/training/").content.decode()
    assert "You read 2 of 2 training cases right" in page
    certificate = client.get(f"/reading/{study.pk}/certificate/").content.decode()
    assert "has passed the training of the study" in certificate
    assert "2 of 2" in certificate
    assert sit(people.rae, study).open()["read"]["is_training"] is False


def test_who_does_not_waits_for_a_decision_and_loses_nothing(
    people: People, sign_in: SignIn
) -> None:
    study = qualifying(people)
    train(people, study, rightly=False)
    assert refusal(people.rae, study).code == "reads.not_qualified"
    client = sign_in(people.rae)
    (entry,) = client.get("/api/worklist").json()["studies"]
    assert entry["next"]["action"] == "not_qualified"
    page = client.get(f"/reading/{study.pk}/training/").content.decode()
    assert "You read 1 of 2 training cases right" in page
    assert "lets you train again" in page
    (waiting,) = progress.waiting_for_decision(study)
    assert waiting.reader.code == "R01"
    assert progress.progress(study)[0].standing == Standing.NOT_PASSED
    desk = sign_in(people.cora)
    assert (
        "R01 did not pass training (1 of 2)"
        in desk.get(f"/studies/{study.pk}/progress/").content.decode()
    )
    form = {"reader": "R01", "kind": "admit", "reason": "An expert on holiday"}
    desk.post(f"/studies/{study.pk}/progress/decide/", form)
    assert sit(people.rae, study).open()["read"]["number"] == 1
    entry = Entry.objects.get(action="reads.decide_on_training")
    assert (entry.actor, entry.reason) == ("cora", "An expert on holiday")


def test_training_again_keeps_the_first_reads_and_counts_the_second(people: People) -> None:
    study = qualifying(people)
    train(people, study, rightly=False)
    reads.decide_on_training(
        study, reader_code="R01", kind="again", reason="Learns", by=people.cora
    )
    reader = Reader.objects.get(user=people.rae)
    assert selectors.place(reader).training_done == 0
    assert progress.progress(study)[0].place.training_done == 0
    train(people, study, rightly=True)
    assert Read.objects.filter(reader=reader, period=0).count() == 4
    results = Qualification.objects.filter(reader=reader).values_list("attempt", "is_passed")
    assert list(results) == [(1, False), (2, True)]
    assert progress.progress(study)[0].place.training_done == 2
    assert sit(people.rae, study).open()["read"]["is_training"] is False
    (table,) = about_readers.tables(study)
    assert [(row["attempt"], row["passed"], row["decision"]) for row in table.records()] == [
        (1, 0, "again"), (2, 1, ""),
    ]  # fmt: skip


def test_who_trains_again_meets_other_cases(people: People) -> None:
    """R10: those of the first attempt, whose answers they were shown, come last."""
    study = qualifying(people, n_training=4, cases=2)
    reader = Reader.objects.get(user=people.rae)
    met: list[set[str]] = []
    for attempt in (1, 2, 3):
        place = selectors.place(reader)
        assert (place.training_done, place.training_planned) == (0, 2)
        assert progress.progress(study)[0].place == place
        train(people, study, rightly=False, marks_all=False)
        mine = Read.objects.filter(reader=reader, period=0, attempt=attempt)
        numbers = [selectors.number_of(each) for each in mine.order_by("opened_at")]
        assert numbers == [(1, 2), (2, 2)]
        met.append(set(mine.values_list("case__code", flat=True)))
        page = home.training(Reader.objects.get(pk=reader.pk))
        assert (page.attempt, {line.case for line in page.lines}) == (attempt, met[-1])
        if attempt < 3:
            reads.decide_on_training(
                study, reader_code="R01", kind="again", reason="Learns", by=people.cora
            )
    assert met[0].isdisjoint(met[1])
    assert met[2] == met[0]
    assert [each.of for each in Qualification.objects.order_by("attempt")] == [2, 2, 2]


def test_an_attempt_has_no_more_cases_than_are_marked_as_training(people: People) -> None:
    made = kept.draft_study(people, n_training=2)
    studies.set_pass_mark(made, percent=50, cases=3, by=people.cora)
    found = studies.check(made, by=people.cora)
    assert "studies.too_few_training_cases" in [each.code for each in found]
    with pytest.raises(Invalid):
        studies.set_pass_mark(made, percent=50, cases=-1, by=people.cora)


def test_only_the_coordinator_decides_once_and_says_why(people: People) -> None:
    study = qualifying(people)

    def decide(by: User, **more: str) -> None:
        values = {"reader_code": "R01", "kind": "again", "reason": "r"} | more
        reads.decide_on_training(study, by=by, **values)

    with pytest.raises(Problem) as refused:
        decide(people.cora)
    assert refused.value.code == "reads.nothing_to_decide"
    train(people, study, rightly=False)
    with pytest.raises(Forbidden):
        decide(people.stan)
    with pytest.raises(Unknown):
        decide(people.mallory)
    with pytest.raises(Unknown):
        decide(people.cora, reader_code="R09")
    for wrong in ({"reason": " "}, {"kind": "perhaps"}):
        with pytest.raises(Invalid):
            decide(people.cora, **wrong)
    decide(people.cora)
    with pytest.raises(Problem):
        decide(people.cora)


def test_without_a_pass_mark_nobody_is_tested(people: People) -> None:
    study = qualifying(people, percent=0)
    train(people, study, rightly=False)
    assert not Qualification.objects.exists()
    assert sit(people.rae, study).open()["read"]["is_training"] is False


@pytest.mark.parametrize(
    ("right", "of", "percent", "reaches"),
    [(3, 4, 75, True), (2, 3, 67, False), (0, 0, 80, True), (0, 4, 0, True), (4, 4, 100, True)],
)
def test_the_pass_mark_is_reached_at_the_mark_itself(
    right: int, of: int, percent: int, *, reaches: bool
) -> None:
    assert qualification.Score(right, of).reaches(percent) is reaches


def test_a_case_is_right_by_a_mark_on_a_lesion_or_by_none_where_there_is_none() -> None:
    lesions = [{"found": False}, {"found": True}]
    assert qualification.is_right({"status": "diseased", "lesions": lesions, "false_marks": [2]})
    assert not qualification.is_right(
        {"status": "diseased", "lesions": lesions[:1], "false_marks": []}
    )
    assert qualification.is_right({"status": "non_diseased", "lesions": [], "false_marks": []})
    assert not qualification.is_right({"status": "non_diseased", "lesions": [], "false_marks": [1]})


@pytest.mark.parametrize("how", ["withdrawn", "voided"])
@pytest.mark.parametrize("right", [1, 0])
def test_training_that_ends_without_a_signature_is_settled_when_the_next_case_is_asked_for(
    people: People, how: str, right: int
) -> None:
    """A result of failure was lost with the refusal that it led to: nobody could decide."""
    study = qualifying(people)
    tab = sit(people.rae, study)
    tab.open()
    case = Read.objects.get(pk=tab.read_id).case
    has_lesion = factories.ReferenceStandard.objects.get(case=case).status == "diseased"
    tab.read_case(marks=int(has_lesion == bool(right)))
    tab.sign()
    last = sit(people.rae, study)
    assert last.open()["read"]["is_training"]
    read = Read.objects.select_related("case").get(pk=last.read_id)
    if how == "voided":
        reads.void(read.pk, reason="the wrong patient", by=people.cora)
    studies.withdraw_case(read.case, reason="the wrong patient", by=people.cora)
    if not right:
        assert refusal(people.rae, study).code == "reads.not_qualified"
        assert refusal(people.rae, study).code == "reads.not_qualified"
        code = Reader.objects.get(study=study, user=people.rae).code
        reads.decide_on_training(
            study, reader_code=code, kind="admit", reason="one case only", by=people.cora
        )
    assert sit(people.rae, study).open()["read"]["is_training"] is False
    (found,) = Qualification.objects.all()
    assert (found.right, found.of, found.is_passed) == (right, 1, bool(right))
