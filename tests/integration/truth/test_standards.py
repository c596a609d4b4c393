"""The reference standard: set whole, by who may, and told to readers after training only."""

from typing import Any

import pytest

from readerstudy.audit.models import Entry
from readerstudy.reads import feedback
from readerstudy.reads.models import Read
from readerstudy.studies import readiness
from readerstudy.studies import services as studies
from readerstudy.studies.models import Case
from readerstudy.truth import selectors, services
from readerstudy.truth.models import ReferenceStandard, TruthLesion
from readerstudy.truth.services import LesionDraft
from readerstudy.web.problems import Problem
from tests import factories, kept
from tests.cast import People
from tests.integration.reads.conftest import sit

SMALL = LesionDraft(x_mm=1, y_mm=2, z_mm=3, diameter_mm=4)
LARGE = LesionDraft(x_mm=-40, y_mm=20, z_mm=30, diameter_mm=15, kind="metastasis")


@pytest.fixture
def case(people: People) -> Case:
    """A case of a draft without a standard."""
    study = studies.create_study(name="Draft", by=people.cora)
    studies.grant_role(study, user=people.tess, role="truth_reader", by=people.cora)
    return studies.add_case(
        study, examination=factories.examination(study.collection), by=people.cora
    )


def set_to(case: Case, by: Any, *lesions: LesionDraft, status: str = "diseased") -> Any:
    return services.set_standard(case, status=status, lesions=lesions, source="histology", by=by)


def test_a_truth_reader_sets_a_standard_and_weights_sum_to_one(people: People, case: Case) -> None:
    standard = set_to(case, people.tess, SMALL, LARGE)
    weights = list(selectors.lesions(standard).values_list("weight", flat=True))
    assert weights == [0.5, 0.5]
    heavy = LesionDraft(x_mm=0, y_mm=0, z_mm=0, diameter_mm=9, weight=3)
    light = LesionDraft(x_mm=9, y_mm=0, z_mm=0, diameter_mm=9, weight=1)
    again = set_to(case, people.cora, heavy, light)
    assert again.pk == standard.pk
    assert list(selectors.lesions(again).values_list("weight", flat=True)) == [0.75, 0.25]
    assert TruthLesion.objects.count() == 2


def test_the_record_says_that_it_was_set_and_not_what_it_says(people: People, case: Case) -> None:
    set_to(case, people.tess, SMALL)
    entry = Entry.objects.get(action="truth.set_standard")
    assert entry.detail == {"case": case.code}
    assert entry.reason == ""


@pytest.mark.parametrize(
    ("status", "lesions", "words"),
    [
        ("diseased", (), "at least one lesion"),
        ("non_diseased", (SMALL,), "has no lesions"),
        ("perhaps", (), "one of"),
        ("diseased", (LesionDraft(x_mm=1e6, y_mm=0, z_mm=0, diameter_mm=4),), "Lesion 1"),
        ("diseased", (LesionDraft(x_mm=float("nan"), y_mm=0, z_mm=0, diameter_mm=4),), "place"),
        ("diseased", (LesionDraft(x_mm=0, y_mm=0, z_mm=0, diameter_mm=0),), "diameter"),
        ("diseased", (LesionDraft(x_mm=0, y_mm=0, z_mm=0, diameter_mm=4, weight=0),), "weight"),
    ],
)
def test_a_standard_that_contradicts_itself_is_refused_in_words(
    people: People, case: Case, status: str, lesions: tuple[LesionDraft, ...], words: str
) -> None:
    with pytest.raises(Problem) as refused:
        set_to(case, people.tess, *lesions, status=status)
    assert (refused.value.status, refused.value.code) == (400, "truth.standard")
    assert words in refused.value.detail
    assert not ReferenceStandard.objects.exists()


@pytest.mark.parametrize(("name", "status"), [("mallory", 404), ("rae", 404), ("stan", 403)])
def test_nobody_else_sets_it(people: People, case: Case, name: str, status: int) -> None:
    studies.grant_role(case.study, user=people.stan, role="statistician", by=people.cora)
    with pytest.raises(Problem) as refused:
        set_to(case, getattr(people, name), SMALL)
    assert refused.value.status == status


def test_after_the_lock_it_stays(people: People) -> None:
    study = kept.locked_study(people)
    with pytest.raises(Problem) as refused:
        set_to(study.cases.all()[0], people.cora, SMALL)
    assert (refused.value.status, refused.value.code) == (409, "studies.state")


def test_c1_a_lock_waits_for_every_standard_and_for_both_classes(
    people: People, case: Case
) -> None:
    codes = {each.code for each in readiness.missing(case.study)}
    assert {"truth.not_set", "truth.one_class"} <= codes
    (words,) = [
        each.words for each in readiness.missing(case.study) if each.code == "truth.not_set"
    ]
    assert case.code in words
    set_to(case, people.tess, SMALL)
    assert "truth.not_set" not in {each.code for each in readiness.missing(case.study)}


@pytest.mark.parametrize("is_on_it", [True, False])
def test_r10_training_is_answered_with_the_truth_by_the_studys_own_rule(
    people: People, *, is_on_it: bool
) -> None:
    study = kept.running_study(people)  # its training case has one 8 mm lesion at (1, 1, 0)
    tab = sit(people.rae, study)
    tab.open()
    tab.does("first_render")
    tab.mark(position_mm=[1, 2, 0] if is_on_it else [60, 60, 60])
    tab.answer_all()
    tab.flush()
    told = tab.sign()["feedback"]
    assert told == {
        "status": "diseased",
        "lesions": [{"number": 1, "position_mm": [1, 1, 0], "diameter_mm": 8, "found": is_on_it}],
        "false_marks": [] if is_on_it else [1],
    }
    assert tab.sign()["feedback"] == told


@pytest.mark.fault("F11")
def test_f11_a_main_read_gets_no_feedback_whoever_asks(people: People) -> None:
    study = kept.running_study(people)
    sit(people.rae, study).read_and_sign()
    tab = sit(people.rae, study)
    assert "feedback" not in tab.read_and_sign()
    read = Read.objects.get(pk=tab.read_id)
    assert feedback.of(read) is None
    assert [provider(read) for provider in feedback._providers] == [None]


def test_f11_an_open_training_read_gets_none(people: People) -> None:
    tab = sit(people.rae, kept.running_study(people))
    tab.open()
    read = Read.objects.get(pk=tab.read_id)
    assert feedback.of(read) is None
    assert [provider(read) for provider in feedback._providers] == [None]
