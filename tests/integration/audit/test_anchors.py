"""The chains' heads leave the operator's hands: signed anchors, nightly verification (A1, H1)."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from readerstudy.audit import anchoring, anchors, chain, selectors, tasks, triggers
from readerstudy.audit.chain import FIRST_HASH, Link, link_hash
from readerstudy.audit.models import Entry, Verification
from tests import factories, kept
from tests.cast import People
from tests.integration.audit.test_record import tamper  # noqa: F401 -- a fixture

Links = list[Link]


@pytest.fixture(autouse=True)
def _folders(settings: Any, tmp_path: Path) -> None:
    settings.ANCHOR_DIR, settings.AUDIT_KEY = tmp_path / "anchors", tmp_path / "audit_key"


def sealed(links: Links, start: int) -> Links:
    """Hash the links anew from an index on, as who owns the database can."""
    made = links[:start]
    for link in links[start:]:
        before = made[-1].hash if made else FIRST_HASH
        changed = replace(link, number=len(made) + 1, previous_hash=before)
        made.append(replace(changed, hash=link_hash(changed)))
    return made


def edited(link: Link) -> Link:
    return replace(link, actor="mallory")


# Twelve things that can be done to a record; each is found and named from files alone.
HARM: dict[str, tuple[Callable[[Links], Links], str]] = {
    "an entry edited": (lambda x: [*x[:4], edited(x[4]), *x[5:]], "5: edited"),
    "edited, its hash made anew": (
        lambda x: [*x[:4], sealed([*x[:4], edited(x[4])], 4)[4], *x[5:]],
        "6: rewritten",
    ),
    "an entry deleted": (lambda x: [*x[:4], *x[5:]], "5: deleted"),
    "deleted and renumbered": (
        lambda x: [replace(each, number=n) for n, each in enumerate([*x[:4], *x[5:]], start=1)],
        "5: deleted",
    ),
    "the first deleted": (lambda x: x[1:], "1: deleted"),
    "an entry inserted": (
        lambda x: [
            replace(each, number=n)
            for n, each in enumerate([*x[:4], edited(x[3]), *x[4:]], start=1)
        ],
        "5: inserted",
    ),
    "two swapped": (
        lambda x: [*x[:4], replace(x[6], number=5), x[5], replace(x[4], number=7), *x[7:]],
        "5: swapped",
    ),
    "the tail cut": (lambda x: x[:-2], "truncated"),
    "rewritten from an entry on": (
        lambda x: sealed([*x[:4], edited(x[4]), *x[5:]], 4),
        "rewritten",
    ),
    "an entry taken out, all rewritten": (lambda x: sealed([*x[:4], *x[5:]], 0), "truncated"),
    "an old backup, written on": (
        lambda x: sealed([*x[:5], *(edited(each) for each in x[5:])], 5),
        "rewritten",
    ),
    "all of it gone": (lambda _: [], "truncated"),
}  # fmt: skip


@pytest.mark.fault("H1")
@pytest.mark.parametrize("harm", HARM)
def test_h1_twelve_kinds_of_tampering_are_named_from_the_files_alone(
    people: People, tmp_path: Path, harm: str, django_assert_num_queries: Any
) -> None:
    factories.other_study(people)
    document = anchoring.anchor(by=people.ada)
    whole = list(selectors.links())
    platform = [link for link in whole if link.chain == "platform"]
    assert len(platform) >= 10
    change, named = HARM[harm]
    anchor, lines = tmp_path / "anchor.json", tmp_path / "audit.jsonl"
    anchor.write_text(anchoring.as_text(document))
    others = [link for link in whole if link.chain != "platform"]
    kept = change(platform)
    written = [*others, *kept] if kept else []
    lines.write_text("".join(map(chain.to_line, whole)))
    asked = {"lines": lines, "anchor": [anchor], "key": anchoring.fingerprint()}
    with django_assert_num_queries(0):
        call_command("verify_audit", **asked)
        lines.write_text("".join(map(chain.to_line, written)))
        with pytest.raises(CommandError, match=named):
            call_command("verify_audit", **asked)


@pytest.mark.fault("H1")
@pytest.mark.django_db
def test_h1_an_anchor_that_was_changed_or_that_another_signed_is_refused(tmp_path: Path) -> None:
    document = anchoring.anchor(by=None)
    assert anchors.opened(document).heads == tuple(selectors.heads())
    for name in document:
        with pytest.raises(anchors.NoAnchorError):
            anchors.opened({**document, name: "x"})
        with pytest.raises(anchors.NoAnchorError):
            anchors.opened({key: value for key, value in document.items() if key != name})
    shorter = [{**document["heads"][0], "number": 99}]
    with pytest.raises(anchors.NoAnchorError, match="changed after it was signed"):
        anchors.opened({**document, "heads": shorter})
    path = tmp_path / "anchor.json"
    path.write_text(json.dumps(document))
    with pytest.raises(CommandError, match="signed by another key"):
        call_command("verify_audit", anchor=[path], key="0" * 64)
    path.write_text("[]")
    with pytest.raises(CommandError, match="no anchor"):
        call_command("verify_audit", anchor=[path])


@pytest.mark.fault("H1")
def test_h1_a_night_finds_what_the_database_alone_cannot_tell(
    people: People,
    tamper: Any,  # noqa: F811
    client: Client,
) -> None:
    study = kept.draft_study(people)
    call_command("anchor_audit", "--keep")
    untouched = tasks.nightly()  # but for the triggers that `tamper` switches off
    head = Entry.objects.filter(chain=str(study.pk)).order_by("-number")[0]
    tamper(str(study.pk)).filter(number__gt=head.number - 2).delete()
    assert [each for each in selectors.verify(study.pk) if each.chain] == []
    assert tasks.nightly() == untouched + 1
    last = Verification.objects.first()
    assert last is not None
    assert last.anchors == 2
    assert any("entries were there" in words for words in last.breaks)
    client.force_login(people.ada)
    page = client.get("/audit/").content.decode()
    assert f"<li>{study.name}, {study.pk} #" in page  # as people call it
    assert len(list(django_settings.ANCHOR_DIR.iterdir())) == 3


@pytest.mark.django_db
def test_h1_a_night_names_an_anchor_that_is_not_ours() -> None:
    kept = anchoring.keep(anchoring.anchor(by=None))
    kept.write_text(kept.read_text().replace('"number": 1', '"number": 7'))
    django_settings.AUDIT_KEY.unlink()
    anchoring.keep(anchoring.anchor(by=None))
    django_settings.AUDIT_KEY.unlink()
    words = " ".join(anchoring.verify_all().breaks)
    assert "changed after it was signed" in words
    assert "signed by another key" in words


def test_a1_an_administrator_takes_an_anchor_away_and_that_is_recorded(
    people: People, client: Client
) -> None:
    client.force_login(people.cora, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post("/audit/anchor").status_code == 404
    client.force_login(people.ada, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/audit/anchor").status_code == 405
    if connection.vendor == "postgresql":  # where the role is no superuser, one is lifted
        with connection.schema_editor() as editor:
            triggers.install(None, editor)
    anchoring.verify_all()
    answer = client.post("/audit/anchor")
    assert "attachment" in answer["Content-Disposition"]
    kept = anchors.parsed(answer.content.decode())
    last = Entry.objects.filter(chain="platform").order_by("-number")[0]
    assert (last.action, last.actor, last.hash) == ("audit.anchor", "ada", kept.heads[-1].hash)
    page = client.get("/audit/").content.decode()
    assert kept.fingerprint in page
    assert "entries whole" in page


def test_the_trail_calls_a_studys_chain_by_the_studys_name(
    people: People,
    client: Client,
    tamper: Callable[[str], Any],  # noqa: F811
) -> None:
    study = kept.draft_study(people)
    client.force_login(people.ada, backend="django.contrib.auth.backends.ModelBackend")
    tamper(str(study.pk)).filter(number=1).update(reason="Another one")
    page = client.get("/audit/?verify=1").content.decode()
    assert f"{study.name} ({str(study.pk)[:8]})</option>" in page
    assert f"<li>{study.name}, {study.pk} #1: " in page


def test_the_record_is_verified_every_night() -> None:
    from readerstudy.celery import app

    entry = app.conf.beat_schedule["audit"]
    assert entry["task"] == tasks.nightly.name
