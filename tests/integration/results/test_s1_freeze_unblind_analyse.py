"""S1, S2: nothing before the freeze, two persons unblind, equal data give equal bytes."""

import html
import io
import json
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from readerstudy.accounts.models import User
from readerstudy.audit import selectors as audit
from readerstudy.imaging import services as images
from readerstudy.imaging.models import Examination
from readerstudy.proposals import bridge
from readerstudy.reads import services as reads
from readerstudy.reads.models import Read
from readerstudy.results import presentation, services
from readerstudy.results.models import AnalysisRun, Freeze
from readerstudy.studies import services as studies
from readerstudy.studies.definition import DesignDraft
from readerstudy.studies.models import Case, Study
from readerstudy.web.problems import Problem
from tests import cast, dicom, everywhere, factories, kept, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import running, sit

pytestmark = pytest.mark.django_db
CASES = 6
AT_ONCE = DesignDraft(kind="crossover", washout_days=0)


@pytest.fixture(autouse=True)
def _detector(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "card", lambda _detector: dict(proposing.CARD))
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)


@pytest.fixture
def world(db: None) -> tuple[People, Study]:
    """The cast, and a study that was read through."""
    return kept.kept("read through", _world)


@pytest.fixture
def people(world: tuple[People, Study]) -> People:
    """The cast of the study."""
    return world[0]


@pytest.fixture
def study(world: tuple[People, Study]) -> Study:
    """A study that was read through: ratings that differ, marks on and off the lesion."""
    return world[1]


def _world() -> tuple[People, Study]:
    people = cast.people()
    made = running(people, design=AT_ONCE, n_cases=CASES)
    for place, reader in enumerate(people.readers):
        _read_through(reader, made, place)
    return people, studies.close(made, reason="all reads are in", by=people.cora)


def _read_through(user: User, study: Study, place: int) -> None:
    tab = sit(user, study)
    for number in range(2 * CASES + 1):  # one is the training case
        tab.open()
        tab.does("load_start", 0)
        tab.does("first_render")
        tab.does("scroll", 20 + 7 * ((number + place) % 3))
        tab.mark(60 + 5 * ((number * 7 + place) % 7))
        if number % 3 == place:
            tab.mark(30, position_mm=[40.0, 40.0, 0.5])
        tab.answer_all(20 + 11 * ((number * 5 + place) % 7))
        tab.does("submit_asked")
        tab.flush()
        tab.sign()
        tab = tab.next_tab()


def _unblinded(study: Study, people: People) -> Freeze:
    frozen = services.freeze(study, by=people.stan)
    asked = services.ask_unblinding(frozen, reason="the plan's analysis", by=people.stan)
    services.grant_unblinding(asked, password=PASSWORD, by=people.cora)
    return Freeze.objects.get(pk=frozen.pk)


def _analysed(frozen: Freeze, by: User) -> AnalysisRun:
    run = services.queue(frozen, by=by)
    services.perform(run.pk)
    run.refresh_from_db()
    assert run.state == AnalysisRun.State.DONE, run.error
    return run


def test_a_running_study_is_not_frozen(people: People) -> None:
    running = kept.running_study(people)
    with pytest.raises(Problem) as refused:
        services.freeze(running, by=people.stan)
    assert refused.value.status == 409


def test_nobody_grants_their_own_unblinding(study: Study, people: People) -> None:
    frozen = services.freeze(study, by=people.stan)
    asked = services.ask_unblinding(frozen, reason="now", by=people.stan)
    with pytest.raises(Problem):
        services.grant_unblinding(asked, password=PASSWORD, by=people.stan)
    with pytest.raises(Problem):
        services.grant_unblinding(asked, password="not it", by=people.cora)
    with pytest.raises(Problem) as refused:
        services.queue(frozen, by=people.stan)
    assert refused.value.code == "results.blinded"


@pytest.mark.fault("G8")
def test_unblinding_is_not_guessed(
    study: Study, people: People, sign_in: Callable[..., Client]
) -> None:
    services.ask_unblinding(services.freeze(study, by=people.stan), reason="now", by=people.stan)
    client, address = sign_in(people.cora), f"/studies/{study.pk}/results/do/grant"
    told = [client.post(address, {"password": f"guess {number}"}) for number in range(10)]
    assert [each.status_code for each in told[:9]] == [403] * 9
    assert client.post(address, {"password": PASSWORD}).status_code == 429
    study.refresh_from_db()
    assert study.state == Study.State.FROZEN


def test_what_refuses_a_step_is_said_where_it_was_asked_for(
    study: Study, people: People, sign_in: Callable[..., Client]
) -> None:
    services.ask_unblinding(services.freeze(study, by=people.stan), reason="now", by=people.stan)
    address = f"/studies/{study.pk}/results/do/grant"
    answer = sign_in(people.cora).post(address, {"password": "mistyped"})
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "The password is not right" in page
    assert 'name="password"' in page  # to be typed again
    assert "Not for your role" not in page


PARTS = {
    "accuracy": ("Figure of merit", "wAFROC", "Obuchowski"),
    "lesions": ("Lesions found by size",),
    "time": ("Reading time", "Satterthwaite"),
    "readers": ("a reader harmed",),
    "ai": ("Reliance on the AI",),
    "order": ("carry-over",),
    "sensitivity": ("Subgroups", "interaction"),
    "flow": ("CONSORT",),
}


