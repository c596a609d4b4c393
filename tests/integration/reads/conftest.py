"""A running study with proposals, and readers at their screens."""

from collections.abc import Callable

import pytest
from django.test import Client

from readerstudy.accounts.models import User
from readerstudy.proposals import bridge
from readerstudy.studies import services as studies
from readerstudy.studies.definition import ArmDraft, DesignDraft
from readerstudy.studies.models import Study
from tests import factories, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads import worlds
from tests.kept import kept
from tests.scripted import Refused, Tab, through

Sits = Callable[..., Tab]


@pytest.fixture(autouse=True)
def _detector(monkeypatch: pytest.MonkeyPatch) -> None:
    """A detector at the bridge: reading needs no network."""
    monkeypatch.setattr(bridge, "card", lambda _detector: dict(proposing.CARD))
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)


@pytest.fixture
def study(people: People) -> Study:
    """Crossover, 28 days of washout, four cases and a training case, one proposal a case."""
    return running(people)


def running(
    people: People,
    *,
    arms: tuple[ArmDraft, ...] = (factories.CONTROL, factories.AIDED),
    design: DesignDraft | None = None,
    n_cases: int = 4,
    with_proposals: bool = True,
) -> Study:
    """A running study; proposals come in before the lock, as the checks want it.

    Every other case has a prior examination. Readers with AI are told of kinds of lesion.
    """
    name = f"reading {arms!r} {design!r} {n_cases} {with_proposals}"
    return kept(name, lambda: _running(people, arms, design, n_cases, with_proposals))


def _running(
    people: People,
    arms: tuple[ArmDraft, ...],
    design: DesignDraft | None,
    n_cases: int,
    with_proposals: bool,  # noqa: FBT001 -- as `running` has it
) -> Study:
    made = factories.draft_study(
        people, arms=arms, design=design, n_cases=n_cases, with_proposals=with_proposals
    )
    if any(arm.detector for arm in arms):
        studies.set_lesion_classification(made, is_told=True, by=people.cora)
    for case in made.cases.order_by("code")[::2]:
        factories.prior(case, by=people.cora)
    if with_proposals:
        proposing.propose_for(made, proposing.found())
    studies.lock(made, password=PASSWORD, by=people.cora)
    return studies.start(Study.objects.get(pk=made.pk), by=people.cora)


@pytest.fixture
def sits(study: Study) -> Sits:
    """A reader at a screen of their own: `sits(people.rae)`."""
    return lambda user, of=study: sit(user, of)


@pytest.fixture
def reader(study: Study, sits: Sits) -> User:
    """A control-arm reader past their training."""
    user = worlds.control_first(study)
    sits(user).read_and_sign()
    return user


def sit(user: User, study: Study) -> Tab:
    """A tab of a signed-in user."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return Tab(through(client), study.pk)


def refusal(user: User, study: Study) -> Refused:
    """Why no case opens for a reader who sits down; of none an image is told then either."""
    tab = sit(user, study)
    with pytest.raises(Refused) as refused:
        tab.open()
    assert tab.ahead == {"token": "", "series": []}
    return refused.value
