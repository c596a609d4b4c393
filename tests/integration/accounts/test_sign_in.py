"""Signing in and out by the API: equal answers, CSRF, lockout, sessions that die at once."""

import json
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.test import Client

from readerstudy.accounts import services
from readerstudy.audit.models import Entry
from tests.cast import PASSWORD, People


@pytest.fixture
def browser(db: None) -> Client:
    """A client whose CSRF checks are on, with the cookie of a first visit."""
    client = Client(enforce_csrf_checks=True)
    client.get("/api/me")
    return client


def post(client: Client, path: str, data: object = None, **headers: str) -> Any:
    token = client.cookies["csrf"].value if "csrf" in client.cookies else ""
    return client.post(
        path,
        {} if data is None else data,
        content_type="application/json",
        headers={"X-CSRFToken": token} | headers,
    )


def sign_in(client: Client, username: str, password: str = PASSWORD) -> Any:
    return post(client, "/api/sign-in", {"username": username, "password": password})


def test_a_signed_out_browser_is_told_so_and_gets_its_csrf_cookie(browser: Client) -> None:
    answer = browser.get("/api/me")
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="Readerstudy"'
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "signed_out"
    assert browser.cookies["csrf"].value


def test_signing_in_answers_who_it_is(browser: Client, people: People) -> None:
    answer = sign_in(browser, "rae")
    assert answer.status_code == 200
    me = browser.get("/api/me").json()
    assert set(me) == {
        "id", "username", "display_name", "experience", "language", "theme", "reading_room",
        "csrf_token",
    }  # fmt: skip
    assert (me["username"], me["experience"], me["theme"]) == ("rae", "resident", "dark")
    assert me["id"] == str(people.rae.pk)
    assert answer["Cache-Control"].startswith("max-age=0")
    assert Entry.objects.get(action="accounts.sign_in").actor == "rae"


@pytest.mark.fault("G8")
def test_g8_unknown_name_wrong_password_and_dead_account_answer_alike(
    browser: Client, people: People
) -> None:
    services.deactivate(people.gus, reason="left", by=people.ada)
    answers = [
        sign_in(browser, name, password)
        for name, password in (("nobody", PASSWORD), ("rae", "wrong"), ("gus", PASSWORD))
    ]
    assert [answer.status_code for answer in answers] == [403] * 3
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].json()["code"] == "accounts.wrong_sign_in"
    assert not Session.objects.exists()


@pytest.mark.fault("G8")
def test_g8_ten_failures_lock_the_account_at_that_address(browser: Client, people: People) -> None:
    codes = [sign_in(browser, "rae", "wrong").status_code for _ in range(11)]
    assert codes[0] == 403
    assert codes[-1] == 429
    locked = sign_in(browser, "rae")  # the right password does not help now
    assert locked.status_code == 429
    assert locked.json()["code"] == "locked_out"
    assert sign_in(browser, "nora").status_code == 200  # another account is not locked
    assert AccessAttempt.objects.filter(username="rae").exists()


@pytest.mark.fault("G6")
@pytest.mark.parametrize("path", ["/api/sign-in", "/api/sign-out"])
def test_g6_without_the_token_nothing_happens(browser: Client, people: People, path: str) -> None:
    if path.endswith("out"):
        sign_in(browser, "rae")
    data = json.dumps({"username": "rae", "password": PASSWORD})
    for content_type in ("application/json", "text/plain"):
        answer = browser.post(path, data, content_type=content_type)
        assert answer.status_code in (403, 415)
    signed_in = browser.get("/api/me").status_code == 200
    assert signed_in == path.endswith("out")


@pytest.mark.fault("G2")
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"username": "rae"},
        {"username": "rae", "password": PASSWORD, "is_staff": True},
        {"username": ["rae"], "password": PASSWORD},
        [],
        ["rae", PASSWORD],
    ],
)
def test_g2_bad_and_unknown_fields_are_refused(
    browser: Client, people: People, data: object
) -> None:
    answer = post(browser, "/api/sign-in", data)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    people.rae.refresh_from_db()
    assert not people.rae.is_staff


def test_bytes_that_are_no_json_are_refused(browser: Client, people: People) -> None:
    token = browser.cookies["csrf"].value
    answer = browser.post(
        "/api/sign-in", b"\xff{", content_type="application/json", headers={"X-CSRFToken": token}
    )
    assert answer.status_code == 400


@pytest.mark.fault("G4")
def test_g4_the_session_and_its_token_are_new_after_signing_in_and_dead_after_out(
    browser: Client, people: People
) -> None:
    browser.cookies["session"] = "fixed-by-an-attacker"
    before = browser.cookies["csrf"].value
    answer = sign_in(browser, "rae")
    cookie = browser.cookies["session"]
    assert cookie.value != "fixed-by-an-attacker"
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert browser.cookies["csrf"].value != before
    assert answer.json()["csrf_token"]
    stolen = cookie.value
    assert post(browser, "/api/sign-out").status_code == 204
    thief = Client()
    thief.cookies["session"] = stolen
    assert thief.get("/api/me").status_code == 401
    assert Entry.objects.filter(action="accounts.sign_out", actor="rae").count() == 1


@pytest.mark.fault("C12")
def test_c12_another_user_on_the_same_machine_gets_a_session_of_their_own(
    browser: Client, people: People
) -> None:
    sign_in(browser, "rae")
    session = browser.cookies["session"].value
    assert sign_in(browser, "nora").json()["username"] == "nora"
    assert browser.cookies["session"].value != session
    assert not Session.objects.filter(session_key=session).exists()


@pytest.mark.fault("G4")
@pytest.mark.fault("D3")
def test_g4_a_new_password_and_a_deactivation_end_sessions_at_once(
    browser: Client, people: People
) -> None:
    sign_in(browser, "rae")
    services.change_password(people.rae, old=PASSWORD, new="nine blue herons 9", by=people.rae)
    assert browser.get("/api/me").status_code == 401
    assert sign_in(browser, "rae", "nine blue herons 9").status_code == 200
    services.deactivate(people.rae, reason="left", by=people.ada)
    assert browser.get("/api/me").status_code == 401
    services.reactivate(people.rae, reason="back", by=people.ada)
    assert sign_in(browser, "rae", "nine blue herons 9").status_code == 200


def test_signing_out_signed_out_is_401(browser: Client) -> None:
    assert post(browser, "/api/sign-out").status_code == 401


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_other_methods_are_refused_as_problems(
    browser: Client, people: People, method: str
) -> None:
    token = browser.cookies["csrf"].value
    answer = getattr(browser, method)("/api/sign-in", headers={"X-CSRFToken": token})
    assert answer.status_code == 405
    assert answer["Content-Type"] == "application/problem+json"
