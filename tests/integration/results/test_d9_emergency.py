"""Fault D9: one read is unblinded in an emergency: a reason, two persons, recorded and marked."""

from typing import Any

import pytest
from django.test import Client

from readerstudy.accounts.models import User
from readerstudy.audit.models import Entry
from readerstudy.audit.services import record
from readerstudy.reads.models import Read
from readerstudy.results import freeze, selectors, services, views
from readerstudy.results.models import EmergencyUnblinding
from readerstudy.results.services import emergency
from readerstudy.studies.models import Study
from readerstudy.web.problems import Problem
from tests import kept
from tests.cast import PASSWORD, People
from tests.integration.reads.conftest import sit
from tests.integration.studies.test_c3_concealment import client_of
from tests.planting import Plant, caught


@pytest.fixture
def study(people: People) -> Study:
    """Rae has signed the training case and one of the study's own."""
    made = kept.running_study(people)
    tab = sit(people.rae, made)
    for _ in range(2):
        tab.read_and_sign()
        tab = tab.next_tab()
    return made


@pytest.fixture
def read(study: Study) -> Read:
    """The signed read of the study's own."""
    return Read.objects.select_related("reader", "case", "arm").get(period=1)


def asking(read: Read, **changes: Any) -> dict[str, Any]:
    """What an emergency is asked with."""
    named = {"reader": read.reader.code, "case": read.case.code, "period": 1}
    return {**named, "reason": "the patient has a bleeding", "password": PASSWORD} | changes


def page_of(user: Any, study: Study) -> str:
    """The page, as a person sees it."""
    return client_of(user).get(f"/studies/{study.pk}/results/emergency/").content.decode()


@pytest.mark.fault("G8")
def test_g8_an_emergency_is_not_a_way_to_guess_a_password(
    people: People, study: Study, read: Read
) -> None:
    address = f"/studies/{study.pk}/results/emergency/"
    cora, ada = client_of(people.cora), client_of(people.ada)
    for number in range(9):
        assert ada.post(address, asking(read, password=f"guess {number}")).status_code == 403
    assert ada.post(address, asking(read)).status_code == 302
    grant = f"{address}{EmergencyUnblinding.objects.get().pk}"
    for number in range(9):
        assert cora.post(grant, {"password": f"guess {number}"}).status_code == 403
    assert cora.post(grant, {"password": "guess 10"}).status_code in {403, 429}
    assert cora.post(grant, {"password": PASSWORD}).status_code == 429
    assert read.arm.name not in page_of(people.ada, study)


@pytest.mark.fault("D9")
def test_d9_one_asks_another_grants_and_both_are_told(
    people: People, study: Study, read: Read
) -> None:
    ada = client_of(people.ada)
    address = f"/studies/{study.pk}/results/emergency/"
    assert ada.post(address, asking(read, reader=f" {read.reader.code} ")).status_code == 302
    asked = EmergencyUnblinding.objects.get()
    assert read.arm.name not in page_of(people.cora, study)
    grant = f"{address}{asked.pk}"
    assert ada.post(grant, {"password": PASSWORD}).status_code == 403
    cora = client_of(people.cora)
    assert cora.post(grant, {"password": "guessed"}).status_code == 403
    assert read.arm.name not in page_of(people.ada, study)
    assert cora.post(grant, {"password": PASSWORD}).status_code == 302
    seen = Entry.objects.filter(action="results.view_emergency").count()
    assert read.arm.name in page_of(people.ada, study)
    assert Entry.objects.filter(action="results.view_emergency").count() == seen + 1
    entries = Entry.objects.filter(action__endswith="_emergency").exclude(action__contains="view")
    assert list(entries.order_by("number").values_list("action", "actor", "reason")) == [
        ("results.ask_emergency", "ada", "the patient has a bleeding"),
        ("results.grant_emergency", "cora", "the patient has a bleeding"),
    ]
    told = " ".join(str(each.detail) for each in entries)
    assert read.arm.name not in told
    assert f"{read.arm.key!r}" not in told


@pytest.mark.fault("D9")
def test_d9_the_read_is_marked_in_the_frozen_data(people: People, study: Study, read: Read) -> None:
    def marked() -> list[int]:
        (reads,) = [each for each in freeze.gather(study) if each.name == "reads"]
        return [row[reads.columns.index("emergency")] for row in reads.rows]

    asked = services.ask_emergency(study, by=people.ada, **asking(read))
    assert marked() == [0]
    services.grant_emergency(asked.pk, study=study, password=PASSWORD, by=people.cora)
    assert marked() == [1]


@pytest.mark.fault("D9")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": " "}, "results.no_reason"),
        ({"password": "guessed"}, "results.wrong_password"),
        ({"case": "none"}, "results.no_read"),
        ({"period": 0}, "results.no_read"),
        ({"period": 2}, "results.no_read"),
    ],
)
def test_d9_it_takes_a_reason_a_password_and_a_read_that_was_opened(
    people: People, study: Study, read: Read, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(Problem) as refused:
        services.ask_emergency(study, by=people.cora, **asking(read, **changes))
    assert refused.value.code == code
    assert not EmergencyUnblinding.objects.exists()


@pytest.mark.fault("D9")
def test_d9_readers_and_strangers_neither_ask_nor_see(
    people: People, study: Study, read: Read
) -> None:
    address = f"/studies/{study.pk}/results/emergency/"
    for user, status in ((people.rae, 403), (people.mallory, 404), (people.tess, 404)):
        client: Client = client_of(user)
        assert client.get(address).status_code == status
        assert client.post(address, asking(read)).status_code == status
    services.ask_emergency(study, by=people.cora, **asking(read))
    with pytest.raises(Problem, match="asked for already"):
        services.ask_emergency(study, by=people.ada, **asking(read))


def _told_at_once(_user: User, study: Study) -> list[selectors.Emergency]:
    rows = EmergencyUnblinding.objects.filter(reader__study=study)
    return [selectors.Emergency(each, selectors.told_by(each), may_grant=True) for each in rows]


def _with_the_arm(verb: str, asked: EmergencyUnblinding, study: Study, by: User) -> None:
    record(f"results.{verb}_emergency", subject=f"emergency:{asked.id}", by=by, study=study.pk,
           detail={"arm": selectors.told_by(asked)}, reason=asked.reason)  # fmt: skip


PLANTED: dict[str, Plant] = {
    "any password will do": lambda patch: patch.setattr(
        User, "check_password", lambda _self, _password: True
    ),
    "told before it is granted": lambda patch: patch.setattr(
        selectors, "emergencies", _told_at_once
    ),
    "nobody learns who asked": lambda patch: patch.setattr(emergency, "_record", lambda *_: None),
    "nobody learns who looked": lambda patch: patch.setattr(
        views, "record_view", lambda *_args, **_more: None
    ),
    "the record tells the arm": lambda patch: patch.setattr(emergency, "_record", _with_the_arm),
}


@pytest.mark.once
@pytest.mark.fault("D9")
@pytest.mark.fault("F14")
def test_f14_faults_planted_in_emergencies_are_caught(
    people: People, study: Study, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = test_d9_one_asks_another_grants_and_both_are_told
    assert caught(monkeypatch, PLANTED, test, people, study, read) == set(PLANTED)
