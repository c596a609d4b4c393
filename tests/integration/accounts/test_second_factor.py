"""The second factor: setting it up, signing in with it, losing the telephone, the site's demand."""

import re
import time
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from readerstudy.accounts import services
from readerstudy.accounts.models import User
from readerstudy.accounts.sealing import unseal
from readerstudy.audit.models import Entry
from readerstudy.web.problems import Invalid, Problem, Refused
from tests.cast import PASSWORD, People

pytestmark = pytest.mark.django_db
KEY = "3132333435363738393031323334353637383930"  # of RFC 6238, appendix B


def code_of(key: str = KEY, steps: int = 0) -> str:
    """What an app with the key shows now, or so many half minutes later."""
    return f"{totp(bytes.fromhex(key), t0=-30 * steps):06d}"


def going_round(client: Client, user: User) -> str:
    """The key that the page shows now, in hexadecimal."""
    return unseal(client.session["second_factor_key"], owner=user.pk).hex()


def enrolled(user: User) -> list[str]:
    """The user with an app. Answers the recovery codes."""
    return services.enrol(user, key=KEY, code=code_of(), by=user)


def api(username: str, **more: str) -> Any:
    """A sign-in as the reading room sends it."""
    data = {"username": username, "password": PASSWORD, **more}
    return Client().post("/api/sign-in", data, content_type="application/json")


def page(username: str, client: Client) -> Any:
    return client.post("/sign-in/?next=/profile/", {"username": username, "password": PASSWORD})


def test_a_reader_without_one_signs_in_by_the_password_alone(people: People) -> None:
    assert api("rae").status_code == 200
    assert page("rae", Client())["Location"] == "/profile/"


def test_setting_it_up_shows_a_key_takes_a_code_and_gives_recovery_codes(people: People) -> None:
    client = Client()
    client.force_login(people.rae, backend="django.contrib.auth.backends.ModelBackend")
    shown = client.get("/profile/second-factor/").content.decode()
    assert "data:image/svg+xml" in shown
    key = going_round(client, people.rae)
    wrong = client.post("/profile/second-factor/", {"act": "enrol", "code": "12345"})
    assert wrong.status_code == 400
    assert going_round(client, people.rae) == key  # the app need not be told another
    done = client.post("/profile/second-factor/", {"act": "enrol", "code": code_of(key)})
    codes = re.findall(r"<code>([a-z2-9-]{14})</code>", done.content.decode())
    assert len(set(codes)) == 10
    assert "second_factor_key" not in client.session
    assert not StaticToken.objects.filter(token__in=codes).exists()  # kept as hashes only
    assert Entry.objects.get(action="accounts.enrol_second_factor").actor == "rae"
    assert code_of(key) not in str(list(Entry.objects.values_list("detail", flat=True)))


def test_with_it_the_reading_room_is_told_that_a_code_is_needed(people: People) -> None:
    """Sign-in in place (C12): no session before the code, and a code counts once."""
    used = code_of()
    services.enrol(people.rae, key=KEY, code=used, by=people.rae)
    asked = api("rae")
    assert (asked.status_code, asked.json()["code"]) == (403, "accounts.code_needed")
    assert not Session.objects.exists()
    assert api("rae", code=used).json()["code"] == "accounts.wrong_code"
    later = code_of(steps=1)
    TOTPDevice.objects.update(throttling_failure_count=0)
    assert api("rae", code=later).status_code == 200
    assert api("rae", code=later).status_code == 403
    TOTPDevice.objects.update(throttling_failure_count=0)
    wrong = {"username": "rae", "password": "wrong", "code": later}
    answer = Client().post("/api/sign-in", wrong, content_type="application/json")
    assert answer.json()["code"] == "accounts.wrong_sign_in"  # a code tells nothing of a password


def test_on_the_page_the_code_is_asked_after_the_password(people: People) -> None:
    codes = enrolled(people.rae)
    client = Client()
    assert page("rae", client)["Location"] == "/sign-in/code/?next=%2Fprofile%2F"
    assert client.get("/profile/").status_code == 302  # not signed in yet
    step = "/sign-in/code/?next=/profile/"
    assert client.post(step, {"code": "nonsense"}).status_code == 403
    StaticDevice.objects.update(throttling_failure_count=0)
    done = client.post(step, {"code": codes[0].upper().replace("-", " ")})
    assert done["Location"] == "/profile/"
    assert client.get("/profile/").status_code == 200
    assert Client().get(step)["Location"] == "/sign-in/"  # without a password before it


