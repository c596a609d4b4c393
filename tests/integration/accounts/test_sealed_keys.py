"""Keys of authenticator apps are of no use to who has only the database (decision 0018)."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.core.management import CommandError, call_command
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice

from readerstudy.accounts import sealing, services
from readerstudy.accounts.models import AuthenticatorApp
from readerstudy.audit.models import Entry
from readerstudy.web.problems import Refused
from tests.cast import People
from tests.integration.accounts.test_second_factor import KEY, code_of, enrolled, going_round

pytestmark = pytest.mark.django_db
OLD = "the secret that the tests began with"
NEW = "another secret, made after the first was seen"


@pytest.fixture(autouse=True)
def _secret(settings: Any) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = OLD, []


def fits(user: Any, code: str) -> bool:
    """Whether the code is taken, however often one was wrong before."""
    TOTPDevice.objects.update(throttling_failure_count=0, last_t=-1)
    try:
        services.check_code(user, code)
    except Refused:
        return False
    return True


def test_a_dump_of_the_database_holds_no_key(people: People) -> None:
    client = Client()
    client.force_login(people.gus, backend="django.contrib.auth.backends.ModelBackend")
    client.get("/profile/second-factor/")
    shown = going_round(client, people.gus)  # while it is being set up it lies in the session
    enrolled(people.rae)
    (device,) = TOTPDevice.objects.all()
    dump = serializers.serialize("json", [device]) + str(dict(client.session))
    assert device.key.startswith(sealing.VERSION)
    assert len(device.key) <= 80  # django-otp's column; SQLite would not say
    for key in (KEY, bytes.fromhex(KEY).decode(), shown):
        assert key not in dump
    assert fits(people.rae, code_of())


def test_equal_keys_are_sealed_differently_and_open_for_their_owner_only(people: People) -> None:
    enrolled(people.rae)
    enrolled(people.gus)
    rae, gus = (AuthenticatorApp.objects.get(user=user) for user in (people.rae, people.gus))
    assert rae.key != gus.key
    AuthenticatorApp.objects.filter(user=people.gus).update(key=rae.key)  # by psql, say
    assert not fits(people.gus, code_of())
    assert fits(people.rae, code_of())
    for broken in ("", KEY, rae.key[:-2], rae.key[:20] + "AAAA" + rae.key[24:], "1:", "1:é"):
        with pytest.raises(sealing.SealedUnderAnotherSecretError):
            sealing.unseal(broken, owner=people.rae.pk)


def test_after_a_change_of_the_secret_keys_are_sealed_anew(people: People, settings: Any) -> None:
    codes = enrolled(people.rae)
    settings.SECRET_KEY = NEW
    assert not fits(people.rae, code_of())  # the old secret is lost
    with pytest.raises(CommandError, match="SECRET_KEY_FALLBACKS"):
        call_command("reseal_second_factors")
    settings.SECRET_KEY_FALLBACKS = [OLD]
    assert fits(people.rae, code_of())
    assert fits(people.rae, codes[0])
    call_command("reseal_second_factors")
    call_command("reseal_second_factors")  # nothing is left to do
    entries = Entry.objects.filter(action="accounts.reseal_second_factors").order_by("number")
    assert list(entries.values_list("detail", flat=True)) == [{"n": 1}, {"n": 0}]
    settings.SECRET_KEY_FALLBACKS = []
    assert fits(people.rae, code_of())
    assert not fits(people.rae, codes[1])  # a hash cannot be made anew


def test_the_migration_seals_what_lay_in_clear_and_can_be_undone(people: People) -> None:
    enrolled(people.rae)
    TOTPDevice.objects.create(user=people.gus, key=KEY, name="app", confirmed=True)
    migration = import_module("readerstudy.accounts.migrations.0005_sealed_second_factors")
    before = TOTPDevice.objects.get(user=people.rae).key
    migration.sealed(apps, None)
    assert TOTPDevice.objects.get(user=people.rae).key == before  # sealed before: left alone
    assert fits(people.gus, code_of())
    assert KEY not in TOTPDevice.objects.values_list("key", flat=True)
    migration.in_clear(apps, None)
    assert set(TOTPDevice.objects.values_list("key", flat=True)) == {KEY}
