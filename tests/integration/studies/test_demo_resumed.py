"""A demonstration that was interrupted is gone on with: nothing twice, nothing lost."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from readerstudy.accounts.models import User
from readerstudy.demo import build, phantoms
from readerstudy.imaging.models import Instance, Upload
from readerstudy.imaging.services import delivering
from readerstudy.studies.models import Study
from readerstudy.truth import selectors as standards
from readerstudy.truth import services as truth
from tests import dicom, kept
from tests.cast import People

pytestmark = pytest.mark.once
CASES, TRAINING = 1, 1
WANTED = [*phantoms.orders(CASES, TRAINING), *phantoms.priors(TRAINING).values()]
FILES = 4 * 3  # of each examination: series, slices


@pytest.fixture(autouse=True)
def _small_phantoms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def folder(order: phantoms.Order) -> Path:
        return tmp_path / f"{order.seed}-{order.study_date}"

    for order in WANTED:
        of = {"PatientID": f"SYNTHETIC-{order.seed}", "StudyDate": order.study_date}
        dicom.examination(folder(order) / "dicom", count=3, **of)
        (folder(order) / phantoms.TRUTH).write_text(json.dumps({"lesions": []}))
    monkeypatch.setattr(phantoms, "folder_of", folder)


@pytest.fixture
def users(db: None) -> dict[str, User]:
    return build.make_people()


@pytest.fixture
def study(users: dict[str, User]) -> Study:
    return build.begin(users)


def interrupted(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, at: int) -> None:
    """Let a function be interrupted when it is called for the `at`-th time, and work after."""
    calls, real = iter(range(1, at + 1)), getattr(where, name)

    def call(*given: Any, **more: Any) -> Any:
        if next(calls, 0) == at:
            raise KeyboardInterrupt
        return real(*given, **more)

    monkeypatch.setattr(where, name, call)


def again(make: Callable[[], Any]) -> Any:
    with pytest.raises(KeyboardInterrupt):
        make()
    return make()


def test_a_draft_that_was_half_begun_is_gone_on_with(
    users: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(monkeypatch, build.studies, "add_reader", 3)
    with pytest.raises(KeyboardInterrupt):
        build.begin(users)
    half = build.find()
    assert half
    assert not build.is_begun(half)
    assert build.begin(users) == half
    assert build.is_begun(half)
    assert Study.objects.count() == 1
    assert half.readers.count() == 6


@pytest.mark.parametrize("name", ["start_upload", "_take_all", "finish_upload"])
def test_an_examination_that_was_half_taken_in_is_completed_and_the_others_are_not_sent_again(
    study: Study, users: dict[str, User], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupted(monkeypatch, delivering, name, 2)
    counted = []
    found = again(
        lambda: build.take_in(
            study, WANTED, by=users["coordinator"], done=lambda: counted.append(1)
        )
    )
    there = {each.pk for each in study.collection.examinations.all()}
    assert {each.pk for each in found.values()} == there
    assert len(there) == len(WANTED)
    assert len(counted) == 1 + len(WANTED)  # the bar of the first start, and of the second
    assert Instance.objects.count() == FILES * len(WANTED)
    assert not Upload.objects.filter(state=Upload.State.RECEIVING).exists()
    begun_twice = 0 if name == "start_upload" else 1
    assert Upload.objects.count() == len(WANTED) + begun_twice


def test_cases_that_are_there_stay_as_they_are(
    study: Study, users: dict[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    cora = users["coordinator"]
    found = build.take_in(study, WANTED, by=cora, done=lambda: None)
    interrupted(monkeypatch, truth, "set_standard", 2)
    again(lambda: build.make_cases(study, found, training=TRAINING, by=cora))
    cases = study.cases.order_by("kind")
    assert [each.kind for each in cases] == ["main", "training"]
    assert all(standards.of_case(each) for each in cases)
    assert [each.prior is not None for each in cases] == [False, True]


def test_a_draft_is_not_made_yet_and_what_users_ended_is(study: Study) -> None:
    for state in set(Study.State.values) - {Study.State.RUNNING}:
        study.state = state
        assert build.is_made(study) is (state not in {"draft", "ready"})


def test_a_study_that_was_locked_and_not_started_is_started(
    people: People,
) -> None:
    locked = kept.locked_study(people)
    assert build.open_for_reading(locked, by=people.cora).state == "running"
