"""Kinds of lesion: asked for where a draft tells them, by one head, and checked at the lock."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from readerstudy.celery import app
from readerstudy.proposals import bridge, services
from readerstudy.proposals.bridge import Found, Head
from readerstudy.proposals.lesions import ProposalHeatMap, ProposedLesion
from readerstudy.proposals.models import Run
from readerstudy.studies import integrity, readiness
from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
from tests import factories, kept, proposing
from tests.cast import PASSWORD, People

PLAIN = proposing.found(classification={})


@pytest.fixture(autouse=True)
def _bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector and a head at the bridge, and a broker that takes everything."""

    def detect(_detector: str, _paths: Any, **_how: Any) -> bridge.Detected:
        return bridge.Detected("f" * 64, [PLAIN])

    monkeypatch.setattr(app, "send_task", lambda *_args, **_more: None)
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)
    monkeypatch.setattr(bridge, "known_detectors", lambda: [factories.DETECTOR])
    monkeypatch.setattr(bridge, "card", lambda _name: {"weights_sha256": "f" * 64})
    monkeypatch.setattr(bridge, "detect", detect)
    _answers(monkeypatch, proposing.HEAD)


def _answers(monkeypatch: pytest.MonkeyPatch, head: Head) -> None:
    def tell(
        found: Sequence[Found], _paths: Mapping[str, Any], *, grid_role: str
    ) -> tuple[Head, list[Found]]:
        assert grid_role == "t1c"
        said = {**proposing.KIND, "sha256": head.sha256}
        return head, [replace(each, classification=said) for each in found]

    monkeypatch.setattr(bridge, "kinds_head", lambda: replace(head, lacks=()))
    monkeypatch.setattr(bridge, "tell_kinds", tell)


@pytest.fixture
def study(people: People) -> Study:
    """A draft whose proposals are there, without kinds."""
    made = kept.draft_study(people, with_proposals=True)
    for case in made.cases.all():
        proposing.propose(case.examination, PLAIN, head=None)
    return made


def _perform_all() -> None:
    services.sweep()
    for run in Run.objects.filter(state=Run.State.QUEUED):
        services.perform(run.pk)


def _missing(study: Study) -> list[str]:
    return [each.code for each in readiness.missing(Study.objects.get(pk=study.pk))]


def test_kinds_are_asked_for_once_a_draft_tells_them_and_stop_its_lock_until_then(
    people: People, study: Study
) -> None:
    services.sweep()
    assert not Run.objects.exclude(state=Run.State.DONE).exists()
    assert _missing(study) == []
    studies.set_lesion_classification(study, is_told=True, by=people.cora)
    assert _missing(study) == ["proposals.kinds_not_there"]
    _perform_all()
    assert _missing(study) == []
    lesions = list(ProposedLesion.objects.select_related("run"))
    assert len(lesions) == ProposalHeatMap.objects.count() == study.cases.count()
    assert {each.classification["sha256"] for each in lesions} == {proposing.HEAD.sha256}
    assert {each.run.kinds_head for each in lesions} == {"lesion-kind@1"}
    studies.lock(study, password=PASSWORD, by=people.cora)
    _perform_all()
    assert {each.run.attempt for each in ProposedLesion.objects.select_related("run")} == {1}


def test_a_study_that_does_not_tell_kinds_has_none_asked_for(people: People) -> None:
    made = kept.draft_study(people, with_proposals=True)
    _perform_all()
    assert ProposedLesion.objects.count() == made.cases.count()
    assert set(Run.objects.values_list("kinds_head", flat=True)) == {""}
    assert not any(each.classification for each in ProposedLesion.objects.all())


def test_a_locked_study_is_never_asked_again(
    people: People, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies.set_lesion_classification(study, is_told=True, by=people.cora)
    _perform_all()
    studies.lock(study, password=PASSWORD, by=people.cora)
    _answers(monkeypatch, Head("lesion-kind@2", "b" * 64))
    services.sweep()
    assert not Run.objects.exclude(state=Run.State.DONE).exists()
    assert integrity.check(study) == []
    Run.objects.filter(pk=Run.objects.order_by("pk")[0].pk).update(kinds_sha256="b" * 64)
    assert "Kinds of lesion were not all told by one head." in integrity.check(study)


def test_answers_of_two_heads_stop_the_lock_until_one_has_answered_all(
    people: People, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies.set_lesion_classification(study, is_told=True, by=people.cora)
    _perform_all()
    _answers(monkeypatch, Head("lesion-kind@2", "b" * 64))
    Run.objects.filter(pk=Run.objects.order_by("pk")[0].pk).update(
        kinds_head="lesion-kind@2", kinds_sha256="b" * 64
    )
    (found,) = readiness.missing(Study.objects.get(pk=study.pk))
    assert found.code == "proposals.kinds_of_several"
    assert "lesion-kind@1 (aaaaaaaa); lesion-kind@2 (bbbbbbbb)" in found.words
    _perform_all()
    assert _missing(study) == []
    assert set(Run.objects.values_list("kinds_head", flat=True)) == {"lesion-kind@2"}


def test_cases_without_the_series_it_needs_are_named(
    people: People, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    studies.set_lesion_classification(study, is_told=True, by=people.cora)
    _answers(monkeypatch, replace(proposing.HEAD, lacks=("t1", "t2")))
    _perform_all()
    (found,) = readiness.missing(Study.objects.get(pk=study.pk))
    assert found.code == "proposals.kinds_lack_series"
    assert all(code in found.words for code in study.cases.values_list("code", flat=True))


def test_kinds_of_another_makers_proposals_and_without_an_ai_arm_are_refused(
    people: People, study: Study
) -> None:
    studies.set_lesion_classification(study, is_told=True, by=people.cora)
    Run.objects.update(source="vendor")
    assert _missing(study) == ["proposals.kinds_of_vendor"]
    studies.set_arms(study, arms=[factories.CONTROL], by=people.cora)
    assert "studies.kinds_without_ai" in _missing(study)


def test_a_damaged_head_asks_nothing_and_does_not_stop_the_sweep(
    people: People, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaged() -> Head:
        raise ValueError("lesion-kind-1.json is damaged")

    studies.set_lesion_classification(study, is_told=True, by=people.cora)
    monkeypatch.setattr(bridge, "kinds_head", damaged)
    assert services.sweep() == 0
    assert not Run.objects.exclude(state=Run.State.DONE).exists()


def test_the_bridge_says_which_series_the_head_lacks_without_reading_any(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()
    paths = {"t1c": [Path("a.dcm")], "flair": [Path("b.dcm")]}
    head, found = bridge.tell_kinds([PLAIN], paths, grid_role="t1c")
    assert (head.name, head.lacks) == ("lesion-kind@1", ("t1", "t2"))
    assert found == [PLAIN]
