"""Nights go on from a sealed checkpoint; what was done to old entries is found too (H1)."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.utils import timezone

from readerstudy.audit import anchoring, chain, tasks, triggers
from readerstudy.audit.models import Entry, Verification
from readerstudy.audit.services import record_view
from tests import kept
from tests.cast import People
from tests.integration.audit.test_record import tamper  # noqa: F401 -- a fixture


@pytest.fixture(autouse=True)
def _whole(people: People, settings: Any, tmp_path: Path) -> None:
    """A record that one night has found whole."""
    settings.ANCHOR_DIR, settings.AUDIT_KEY = tmp_path / "anchors", tmp_path / "audit_key"
    if connection.vendor == "postgresql":  # where the role is no superuser, one is lifted
        with connection.schema_editor() as editor:
            triggers.install(None, editor)
    kept.draft_study(people)
    assert night().is_full


def night(*, days_later: float = 0) -> Verification:
    """What the next night finds."""
    later = timezone.now() + timedelta(days=days_later)
    with mock.patch.object(timezone, "now", return_value=later):
        tasks.nightly()
    found = Verification.objects.first()
    assert found is not None
    return found


def words(found: Verification) -> str:
    """All that it names."""
    return " ".join(found.breaks)


@pytest.mark.fault("H1")
def test_h1_a_night_computes_only_what_was_added(people: People) -> None:
    record_view("test.view", subject="x:1", by=people.cora)
    hashed: list[int] = []
    compute = chain.link_hash

    def counted(link: chain.Link) -> str:
        hashed.append(link.number)
        return compute(link)

    with mock.patch.object(chain, "link_hash", side_effect=counted):
        second = night(days_later=1)
    assert (second.breaks, second.is_full) == ([], False)
    assert second.entries == Entry.objects.count() - 1  # the anchor's own came after
    assert len(hashed) <= 2 * Entry.objects.values("chain").distinct().count() + 2
    assert not night(days_later=6).is_full
    assert night(days_later=7).is_full


HARM = {
    "an entry after the checkpoint": lambda rows: rows.order_by("-number")[:1],
    "the checkpoint's own": lambda rows: rows.order_by("-number")[2:3],
}


@pytest.mark.fault("H1")
@pytest.mark.parametrize("which", HARM)
def test_h1_a_change_since_the_checkpoint_is_named_the_same_night(
    people: People,
    tamper: Any,  # noqa: F811
    which: str,
) -> None:
    record_view("test.view", subject="x:1", by=people.cora)
    rows = Entry.objects.filter(chain="platform")
    (harmed,) = HARM[which](rows)
    tamper("platform").filter(pk=harmed.pk).update(actor="mallory")
    found = night(days_later=1)
    assert f"platform #{harmed.number}: Entry {harmed.number} was edited" in words(found)
    assert found.is_full
    assert found.checkpoint is None


@pytest.mark.fault("H1")
def test_h1_an_old_entry_that_is_gone_is_named_the_same_night(tamper: Any) -> None:  # noqa: F811
    tamper("platform").filter(number=3).delete()
    assert "platform #3: Entries 3 to 3 are gone." in words(night(days_later=1))


@pytest.mark.fault("H1")
def test_h1_an_old_entry_that_was_edited_is_named_within_a_week(tamper: Any) -> None:  # noqa: F811
    tamper("platform").filter(number=3).update(actor="mallory")
    if connection.vendor != "postgresql":  # there the trigger that is off tells the same night
        assert night(days_later=1).breaks == []
    assert "platform #3: Entry 3 was edited" in words(night(days_later=7))


@pytest.mark.fault("H1")
def test_h1_a_checkpoint_that_was_changed_is_said_and_everything_looked_at(
    tamper: Any,  # noqa: F811
) -> None:
    tamper("platform").filter(number=3).update(actor="mallory")
    last = Verification.objects.get()
    last.checkpoint["full_at"] = timezone.now().isoformat()
    last.save()
    found = words(night(days_later=1))
    assert "The checkpoint of the last verification does not hold: it was changed" in found
    assert "platform #3: Entry 3 was edited" in found


@pytest.mark.fault("H1")
def test_h1_a_chain_written_anew_is_found_by_an_anchor_it_was_not_held_against() -> None:
    document = anchoring.anchor(by=None)
    document = {**document, "heads": [{**document["heads"][0], "hash": "0" * 64}]}
    anchoring.keep(document)
    assert "changed after it was signed" in words(night(days_later=1))