def test_guessing_codes_is_slowed_down(people: People) -> None:
    enrolled(people.rae)
    codes = [api("rae", code="000000").json()["code"] for _ in range(3)]
    assert codes[0] == "accounts.wrong_code"
    assert codes[-1] == "accounts.wait"
    assert api("rae", code=code_of(steps=1)).status_code == 429  # the right one has to wait too


def test_the_password_does_not_last_for_ever_nor_past_its_change(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = enrolled(people.rae)
    early, changed = Client(), Client()
    page("rae", early)
    page("rae", changed)
    services.change_password(people.rae, old=PASSWORD, new="nine blue owls 99", by=people.rae)
    assert changed.post("/sign-in/code/", {"code": codes[0]})["Location"] == "/sign-in/"
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 301)
    assert early.post("/sign-in/code/", {"code": codes[0]})["Location"] == "/sign-in/"


def test_a_recovery_code_counts_once_and_new_ones_end_the_old(people: People) -> None:
    first, second, *_rest = enrolled(people.rae)
    services.check_code(people.rae, first)
    with pytest.raises(Refused):
        services.check_code(people.rae, first)
    with pytest.raises(Refused):
        services.renew_recovery_codes(people.rae, password="wrong", by=people.rae)
    new = services.renew_recovery_codes(people.rae, password=PASSWORD, by=people.rae)
    with pytest.raises(Refused):
        services.check_code(people.rae, second)
    StaticDevice.objects.update(throttling_failure_count=0)
    services.check_code(people.rae, new[0])


def test_it_is_turned_off_by_its_owner_with_password_and_code(people: People) -> None:
    codes = enrolled(people.rae)
    client = Client()
    client.force_login(people.rae, backend="django.contrib.auth.backends.ModelBackend")
    form = {"act": "remove", "password": PASSWORD, "code": codes[0]}
    assert client.post("/profile/second-factor/", form | {"password": "x"}).status_code == 403
    assert client.post("/profile/second-factor/", form).status_code == 200
    assert api("rae").status_code == 200
    assert Entry.objects.get(action="accounts.remove_second_factor").actor == "rae"


@pytest.mark.parametrize("who", ["ada", "cora"])
def test_a_site_that_asks_for_it_lets_no_coordinator_in_without(
    people: People, settings: Any, who: str
) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    refused = api(who)
    assert (refused.status_code, refused.json()["code"]) == (403, "accounts.second_factor_missing")
    client = Client()
    assert page(who, client)["Location"].startswith("/sign-in/second-factor/")
    assert client.get("/studies/").status_code == 302
    client.get("/sign-in/second-factor/?next=/studies/")
    user = User.objects.get(username=who)
    form = {"code": code_of(going_round(client, user)), "next": "/studies/"}
    done = client.post("/sign-in/second-factor/", form)
    assert 'href="/studies/"' in done.content.decode()
    assert client.get("/studies/").status_code == 200
    with pytest.raises(Problem) as kept:
        services.remove_second_factor(user, password=PASSWORD, code="x", by=user)
    assert kept.value.code == "accounts.second_factor_required"
    assert api("rae").status_code == 200  # a reader is not asked


def test_nobody_sets_up_or_takes_away_anothers(people: People) -> None:
    enrolled(people.rae)
    for call in (
        lambda: services.enrol(people.gus, key=KEY, code=code_of(), by=people.ada),
        lambda: services.renew_recovery_codes(people.rae, password=PASSWORD, by=people.ada),
        lambda: services.reset_second_factor(people.rae, reason="lost", by=people.cora),
    ):
        with pytest.raises(Refused):
            call()
    with pytest.raises(Problem):
        services.enrol(people.rae, key=KEY, code=code_of(), by=people.rae)  # there is one
    with pytest.raises(Invalid):
        services.reset_second_factor(people.rae, reason=" ", by=people.ada)


def test_a_lost_one_is_taken_away_with_a_reason(people: People) -> None:
    enrolled(people.rae)
    call_command("reset_second_factor", "rae", reason="Called back on the known number")
    assert api("rae").status_code == 200
    entry = Entry.objects.get(action="accounts.reset_second_factor")
    assert entry.reason == "Called back on the known number"
    with pytest.raises(CommandError):
        call_command("reset_second_factor", "nobody", reason="x")
