"""A run while it runs: what a detector is asked, what it used, how far it is, how it is stopped."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from billiard.pool import soft_timeout_sighandler  # type: ignore[import-untyped]
from django.utils import timezone

from inference.detector import Note, Stage, Used
from readerstudy.celery import SOFT_LIMIT_SECONDS, TIME_LIMIT_SECONDS, VISIBILITY_SECONDS, app
from readerstudy.imaging import services as imaging
from readerstudy.proposals import bridge, heartbeat, services, tasks
from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.proposals.models import Run
from readerstudy.proposals.services import runs
from tests import factories, proposing
from tests.cast import People

State = Run.State


@pytest.fixture
def run(db: None, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run that waits; what is sent to workers is sent to nobody."""
    monkeypatch.setattr(app, "send_task", lambda *_args, **_more: None)
    monkeypatch.setattr(bridge, "card", lambda _name: {"weights_sha256": "f" * 64})
    examination = factories.examination(imaging.create_collection(name="Ready"))
    return services.request(examination, detector=factories.DETECTOR)


def _put(run: Run, state: str) -> Run:
    Run.objects.filter(pk=run.pk).update(state=state)
    return run


def _lapse(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.fault("B1")
def test_b1_after_a_second_worker_was_lost_the_detector_begins_in_smaller_windows(
    people: People, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One loss may be an update; a worker that is killed for its memory is lost again."""
    asked: list[int] = []

    def detect(
        _detector: str, _paths: Mapping[str, Any], *, halvings: int, note: Note
    ) -> bridge.Detected:
        asked.append(halvings)
        note(Stage.NETWORK)
        if len(asked) == 1:
            raise ValueError("not of memory")
        return bridge.Detected(
            "f" * 64, [], used=Used("cpu", 96 >> halvings, is_reduced=halvings > 0)
        )

    monkeypatch.setattr(bridge, "detect", detect)
    services.perform(run.pk)
    services.retry(_put(run, State.QUARANTINED), by=people.ada)
    for _loss in range(2):
        assert services.claim(run.pk) is not None  # and the worker is killed
        _lapse(run)
    services.perform(run.pk)
    run.refresh_from_db()
    assert (run.lost, run.attempt) == (2, 3)
    assert (run.device, run.window, run.is_reduced) == ("cpu", 48, True)
    services.retry(_put(run, State.QUARANTINED), by=people.ada)
    services.perform(run.pk)
    run.refresh_from_db()
    assert (run.lost, run.window, run.is_reduced) == (0, 96, False)
    assert asked == [0, 1, 0]


@pytest.mark.parametrize(
    ("here", "told", "kept", "found"),
    [
        (2, None, 2, None),
        (2, 7, 2, 7),  # by a detector that answers with few of them
        (3, None, 2, 3),  # by one that says nothing of it
    ],
)
def test_a_run_that_found_more_than_is_kept_has_how_many(
    run: Run, monkeypatch: pytest.MonkeyPatch, here: int, told: int | None, kept: int,
    found: int | None,
) -> None:  # fmt: skip
    lesions = [proposing.found() for _ in range(here)]
    detected = bridge.Detected("f" * 64, lesions, used=Used("cpu", found=told))
    monkeypatch.setattr(bridge, "detect", lambda *_asked, **_how: detected)
    monkeypatch.setattr(runs, "MAX_PROPOSALS", 2)
    services.perform(run.pk)
    run.refresh_from_db()
    assert (run.state, run.found) == (State.DONE, found)
    assert ProposedLesion.objects.filter(run=run).count() == kept


def test_a_run_says_what_it_is_at_by_one_statement_a_stage(
    run: Run, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    seen: list[str] = []

    def detect(_detector: str, _paths: Mapping[str, Any], *, note: Note, **_how: Any) -> Any:
        seen.append(Run.objects.get(pk=run.pk).stage)
        for stage in Stage:
            with django_assert_num_queries(1):
                note(stage)
            seen.append(Run.objects.get(pk=run.pk).stage)
        return bridge.Detected("f" * 64, [])

    def finish(mine: Run, *args: Any, **more: Any) -> bool:
        seen.append(Run.objects.get(pk=mine.pk).stage)
        return ended(mine, *args, **more)

    ended = runs.finish
    monkeypatch.setattr(bridge, "detect", detect)
    monkeypatch.setattr(runs, "finish", finish)
    services.perform(run.pk)
    assert seen == list(Run.Stage)
    run.refresh_from_db()
    assert (run.state, run.stage) == (State.DONE, "")


def test_a_worker_that_lost_its_run_says_nothing_of_its_stage(run: Run) -> None:
    slow = services.claim(run.pk)
    assert slow is not None
    _lapse(run)
    assert services.claim(run.pk) is not None
    heartbeat.enter(slow, Run.Stage.WRITING)
    run.refresh_from_db()
    assert run.stage == Run.Stage.LOADING


@pytest.fixture
def told_of_its_limit() -> Iterator[None]:
    """What a worker's process does at the soft limit, where Celery's parent sends it SIGUSR1."""
    before = signal.signal(signal.SIGUSR1, soft_timeout_sighandler)
    yield
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.fault("B7")
@pytest.mark.usefixtures("told_of_its_limit")
def test_b7_a_run_that_takes_too_long_fails_with_words_and_is_tried_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def detect(_detector: str, _paths: Mapping[str, Any], **_how: Any) -> bridge.Detected:
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(10)
        raise AssertionError("nobody told it")

    monkeypatch.setattr(bridge, "detect", detect)
    for attempt in (1, 2, 3):
        tasks.run(str(run.pk))  # acknowledged: it raises nothing
        run.refresh_from_db()
        assert (run.attempt, run.lost) == (attempt, 0)
        assert run.state == (State.FAILED if attempt < 3 else State.QUARANTINED)
        assert run.error.startswith("It took longer than a run may, 27 minutes: give its worker")
        assert services.wake_up() == 0
        _lapse(run)
        assert services.wake_up() == (1 if attempt < 3 else 0)


def test_a_task_is_told_of_its_limit_before_it_is_killed_and_killed_before_it_is_sent_again() -> (
    None
):
    limits = (app.conf.task_soft_time_limit, app.conf.task_time_limit)
    assert limits == (SOFT_LIMIT_SECONDS, TIME_LIMIT_SECONDS)
    assert SOFT_LIMIT_SECONDS < TIME_LIMIT_SECONDS < VISIBILITY_SECONDS
