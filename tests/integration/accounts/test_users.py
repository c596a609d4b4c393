"""Users and sites: who may add whom, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from readerstudy.accounts import selectors, services
from readerstudy.accounts.models import Site, User
from readerstudy.audit.models import Entry
from readerstudy.web.problems import Problem
from tests.cast import PASSWORD, People


def refusal(call: Any, *args: Any, **fields: Any) -> Problem:
    with pytest.raises(Problem) as refused:
        call(*args, **fields)
    return refused.value


def create(**changes: Any) -> User:
    fields: dict[str, Any] = {"username": "new", "password": PASSWORD, "by": None}
    return services.create_user(**(fields | changes))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"username": ""}, "accounts.username"),
        ({"username": "two words"}, "accounts.username"),
        ({"username": "a" * 151}, "accounts.username"),
        ({"username": "CORA"}, "accounts.username_taken"),
        ({"display_name": "a" * 121}, "accounts.display_name"),
        (
            {"email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 60}.org"},
            "accounts.email",
        ),
        ({"password": "short"}, "accounts.weak_password"),
        ({"password": "12345678901"}, "accounts.weak_password"),
        ({"experience": "wizard"}, "accounts.experience"),
        ({"experience_years": -1}, "accounts.years"),
        ({"experience_years": 71}, "accounts.years"),
    ],
)
def test_a_user_that_cannot_be_taken_is_refused(
    people: People, changes: dict[str, Any], code: str
) -> None:
    before = User.objects.count()
    assert refusal(create, **changes).code == code
    assert User.objects.count() == before


def test_a4_coordinators_add_readers_and_administrators_add_everybody(people: People) -> None:
    reader = create(by=people.cora, experience="general", site=people.north)
    assert (reader.is_staff, reader.creates_studies) == (False, False)
    assert refusal(create, by=people.rae, username="x").status == 403
    for right in ("creates_studies", "is_administrator"):
        assert refusal(create, by=people.cora, username="x", **{right: True}).status == 403
        assert create(by=people.ada, username=right, **{right: True}).pk
    assert Entry.objects.filter(action="accounts.create_user", actor="cora").count() == 1


def test_sites_have_a_name_of_their_own(people: People) -> None:
    assert refusal(services.create_site, name=" ", by=people.ada).status == 400
    assert refusal(services.create_site, name="North Hospital", by=people.ada).status == 409
    for too_long in ({"name": "a" * 121}, {"name": "West", "city": "a" * 81}):
        assert refusal(services.create_site, by=people.ada, **too_long).status == 400
    services.create_site(name="West", by=people.cora)
    assert [site.name for site in selectors.sites()] == ["North Hospital", "South Clinic", "West"]
    assert Site.objects.count() == 3


def test_a_password_is_changed_by_its_owner_or_an_administrator(people: People) -> None:
    new = "nine blue herons 9"
    change = services.change_password
    assert refusal(change, people.rae, old=PASSWORD, new=new, by=people.cora).status == 403
    assert refusal(change, people.rae, old="wrong", new=new, by=people.rae).status == 403
    assert refusal(change, people.rae, old=PASSWORD, new="rae", by=people.rae).status == 400
    change(people.rae, old=PASSWORD, new=new, by=people.ada)
    assert User.objects.get(pk=people.rae.pk).check_password(new)
    entry = Entry.objects.get(action="accounts.change_password")
    assert (entry.actor, entry.detail) == ("ada", {})  # no password in the record


def test_a_profile_is_set_by_its_owner(people: People) -> None:
    profile = services.set_profile
    for fields, status in (
        ({"display_name": "Rae", "theme": "pink", "by": people.rae}, 400),
        ({"display_name": " ", "theme": "dark", "by": people.rae}, 400),
        ({"display_name": "Rae", "theme": "dark", "by": people.gus}, 403),
    ):
        assert refusal(profile, people.rae, **fields).status == status
    profile(people.rae, display_name="Dr Rae", theme="light", by=people.rae)
    assert selectors.me(User.objects.get(pk=people.rae.pk))["theme"] == "light"


def test_r12_the_reading_rooms_keys_are_kept_for_each_user(people: People) -> None:
    keys = {"window.invert": ["\\"], "mark.put": ["shift+L", "Insert"]}
    services.set_reading_room(people.rae, keys=keys, tour_seen=True, by=people.rae)
    mine = selectors.me(User.objects.get(pk=people.rae.pk))["reading_room"]
    assert mine == {"keys": keys, "tour_seen": True}
    assert Entry.objects.get(action="accounts.set_reading_room").detail == mine
    others = selectors.me(people.gus)["reading_room"]
    assert others == {"keys": {}, "tour_seen": False}
    call = services.set_reading_room
    assert refusal(call, people.rae, keys={}, tour_seen=True, by=people.ada).status == 403


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"view.fit": ["k"], "view.link": ["k"]}, "cannot do two things"),
        ({"view.fit": ["7"]}, "digits are for ratings"),
        ({"view.fit": []}, "needs one to 4 keys"),
        ({"view.fit": ["ctrl k"]}, "needs one to 4 keys"),
        ({"View Fit": ["k"]}, "small letters and dots"),
        ({f"a{'b' * number}": ["k"] for number in range(200)}, "At most 100"),
    ],
)
def test_r12_keys_that_cannot_be_taken_are_refused_with_why(
    people: People, keys: dict[str, list[str]], words: str
) -> None:
    problem = refusal(
        services.set_reading_room, people.rae, keys=keys, tour_seen=False, by=people.rae
    )
    assert (problem.status, problem.code) == (400, "accounts.keys")
    assert words in problem.detail


def test_an_account_is_deactivated_by_an_administrator_with_a_reason(people: People) -> None:
    dead = services.deactivate
    assert refusal(dead, people.rae, reason="x", by=people.cora).status == 403
    assert refusal(dead, people.ada, reason="x", by=people.ada).status == 403
    assert refusal(dead, people.rae, reason=" ", by=people.ada).status == 400
    dead(people.rae, reason="left", by=people.ada)
    assert people.rae not in selectors.people()
    assert Entry.objects.get(action="accounts.deactivate").reason == "left"
    assert refusal(services.reactivate, people.rae, reason="x", by=people.rae).status == 403


def test_f13_a_mail_address_is_set_on_the_profile_and_is_not_in_the_record(people: People) -> None:
    services.set_profile(
        people.rae, display_name="Rae", theme="dark", email=" rae@example.org ", by=people.rae
    )
    people.rae.refresh_from_db()
    assert people.rae.email == "rae@example.org"
    entry = Entry.objects.filter(action="accounts.set_profile").latest("number")
    assert entry.detail["email"] == "changed"
    assert "example.org" not in str(entry.detail)
    services.set_profile(people.rae, display_name="Rae", theme="dark", by=people.rae)
    people.rae.refresh_from_db()
    assert people.rae.email == "rae@example.org"
    wrong = {"display_name": "Rae", "theme": "dark", "email": "rae at home", "by": people.rae}
    assert refusal(services.set_profile, people.rae, **wrong).code == "accounts.email"


def test_a_profile_that_is_refused_shows_what_was_typed(
    people: People, sign_in: Callable[..., Client]
) -> None:
    form = {"display_name": "Dr. Rae", "email": "no address", "theme": "light"}
    answer = sign_in(people.rae).post("/profile/", form)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'value="Dr. Rae"' in page
    assert 'value="no address"' in page
    assert 'value="light" checked' in page
    people.rae.refresh_from_db()
    assert people.rae.email == ""
