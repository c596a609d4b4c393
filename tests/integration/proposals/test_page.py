"""The page of detectors: runs that a person must look at come first, and can be tried again."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.celery import app
from readerstudy.imaging.models import Examination
from readerstudy.proposals import selectors, services, views
from readerstudy.proposals.models import Run
from readerstudy.studies import services as studies
from readerstudy.studies.models import Study
from tests import factories
from tests.cast import People

State = Run.State
SignIn = Callable[[object], Client]
PAGE = "/detectors/"


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids that are sent to workers, instead of sending them."""
    ids: list[str] = []
    monkeypatch.setattr(app, "send_task", lambda _name, args, **_more: ids.append(args[0]))
    return ids


@pytest.fixture
def study(people: People) -> Study:
    """A study of Cora's."""
    return studies.create_study(name="Runs", by=people.cora)


@pytest.fixture
def examination(study: Study) -> Examination:
    """An examination of hers."""
    return factories.examination(study.collection, patient="P-ASIDE")


def put(examination: Examination, detector: str, **values: Any) -> Run:
    """A run in a state."""
    run = services.request(examination, detector=detector)
    Run.objects.filter(pk=run.pk).update(**values)
    run.refresh_from_db()
    return run


def aside(examination: Examination) -> Run:
    """A run that was tried as often as it may be."""
    return put(examination, "bad@1", state=State.QUARANTINED, attempt=3, error="It is <cut> short.")


def retry(run: Run) -> str:
    return f"{PAGE}runs/{run.pk}/retry"


@pytest.mark.fault("B7")
def test_b7_the_page_shows_a_run_set_aside_with_its_reason_and_a_button(
    examination: Examination, people: People, sign_in: SignIn
) -> None:
    run = aside(examination)
    text = sign_in(people.cora).get(PAGE).content.decode()
    assert "P-ASIDE" in text
    assert "Quarantined" in text
    assert "It is &lt;cut&gt; short." in text
    assert f'action="{retry(run)}"' in text
    assert "Try again" in text


