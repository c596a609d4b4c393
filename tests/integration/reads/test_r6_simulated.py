"""R6: simulated readers of a study on demand ask as the observer model says, and it is logged."""

import math
from datetime import timedelta
from itertools import combinations, pairwise

import numpy as np
import pytest

from readerstudy.demo import reading
from readerstudy.demo.clock import Clock
from readerstudy.demo.observer import ASKS_AT_LEAST, SKILLS, Observer
from readerstudy.demo.reading import SimulatedReader
from readerstudy.reads import disclosure
from readerstudy.reads.models import Batch, Read
from readerstudy.studies.models import Study
from tests import factories
from tests.cast import PASSWORD, People
from tests.integration.reads import worlds
from tests.integration.reads.conftest import running
from tests.integration.reads.test_operations import DAY_0

ASKS = [True, False] * 20  # of each case in turn


@pytest.fixture
def reads(study: Study, monkeypatch: pytest.MonkeyPatch) -> list[Read]:
    """All reads of a simulated reader whose first period is on demand, in their order."""
    study.arms.filter(mode="concurrent").update(mode="on_demand")
    user = worlds.aided_first(study)
    answers = iter(ASKS)
    monkeypatch.setattr(reading, "PASSWORD", PASSWORD)
    monkeypatch.setattr(Observer, "asks", lambda _self: next(answers))
    clock = Clock(DAY_0)
    with clock.running():
        SimulatedReader(study, user, clock, seed=1).read_all(lambda: None)
    return list(Read.objects.filter(reader__user=user).order_by("opened_at"))


def test_r6_a_simulated_second_reader_goes_on_from_the_marks_of_the_first_stage(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = running(people, arms=(factories.CONTROL, factories.SECOND_READER))
    user = worlds.aided_first(study)
    monkeypatch.setattr(reading, "PASSWORD", PASSWORD)
    clock = Clock(DAY_0)
    with clock.running():
        SimulatedReader(study, user, clock, seed=1).read_all(lambda: None)
    aided = Read.objects.filter(reader__user=user, stage="aided", state="submitted")
    assert aided.count() >= 4
    kept = 0
    for read in aided:
        places = [(each.x_mm, each.y_mm, each.z_mm) for each in read.marks.all()]
        far = [math.dist(*pair) > reading.SAME_MM for pair in combinations(places, 2)]
        before = Read.objects.get(allocation=read.allocation, stage="unaided")
        first = set(before.marks.values_list("mark_id", flat=True))
        assert first <= set(read.marks.values_list("mark_id", flat=True))
        assert all(far)
        kept += len(first)
    assert kept


def kinds(read: Read) -> list[str]:
    """What was done in a read, in order."""
    rows = Batch.objects.filter(read=read).order_by("first_seq")
    return [each.kind for row in rows for each in row.events()]


def test_r6_a_simulated_reader_is_sent_proposals_when_they_have_asked(reads: list[Read]) -> None:
    on_demand = [each for each in reads if each.arm.mode == "on_demand"]
    assert len(on_demand) >= 4
    for read, has_asked in zip(on_demand, ASKS, strict=False):
        done = kinds(read)
        assert (read.ai_from is not None) is has_asked
        assert disclosure.sees_proposals(read) is has_asked
        assert ("proposals_asked" in done, "proposals_shown" in done) == (has_asked, has_asked)
        assert read.decisions.exists() is has_asked
        if has_asked:  # a look first, then the asking, then what came
            assert done.index("scroll") < done.index("proposals_asked")
            assert done.index("proposals_asked") < done.index("proposals_shown")
            assert read.ai_from is not None
            assert timedelta() < read.ai_from - read.opened_at < timedelta(minutes=1)


def test_r6_the_rest_of_a_simulated_read_is_as_in_every_mode(reads: list[Read]) -> None:
    assert {read.state for read in reads} == {"submitted"}
    for read in reads:
        done = kinds(read)
        assert done[:3] == ["load_start", "first_render", "all_decoded"]
        assert done[-1] == "submit_asked"
        assert done.count("first_render") == 1
        assert (read.active_ms or 0) > 0
        assert read.timing is not None
        assert read.timing["flags"] == []
        if read.arm.mode == "control":
            assert not [kind for kind in done if kind.startswith("proposal")]


def test_r6_who_trusts_the_machine_more_asks_oftener() -> None:
    """The observer model's own shares, from their definition, within four standard errors."""
    cases = 4000
    shares = []
    for name, skill in SKILLS.items():
        observer = Observer(name, np.random.default_rng(7))
        share = sum(observer.asks() for _ in range(cases)) / cases
        expected = ASKS_AT_LEAST + (1 - ASKS_AT_LEAST) * skill.trust
        assert abs(share - expected) < 4 * np.sqrt(expected * (1 - expected) / cases)
        shares.append((skill.trust, share))
    assert all(one[1] < other[1] for one, other in pairwise(sorted(shares)))
