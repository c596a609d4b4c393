"""F4: an answer takes the same work whatever is hidden, so that its time tells nothing.

Work is counted in calls, of Python's functions and of those written in C, so that the test is
exact on any machine; seconds are for `benchmarks/reads/timing_channel.py`.
"""

import cProfile
import gc
from typing import Any

import pytest

from readerstudy.proposals.lesions import ProposedLesion
from readerstudy.reads import disclosure
from readerstudy.studies.models import Study
from tests.integration.reads import leaks, worlds
from tests.integration.reads.test_blinding import HIDDEN

Work = list[tuple[str, int]]


class Counted(worlds.Recorder):
    """A browser that counts what its requests cost the server."""

    calls: list[int]

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send, and count."""
        profile = cProfile.Profile()
        try:
            return profile.runcall(super().ask, method, path, body, **headers)
        finally:
            self.calls.append(sum(each.callcount for each in profile.getstats()))


def work(study: Study, reader: Any, world: str, patch: pytest.MonkeyPatch) -> Work:
    """What each request of a case costs in a world."""
    calls: list[int] = []
    patch.setattr(Counted, "calls", calls, raising=False)
    patch.setattr(worlds, "Recorder", Counted)
    gc.collect()
    gc.disable()  # what it calls depends on what was left before
    try:
        traffic = worlds.play(study, reader, world, HIDDEN, cases=1)
    finally:
        gc.enable()
    return list(zip([each.request for each in traffic], calls, strict=True))


def told_by_work(study: Study, reader: Any, patch: pytest.MonkeyPatch) -> list[str]:
    """The requests whose work differs between the three worlds."""
    work(study, reader, "nothing", patch)  # what is made once is made by now
    nothing, hidden, otherwise = (work(study, reader, each, patch) for each in worlds.WORLDS)
    return [
        f"{one[0]}: {one[1]} / {two[1]} / {three[1]} calls"
        for one, two, three in zip(nothing, hidden, otherwise, strict=True)
        if not one == two == three
    ]


@pytest.mark.once  # psycopg waits for its answers in calls, as many as the time asks for
@pytest.mark.fault("F4")
def test_f4_an_answer_takes_the_same_work_in_three_worlds(
    study: Study, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert told_by_work(study, reader, monkeypatch) == []


@pytest.mark.once
@pytest.mark.fault("F14")
def test_f14_proposals_that_are_loaded_and_thrown_away_are_caught_by_their_work(
    study: Study, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = disclosure._draft

    def slower(*arguments: Any) -> Any:
        list(ProposedLesion.objects.all())
        return plain(*arguments)

    leaks.cut_the_wire(monkeypatch)
    monkeypatch.setattr(disclosure, "_draft", slower)
    assert told_by_work(study, reader, monkeypatch)
