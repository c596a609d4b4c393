"""R2: a leak test that never failed proves nothing: leaks are planted, each is caught (F14)."""

from typing import Any

import pytest

from readerstudy.studies.models import Study
from tests.integration.reads import leaks, worlds
from tests.integration.reads.test_blinding import HIDDEN


def trips(study: Study, reader: Any) -> bool:
    """Whether the tripwire stops the script: an incident, with a number and nothing else.

    In a whole case, or, where it lets that pass, at a wrong door.
    """
    for with_doors in (False, True):
        played = worlds.play(study, reader, "hidden", HIDDEN, cases=1, with_doors=with_doors)
        if any(each.status == 500 and b'"incident"' in each.body for each in played):
            return True
    return False


@pytest.mark.once
@pytest.mark.fault("F14")
def test_f14_every_planted_leak_is_caught(
    study: Study, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(leaks.LEAKS) >= 20
    assert not worlds.differ(study, reader, HIDDEN)
    assert not trips(study, reader)
    by_wire, by_bytes = set(), set()
    for name, plant in leaks.LEAKS.items():
        with monkeypatch.context() as patch:
            plant(patch)
            if trips(study, reader):
                by_wire.add(name)
            leaks.cut_the_wire(patch)
            if worlds.differ(study, reader, HIDDEN):
                by_bytes.add(name)
    assert set(leaks.LEAKS) - by_wire == set()
    assert set(leaks.LEAKS) - by_bytes == leaks.BY_TIME_ONLY
