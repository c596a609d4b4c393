"""R2: whatever a control arm's reader does, what is hidden changes no byte and no query (F1, I9).

Hypothesis makes the scripts. BLINDING_PAIRS=100000 goes on until so many pairs of answers were
compared; with BLINDING_LOG=FILE those of runs that were interrupted count too. The short form is
for every run of the tests.
"""

import gc
import json
import logging
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
from tests import factories
from tests.cast import PASSWORD, People
from tests.integration.reads import leaks, worlds
from tests.integration.reads.conftest import sit
from tests.integration.reads.scripts import DOORS, IDS, WINDOWS, Script, play_script, scripts
from tests.lock_order import undone

PAIRS = int(os.environ.get("BLINDING_PAIRS", "0"))
LOG = Path(os.environ.get("BLINDING_LOG", os.devnull))
SHORT = settings(
    max_examples=6, deadline=None, phases=[Phase.generate, Phase.shrink], derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
LONG = settings(SHORT, max_examples=10**9, derandomize=False, database=None)


def play(study: Study, user: Any, world: str, script: Script) -> list[worlds.Traffic]:
    """The script in one world; the database is then as it was before."""
    with undone():
        worlds.WORLDS[world](study)
        with worlds.frozen():
            traffic = play_script(user, study, script)
    return traffic


def compared(study: Study, user: Any, script: Script) -> tuple[int, set[int]]:
    """Play in three worlds and compare; answers the number of pairs, and the statuses seen."""
    nothing = play(study, user, "nothing", script)
    for world in ("hidden", "otherwise"):
        other = play(study, user, world, script)
        worlds.same(nothing, other)
        assert worlds.canaries_in(other) == []
    assert not [each.request for each in nothing if each.status >= 500]
    return 2 * len(nothing), {each.status for each in nothing}


def compared_before() -> int:
    """The pairs of earlier runs that kept the same log."""
    if not LOG.is_file():
        return 0
    return sum(json.loads(line)["pairs"] for line in LOG.read_text(encoding="utf-8").splitlines())


def _quiet(patch: pytest.MonkeyPatch) -> None:
    """Without the log's lines, and without looking through what stays: a tenth of the time each."""
    patch.setattr(logging.root.manager, "disable", logging.CRITICAL)
    gc.collect()
    gc.freeze()


class Enough(Exception):
    """So many pairs were compared."""


@pytest.mark.fault("F1")
@pytest.mark.fault("F3")
@pytest.mark.fault("F10")
def test_f1_no_script_of_a_control_arms_reader_differs_between_three_worlds(
    study: Study, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs, statuses, began = compared_before(), set[int](), time.monotonic()
    if PAIRS:
        _quiet(monkeypatch)

    @(LONG if PAIRS else SHORT)
    @given(script=scripts)
    def goes_on(script: Script) -> None:
        nonlocal pairs
        if PAIRS and pairs >= PAIRS:
            raise Enough
        made, seen = compared(study, reader, script)
        pairs += made
        with LOG.open("a", encoding="utf-8") as log:
            line = {"pairs": made, "of": len(script), "s": round(time.monotonic() - began)}
            log.write(json.dumps(line) + "\n")
        statuses.update(seen)

    try:
        goes_on()
    except Enough:
        took = time.monotonic() - began
        print(f"{pairs} pairs of answers compared in {took:.0f} s: no byte differs")  # noqa: T201
    assert pairs > 200
    assert {200, 201, 404} <= statuses


@pytest.mark.fault("F1")
def test_f1_no_door_differs_between_three_worlds(study: Study, reader: Any) -> None:
    """Each door once, with a read open: chance alone takes a long run to try them all."""
    doors = [("door", method, door, IDS[0]) for door in DOORS for method in ("GET", "POST")]
    script: Script = [*doors, ("whole", WINDOWS[0]), *doors[::2]]
    pairs, statuses = compared(study, reader, script)
    assert pairs == 2 * (len(script) + 3)  # and the three that every script begins with
    assert {200, 403, 404, 405} <= statuses


TRAINING = ("door", "GET", "/reading/{study}/training/", IDS[0])
TRUTH = b"Metastases present"


@pytest.mark.fault("F1")
def test_f1_the_page_of_ones_training_is_the_same_before_a_case_is_signed(study: Study) -> None:
    reader = worlds.control_first(study)
    compared(study, reader, [TRAINING, ("whole", WINDOWS[0]), TRAINING])
    for world in worlds.WORLDS:
        for page in _pages(play(study, reader, world, [("whole", WINDOWS[0]), TRAINING])):
            assert (page.status, TRUTH in page.body) == (200, False)


@pytest.mark.fault("F1")
def test_f1_the_page_of_ones_training_tells_the_truth_of_signed_cases(
    study: Study, reader: Any
) -> None:
    """R10: which is what feedback told, and in every world the same."""
    for world in worlds.WORLDS:
        (page,) = _pages(play(study, reader, world, [TRAINING]))
        assert (page.status, TRUTH in page.body) == (200, True)


TESTED = [("door", "GET", door, IDS[0]) for door in DOORS if door.startswith("/reading/")]


@pytest.mark.fault("F1")
@pytest.mark.fault("F11")
def test_f1_a_test_cases_truth_is_in_no_answer_while_the_test_lasts(people: People) -> None:
    """R10: two of three test cases are signed, and the reader's own pages looked at."""
    control = replace(factories.CONTROL, key="B", name="Control too")
    made = factories.draft_study(people, n_training=4, arms=(factories.CONTROL, control))
    studies.set_pass_mark(made, percent=50, tests=3, by=people.cora)
    studies.lock(made, password=PASSWORD, by=people.cora)
    study = studies.start(Study.objects.get(pk=made.pk), by=people.cora)
    user = worlds.control_first(study)
    assert "feedback" in sit(user, study).read_and_sign()
    one = [("whole", WINDOWS[0]), ("sign", WINDOWS[0], PASSWORD), *TESTED]
    script: Script = [*one, ("open", WINDOWS[0]), *one, ("open", WINDOWS[0])]
    compared(study, user, script)
    nothing = play(study, user, "nothing", script)
    signed = [each for each in nothing if each.request.endswith("/submit")]
    assert [each.status for each in signed] == [200, 200]
    assert not [each for each in signed if b"feedback" in each.body]


def _pages(traffic: list[worlds.Traffic]) -> list[worlds.Traffic]:
    return [each for each in traffic if each.request.endswith("/training/")]


@pytest.mark.once
@pytest.mark.fault("F14")
def test_f14_scripts_of_chance_find_a_planted_leak(
    study: Study, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaks.cut_the_wire(monkeypatch)
    leaks.LEAKS["an_error_for_hidden_ids_only"](monkeypatch)

    @settings(SHORT, max_examples=40, phases=[Phase.generate])
    @given(script=scripts)
    def goes_on(script: Script) -> None:
        compared(study, reader, script)

    with pytest.raises(AssertionError):
        goes_on()