@pytest.mark.fault("B7")
def test_b7_the_button_queues_the_run_again_and_wakes_a_worker(
    examination: Examination, people: People, sign_in: SignIn, sent: list[str],
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    run = aside(examination)
    page = sign_in(people.cora)
    with django_capture_on_commit_callbacks(execute=True):
        answer = page.post(retry(run), follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    text = answer.content.decode()
    assert "The run is queued again." in text
    assert retry(run) not in text
    run.refresh_from_db()
    assert (run.state, run.attempt, run.error) == (State.QUEUED, 0, "")
    assert sent == [str(run.pk)]
    assert Entry.objects.get(action="proposals.retry").actor == "cora"
    assert page.post(retry(run)).status_code == 409


def test_a_run_of_another_study_cannot_be_tried_again(
    examination: Examination, people: People, sign_in: SignIn
) -> None:
    run = aside(examination)
    for stranger in (people.mallory, people.rae, people.stan):
        assert sign_in(stranger).post(retry(run)).status_code == 404
    run.refresh_from_db()
    assert run.state == State.QUARANTINED


def test_however_many_newer_runs_there_are_a_failed_one_comes_first(
    examination: Examination, people: People, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "SHOWN", 2)
    old = aside(examination)
    waits = put(examination, "waits@1", state=State.FAILED, error="no memory")
    done = [put(examination, f"fine@{n}", state=State.DONE) for n in range(3)]
    page = sign_in(people.cora)
    first = page.get(PAGE)
    assert list(first.context["page"]) == [old, waits]
    assert "Page 1 of 3, 5 runs" in first.content.decode()
    second = page.get(PAGE, {"page": 2})
    assert list(second.context["page"]) == done[:0:-1]
    last = page.get(PAGE, {"page": 3})
    assert list(last.context["page"]) == done[:1]
    assert page.post(retry(old)).status_code == 302  # on whichever page it stands


def test_a_page_that_refreshes_itself_stays_where_it_is(
    examination: Examination, people: People, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "SHOWN", 1)
    aside(examination)
    put(examination, "works@1", state=State.RUNNING)
    page = sign_in(people.cora)
    assert f'hx-get="{PAGE}?page=2"' in page.get(PAGE, {"page": 2}).content.decode()
    part = page.get(PAGE, {"page": 2}, headers={"HX-Request": "true"}).content.decode()
    assert "works@1" in part
    assert "<html" not in part


@pytest.mark.parametrize(
    ("used", "words"),
    [
        ({"device": "cpu"}, ["cpu"]),
        ({"device": "cuda", "window": 96}, ["cuda, windows of 96 voxels"]),
        (
            {"device": "cpu", "window": 32, "is_reduced": True},
            ["cpu, windows of 32 voxels", "as memory lacked"],
        ),
        (
            {"device": "cpu", "window": 96, "is_reduced": True, "lost": 1},
            ["cpu, windows of 96 voxels", "as a worker was lost before"],
        ),
        ({"device": "cpu", "found": 201}, ["cpu", "it found more than the 200 that are kept"]),
    ],
)
def test_the_page_says_what_a_run_was_computed_with(
    examination: Examination, people: People, sign_in: SignIn, used: dict[str, Any],
    words: list[str],
) -> None:  # fmt: skip
    put(examination, "fine@1", state=State.DONE, seconds=4.2, **used)
    text = sign_in(people.cora).get(PAGE).content.decode()
    assert all(f">{each}</div>" in text for each in words)
    assert ("as memory lacked" in text) is ("is_reduced" in used and "lost" not in used)


@pytest.mark.parametrize(
    ("state", "refreshes"),
    [
        (State.QUEUED, True),
        (State.RUNNING, True),
        (State.FAILED, True),  # it is tried again by itself
        (State.QUARANTINED, False),
        (State.DONE, False),
    ],
)
def test_a_page_refreshes_itself_while_a_run_goes_on_or_waits_for_its_next_time(
    examination: Examination, people: People, sign_in: SignIn, state: str, *, refreshes: bool
) -> None:
    put(examination, "any@1", state=state)
    text = sign_in(people.cora).get(PAGE).content.decode()
    assert ("every 3s" in text) is refreshes


@pytest.mark.parametrize("stage", [*Run.Stage])
def test_the_page_says_what_a_running_run_is_at(
    examination: Examination, people: People, sign_in: SignIn, stage: str
) -> None:
    put(examination, "works@1", state=State.RUNNING, stage=stage)
    put(examination, "done@1", state=State.DONE)
    text = sign_in(people.cora).get(PAGE).content.decode()
    assert [each for each in Run.Stage if f'quiet">{each.label}</div>' in text] == [stage]


def test_a_measured_detector_shows_how_reliable_its_probabilities_are(
    people: People, sign_in: SignIn
) -> None:
    page = sign_in(people.cora)
    address = f"{PAGE}{selectors.default_detector()}/reliability.svg"
    assert f'src="{address}"' in page.get(PAGE).content.decode()
    drawn = page.get(address)
    assert drawn["Content-Type"] == "image/svg+xml"
    assert "script" not in drawn["Content-Security-Policy"]
    bins = selectors.card(selectors.default_detector())["performance"]["reliability"]
    for each in bins:
        assert f">{each['n']}<" in drawn.content.decode()


@pytest.mark.parametrize("detector", ["space-to-depth@1", "no-such@1"])
def test_a_detector_without_a_measured_reliability_has_no_figure(
    people: People, sign_in: SignIn, detector: str
) -> None:
    page = sign_in(people.cora)
    assert page.get(f"{PAGE}{detector}/reliability.svg").status_code == 404


def test_a_readers_account_sees_no_figure_of_a_detector(people: People, sign_in: SignIn) -> None:
    address = f"{PAGE}{selectors.default_detector()}/reliability.svg"
    for person in (people.rae, people.tess):
        assert sign_in(person).get(address).status_code == 404
