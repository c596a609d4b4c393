"""Where runs wait: in the queue of workers that have what the detector's card asks for."""

from typing import Any

import pytest

from readerstudy.celery import app
from readerstudy.imaging import services as imaging
from readerstudy.proposals import bridge, services
from tests import factories


def test_detectors_have_a_queue_of_their_own() -> None:
    """An analysis must not wait behind twenty examinations."""
    router = app.amqp.router
    assert router.route({}, services.TASK)["queue"].name == "detectors"
    assert router.route({}, "results.analyse")["queue"].name == "cpu"


@pytest.mark.parametrize(
    ("need", "most", "queue"),
    [
        ({}, 0, "detectors"),
        ({"device": "any", "memory_mib": 1900}, 4000, "detectors"),
        ({"device": "any", "memory_mib": 9000}, 4000, "gpu"),
        ({"device": "any", "memory_mib": 9000}, 0, "detectors"),
        ({"device": "cuda", "memory_mib": None}, 0, "gpu"),
    ],
)
def test_a_run_waits_where_its_detector_can_run(
    db: None,
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    need: dict[str, Any],
    most: int,
    queue: str,
) -> None:
    queues: list[str] = []
    monkeypatch.setattr(app, "send_task", lambda *_args, **more: queues.append(more["queue"]))
    monkeypatch.setattr(bridge, "card", lambda _name: need)
    settings.DETECTOR_MEMORY_MIB = most
    examination = factories.examination(imaging.create_collection(name="Ready"))
    services.request(examination, detector=factories.DETECTOR)
    services.wake_up()
    assert queues == [queue]
