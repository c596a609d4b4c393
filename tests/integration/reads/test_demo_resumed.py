"""A simulated reader who was interrupted goes on where they stopped."""

from typing import Any

import pytest

from readerstudy.accounts.models import User
from readerstudy.demo import build, reading
from readerstudy.demo.clock import Clock
from readerstudy.demo.reading import SimulatedReader
from readerstudy.reads.models import Read
from readerstudy.studies.models import Study
from tests.cast import PASSWORD
from tests.integration.reads import worlds
from tests.integration.reads.test_operations import DAY_0

pytestmark = pytest.mark.once


@pytest.fixture
def user(study: Study, monkeypatch: pytest.MonkeyPatch) -> User:
    """The study's only simulated reader."""
    monkeypatch.setattr(reading, "PASSWORD", PASSWORD)
    found = worlds.aided_first(study)
    User.objects.filter(pk=found.pk).update(is_simulated=True)
    found.refresh_from_db()
    return found


def read_all(study: Study, user: User) -> int:
    """Read as a start of the demonstration does; answers how many reads it counted."""
    clock, counted = Clock(DAY_0), []
    with clock.running():
        reader = SimulatedReader(study, user, clock, seed=1)
        before = reader.signed()
        reader.read_all(lambda: counted.append(1))
    return before + len(counted)


@pytest.mark.parametrize(("name", "at"), [("open_next", 1), ("append_events", 4), ("submit", 4)])
def test_an_interrupted_reader_goes_on(
    study: Study, user: User, name: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls, real = iter(range(1, at + 1)), getattr(reading.services, name)

    def call(*given: Any, **more: Any) -> Any:
        if next(calls, 0) == at:
            raise KeyboardInterrupt
        return real(*given, **more)

    monkeypatch.setattr(reading.services, name, call)
    with pytest.raises(KeyboardInterrupt):
        read_all(study, user)
    assert not build.is_made(study)
    wanted = build.reads_of_one(study)
    assert read_all(study, user) == wanted
    assert build.is_made(study)
    reads = Read.objects.filter(reader__user=user).order_by("opened_at")
    assert [each.state for each in reads] == ["submitted"] * wanted
    signed = [each.submitted_at for each in reads if each.submitted_at]
    assert len(signed) == wanted
    assert signed == sorted(signed)
    assert all(each.marks.exists() or each.no_lesion_said for each in reads)


def test_what_a_user_took_back_is_not_read_anew(study: Study, user: User) -> None:
    read_all(study, user)
    last = Read.objects.filter(reader__user=user).latest("opened_at")
    Read.objects.filter(pk=last.pk).update(state=Read.State.VOIDED)
    assert build.is_made(study)
