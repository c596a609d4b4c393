"""A detector by itself: counted by hand; the statistician alone, and only once unblinded."""

from collections.abc import Callable

import pytest
from django.test import Client

from readerstudy.audit.models import Entry
from readerstudy.proposals import bridge
from readerstudy.results import services, standalone, store
from readerstudy.results.models import Freeze
from readerstudy.studies import services as studies
from readerstudy.studies.definition import DesignDraft
from readerstudy.studies.models import Study
from tests import factories, proposing
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import running, sit

TRUTH = b"""case,truth,lesion,diameter_mm
C1,1,1,2.0
C1,1,2,12.0
C2,0,0,
"""
PROPOSALS = b"""case,detector,probability,lesion
C1,net@1,0.9,2
C1,net@1,0.8,-1
C1,net@1,0.4,0
C2,net@1,0.2,0
"""


def test_found_false_froc_and_reliability_by_hand() -> None:
    files = {"truth.csv": TRUTH, "proposals.csv": PROPOSALS}
    ((name, tables),) = standalone.tables(files, ["net@1"])
    assert name == "net@1"
    lesions, froc, reliability = tables
    found = {row[0]: row[1:3] for row in lesions.rows}
    assert found["Found, all lesions"] == ["2", "0.500"]
    assert found["Found, 0 to 3 mm"] == ["1", "0.000"]
    assert found["Found, at least 10 mm"] == ["1", "1.000"]
    assert found["Found, 3 to 5 mm"] == ["0", "\N{EN DASH}"]
    assert found["False positives per case"] == ["2", "1.000"]
    assert dict(map(tuple, froc.rows)) == dict.fromkeys(("0.125", "0.25", "0.5", "1", "2"), "0.500")
    assert reliability.rows == [
        ["1", "0.200", "0.000"], ["1", "0.400", "0.000"], ["1", "0.900", "1.000"],
    ]  # fmt: skip
    assert "0.233" in reliability.words  # (0.2 + 0.4 + 0.1) / 3


def test_a_detector_that_proposed_nothing_has_found_nothing_and_is_not_left_out() -> None:
    files = {"truth.csv": TRUTH, "proposals.csv": PROPOSALS}
    found = dict(standalone.tables(files, ["blind@2", "net@1"]))
    assert list(found) == ["blind@2", "net@1"]
    (lesions,) = found["blind@2"]  # without a probability there is no curve
    rows = {row[0]: row[1:3] for row in lesions.rows}
    assert rows["Found, all lesions"] == ["2", "0.000"]
    assert rows["False positives per case"] == ["2", "0.000"]


def test_cases_that_are_all_alike_give_no_interval() -> None:
    both = b"case,detector,probability,lesion\nC1,net@1,0.9,1\nC1,net@1,0.8,2\n"
    files = {"truth.csv": TRUTH, "proposals.csv": both}
    ((_, (lesions, *_rest)),) = standalone.tables(files, ["net@1"])
    assert lesions.rows[0] == ["Found, all lesions", "2", "1.000", "none: all cases alike"]
    assert lesions.rows[-1][-1] == "none: all cases alike"  # no false positive in any


def test_without_probabilities_there_is_no_curve() -> None:
    bare = b"case,detector,probability,lesion\nC1,maker@2,,2\n"
    ((_, tables),) = standalone.tables({"truth.csv": TRUTH, "proposals.csv": bare}, ["maker@2"])
    assert [each.title for each in tables] == ["Lesions found"]


@pytest.fixture
def study(people: People, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setattr(bridge, "card", lambda _detector: dict(proposing.CARD))
    monkeypatch.setattr(bridge, "default_detector", lambda: factories.DETECTOR)
    made = running(people, design=DesignDraft(kind="crossover", washout_days=0), n_cases=4)
    tab = sit(people.readers[0], made)
    for _ in range(2):  # one is the training case
        tab.open()
        tab.does("load_start", 0)
        tab.does("first_render")
        tab.mark(80)
        tab.answer_all(70)
        tab.does("submit_asked")
        tab.flush()
        tab.sign()
        tab = tab.next_tab()
    return studies.close(made, reason="enough", by=people.cora)


@pytest.mark.django_db
def test_only_the_statistician_sees_it_and_only_once_unblinded(
    study: Study, people: People, sign_in: Callable[..., Client]
) -> None:
    address = f"/studies/{study.pk}/results/detectors/"
    frozen = services.freeze(study, by=people.stan)
    assert sign_in(people.stan).get(address).status_code == 409
    asked = services.ask_unblinding(frozen, reason="the plan's analysis", by=people.stan)
    assert sign_in(people.stan).get(address).status_code == 409
    services.grant_unblinding(asked, password=PASSWORD, by=people.cora)
    assert sign_in(people.cora).get(address).status_code == 403
    assert sign_in(people.rae).get(address).status_code == 403
    assert sign_in(people.mallory).get(address).status_code == 404
    assert not Entry.objects.filter(action="results.detectors").exists()
    page = sign_in(people.stan).get(address).content.decode()
    assert factories.DETECTOR in page
    kept = Freeze.objects.get(pk=frozen.pk)
    files = store.read(store.freeze_folder(kept.pk), kept.sha256)
    ((_, tables),) = standalone.tables(files, [factories.DETECTOR])
    assert tables[0].rows[0][2] in page
    assert Entry.objects.filter(action="results.detectors").count() == 1
