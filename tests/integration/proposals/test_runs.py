"""Runs of detectors: asked for by themselves, done once, failed visibly (fault chapter B)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from readerstudy.audit.models import Entry
from readerstudy.celery import app
from readerstudy.imaging import services as imaging
from readerstudy.imaging.models import Examination
from readerstudy.proposals import bridge, heartbeat, selectors, services, tasks
from readerstudy.proposals.lesions import ProposalHeatMap, ProposedLesion
from readerstudy.proposals.models import Run
from readerstudy.studies import integrity, readiness
from readerstudy.studies import services as studies
from readerstudy.web.problems import Problem
from tests import factories, kept, proposing
from tests.cast import PASSWORD, People

State = Run.State


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is sent to the broker, instead of sending it; and a detector at the bridge."""
    messages: list[str] = []

    def send_task(name: str, args: list[str], **_more: object) -> None:
        assert name == "proposals.run"
        messages.append(args[0])

    monkeypatch.setattr(app, "send_task", send_task)
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)
    monkeypatch.setattr(bridge, "known_detectors", lambda: [factories.DETECTOR])
    monkeypatch.setattr(bridge, "card", lambda _name: {"weights_sha256": "f" * 64})
    _detects(monkeypatch, proposing.found(0.9), proposing.found(0.4))
    return messages


def _detects(
    monkeypatch: pytest.MonkeyPatch, *found: bridge.Found, weights: str = "f" * 64
) -> None:
    def detect(_detector: str, _paths: Mapping[str, Any], **_how: Any) -> bridge.Detected:
        return bridge.Detected(weights, list(found))

    monkeypatch.setattr(bridge, "detect", detect)