def _kind_of(answer: Any) -> str:
    """What a download is: SVG and PNG begin as such."""
    assert answer.status_code == 200
    data = b"".join(answer.streaming_content) if answer.streaming else answer.content
    kind = str(answer["Content-Type"]).partition(";")[0]
    starts = {"image/png": b"\x89PNG", "image/svg+xml": b"<?xml", "text/csv": b""}
    assert data.startswith(starts.get(kind, b"PK"))
    return kind


@pytest.mark.once
def test_the_page_shows_no_outcome_before_and_the_answer_after(
    study: Study, people: People, sign_in: Callable[..., Client]
) -> None:
    address = f"/studies/{study.pk}/results/"
    before = sign_in(people.stan).get(address).content.decode()
    assert "AUC" not in before
    run = _analysed(_unblinded(study, people), people.stan)
    stan = sign_in(people.stan)
    pages = {part: stan.get(f"{address}?part={part}").content.decode() for part in PARTS}
    said = re.sub(r"with ([AB]) \([^)]+\)", r"with \1", pages["accuracy"])
    assert run.numbers["findings"][0][:60] in said
    assert "with B (With AI)" in pages["accuracy"]
    for part, words in PARTS.items():
        assert f'?part={part}#parts" aria-current="page"' in pages[part]
        assert all(each in pages[part] for each in (*words, "How was this computed?"))
    files = {each for page in pages.values() for each in re.findall(r'"(/[^"]*/runs/[^"]*)"', page)}
    kinds = Counter(_kind_of(stan.get(html.unescape(each))) for each in files)
    figures = len(run.numbers["figures"])
    assert kinds["image/png"] == figures
    assert kinds["image/svg+xml"] == 2 * figures
    assert kinds["text/csv"] == len(presentation.tables(run)) >= 8
    assert stan.get(f"{address}runs/{run.pk}/tables/nonsense.csv").status_code == 404
    assert sign_in(people.rae).get(address).status_code == 403
    assert sign_in(people.mallory).get(address).status_code == 404
    assert not [each for each in audit.verify() if each.tampering != "trigger off"]


def _of_a_patient(study: Study, folder: Path) -> None:
    """One of the cases is of a patient whose images came through intake."""
    images.import_folder(dicom.examination(folder), collection=study.collection, by=None)
    real = Examination.objects.filter(series__instances__gt=0).distinct().get()
    read = Read.objects.filter(case__study=study, state="submitted", period=1)
    Case.objects.filter(pk=read.earliest("pk").case_id).update(examination=real)


@pytest.mark.fault("E7")
def test_equal_data_give_equal_numbers_and_equal_bytes(
    study: Study, people: People, sign_in: Callable[..., Client], tmp_path: Path
) -> None:
    _of_a_patient(study, tmp_path)
    frozen = _unblinded(study, people)
    first, second = (_analysed(frozen, people.stan) for _ in range(2))
    assert first.numbers_sha256 == second.numbers_sha256
    with pytest.raises(Problem):
        services.freeze(Study.objects.get(pk=study.pk), by=people.stan)  # data are frozen once
    address = f"/studies/{study.pk}/results/runs/{second.pk}/bundle.zip"
    one, two = (sign_in(people.stan).get(address).content for _ in range(2))
    assert one == two
    with zipfile.ZipFile(io.BytesIO(one)) as bundle:
        names = set(bundle.namelist())
        assert {"reads.csv", "marks.csv", "truth.csv"} <= {name.split("/")[-1] for name in names}
        tables = [json.loads(bundle.read(name)) for name in names if name.endswith("numbers.json")]
        assert tables
        assert tables[0] == second.numbers
        inside = {name: bundle.read(name) for name in names} | {"names": str(names).encode()}
    planted = set().union(*map(everywhere.forms, dicom.CANARIES))
    assert everywhere.found(planted, inside, {"bundle": one}) == []


def test_a_failed_analysis_says_why_and_keeps_the_study(
    study: Study, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    from readerstudy.results import bridge

    def broken(*_: object) -> None:
        raise ValueError("the plan names no figure of merit")

    frozen = _unblinded(study, people)
    monkeypatch.setattr(bridge, "analyse", broken)
    run = services.queue(frozen, by=people.stan)
    services.perform(run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "ValueError: the plan names no figure of merit")


def test_s11_the_flow_counts_what_was_voided_and_who_withdrew(
    study: Study, people: People, sign_in: Callable[..., Client]
) -> None:
    first = Read.objects.filter(period=1).order_by("opened_at").first()
    assert first is not None
    reads.void(first.pk, reason="phone rang", by=people.cora)
    run = _analysed(_unblinded(study, people), people.stan)
    counts = run.numbers["flow"]
    allocated = len(people.readers) * 2 * CASES
    assert sum(each["allocated"] for each in counts["arms"]) == allocated
    assert sum(each["analysed"] for each in counts["arms"]) == allocated - 1
    assert sum(each["voided"] for each in counts["arms"]) == 1
    page = sign_in(people.stan).get(f"/studies/{study.pk}/results/?part=flow").content.decode()
    assert "1 voided" in page
    assert "figures/flow-dark.svg" in page
