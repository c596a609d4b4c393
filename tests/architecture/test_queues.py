"""Every queue that a task is sent to has a worker, wherever the platform runs."""

import re
from pathlib import Path

import pytest
import yaml

from readerstudy.celery import app
from readerstudy.proposals.selectors import DETECTORS, GPU
from scripts.launcher.serve import Platform

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def sent_to() -> set[str]:
    """The default queue, those that routes name, and those that detectors are sent to by need."""
    routes = {route["queue"] for route in app.conf.task_routes.values()}
    return routes | {app.conf.task_default_queue, DETECTORS, GPU}


def taken_by(command: list[str]) -> set[str]:
    """The queues of a worker's command; none for other commands."""
    if "--queues" not in command:
        return set()
    named = command[command.index("--queues") + 1]
    return set(re.sub(r"\$\{\w+:-(.*)\}", r"\1", named).split(","))


def test_the_embedded_platform_takes_every_queue() -> None:
    commands = Platform(0).commands.values()
    assert set().union(*map(taken_by, commands)) == sent_to()


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_production_takes_every_queue_with_and_without_a_gpu(profile: str) -> None:
    running = [each for each in COMPOSE.values() if profile in each.get("profiles", [profile])]
    taken = [taken_by(str(each.get("command", "")).split()) for each in running]
    assert set().union(*taken) == sent_to()


def test_the_example_of_settings_chooses_a_profile() -> None:
    lines = (ROOT / "docs" / "deployment.env.example").read_text().splitlines()
    assert "COMPOSE_PROFILES=cpu" in lines