def _crashes(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def detect(_detector: str, _paths: Mapping[str, Any], **_how: Any) -> bridge.Detected:
        raise error

    monkeypatch.setattr(bridge, "detect", detect)


@pytest.fixture
def examination(db: None) -> Examination:
    """An examination that is ready."""
    return factories.examination(imaging.create_collection(name="Ready"))


@pytest.fixture
def run(examination: Examination) -> Run:
    """A run that waits."""
    return services.request(examination, detector=factories.DETECTOR)


def _lapse(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_newly_uploaded_examination_gets_proposals_without_anyone_asking(
    examination: Examination, sent: list[str]
) -> None:
    assert tasks.sweep() == 1
    (run,) = Run.objects.all()
    assert sent == [str(run.pk)]
    tasks.run(sent[0])
    run.refresh_from_db()
    assert (run.state, run.attempt, run.weights_sha256) == (State.DONE, 1, "f" * 64)
    labels = ProposedLesion.objects.filter(run=run).values_list("label", "probability")
    assert list(labels) == [("A", 0.9), ("B", 0.4)]
    heat = ProposalHeatMap.objects.filter(lesion__run=run).order_by("lesion__label")
    assert [(each.lesion.label, each.levels) for each in heat] == [
        (label, proposing.HEAT_MAP["levels"]) for label in "AB"
    ]
    assert tasks.sweep() == 0
    assert Run.objects.count() == 1


def test_an_examination_that_is_not_ready_waits(examination: Examination) -> None:
    Examination.objects.filter(pk=examination.pk).update(ready_at=None)
    assert tasks.sweep() == 0
    assert not Run.objects.exists()


def test_the_sweep_serves_the_detectors_of_open_studies_and_the_default(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default where nobody has said yet which: a new study's images wait for nobody."""
    study = kept.draft_study(people, n_cases=2, n_training=0)
    new = studies.create_study(name="New", by=people.cora)
    first = factories.examination(new.collection)
    monkeypatch.setattr(bridge, "default_detector", lambda: "other@2")
    services.sweep()
    assert Run.objects.filter(detector=factories.DETECTOR).count() == 2
    assert Run.objects.get(detector="other@2").examination == first
    assert len(selectors.runs_of(study)) == 2
    assert selectors.counts() == {"queued": 3}
    studies.set_arms(
        new, arms=(factories.CONTROL, replace(factories.CONTROL, key="B")), by=people.cora
    )
    factories.examination(new.collection)
    services.sweep()
    assert selectors.counts() == {"queued": 3}, "no arm has AI"


@pytest.mark.fault("B1")
def test_b1_a_run_whose_worker_died_is_taken_up_when_its_lease_lapses(
    run: Run, sent: list[str]
) -> None:
    assert services.claim(run.pk) is not None
    assert services.claim(run.pk) is None
    assert services.wake_up() == 0
    _lapse(run)
    assert services.wake_up() == 1
    services.perform(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.fence) == (State.DONE, 2, 2)
    assert ProposedLesion.objects.filter(run=run).count() == 2


@pytest.mark.fault("B2")
@pytest.mark.fault("B6")
def test_b2_a_broker_that_forgot_everything_is_told_again(run: Run, sent: list[str]) -> None:
    assert sent == []  # crashed between the commit and the message, or the broker was emptied
    assert services.wake_up() == 1
    assert sent == [str(run.pk)]
    sent.clear()
    assert services.wake_up() == 1


@pytest.mark.fault("B4")
def test_b4_a_message_delivered_twice_makes_one_result(run: Run) -> None:
    services.perform(run.pk)
    services.perform(run.pk)
    run.refresh_from_db()
    assert (run.attempt, ProposedLesion.objects.filter(run=run).count()) == (1, 2)


@pytest.mark.fault("B5")
def test_b5_a_broker_that_takes_nothing_fails_no_request(
    people: People, run: Run, monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    def refuse(*_args: Any, **_more: Any) -> None:
        raise OperationalError("OOM command not allowed when used memory > 'maxmemory'")

    monkeypatch.setattr(app, "send_task", refuse)
    assert services.wake_up() == 0
    Run.objects.filter(pk=run.pk).update(state=State.QUARANTINED)
    with django_capture_on_commit_callbacks(execute=True):
        retried = services.retry(run, by=people.ada)
    assert retried.state == State.QUEUED


@pytest.mark.fault("B6")
@pytest.mark.django_db(transaction=True)
def test_b6_nothing_is_sent_before_the_commit_and_nothing_after_a_rollback(
    sent: list[str],
) -> None:
    run = services.request(
        factories.examination(imaging.create_collection(name="x")), detector=factories.DETECTOR
    )
    ada = factories.user("ada6")
    Run.objects.filter(pk=run.pk).update(state=State.QUARANTINED)
    with transaction.atomic():
        services.retry(run, by=ada)
        assert sent == []
        transaction.set_rollback(True)
    assert sent == []
    services.retry(run, by=ada)
    assert sent == [str(run.pk)]


@pytest.mark.fault("B7")
def test_b7_an_input_that_kills_every_worker_is_set_aside_after_three_attempts(
    run: Run, sent: list[str]
) -> None:
    for _ in range(3):
        assert services.claim(run.pk) is not None  # and the worker dies without a word
        _lapse(run)
    assert services.claim(run.pk) is None
    assert services.wake_up() == 0
    run.refresh_from_db()
    assert (run.state, run.attempt) == (State.QUARANTINED, 3)
    assert "3 times" in run.error
    assert Entry.objects.filter(action="proposals.fail").count() == 1


@pytest.mark.fault("B7")
@pytest.mark.fault("B8")
def test_b8_weights_that_do_not_fit_fail_visibly_and_leave_no_result(
    people: People, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    _crashes(monkeypatch, ValueError("weights.safetensors is damaged: its SHA-256 is 00"))
    for attempt in (1, 2, 3):
        services.perform(run.pk)
        run.refresh_from_db()
        assert run.attempt == attempt
        assert run.state == (State.FAILED if attempt < 3 else State.QUARANTINED)
        _lapse(run)
    assert "SHA-256" in run.error
    services.perform(run.pk)
    assert not ProposedLesion.objects.exists()
    assert selectors.done_run(run.examination_id, run.detector) is None
    services.retry(run, by=people.ada)
    _detects(monkeypatch, proposing.found())
    services.perform(run.pk)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.error) == (State.DONE, 1, "")


@pytest.mark.fault("B7")
def test_b7_what_failed_is_tried_again_ever_later_or_at_once_by_a_person(
    people: People, run: Run, sent: list[str], monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    """What passes (memory that lacks, a full disk) has time to; three tries at once waste it."""
    settings.JOB_BACKOFF_SECONDS = 30
    _crashes(monkeypatch, MemoryError("no memory is left"))
    for pause in (30, 120):
        before = timezone.now()
        services.perform(run.pk)
        run.refresh_from_db()
        assert run.state == State.FAILED
        assert run.lease_until is not None
        waited = (run.lease_until - before).total_seconds()
        assert pause <= waited < pause + 10
        assert services.claim(run.pk) is None
        assert services.wake_up() == 0
        if pause == 30:
            _lapse(run)
            assert services.wake_up() == 1
    assert sent == [str(run.pk)]
    services.retry(run, by=people.ada)
    assert services.claim(run.pk) is not None


@pytest.mark.fault("B7")
def test_b7_what_cannot_be_kept_fails_with_its_own_words_and_leaves_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the run would look as if its worker had died, three times, and say nothing of why."""
    impossible = replace(proposing.found(0.9), diameter_mm="4\0 mm")
    _detects(monkeypatch, proposing.found(0.8), impossible)
    services.perform(run.pk)
    run.refresh_from_db()
    assert (run.state, run.lost) == (State.FAILED, 0)
    assert "diameter_mm" in run.error
    assert not ProposedLesion.objects.filter(run=run).exists()
    _crashes(monkeypatch, ValueError("a\0b"))  # what PostgreSQL keeps in no text
    _lapse(run)
    services.perform(run.pk)
    run.refresh_from_db()
    assert run.error == "ValueError: ab"


@pytest.mark.fault("B9")
def test_b9_a_worker_that_slept_past_its_lease_changes_nothing(run: Run) -> None:
    slow = services.claim(run.pk)
    assert slow is not None
    _lapse(run)
    fast = services.claim(run.pk)
    assert fast is not None
    assert services.finish(slow, [proposing.found()] * 9, weights="0" * 64, seconds=1) is False
    services.fail(slow, "too late")
    assert heartbeat.renew(slow) is False
    assert services.finish(fast, [proposing.found()], weights="f" * 64, seconds=1) is True
    assert services.finish(slow, [proposing.found()] * 9, weights="0" * 64, seconds=1) is False
    run.refresh_from_db()
    assert (run.state, run.weights_sha256, run.error) == (State.DONE, "f" * 64, "")
    assert ProposedLesion.objects.filter(run=run).count() == 1


@pytest.mark.fault("B9")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_b9_of_eight_workers_at_once_one_gets_the_run() -> None:
    from tests.integration.studies.test_at_once import at_once

    run = services.request(
        factories.examination(imaging.create_collection(name="x")), detector=factories.DETECTOR
    )
    claims = at_once([lambda: services.claim(run.pk)] * 8)
    assert sum(each is not None for each in claims) == 1


def test_a_heartbeat_puts_the_lease_off(run: Run, settings: Any) -> None:
    mine = services.claim(run.pk)
    assert mine is not None
    settings.JOB_LEASE_SECONDS = 3600
    assert heartbeat.renew(mine) is True
    run.refresh_from_db()
    assert run.lease_until is not None
    assert run.lease_until > timezone.now() + timedelta(minutes=59)


def test_only_a_failed_run_is_tried_again(people: People, run: Run) -> None:
    services.perform(run.pk)
    with pytest.raises(Problem) as refused:
        services.retry(run, by=people.ada)
    assert refused.value.code == "proposals.not_failed"


def test_the_record_never_says_how_much_was_found(run: Run) -> None:
    services.perform(run.pk)
    entry = Entry.objects.get(action="proposals.finish")
    assert set(entry.detail) == {"detector", "weights_sha256"}


def test_more_than_26_proposals_have_labels_of_their_own(run: Run) -> None:
    many = [proposing.found(1 - number / 1000) for number in range(60)]
    claimed = services.claim(run.pk)
    assert claimed is not None
    services.finish(claimed, many, weights="f" * 64, seconds=1)
    labels = list(ProposedLesion.objects.order_by("-probability").values_list("label", flat=True))
    assert len(set(labels)) == 60
    assert (labels[0], labels[25], labels[26], labels[52]) == ("A", "Z", "AA", "BA")


def test_c8_a_case_whose_proposal_failed_stops_the_lock_until_retried_or_declared(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = kept.draft_study(people, n_cases=4, with_proposals=True)
    services.sweep()
    _crashes(monkeypatch, RuntimeError("CUDA out of memory"))
    bad, *good = Run.objects.order_by("queued_at", "pk")
    for _ in range(3):
        services.perform(bad.pk)
        _lapse(bad)
    _detects(monkeypatch, proposing.found())
    for each in good:
        services.perform(each.pk)
    code = study.cases.get(examination=bad.examination_id).code
    (missing,) = readiness.missing(study)
    assert missing.code == "proposals.not_there"
    assert code in missing.words
    assert "declare" in missing.words
    with pytest.raises(Problem) as refused:
        studies.lock(study, password=PASSWORD, by=people.cora)
    assert refused.value.code == "studies.not_ready"
    case = study.cases.get(code=code)
    studies.declare_without_proposals(case, reason="out of memory", by=people.cora)
    assert readiness.missing(study) == []
    studies.declare_without_proposals(case, reason="again", declared=False, by=people.cora)
    services.retry(bad, by=people.cora)
    services.perform(bad.pk)
    assert readiness.missing(study) == []
    studies.lock(study, password=PASSWORD, by=people.cora)


def test_c8_an_arm_whose_detector_is_not_installed_is_said(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = kept.draft_study(people, with_proposals=True)
    monkeypatch.setattr(bridge, "known_detectors", list)
    codes = {each.code for each in readiness.missing(study)}
    assert codes == {"proposals.not_there", "proposals.unknown_detector"}


@pytest.mark.fault("B8")
def test_a3_proposals_of_other_weights_than_the_cards_are_found(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = kept.draft_study(people, with_proposals=True)
    proposing.propose_for(study, proposing.found())
    studies.lock(study, password=PASSWORD, by=people.cora)
    assert integrity.check(study) == []
    Run.objects.filter(pk=Run.objects.order_by("pk")[0].pk).update(weights_sha256="0" * 64)
    assert any("weights" in words for words in integrity.check(study))
    Run.objects.update(weights_sha256="0" * 64)
    assert any("weights" in words for words in integrity.check(study))
    monkeypatch.setattr(bridge, "card", lambda _name: {"weights_sha256": "0" * 64})
    assert integrity.check(study) == []
